"""What every change of a case leaves behind: an event on the case, a row in the audit trail, the corrected
fact."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from flask_babel import lazy_gettext as _l

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.checks import set_next_task
from spreekbuis.cases.deadlines import set_next_due
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.clock import local_date, now
from spreekbuis.db.scope import PLATFORM_ID, current_entity_id
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, Channel, ReporterClass, Topic
from spreekbuis.errors import Conflict
from spreekbuis.figures.facts import CaseFact, ContactFact, record_case, record_contact
from spreekbuis.jobs.outbox import enqueue, job

CORRECT_FACT = "cases.correct_fact"


class Happened(StrEnum):
    """Kinds of events on a case."""

    RECEIVED = "received"
    MESSAGE = "message"
    NOTE = "note"
    ACKNOWLEDGED = "acknowledged"
    STATE = "state"
    KIND = "kind"
    CATEGORY = "category"
    ASSIGNED = "assigned"
    CONTACT = "contact"
    FEEDBACK = "feedback"
    CLOSED = "closed"
    SCORED = "scored"
    PERSON = "person"
    EXCLUDED = "excluded"
    ADMITTED = "admitted"
    PROCEDURE = "procedure"
    EXCUSED = "excused"
    EXTENDED = "extended"
    DECIDED = "decided"
    MEETING_ASKED = "meeting_asked"
    MINUTES = "minutes"
    MINUTES_CORRECTED = "minutes_corrected"
    MINUTES_AGREED = "minutes_agreed"
    CONTACT_PREFERENCE = "contact_preference"
    CONSENT = "consent"
    NAMED_BY_LAW = "named_by_law"
    """The reporter was told that the law obliges the desk to name them."""
    AFTERCARE_ASKED = "aftercare_asked"
    REFERRAL_ASKED = "referral_asked"
    REFERRAL_AGREED_IN_TALK = "referral_agreed_in_talk"
    """By a reporter without a mailbox; a handler wrote it down."""
    REFERRAL_DECLINED = "referral_declined"
    REFERRAL_ENDED = "referral_ended"
    """Withdrawn, refused by the receiver, or not answered in time."""
    REFERRED = "referred"
    """Sent to another desk, or handed over to an actor."""
    REFERRAL_ACCEPTED = "referral_accepted"
    CAME_BY_REFERRAL = "came_by_referral"
    TASK = "task"
    CHECKED = "checked"
    REPRISALS_TOLD = "reprisals_told"
    RESULT = "result"
    MEASURE = "measure"
    MERGED = "merged"
    UNMERGED = "unmerged"
    FORWARDING = "forwarding"
    """Whether 1700 may pass the message on; at receipt it is in the form."""
    POSTED = "posted"
    """Passed on by letter."""


NOT_IN_FIGURES = frozenset({
    Happened.MESSAGE, Happened.NOTE, Happened.CONTACT, Happened.ASSIGNED, Happened.MEETING_ASKED, Happened.MINUTES,
    Happened.MINUTES_CORRECTED, Happened.MINUTES_AGREED, Happened.CONTACT_PREFERENCE, Happened.CONSENT,
    Happened.NAMED_BY_LAW,
    Happened.AFTERCARE_ASKED, Happened.PERSON, Happened.EXCLUDED, Happened.ADMITTED, Happened.TASK, Happened.CHECKED,
    Happened.REPRISALS_TOLD, Happened.MEASURE, Happened.FORWARDING,
})  # fmt: skip
"""What happens to a case without changing its fact."""
MOVES_TASKS = frozenset({
    Happened.KIND, Happened.CLOSED, Happened.REFERRED, Happened.REFERRAL_ACCEPTED, Happened.TASK, Happened.CHECKED,
    Happened.MERGED, Happened.UNMERGED, Happened.POSTED,
})  # fmt: skip
"""After what the next thing to do may be another one."""


class CaseClosed(Conflict):
    """A closed case does not change any more."""

    title = _l("Dit dossier is afgesloten")
    advice = _l("Er is niets veranderd. Is er iets nieuws? Maak dan een nieuwe melding.")


def refuse_closed(case: Case) -> None:
    """Raises CaseClosed."""
    if case.closed_at is not None:
        raise CaseClosed


def changed(
    case: Case,
    what: Happened,
    audited: Audited = Audited.CASE_CHANGED,
    *,
    at: datetime | None = None,
    **data: str | int | bool | None,
) -> None:
    """Note that something happened to the case (`data`: codes only), bring its sort key and its fact up to
    date."""
    moment = at or now()
    case.last_activity_at = moment
    set_next_due(case)
    if what in MOVES_TASKS:
        set_next_task(case)
    db.session.add(
        CaseEvent(
            entity_id=current_entity_id(),
            case_id=case.id,
            kind=what,
            at=moment,
            account_id=acting().account_id,
            data=data,
        )
    )
    record(audited, case.id, {"what": what.value, **data})
    if what not in NOT_IN_FIGURES:
        record_fact(case)


def fact_of(case: Case) -> CaseFact:
    """The case as figures see it: codes, month of receipt, calendar days."""
    received = local_date(case.received_at)

    def days_until(moment: datetime | None) -> int | None:
        return None if moment is None else (local_date(moment) - received).days

    return CaseFact(
        year=received.year,
        month=received.month,
        kind=case.kind,
        topic=case.topic,
        category=case.category,
        channel=case.channel,
        identity=case.identity,
        reporter_class=case.reporter_class,
        desk=DESK_OF_TOPIC[Topic(case.topic)],
        status="open" if case.closed_at is None else "closed",
        outcome=case.outcome,
        score=case.score,
        days_to_acknowledge=days_until(case.acknowledged_at),
        days_to_feedback=days_until(case.feedback_at),
        days_to_close=days_until(case.closed_at),
        damage_cents=case.damage_cents,
        recovered_cents=case.recovered_cents,
        follow_up=case.follow_up,
    )


def record_fact(case: Case, *, new: bool = False) -> None:
    """Write or correct the case's fact. The only way from a case to the figures.

    A case that came from another entity stays counted there: a job of the platform corrects it, since no tenant writes
    in another.
    """
    if case.counted_in_id is None:
        record_case(case.fact_id, fact_of(case), new=new)
    else:
        enqueue(CORRECT_FACT, entity_id=PLATFORM_ID, case_id=str(case.id), at_id=str(case.entity_id))


@job(CORRECT_FACT)
def correct_fact(case_id: str, at_id: str) -> None:
    """Correct the fact of a case at the entity that counted it. `at_id`: where the case is."""
    with within(UUID(at_id)) as session:
        case = session.get(Case, (UUID(at_id), UUID(case_id)))
        if case is None or case.counted_in_id is None:
            return  # erased, or back where it was counted
        home, fact_id, fact = case.counted_in_id, case.fact_id, fact_of(case)
    with within(home):
        record_case(fact_id, fact)


def count_contact(case: Case, fact_id: UUID, channel: Channel, at: datetime) -> None:
    """Count a new contact on the case; those of 1700 are no contacts of Spreekbuis."""
    if case.reporter_class != ReporterClass.CITIZEN:
        day = local_date(at)
        record_contact(fact_id, ContactFact(day.year, day.month, channel), new=True)
