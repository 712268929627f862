"""What a handler does with a case. Each operation checks the procedure, then writes the event, the trail, the
fact. What is written needs the key of the case (cases.keys)."""

from collections.abc import Sequence
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from spreekbuis.access.models import CaseExclusion, Membership
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.dialogue import message_made_by, write_message
from spreekbuis.cases.duplicates import NO_KEYS, duplicates_of, set_duplicates_due, type_keys, with_keys
from spreekbuis.cases.letters import note_closed
from spreekbuis.cases.models import Case, Message
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedure_versions import fits, usual
from spreekbuis.cases.procedures import (
    HANDLER,
    OUTCOMES,
    SET_BY_HAND,
    Mover,
    State,
    asks_an_adviser,
    may_move,
    procedure_of,
)
from spreekbuis.cases.referral import end_question
from spreekbuis.clock import local_date, now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    DESK_OF_TOPIC,
    CaseKind,
    Identity,
    Outcome,
    ReporterClass,
    Topic,
)
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Role

OTHER_DESK = _l("Dit onderwerp hoort bij een ander loket. Een dossier gaat pas over als de melder dat wil.")


class MoveNotAllowed(Conflict):
    """The procedure has no move from where the case is to where it was asked to go."""

    title = _l("Die stap kan nu niet")
    advice = _l("Er is niets veranderd. Kijk bij de stand van het dossier welke stap nu kan.")


def acknowledge(case: Case, key: ContentKey, message_text: str, *, once: UUID | None = None) -> None:
    """Tell the reporter that the report arrived. Decree of 18 November 2022: within 7 days of receipt.

    Whoever acknowledges a case that nobody handles becomes its handler.
    Raises MoveNotAllowed when it was acknowledged before. The same `once` again changes nothing.
    """
    if _made(case, once):
        return
    _move(case, State.ACKNOWLEDGED)
    write_message(case, key, author="handler", text=message_text, once=once)
    case.acknowledged_at = now()
    changed(case, Happened.ACKNOWLEDGED)
    adopt(case)


def write_to_reporter(
    case: Case, key: ContentKey, text: str, *, files: Sequence[NewFile] = (), once: UUID | None = None
) -> Message:
    """A message that the reporter reads with the receipt code. Raises CaseClosed."""
    message = write_message(case, key, author="handler", text=text, files=files, once=once)
    case.unread_by_desk = False
    return message


def add_note(
    case: Case, key: ContentKey, text: str, *, files: Sequence[NewFile] = (), once: UUID | None = None
) -> Message:
    """An internal note: the desk reads it, the reporter never does. Raises CaseClosed."""
    return write_message(case, key, author="handler", text=text, files=files, once=once, internal=True)


def give_feedback(
    case: Case, key: ContentKey, text: str, *, once: UUID | None = None, also: type_keys = NO_KEYS
) -> None:
    """Tell the reporter what was or will be done, and why, and those of its duplicates the same. Decree of 18 November
    2022: within 3 months of the acknowledgement.

    `also`: the keys of the duplicates. Raises MoveNotAllowed, and NoKeyYet when there is a duplicate without key."""
    if _made(case, once):
        return
    _move(case, State.FEEDBACK_GIVEN)
    write_message(case, key, author="handler", text=text, once=once)
    case.feedback_at = now()
    _tell_duplicates(case, also, text, once)
    changed(case, Happened.FEEDBACK)


def change_state(case: Case, state: State) -> None:
    """Move the case to a state that a handler chooses by hand. To where it is already: nothing happens.

    Raises MoveNotAllowed, also for states that follow from a message to the reporter.
    """
    if case.state == state:
        return
    if state not in SET_BY_HAND:
        raise MoveNotAllowed
    _move(case, state)
    changed(case, Happened.STATE, state=state.value)


def close(
    case: Case,
    key: ContentKey,
    outcome: Outcome,
    closing_message: str,
    *,
    once: UUID | None = None,
    also: type_keys = NO_KEYS,
) -> None:
    """Close the case with an outcome and tell the reporter, who can then score the service. Those of its duplicates are
    told the same.

    The closing message is the feedback when none was given before. A question to hand the case over ends. `also`: the
    keys of the duplicates. Raises Invalid when the kind is not chosen yet or the outcome does not fit it,
    MoveNotAllowed when the procedure does not allow closing from here, NoKeyYet as `give_feedback`.
    """
    if _made(case, once):
        return
    if case.kind == CaseKind.NEW:
        raise Invalid({"outcome": _l("Kies eerst of dit een melding of een infovraag is.")})
    if outcome not in OUTCOMES[CaseKind(case.kind)]:
        raise Invalid({"outcome": _l("Deze uitkomst past niet bij dit soort dossier.")})
    _move(case, State.CLOSED)
    end_question(case)
    write_message(case, key, author="handler", text=closing_message, once=once)
    _tell_duplicates(case, also, closing_message, once)
    moment = now()
    case.feedback_at = case.feedback_at or moment
    case.closed_at = moment
    case.outcome = outcome
    case.unread_by_desk = False
    changed(case, Happened.CLOSED, Audited.CASE_CLOSED, outcome=outcome.value)
    note_closed(case)


def mark_kind(case: Case, kind: CaseKind) -> None:
    """Say whether the case is a report or an information request. Raises Invalid for anything else,
    CaseClosed."""
    if kind is CaseKind.NEW:
        raise Invalid({"kind": _l("Kies melding of infovraag.")})
    if case.kind == kind:
        return
    refuse_closed(case)
    case.kind = kind
    follow(case)
    changed(case, Happened.KIND, kind=kind.value)


def recategorise(case: Case, category: str) -> None:
    """Put the case under another category of the same desk.

    Raises Invalid for a category of another desk: that would hand the case over without the reporter's
    consent.
    """
    if case.category == category:
        return
    refuse_closed(case)
    wanted = CATEGORIES.get(category)
    if wanted is None:
        raise Invalid({"category": _l("Kies een van de mogelijkheden.")})
    if DESK_OF_TOPIC[wanted.topic] is not DESK_OF_TOPIC[Topic(case.topic)]:
        raise Invalid({"category": OTHER_DESK})
    case.category, case.topic = category, wanted.topic
    follow(case)
    changed(case, Happened.CATEGORY, category=category)


def take(case: Case) -> None:
    """Become the handler of the case. Raises CaseClosed."""
    account_id = acting().account_id
    assert account_id is not None, "only an account handles cases"
    assign(case, account_id)


def adopt(case: Case) -> None:
    """Become the handler of a case that has none, when its desk is one's own; else leave it as it is."""
    account_id = acting().account_id
    if case.handler_id is None and account_id is not None and account_id in handlers_for(case):
        assign(case, account_id)


def assign(case: Case, account_id: UUID) -> None:
    """Give the case to a handler of its desk who is not kept out of it. Raises Invalid for anybody else, CaseClosed."""
    if case.handler_id == account_id:
        return
    refuse_closed(case)
    if account_id not in handlers_for(case):
        raise Invalid({"handler": _l("Kies een behandelaar van dit loket.")})
    hand_over(case, account_id)


def hand_over(case: Case, account_id: UUID) -> None:
    """Write down that this account handles the case: whoever calls it has seen that it may."""
    case.handler_id = account_id
    changed(case, Happened.ASSIGNED, handler=str(account_id))


def handlers_of(desk_id: UUID) -> set[UUID]:
    """The accounts that handle cases of this desk today."""
    return set(
        db.session.scalars(
            select(Membership.account_id).where(
                Membership.entity_id == current_entity_id(),
                Membership.desk_id == desk_id,
                Membership.role == Role.HANDLER,
                or_(Membership.until.is_(None), Membership.until >= today()),
            )
        )
    )


def handlers_for(case: Case) -> set[UUID]:
    """The handlers of the case's desk who may see it."""
    kept_out = select(CaseExclusion.account_id).where(
        CaseExclusion.entity_id == case.entity_id, CaseExclusion.case_id == case.id
    )
    return handlers_of(case.desk_id) - set(db.session.scalars(kept_out))


def movers(case: Case) -> frozenset[Mover]:
    """As what the account that acts may move this case. Asks the database only where a prevention adviser is needed.

    Codex, book I title 3: a formal request is for a prevention adviser alone.
    """
    if not asks_an_adviser(procedure_of(case)):
        return HANDLER
    adviser = db.session.scalar(
        select(Membership.prevention_adviser).where(
            Membership.entity_id == current_entity_id(),
            Membership.desk_id == case.desk_id,
            Membership.account_id == acting().account_id,
            or_(Membership.until.is_(None), Membership.until >= today()),
        )
    )
    return HANDLER | {Mover.PREVENTION_ADVISER} if adviser else HANDLER


def follow(case: Case) -> None:
    """Give a case whose kind or topic changed the usual procedure, as it was on the day of receipt, when its own does
    not fit any more; that of 1700 stays. What was claimed about its terms ends with it."""
    if case.reporter_class == ReporterClass.CITIZEN or fits(
        procedure_of(case), case.kind, case.topic, case.identity
    ):
        return
    rules = usual(
        CaseKind(case.kind), Topic(case.topic), Identity(case.identity), local_date(case.received_at)
    )
    case.procedure, case.procedure_version, case.procedure_at = rules.code, rules.version, None
    case.decided_at, case.term_changes = None, {}


def _move(case: Case, state: State) -> None:
    refuse_closed(case)
    if not may_move(case, state, movers(case)):
        raise MoveNotAllowed
    set_state(case, state)


def _tell_duplicates(case: Case, keys: type_keys, text: str, once: UUID | None) -> None:
    """What the reporter of a case is told is told to those of its duplicates, in their own mailboxes."""
    for duplicate, key in with_keys(duplicates_of(case), keys):
        write_message(duplicate, key, author="handler", text=text, once=once)
        if duplicate.feedback_at is None:
            duplicate.feedback_at = now()
            changed(duplicate, Happened.FEEDBACK)
    set_duplicates_due(case)


def _made(case: Case, once: UUID | None) -> bool:
    return once is not None and message_made_by(case, once) is not None
