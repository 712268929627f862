"""Desks and members of an entity, and invitations to become one."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now, today
from spreekbuis.db.base import SharedTable, TenantTable, new_id, to_entity, to_tenant


class Desk(TenantTable):
    """A group of handlers with one mandate: `kind` is a directory.catalogue.DeskKind.

    Wellbeing is a compartment of its own: the employer must not read psychosocial files
    (Codex over het welzijn op het werk, book I title 3).
    """

    __tablename__ = "desk"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    __table_args__ = (to_entity(), Index("uq_desk_kind", "entity_id", "kind", unique=True))


class Membership(TenantTable):
    """A role of an account in an entity, of one desk when the role is handler. `until` is inclusive."""

    __tablename__ = "membership"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str]
    desk_id: Mapped[UUID | None]
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
