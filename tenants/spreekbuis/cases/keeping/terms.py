"""How long a closed case is kept, per procedure, and the source of each term. The only place that knows.

Directive (EU) 2019/1937, article 18(1), and the decree of 18 November 2022: a report is kept no longer than needed and
proportionate; no number of years stands there, so the number is the service's own and can be changed here.
Codex over het welzijn op het werk, book I title 3: the individual file of the prevention adviser is kept for 20 years,
the register of facts by third parties for 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.procedures import (
    INFORMATION_REQUEST,
    INTEGRITY_REPORT,
    WELLBEING_INFORMAL,
    CaseFacts,
    procedure_of,
)
from spreekbuis.clock import local_date

WARNED_AHEAD = timedelta(days=30)
"""How long before it is erased the desk is told."""


@dataclass(frozen=True, slots=True)
class Retention:
    """`months` are counted from the Belgian day on which the case was closed."""

    months: int
    source: LazyString


RETENTION: Mapping[str, Retention] = {
    INTEGRITY_REPORT.code: Retention(
        60,
        _l(
            "Decreet van 18 november 2022 en richtlijn (EU) 2019/1937, artikel 18: niet langer bewaren dan nodig."
            " Spreekbuis houdt 5 jaar aan."
        ),
    ),
    WELLBEING_INFORMAL.code: Retention(
        240,
        _l("Codex over het welzijn op het werk, boek I titel 3: het individuele dossier blijft 20 jaar bewaard."),
    ),
    INFORMATION_REQUEST.code: Retention(24, _l("Afspraak van Spreekbuis: een infovraag blijft 2 jaar bewaard.")),
}  # fmt: skip


def retention_of(case: CaseFacts) -> Retention:
    """The term that holds for this case today."""
    return RETENTION[procedure_of(case).code]


def due_on(case: CaseFacts) -> date | None:
    """The Belgian day from which the case is erased; None while it is open."""
    if case.closed_at is None:
        return None
    return add_months(local_date(case.closed_at), retention_of(case).months)


def shortest_term() -> int:
    """Months: a case that was closed later than that is not due under any procedure."""
    return min(retention.months for retention in RETENTION.values())
