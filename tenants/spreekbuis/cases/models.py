"""A case: the file made of a report or an information request."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.cases.procedure_models import DeadlineSweep, ProcedureDraft, ProcedureVersion, TermChange
from spreekbuis.clock import now
from spreekbuis.db.base import Moves, Sealed, TenantTable, new_id, to_entity, to_tenant

__all__ = ["DeadlineSweep", "ProcedureDraft", "ProcedureVersion", "TermChange"]
"""Tables of this room that stand in a module of their own."""

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
_WITH_TASK = text("next_task_on IS NOT NULL")
_TAKEN = text("closed_at IS NULL AND handler_id IS NOT NULL")


class Case(TenantTable):
    """What drives the work stays readable (state, category, dates, channel, desk); every text is sealed.

    Deadlines are computed from the events (cases.deadlines). `next_due_on` and `next_step` are the sort key
    of the work list, written by that computation alone.
    """

    __tablename__ = "case"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "the desk must not share without it, and sees it at once": "shares_with named_by_law",
        "drives the work, its deadlines and its order": (
            "state received_at acknowledged_at conversation_at feedback_at closed_at "
            "duty_accepted_at next_step next_due_on duplicates_due_on next_task_on last_activity_at unread_by_desk"
            " handler_id"
        ),
        "says which terms run, and which were taken away or made longer on which ground": (
            "procedure procedure_version procedure_at decided_at waiting_since waited_days term_changes"
        ),
        "leads to the right desk, the procedure and the figures": (
            "kind topic category channel identity reporter_class outcome score scored_at fact_id"
        ),
        "counted each year: estimated damage and recoveries (directive 2019/1937, article 27), what an actor did": (
            "damage_cents recovered_cents follow_up follow_up_on"
        ),
        "says whose figures count it, after a merge": "counted_in_id",
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
    """When the reporter was first spoken with in this procedure: by phone, in a chat or face to face."""
    decided_at: Mapped[datetime | None]
    """When a formal request was accepted."""
    feedback_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    damage_cents: Mapped[int | None] = mapped_column(BigInteger)
    recovered_cents: Mapped[int | None] = mapped_column(BigInteger)
    """Cents, estimated; None when nobody knows (cases.results)."""
    follow_up: Mapped[str | None]
    """What a central actor did with it: a FollowUp, and on which day."""
    follow_up_on: Mapped[date | None]
    duty_accepted_at: Mapped[datetime | None]
    """When the reporter read the duty to speak and went on."""
    procedure: Mapped[str]
    procedure_version: Mapped[int]
    """The rules for this case (cases.procedure_versions); a version never changes."""
    procedure_at: Mapped[datetime | None]
    """When somebody chose the procedure; None when the case came with it."""
    waiting_since: Mapped[datetime | None]
    waited_days: Mapped[int] = mapped_column(default=0)
    """Calendar days that the case waited for the reporter: only a term that may pause counts them."""
    term_changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Step to {"excused": code} or {"extended": code}; why, stands sealed in TermChange."""
    next_step: Mapped[str | None]
    next_due_on: Mapped[date | None]
    duplicates_due_on: Mapped[date | None]
    """The first day on which the reporter of a duplicate of this case must have feedback (cases.duplicates)."""
    next_task_on: Mapped[date | None]
    """The day of the first check or task that is not done (cases.checks), also of a closed case."""
    last_activity_at: Mapped[datetime] = mapped_column(default=now)
    unread_by_desk: Mapped[bool] = mapped_column(default=True)
    reporter_sealed: Mapped[Sealed | None]
    """Name and contact data, when the reporter gave them."""
    contact_preference_sealed: Mapped[Sealed | None]
    """How and when the reporter wants to be reached (cases.wishes)."""
    shares_with: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    named_by_law: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    """To whom the reporter lets the desk tell the name: codes (cases.consent). The history stands in the events."""
    submission_digest: Mapped[bytes | None]
    """SHA-256 of what was sent, to tell a second sending from a changed one."""
    questionnaire: Mapped[str | None]
    questionnaire_version: Mapped[int | None]
    """The published version that `answers_sealed` answers; None when no question was answered."""
    answers_sealed: Mapped[Sealed | None]
    score: Mapped[int | None]
    scored_at: Mapped[datetime | None]
    score_comment_sealed: Mapped[Sealed | None]
    fact_id: Mapped[UUID] = mapped_column(default=uuid4)
    counted_in_id: Mapped[UUID | None]
    """The entity whose figures count it, when it came from there; None: the one where it is."""
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy reads it)
    __table_args__ = (
        to_entity(),
        to_tenant("desk", "desk_id"),
        ForeignKeyConstraint(
            ["questionnaire", "questionnaire_version"],
            ["questionnaire_version.code", "questionnaire_version.version"],
        ),
        Index("uq_case_number", *_DESK, "year", "number", unique=True),
        # The work list, by urgency: one index per way of looking at it, so that no view or filter reads the
        # others.
        Index("ix_case_open", *_DESK, text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_free", *_DESK, text(URGENCY), "id", postgresql_where=_FREE),
        Index("ix_case_open_mine", *_DESK, "handler_id", text(URGENCY), "id", postgresql_where=_TAKEN),
        Index("ix_case_open_state", *_DESK, "state", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_category", *_DESK, "category", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_open_kind", *_DESK, "kind", text(URGENCY), "id", postgresql_where=_OPEN),
        Index("ix_case_task", *_DESK, "next_task_on", "id", postgresql_where=_WITH_TASK),
        Index("ix_case_task_mine", *_DESK, "handler_id", "next_task_on", "id", postgresql_where=_WITH_TASK),
        Index("ix_case_closed", *_DESK, "closed_at", "id", postgresql_where=_CLOSED),
        Index("ix_case_closed_category", *_DESK, "category", "closed_at", "id", postgresql_where=_CLOSED),
        Index("ix_case_closed_kind", *_DESK, "kind", "closed_at", "id", postgresql_where=_CLOSED),
    )


class CaseCounter(TenantTable):
    """The last case number of a desk in a year. Per desk: a common count would tell each desk about the other."""

    __tablename__ = "case_counter"
    moves = Moves.STAY
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
            "author internal kind account_id created_at"
        ),
        "says how somebody wants to talk, which minutes a correction is about, and when they were agreed to": (
            "how about_id agreed_at"
        ),
        "the same form twice is one message; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    author: Mapped[str]
    """"reporter" or "handler"."""
    internal: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(server_default="said")
    """A cases.dialogue.MessageKind."""
    how: Mapped[str | None]
    """Of a request to talk: a cases.wishes.Way."""
    about_id: Mapped[UUID | None]
    """Of a correction: the minutes that it corrects."""
    agreed_at: Mapped[datetime | None]
    """Of minutes: when the reporter agreed to them."""
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


class CasePerson(TenantTable):
    """Somebody who plays a part in a case: role, name and all else are sealed (cases.people)."""

    __tablename__ = "case_person"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "puts them in order": "created_at",
        "the same form twice is one person; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    details_sealed: Mapped[Sealed]
    once: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("ix_case_person_case", "entity_id", "case_id", "created_at", "id"),
        Index("uq_case_person_once", "entity_id", "case_id", "once", unique=True),
    )


class CaseTask(TenantTable):
    """Something that the desk has to do on a case, or an answered check for reprisals (cases.tasks)."""

    __tablename__ = "case_task"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says what kind of thing is due when, and who did it": "kind moment due_on done_at done_by created_at",
        "says in a code what came of a check for reprisals": "answer",
        "the same form twice is one task; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    kind: Mapped[str]
    """A cases.tasks.TaskKind."""
    moment: Mapped[str | None]
    """Of a check: a cases.checks.Moment; each is answered once."""
    due_on: Mapped[date]
    text_sealed: Mapped[Sealed | None]
    """What is to be done; None for a check."""
    done_at: Mapped[datetime | None]
    done_by: Mapped[UUID | None]
    answer: Mapped[str | None]
    """Of a check: a cases.tasks.Sign."""
    note_sealed: Mapped[Sealed | None]
    once: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("uq_case_task_moment", "entity_id", "case_id", "moment", unique=True),
        Index("uq_case_task_once", "entity_id", "case_id", "once", unique=True),
    )


class CaseLink(TenantTable):
    """One side of a link between two cases of a desk (cases.related); the other side is a row of its own."""

    __tablename__ = "case_link"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says who linked two cases, and when": "since account_id",
    }
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    other_id: Mapped[UUID] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("case", "other_id", ondelete="CASCADE"),
        Index("ix_case_link_other", "entity_id", "other_id"),
    )


class CaseMerge(TenantTable):
    """A case that was closed as a duplicate of another, with what it takes to undo that (cases.related)."""

    __tablename__ = "case_merge"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "opens the case again as it was, as long as that is possible": "state_before merged_at account_id",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    into_id: Mapped[UUID]
    state_before: Mapped[str]
    merged_at: Mapped[datetime] = mapped_column(default=now)
    account_id: Mapped[UUID | None]
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        to_tenant("case", "into_id", ondelete="CASCADE"),
        Index("ix_case_merge_case", "entity_id", "case_id"),
        Index("ix_case_merge_into", "entity_id", "into_id"),
    )


class CaseMeasure(TenantTable):
    """A measure or recommendation that came of a case (cases.results)."""

    __tablename__ = "case_measure"
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "says what kind of thing is how far, and due when": "kind state due_on done_at created_at",
        "the same form twice is one measure; made with a random id that is stored nowhere": "once",
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    case_id: Mapped[UUID]
    kind: Mapped[str]
    text_sealed: Mapped[Sealed]
    state: Mapped[str]
    """A cases.results.MeasureState."""
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]
    once: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (
        to_entity(),
        to_tenant("case", "case_id", ondelete="CASCADE"),
        Index("uq_case_measure_once", "entity_id", "case_id", "once", unique=True),
    )


class SavedFilter(TenantTable):
    """A way to look at the work list that a handler keeps under a name."""

    __tablename__ = "saved_filter"
    moves = Moves.STAY
    readable = {  # noqa: RUF012 (declared by TenantTable)
        "a choice of codes; the name says a choice, and the page asks for no name of a person": (
            "name view kind category state"
        ),
    }
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    view: Mapped[str]
    kind: Mapped[str | None]
    category: Mapped[str | None]
    state: Mapped[str | None]
    __table_args__ = (
        to_entity(),
        Index("uq_saved_filter_name", "entity_id", "account_id", "name", unique=True),
    )
