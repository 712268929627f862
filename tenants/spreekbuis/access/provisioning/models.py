"""What an entity's directory (SCIM 2.0, RFC 7643) says of its people and groups, and what followed from that."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import Moves, TenantTable, new_id, to_entity, to_tenant


class EntityDomain(TenantTable):
    """An e-mail domain that is the entity's own, once it was verified. Its directory speaks of no other addresses."""

    __tablename__ = "entity_domain"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says which addresses are the entity's own": "verified_at",
    }
    domain: Mapped[str] = mapped_column(primary_key=True)
    """In lower case, without an at sign."""
    verified_at: Mapped[datetime | None]
    __table_args__ = (to_entity(),)


class DirectoryToken(TenantTable):
    """What the directory of the entity shows at the door. Of the token itself only a hash."""

    __tablename__ = "directory_token"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says which token is in force, until when, and how busy it is": (
            "token_hash made_at expires_at ended_at last_used_at minute uses"
        ),
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[bytes]
    """SHA-256 of 32 bytes that nobody can guess."""
    made_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    minute: Mapped[int] = mapped_column(default=0)
    """Since 1970, in which `uses` were counted."""
    uses: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        to_entity(),
        Index("uq_directory_token", "entity_id", "token_hash", unique=True),
        Index(
            "uq_directory_token_current", "entity_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
    )


class DirectoryPerson(TenantTable):
    """A User of the directory. No names: an account has the label that its owner gave it."""

    __tablename__ = "directory_person"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the directory finds its people by these": "user_name email external_id",
        "says who may work here, and which state the directory saw": "active version made_at changed_at",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_name: Mapped[str]
    """As the directory writes it; the same in other case is the same."""
    email: Mapped[str]
    external_id: Mapped[str | None]
    active: Mapped[bool]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    """Who it is here, once there is an account."""
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        Index("uq_directory_person_name", "entity_id", text("lower(user_name)"), unique=True),
        Index("ix_directory_person_external", "entity_id", "external_id"),
        Index("ix_directory_person_email", "entity_id", "email"),
    )


class DirectoryGroup(TenantTable):
    """A Group of the directory, and the role that the entity's administrator declared for its members, if any."""

    __tablename__ = "directory_group"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the administrator and the directory know it by these": "display_name external_id",
        "says what its members may do, and which state the directory saw": (
            "role desk version made_at changed_at"
        ),
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    display_name: Mapped[str]
    external_id: Mapped[str | None]
    role: Mapped[str | None]
    desk: Mapped[str | None]
    """A directory.catalogue.DeskKind, for a handler."""
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        Index("ix_directory_group_name", "entity_id", text("lower(display_name)")),
        Index("ix_directory_group_external", "entity_id", "external_id"),
    )


class DirectoryMember(TenantTable):
    """Somebody in a group."""

    __tablename__ = "directory_member"
    moves = Moves.STAY
    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    __table_args__ = (
        to_entity(),
        to_tenant("directory_group", "group_id", ondelete="CASCADE"),
        to_tenant("directory_person", "person_id", ondelete="CASCADE"),
        Index("ix_directory_member_person", "entity_id", "person_id"),
    )


class DirectoryGrant(TenantTable):
    """A role that somebody has here because of a group: by an invitation, and then by a membership. What was given
    otherwise, the directory does not take away group by group."""

    __tablename__ = "directory_grant"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says which role the directory gave": "role desk",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID]
    role: Mapped[str]
    desk: Mapped[str | None]
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"))
    membership_id: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("directory_person", "person_id", ondelete="CASCADE"),
        to_tenant("membership", "membership_id"),
        Index(
            "uq_directory_grant", "entity_id", "person_id", "role", "desk", unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
