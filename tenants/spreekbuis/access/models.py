"""Desks and members of an entity, the keys of the desks, and invitations to become a member."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now, today
from spreekbuis.db.base import Moves, Sealed, SharedTable, TenantTable, new_id, to_entity, to_tenant


class Desk(TenantTable):
    """A group of handlers with one mandate: `kind` is a directory.catalogue.DeskKind.

    Wellbeing is a compartment of its own: the employer must not read psychosocial files
    (Codex over het welzijn op het werk, book I title 3).
    """

    __tablename__ = "desk"
    moves = Moves.ALSO_THERE
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "everybody may know which desks there are": "kind name email",
        "its keys and its members stand still while its cases move": "moving",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    came_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("entity.id"))
    """The entity from which the desk came with its cases. Such a desk finishes them and takes no new ones."""
    went_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("entity.id"))
    """The entity to which the desk went with its cases: what stays here only refers to it."""
    moving: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Its cases are on their way (entities.moving)."""
    __table_args__ = (
        to_entity(),
        Index(
            "uq_desk_kind", "entity_id", "kind", unique=True, postgresql_where=text("came_from_id IS NULL")
        ),
    )


class RecoveryKey(TenantTable):
    """The key of the entity's recovery kit (access.recovery). Its secret is on paper, in two parts, nowhere else."""

    __tablename__ = "recovery_key"
    moves = Moves.ALSO_THERE
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "sealing needs it": "public_key",
        "says which kit is in force": "made_at ended_at",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    public_key: Mapped[bytes]
    made_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        to_entity(),
        Index("uq_recovery_key_current", "entity_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )


class RecoveryShare(TenantTable):
    """One of the two parts of a kit, sealed to its officer until it is on paper; then only that it was."""

    __tablename__ = "recovery_share"
    moves = Moves.ALSO_THERE
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says whose key pair it is sealed to, and whether it is on paper": "key_id kept_at",
    }
    kit_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    """"A" or "B"."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    key_id: Mapped[UUID]
    """Of the officer's key pair (identity.AccountKey)."""
    share_sealed: Mapped[Sealed | None]
    kept_at: Mapped[datetime | None]
    """When the officer said that the paper is in a safe place."""
    __table_args__ = (to_entity(), to_tenant("recovery_key", "kit_id", ondelete="CASCADE"))


class DeskKey(TenantTable):
    """A key pair of a desk. New cases are sealed to the newest; an older one goes when no case needs it."""

    __tablename__ = "desk_key"
    moves = Moves.WITH_DESK
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "sealing needs it": "public_key",
        "shows how old it is": "created_at",
    }
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    """Counts from 1 per desk."""
    public_key: Mapped[bytes]
    kit_id: Mapped[UUID]
    secret_sealed: Mapped[Sealed]
    """The secret of the pair, sealed to the recovery kit."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (to_entity(), to_tenant("desk", "desk_id"), to_tenant("recovery_key", "kit_id"))


class DeskKeyGrant(TenantTable):
    """The secret of a desk's key, sealed to a member. It counts while the member has the same key pair."""

    __tablename__ = "desk_key_grant"
    moves = Moves.WITH_DESK
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says whose key pair it is sealed to, and since when": "key_id granted_at",
    }
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    key_id: Mapped[UUID]
    """Of the member's key pair (identity.AccountKey): a reset password brings another."""
    secret_sealed: Mapped[Sealed]
    granted_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        ForeignKeyConstraint(
            ["entity_id", "desk_id", "version"],
            ["desk_key.entity_id", "desk_key.desk_id", "desk_key.version"],
            ondelete="CASCADE",
        ),
    )


class KeyChange(TenantTable):
    """A change of the keys that waits for a second person (access.key_changes)."""

    __tablename__ = "key_change"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says what was asked, when, for whom, and what became of it": "kind readers asked_at ended_at outcome",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    desk_id: Mapped[UUID | None]
    """The desk to open; None for another recovery kit."""
    kit_id: Mapped[UUID]
    """The kit in force when it was asked."""
    officer_a_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    officer_b_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    readers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    """Who reads at the desk once it is opened: those who were its handlers when it was asked."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    agreed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The first officer who agreed, when another one asked for it."""
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """An access.key_changes.Outcome, once it ended."""
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        to_tenant("recovery_key", "kit_id", ondelete="CASCADE"),
        Index(
            "uq_key_change_open", "entity_id", "kind", "desk_id", unique=True,
            postgresql_where=text("ended_at IS NULL"), postgresql_nulls_not_distinct=True,
        ),
        Index("ix_key_change", "entity_id", "asked_at"),
    )  # fmt: skip


class CaseKey(TenantTable):
    """The key of a case (vault.content.ContentKey), sealed to a key of its desk. Here, and not with the cases, since
    it decides how long a key of a desk is needed."""

    __tablename__ = "case_key"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    """Of the desk's key."""
    secret_sealed: Mapped[Sealed]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["entity_id", "desk_id", "version"],
            ["desk_key.entity_id", "desk_key.desk_id", "desk_key.version"],
        ),
        Index("ix_case_key_desk", "entity_id", "desk_id", "version", "case_id"),
    )


class LeftNote(TenantTable):
    """A note on a contact by somebody who cannot read the case: sealed to a key of the desk, or while somebody of the
    desk is kept out of the case to the case itself, until a handler opens the case, who moves it under the key of the
    case (cases.left_notes). Here for the same reason as CaseKey."""

    __tablename__ = "left_note"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    contact_id: Mapped[UUID]
    case_id: Mapped[UUID]
    desk_id: Mapped[UUID]
    version: Mapped[int | None]
    """Of the desk's key; None when it is sealed to the case."""
    note_sealed: Mapped[Sealed]
    """JSON: the note, and its files with what opens them."""
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("contact", "contact_id", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["entity_id", "desk_id", "version"],
            ["desk_key.entity_id", "desk_key.desk_id", "desk_key.version"],
        ),
        Index("ix_left_note_case", "entity_id", "case_id"),
        Index("ix_left_note_contact", "entity_id", "contact_id"),
        Index("ix_left_note_desk", "entity_id", "desk_id", "version"),
    )


class LeftFile(TenantTable):
    """The content of a file that came with such a note. What it is called and what opens it stand in the note; a
    handler who takes that in makes it an attachment of the case."""

    __tablename__ = "left_file"
    storage_key: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID]
    case_id: Mapped[UUID]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("contact", "contact_id", ondelete="CASCADE"),
        Index("ix_left_file_case", "entity_id", "case_id"),
        Index("ix_left_file_contact", "entity_id", "contact_id"),
    )


class CaseKeyCopy(TenantTable):
    """The key of a case of which somebody of the desk is kept out, sealed to one member who may read it. Such a case
    has no `CaseKey`: the key of the desk, which who is kept out has as well, opens nothing of it."""

    __tablename__ = "case_key_copy"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says whose key pair it is sealed to": "key_id",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    key_id: Mapped[UUID]
    """Of the member's key pair (identity.AccountKey): a reset password brings another."""
    secret_sealed: Mapped[Sealed]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("desk", "desk_id"),
        Index("ix_case_key_copy_account", "entity_id", "account_id", "desk_id"),
    )


class CaseKeyForRecovery(TenantTable):
    """The key of such a case, sealed to a recovery kit: the way back that else goes over the desk's key."""

    __tablename__ = "case_key_for_recovery"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "whoever adds a note and reads nothing seals to it; it opens nothing": "public_key",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    kit_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret_sealed: Mapped[Sealed]
    public_key: Mapped[bytes]
    """Of the case: what is sealed to it, the key of the case opens (case_keys.secret_for_notes)."""
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("desk", "desk_id"),
        to_tenant("recovery_key", "kit_id"),
        Index("ix_case_key_for_recovery_kit", "entity_id", "kit_id"),
    )


class CaseExclusion(TenantTable):
    """Somebody for whom a case does not exist: named in it, in the reporting line, or in conflict. Here, and not with
    the cases, since the door reads it with the roles."""

    __tablename__ = "case_exclusion"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "keeps somebody out of a case at once, on every page and in every count": "reason since by_account_id",
    }
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    """A directory.catalogue.ExclusionReason."""
    since: Mapped[datetime] = mapped_column(default=now)
    by_account_id: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_case_exclusion_case", "entity_id", "case_id"),
    )


class ErasedExclusion(TenantTable):
    """Somebody who was kept out of a case that is erased by now: what is left of it does not exist for them either."""

    __tablename__ = "erased_exclusion"
    moves = Moves.STAY
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    __table_args__ = (to_entity(),)


class Membership(TenantTable):
    """A role of an account in an entity, of one desk when the role is handler. `until` is inclusive."""

    __tablename__ = "membership"
    moves = Moves.WITH_DESK
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "decides who may do what, and when": "role prevention_adviser since until",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    desk_id: Mapped[UUID | None]
    prevention_adviser: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """A handler of the wellbeing desk who may handle formal requests (Codex, book I title 3)."""
    since: Mapped[date] = mapped_column(default=today)
    until: Mapped[date | None]
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        CheckConstraint("(role = 'handler') = (desk_id IS NOT NULL)", name="handler_has_desk"),
        Index("ix_membership_account", "entity_id", "account_id"),
        Index(
            "uq_membership_open", "entity_id", "account_id", "role", "desk_id", unique=True,
            postgresql_where=text("until IS NULL"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


class ProviderRule(TenantTable):
    """Whoever a provider (identity.oidc) says is of this entity and group gets the role (access.provider_rules)."""

    __tablename__ = "provider_rule"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "decides at sign-in, before anybody has a key, who joins the entity": (
            "provider group_name role since by_account_id"
        ),
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str]
    group_name: Mapped[str]
    role: Mapped[str]
    desk_id: Mapped[UUID | None]
    since: Mapped[datetime] = mapped_column(default=now)
    by_account_id: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        CheckConstraint("(role = 'handler') = (desk_id IS NOT NULL)", name="handler_has_desk"),
        Index(
            "uq_provider_rule", "entity_id", "provider", "group_name", "role", "desk_id", unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


class DeskAddress(SharedTable):
    """Where a report that is passed on to a desk is sealed to: the newest key of each desk."""

    __tablename__ = "desk_address"
    shared_because = "another entity seals to it; a public key is for everybody"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    desk_id: Mapped[UUID]
    version: Mapped[int]
    public_key: Mapped[bytes]


class DeskLetter(SharedTable):
    """A report on its way from one desk to another, of the same entity or not (cases.referral). Its contents open for
    readers of the desk it is addressed to, and go when it is answered.

    Here, and not with the cases, since it decides how long a key of a desk is needed.
    """

    __tablename__ = "desk_letter"
    shared_because = "goes from one entity to another; says nothing but that it does"
    app_may = "SELECT, INSERT, UPDATE"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Of the referral at the sender, and of the case at the receiver once it is accepted."""
    from_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    desk_id: Mapped[UUID]
    version: Mapped[int]
    """Of the key of the desk that the contents are sealed to."""
    contents_sealed: Mapped[Sealed | None]
    sent_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    """A cases.referral.Answer."""
    closed_at: Mapped[datetime | None]
    """When the case at the receiver was closed."""
    __table_args__ = (
        Index(
            "ix_desk_letter_waiting",
            "to_id",
            "desk_id",
            "sent_at",
            postgresql_where=text("answered_at IS NULL"),
        ),
    )


class MembershipLookup(SharedTable):
    """In which entities an account has a role: where to go after signing in."""

    __tablename__ = "membership_lookup"
    shared_because = "read at sign-in, before a tenant is chosen; the role itself stands in membership"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"), primary_key=True)


class Invitation(SharedTable):
    """An invitation to take a role in an entity. Its link is signed and names this row; it works once."""

    __tablename__ = "invitation"
    shared_because = "opened by somebody who has no account yet; names the tenant to enter"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"), index=True)
    email: Mapped[str]
    role: Mapped[str]
    desk_id: Mapped[UUID | None]
    language: Mapped[str] = mapped_column(default="nl")
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
