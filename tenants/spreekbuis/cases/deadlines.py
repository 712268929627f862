"""What is owed to the reporter and when, computed from what happened; only the sort key of the list is
kept."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from spreekbuis.cases.definition import After, Procedure, Reason, Source, State, Step, Term, Texts
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedures import CaseFacts, excused, extended, procedure_of
from spreekbuis.clock import local_date, now
from spreekbuis.directory.catalogue import Identity


@dataclass(frozen=True, slots=True)
class Deadline:
    """`due_on` is the last Belgian calendar day on which the step is in time; `met_on` the day it was done.

    `excused` says why the step is not needed, `extended` why it has more time. `paused`: the clock stands still, and
    `due_on` is what it would be if the reporter answered today.
    """

    step: Step
    label: Texts
    due_on: date
    met_on: date | None
    source: Source
    excused: Texts | None = None
    extended: Texts | None = None
    paused: bool = False


def deadlines(case: CaseFacts) -> list[Deadline]:
    """Every term that runs or ran on the case, in the order of its procedure.

    The first day counts from the day after the event. Waiting for the reporter stops no clock, but where the term
    itself says which rule allows it.
    """
    return deadlines_under(procedure_of(case), case)


def deadlines_under(rules: Procedure, case: CaseFacts) -> list[Deadline]:
    """`deadlines`, as they would be under this procedure."""
    return [
        Deadline(
            term.step,
            term.label,
            _due_on(case, rules, term),
            _met_on(case, term.step),
            term.source,
            _label(term.exemptions, excused(case, term.step)),
            _label(term.extension.reasons if term.extension else (), extended(case, term.step)),
            term.pause is not None and case.waiting_since is not None,
        )
        for term in rules.terms
        if not (term.needs_identity and case.identity == Identity.ANONYMOUS)
    ]


def next_deadline(case: CaseFacts) -> Deadline | None:
    """The first step that is still owed; none once the reporter has had feedback or the case is closed, and none
    that stands still."""
    if case.closed_at is not None or case.feedback_at is not None:
        return None
    owed = [
        deadline
        for deadline in deadlines(case)
        if deadline.met_on is None and deadline.excused is None and not deadline.paused
    ]
    return min(owed, key=lambda deadline: deadline.due_on, default=None)


def set_next_due(case: Case) -> None:
    """Write the sort key of the work list. The only writer of `next_step` and `next_due_on`."""
    owed = next_deadline(case)
    case.next_step = owed.step if owed else None
    case.next_due_on = owed.due_on if owed else None


def set_state(case: Case, state: State) -> None:
    """Bring the case into a state. The only writer of `state`: it counts the days of waiting for the reporter."""
    if case.waiting_since is not None:
        case.waited_days += (local_date(now()) - local_date(case.waiting_since)).days
    case.waiting_since = now() if state is State.WAITING_FOR_REPORTER else None
    case.state = state


def _due_on(case: CaseFacts, rules: Procedure, term: Term) -> date:
    """Feedback goes to the reporters of its duplicates too: the first of them sets the day."""
    months, days = term.months, term.days
    if term.extension is not None and extended(case, term.step):
        months, days = months + term.extension.months, days + term.extension.days
    due = add_months(_start(case, rules, term), months) + timedelta(days=days)
    if term.pause is not None:
        due += timedelta(days=_waited(case))
    if term.step is Step.FEEDBACK and case.duplicates_due_on is not None:
        due = min(due, case.duplicates_due_on)
    return due


def _start(case: CaseFacts, rules: Procedure, term: Term) -> date:
    """The day of the event from which the term counts; of a step that was not done, its last day."""
    if term.after is After.RECEIVED:
        return local_date(case.received_at)
    if term.after is After.CHOSEN:
        return local_date(case.procedure_at or case.received_at)
    before = rules.term(Step(term.after))
    assert before is not None, "the checks of a definition let no term count from a step that is not there"
    moment = _event(case, before.step)
    return local_date(moment) if moment is not None else _due_on(case, rules, before)


def _waited(case: CaseFacts) -> int:
    running = (local_date(now()) - local_date(case.waiting_since)).days if case.waiting_since else 0
    return (case.waited_days or 0) + running


def _event(case: CaseFacts, step: Step) -> datetime | None:
    return {
        Step.ACKNOWLEDGE: case.acknowledged_at,
        Step.CONVERSATION: case.conversation_at,
        Step.DECISION: case.decided_at,
        Step.FEEDBACK: case.feedback_at,
    }[step]


def _met_on(case: CaseFacts, step: Step) -> date | None:
    """An answer acknowledges too: decree of 18 November 2022, the first exception to acknowledging."""
    moment = _event(case, step) or (case.feedback_at if step is Step.ACKNOWLEDGE else None)
    return local_date(moment) if moment is not None else None


def _label(reasons: tuple[Reason, ...], code: str | None) -> Texts | None:
    return next((reason.label for reason in reasons if reason.code == code), None)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
