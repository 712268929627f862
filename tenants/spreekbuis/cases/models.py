"""A case: the file made of a report or an information request."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import Sealed, TenantTable, new_id, to_entity, to_tenant

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
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "drives the work, its deadlines and its order": (
            "state received_at acknowledged_at conversation_at feedback_at closed_at "
            "duty_accepted_at next_step next_due_on last_activity_at unread_by_desk handler_id"
        ),
        "leads to the right desk, the procedure and the figures": (
            "kind topic category channel identity reporter_class outcome score scored_at fact_id"
        ),
        "how people call it, and the language to answer in": "year number language",
        "tells a second sending from a changed one; keyed with a secret that is stored nowhere": (
            "submission_digest"
        ),
        "shows when two write at once": "version",
    }
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
    reporter_sealed: Mapped[Sealed | None]
    """Name and contact data, when the reporter gave them."""
    submission_digest: Mapped[bytes | None]
    """SHA-256 of what was sent, to tell a second sending from a changed one."""
    score: Mapped[int | None]
    scored_at: Mapped[datetime | None]
    score_comment_sealed: Mapped[Sealed | None]
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
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "numbers the cases": "last",
    }
    desk_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
    __table_args__ = (to_entity(), to_tenant("desk", "desk_id"))


class Message(TenantTable):
    """A text on a case: the report itself, the dialogue, or an internal note that the reporter never sees."""

    __tablename__ = "message"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "puts the dialogue in order and keeps notes from the reporter": (
            "author internal account_id created_at"
        ),
        "the same form twice is one message; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    author: Mapped[str]
    """"reporter" or "handler"."""
    internal: Mapped[bool] = mapped_column(default=False)
    account_id: Mapped[UUID | None]
    body_sealed: Mapped[Sealed]
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
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the page shows it, and the storage shows as much": "media_type size created_at cleaned",
        "finds the encrypted content": "storage_key",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    message_id: Mapped[UUID]
    name_sealed: Mapped[Sealed]
    media_type: Mapped[str]
    size: Mapped[int]
    storage_key: Mapped[str]
    key_sealed: Mapped[Sealed]
    """The key of the content, sealed under the key of the case."""
    cleaned: Mapped[str]
    """What became of hidden data (vault.cleaning.Cleaned)."""
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
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the course of the case in codes and dates": "kind at account_id data",
    }
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
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "counted per channel, and a date for the deadlines": "channel at account_id fact_id",
        "the same form twice is one contact; made with a random id that is stored nowhere": "once",
        "says which answer text was read out, of those that everybody may know": "script_id script_version",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    channel: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[UUID | None]
    note_sealed: Mapped[Sealed | None]
    """None without a note, and while the note waits for a handler (access.LeftNote)."""
    once: Mapped[UUID | None]
    script_id: Mapped[UUID | None]
    script_version: Mapped[int | None]
    fact_id: Mapped[UUID] = mapped_column(default=uuid4)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_contact_case", "entity_id", "case_id", "at", "id"),
        Index("uq_contact_once", "entity_id", "case_id", "once", unique=True),
    )


class Referral(TenantTable):
    """A case that its desk wants to hand over to another desk, entity or actor (cases.referral)."""

    __tablename__ = "referral"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says to whom, how far it is, and what is owed": (
            "state why category to_id actor_code state_before account_id asked_at answered_at sent_at ended_at"
        ),
        "the same form twice is one referral; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    to_id: Mapped[UUID | None]
    """The entity, which may be the own one; None for an actor."""
    category: Mapped[str | None]
    """At the other desk: says which one, and as what it goes."""
    actor_code: Mapped[str | None]
    why: Mapped[str]
    explanation_sealed: Mapped[Sealed]
    """What the reporter and the receiver read."""
    state: Mapped[str]
    state_before: Mapped[str]
    """Of the case: to which it returns when nothing comes of it."""
    account_id: Mapped[UUID]
    asked_at: Mapped[datetime] = mapped_column(default=now)
    answered_at: Mapped[datetime | None]
    """When the reporter answered."""
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    once: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_referral_case", "entity_id", "case_id", "asked_at"),
        Index(
            "uq_referral_open", "entity_id", "case_id", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("uq_referral_once", "entity_id", "case_id", "once", unique=True),
    )


class CaseReading(TenantTable):
    """When an account last opened a case, so that the trail gets one row per sitting and not one per page."""

    __tablename__ = "case_reading"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "one row of the trail per sitting": "read_at",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    read_at: Mapped[datetime]
    __table_args__ = (to_entity(), to_tenant("case", "case_id", ondelete="CASCADE"))
