"""Enrolment: how an organisation becomes an entity; and whom its people can turn to."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now, today
from spreekbuis.db.base import Moves, SharedTable, TenantTable, new_id, to_entity


class EnrolmentStatus(StrEnum):
    UNVERIFIED = "unverified"
    """The requester's e-mail address is not yet confirmed."""
    WAITING = "waiting"
    """Confirmed; the central office decides."""
    APPROVED = "approved"
    REFUSED = "refused"


class Enrolment(SharedTable):
    """A request to enrol, by somebody whom the organisation authorised."""

    __tablename__ = "enrolment"
    shared_because = "made before there is a tenant; the central office decides"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ovo_code: Mapped[str] = mapped_column(ForeignKey("organisation.ovo_code"))
    requester_name: Mapped[str]
    requester_email: Mapped[str]
    requester_function: Mapped[str]
    headcount: Mapped[int]
    affiliated: Mapped[bool]
    """Uses the prevention service GDPB."""
    language: Mapped[str] = mapped_column(default="nl")
    status: Mapped[str] = mapped_column(default=EnrolmentStatus.UNVERIFIED)
    created_at: Mapped[datetime] = mapped_column(default=now)
    verified_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str | None]
    entity_id_made: Mapped[UUID | None] = mapped_column(ForeignKey("entity.id"))
    __table_args__ = (
        Index(
            "uq_enrolment_open", "ovo_code", unique=True,
            postgresql_where=text("status in ('waiting', 'approved')"),
        ),
        Index("ix_enrolment_status", "status", "created_at"),
    )  # fmt: skip


class MergeState(StrEnum):
    MOVING = "moving"
    """The cases are on their way."""
    MOVED = "moved"
    """All are there; it can be undone until a second person confirms."""
    UNDOING = "undoing"
    """The cases are on their way back."""
    CONFIRMED = "confirmed"
    UNDONE = "undone"


class EntityMerge(SharedTable):
    """One entity goes over into another (entities.merging), with its desks and their cases."""

    __tablename__ = "entity_merge"
    shared_because = "concerns two entities; the central office decides, and sees counts alone"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    from_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    into_id: Mapped[UUID] = mapped_column(ForeignKey("entity.id"))
    state: Mapped[str] = mapped_column(default=MergeState.MOVING)
    desks: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    """Those of the entity that goes over."""
    cases: Mapped[int]
    """How many it had when it began."""
    begun_at: Mapped[datetime] = mapped_column(default=now)
    begun_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """None: a command of whoever keeps the server."""
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who confirmed it, or undid it."""
    job_id: Mapped[UUID | None]
    __table_args__ = (
        Index(
            "uq_entity_merge_open", "from_id", unique=True,
            postgresql_where=text("state in ('moving', 'moved', 'undoing')"),
        ),
        Index("ix_entity_merge_begun", "begun_at"),
    )  # fmt: skip


class EntityActor(TenantTable):
    """Whom people of this entity can turn to, for one kind of actor: a function and its addresses, never a person."""

    __tablename__ = "entity_actor"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "everybody may know it: the signpost shows it": "name email phone address reachable languages",
        "says when it is shown, and whether it may be old": "valid_from valid_to confirmed_on",
    }
    kind: Mapped[str] = mapped_column(ForeignKey("actor_kind.code"), primary_key=True)
    name: Mapped[str]
    """How the entity calls the function; empty: as the kind is called."""
    email: Mapped[str]
    phone: Mapped[str]
    address: Mapped[str]
    """Where one can come or write to; on the printed form for the desks."""
    reachable: Mapped[str]
    """When, in words. What is not known is empty."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    """directory.catalogue.Spoken."""
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """Belgian days, both inclusive; None is open."""
    confirmed_on: Mapped[date] = mapped_column(default=today)
    """When the administrator last said that all of this is right."""
    __table_args__ = (to_entity(),)
