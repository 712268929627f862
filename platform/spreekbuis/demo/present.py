"""Cases of the present, in two entities: every state, and deadlines that are late, today, soon and far off."""

from datetime import date, datetime, timedelta

from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.procedures import State
from spreekbuis.clock import local_date
from spreekbuis.demo import texts
from spreekbuis.demo.scripts import Act, CaseScript, Step
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, Outcome, ReporterClass

OMG, ZORG = "OVO990001", "OVO990002"
WEB, PHONE, EMAIL = Channel.WEB, Channel.PHONE, Channel.EMAIL
HIDDEN, TRUSTED, NAMED = Identity.ANONYMOUS, Identity.CONFIDENTIAL, Identity.NAMED
type_shape = tuple[int, tuple[tuple[int, Act], ...]]
"""Received how many days ago, and what happened how many days ago."""

UNTOUCHED = (9, 8, 7, 6, 5, 3, 1, 0)
"""Days ago of cases that nobody acknowledged yet; the term is 7 days."""

ARRIVED: tuple[tuple[str, str, Channel, Identity], ...] = (
    (OMG, "bullying", WEB, HIDDEN), (ZORG, "fraud", WEB, TRUSTED), (OMG, "fraud", WEB, TRUSTED),
    (ZORG, "burnout", PHONE, NAMED), (OMG, "conflict", PHONE, NAMED), (ZORG, "leak", WEB, HIDDEN),
    (OMG, "aggression", EMAIL, TRUSTED), (OMG, "conflict_of_interest", WEB, HIDDEN),
)  # fmt: skip


def plan(moment: datetime) -> list[CaseScript]:
    """The cases as they stand at `moment`."""
    cases = [
        _case(f"present/new/{number}", where, moment, days, ())
        for number, (days, where) in enumerate(zip(UNTOUCHED, ARRIVED, strict=True), 1)
    ]
    return cases + [
        _case(f"present/known/{number}", where, moment, days, steps)
        for number, (where, (days, steps)) in enumerate(_known(local_date(moment)), 1)
    ]


def _known(today: date) -> list[tuple[tuple[str, str, Channel, Identity], type_shape]]:
    """Cases with a past. The term for feedback is 3 months after the acknowledgement."""
    three_months = (today - add_months(today, -3)).days
    working = lambda days: ((days, Act.ACKNOWLEDGE), (days, Act.MARK_KIND), (days - 1, Act.STATE))  # noqa: E731
    waiting = (Act.WRITE, Act.NOTE)
    return []
