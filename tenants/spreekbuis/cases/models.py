"""A case: the file made of a report or an information request."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import TenantTable, new_id, to_entity, to_tenant

URGENCY = """(
CASE
    WHEN next_due_on IS NULL THEN '9999-12-31'::date
    ELSE next_due_on
END)"""
"""The sort key of open cases: what has no deadline comes last, and can be a keyset. Not `coalesce`, which
PostgreSQL does not count as leakproof: behind a row-level policy it could order by the index, but not start
in the middle. Written as PostgreSQL prints it, so that models and schema can be compared."""
_DESK = ("entity_id", "desk_id")
_OPEN = text("closed_at IS NULL")
_CLOSED = text("closed_at IS NOT NULL")
_FREE = text("closed_at IS NULL AND handler_id IS NULL")
_TAKEN = text("closed_at IS NULL AND handler_id IS NOT NULL")


class Case(TenantTable):
    """What drives the work stays readable (state, category, dates, channel, desk); every text is sealed.

    Deadlines are computed from the events (cases.deadlines). `next_due_on` and `next_step` are the sort key
    of the work list, written by that computation alone.
    """

    __tablename__ = "case"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    year: Mapped[int]
    number: Mapped[int]
    """Counts from 1 per desk and year; shown as I-2026-024 (cases.numbers)."""
    kind: Mapped[str]
    topic: Mapped[str]
    category: Mapped[str]
    channel: Mapped[str]
    identity: Mapped[str]
    reporter_class: Mapped[str]
    language: Mapped[str]
    desk_id: Mapped[UUID]
    handler_id: Mapped[UUID | None]
    """The account that handles the case."""
    state: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(default=now)
    acknowledged_at: Mapped[datetime | None]
    conversation_at: Mapped[datetime | None]
    """When the reporter was first spoken with: by phone, in a chat or face to face."""
    feedback_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    duty_accepted_at: Mapped[datetime | None]
    """When the reporter read the duty to speak and went on."""
    next_step: Mapped[str | None]
    next_due_on: Mapped[date | None]
    last_activity_at: Mapped[datetime] = mapped_column(default=now)
    unread_by_desk: Mapped[bool] = mapped_column(default=True)
    reporter_sealed: Mapped[bytes | None]
    """Name and contact data, when the reporter gave them."""
    submission_digest: Mapped[bytes | None]
    """SHA-256 of what was sent, to tell a second sending from a changed one."""
    score: Mapped[int | None]
    scored_at: Mapped[datetime | None]
    score_comment_sealed: Mapped[bytes | None]
    fact_id: Mapped[UUID] = mapped_column(default=uuid4)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy reads it)
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        Index("uq_case_number", *_DESK, "year", "number", unique=True),
        # The work list, by urgency: one index per way of looking at it, so that no view or filter reads the
        # others.
        Index("ix_case_open", *_DESK, text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_free", *_DESK, text(URGENCY), "id", postgresql_where=_FREE),
        Index("ix_case_open_mine", *_DESK, "handler_id", text(URGENCY), "id", postgresql_where=_TAKEN),
        Index("ix_case_open_state", *_DESK, "state", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_category", *_DESK, "category", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_kind", *_DESK, "kind", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_closed", *_DESK, "closed_at", "id", postgresql_where=_CLOSED),
        Index("ix_case_closed_category", *_DESK, "category", "closed_at", "id", postgresql_where=_CLOSED),
        Index("ix_case_closed_kind", *_DESK, "kind", "closed_at", "id", postgresql_where=_CLOSED),
    )


class CaseCounter(TenantTable):
    """The last case number of a desk in a year. Per desk: a common count would tell each desk about the other."""

    __tablename__ = "case_counter"
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
    __table_args__ = (to_entity(), to_tenant("desk", "desk_id"))


class Message(TenantTable):
    """A text on a case: the report itself, the dialogue, or an internal note that the reporter never sees."""

    __tablename__ = "message"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    author: Mapped[str]
    """"reporter" or "handler"."""
    internal: Mapped[bool] = mapped_column(default=False)
    account_id: Mapped[UUID | None]
    body_sealed: Mapped[bytes]
    once: Mapped[UUID | None]
    """Made with the form: the same form sent twice gives one message."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_message_case", "entity_id", "case_id", "created_at", "id"),
        Index("uq_message_once", "entity_id", "case_id", "once", unique=True),
    )


class Attachment(TenantTable):
    """A file on a message. The name is sealed, the content lies in the storage under `storage_key`."""

    __tablename__ = "attachment"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    message_id: Mapped[UUID]
    name_sealed: Mapped[bytes]
    media_type: Mapped[str]
    size: Mapped[int]
    storage_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("message", "message_id", ondelete="CASCADE"),
        Index("ix_attachment_case", "entity_id", "case_id", "message_id"),
    )


class CaseEvent(TenantTable):
    """A step in the life of a case, without text: `data` holds codes only."""

    __tablename__ = "case_event"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_case_event_case", "entity_id", "case_id", "at", "id"),
    )


class Contact(TenantTable):
    """One call, e-mail, chat, visit, letter or web message on a case."""

    __tablename__ = "contact"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    channel: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[UUID | None]
    note_sealed: Mapped[bytes | None]
    once: Mapped[UUID | None]
    fact_id: Mapped[UUID] = mapped_column(default=uuid4)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_contact_case", "entity_id", "case_id", "at", "id"),
        Index("uq_contact_once", "entity_id", "case_id", "once", unique=True),
    )


class CaseReading(TenantTable):
    """When an account last opened a case, so that the trail gets one row per sitting and not one per page."""

    __tablename__ = "case_reading"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    read_at: Mapped[datetime]
    __table_args__ = (to_entity(), to_tenant("case", "case_id", ondelete="CASCADE"))
