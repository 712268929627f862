"""When a closed case is erased. How long each procedure keeps it, and why, is data (cases.definition)."""

from datetime import date, timedelta

from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.duplicates import ended_at
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedure_versions import procedure, published
from spreekbuis.cases.procedures import retention_of
from spreekbuis.clock import local_date, today

WARNED_AHEAD = timedelta(days=30)
"""How long before it is erased the desk is told."""


def due_on(case: Case) -> date | None:
    """The Belgian day from which the case is erased; None while it is open, or the case in which it goes on."""
    ended = ended_at(case)
    return None if ended is None else add_months(local_date(ended), retention_of(case).months)


def first_night(due: date, warned_on: date | None) -> date:
    """The first day on which it can really be gone: the desk is warned `WARNED_AHEAD` before, also when that came late;
    and what is due goes at night."""
    warned = warned_on if warned_on is not None else today()
    return max(due, warned + WARNED_AHEAD, today() + timedelta(days=1))


def shortest_term() -> int:
    """Months: a case that was closed later than that is not due under any version of any procedure."""
    return min(procedure(one.code, one.version).retention.months for one in published())
