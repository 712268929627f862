"""What is owed to the reporter and when, computed from what happened; only the sort key of the list is
kept."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import LazyString

from spreekbuis.cases.models import Case
from spreekbuis.cases.procedures import CaseFacts, Step, Term, procedure_of
from spreekbuis.clock import local_date
from spreekbuis.directory.catalogue import Identity


@dataclass(frozen=True, slots=True)
class Deadline:
    """`due_on` is the last Belgian calendar day on which the step is in time; `met_on` the day it was
    done."""

    step: Step
    due_on: date
    met_on: date | None
    source: LazyString


def deadlines(case: CaseFacts) -> list[Deadline]:
    """Every term that runs or ran on the case, in the order of its procedure.

    The first day counts from the day after the event; nothing stops the clock, also not waiting for the
    reporter.
    """
    return [
        Deadline(term.step, _due_on(case, term), _met_on(case, term.step), term.source)
        for term in procedure_of(case).terms
        if not (term.needs_identity and case.identity == Identity.ANONYMOUS)
    ]


def next_deadline(case: CaseFacts) -> Deadline | None:
    """The first step that is still owed; none once the reporter has had feedback or the case is closed."""
    if case.closed_at is not None or case.feedback_at is not None:
        return None
    owed = [deadline for deadline in deadlines(case) if deadline.met_on is None]
    return min(owed, key=lambda deadline: deadline.due_on, default=None)


def set_next_due(case: Case) -> None:
    """Write the sort key of the work list. The only writer of `next_step` and `next_due_on`."""
    owed = next_deadline(case)
    case.next_step = owed.step if owed else None
    case.next_due_on = owed.due_on if owed else None


def _due_on(case: CaseFacts, term: Term) -> date:
    start = local_date(case.received_at)
    if term.after_acknowledgement:
        if case.acknowledged_at is not None:
            start = local_date(case.acknowledged_at)
        else:
            start += timedelta(days=_days_to_acknowledge(case))
    return add_months(start, term.months) + timedelta(days=term.days)


def _days_to_acknowledge(case: CaseFacts) -> int:
    return next(term.days for term in procedure_of(case).terms if term.step is Step.ACKNOWLEDGE)


def _met_on(case: CaseFacts, step: Step) -> date | None:
    """An answer acknowledges too: decree of 18 November 2022, the first exception to acknowledging."""
    moment = {
        Step.ACKNOWLEDGE: case.acknowledged_at or case.feedback_at,
        Step.CONVERSATION: case.conversation_at,
        Step.FEEDBACK: case.feedback_at,
    }[step]
    return local_date(moment) if moment is not None else None


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
