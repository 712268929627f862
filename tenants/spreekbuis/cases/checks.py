"""When the desk asks a reporter whether the report had consequences, and what is the next thing to do on a case.

Nothing is stored for a check that was not answered yet: the days follow from the case, as its deadlines do.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.cases.models import Case, CaseTask
from spreekbuis.clock import local_date
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, Outcome

SOURCE = _l(
    "Decreet van 18 november 2022: wie meldt, is beschermd tegen represailles."
    " De dagen zijn een afspraak van Spreekbuis."
)


class Moment(StrEnum):
    """When to ask."""

    INTAKE = "intake"
    DAY_30 = "day_30"
    DAY_90 = "day_90"
    DAY_180 = "day_180"
    CLOSED = "closed"


MOMENT_LABELS: dict[Moment, LazyString] = {
    Moment.INTAKE: _l("Gevolgen? Bij het begin"),
    Moment.DAY_30: _l("Gevolgen? Na 30 dagen"),
    Moment.DAY_90: _l("Gevolgen? Na 90 dagen"),
    Moment.DAY_180: _l("Gevolgen? Na 180 dagen"),
    Moment.CLOSED: _l("Gevolgen? Na de afsluiting"),
}

AFTER_RECEIPT: dict[Moment, int] = {
    Moment.INTAKE: 7,
    Moment.DAY_30: 30,
    Moment.DAY_90: 90,
    Moment.DAY_180: 180,
}
"""Calendar days. At intake means: at the latest with the acknowledgement, which the decree wants within 7 days."""
AFTER_CLOSING = 30
"""Calendar days."""
EARLY = timedelta(days=14)
"""So long before its day a check may be answered."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check that belongs to a case; `due_on` is a Belgian calendar day."""

    moment: Moment
    due_on: date


def checks_of(case: Case) -> list[Check]:
    """Every check of the case, by day: each case has a receipt, so that its reporter can be asked. None for an
    information request, nor for a case that another desk took over."""
    if case.kind == CaseKind.INFORMATION_REQUEST or case.outcome == Outcome.REFERRED:
        return []
    received = local_date(case.received_at)
    found = [Check(moment, received + timedelta(days=days)) for moment, days in AFTER_RECEIPT.items()]
    if case.closed_at is not None:
        closed = local_date(case.closed_at)
        found.append(Check(Moment.CLOSED, closed + timedelta(days=AFTER_CLOSING)))
    return sorted(found, key=lambda check: check.due_on)


def set_first_task(case: Case) -> None:
    """Write the day of the first thing to do on a new case."""
    case.next_task_on = min((check.due_on for check in checks_of(case)), default=None)


def set_next_task(case: Case) -> None:
    """Write the day of the first thing that is still to be done, for the list of tasks. One query."""
    tasks = db.session.execute(
        select(CaseTask.moment, CaseTask.due_on, CaseTask.done_at).where(
            CaseTask.entity_id == case.entity_id, CaseTask.case_id == case.id
        )
    ).all()
    answered = {task.moment for task in tasks}
    days = [check.due_on for check in checks_of(case) if check.moment not in answered]
    days += [task.due_on for task in tasks if task.done_at is None]
    case.next_task_on = min(days, default=None)
