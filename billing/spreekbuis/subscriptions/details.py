"""One entity's entitlement, year by year, as pages show it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from spreekbuis.clock import local_date, today
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.entities.service import accepts_reports
from spreekbuis.subscriptions.contributions import contribution_years
from spreekbuis.subscriptions.entitlement import Entitlement, Period, Standing, standing
from spreekbuis.subscriptions.listing import (
    POSITION_LABELS,
    POSITION_TAGS,
    Position,
    day_to_show,
    position_on,
)
from spreekbuis.subscriptions.models import Contribution

YEARS_BACK = 3


@dataclass(frozen=True, slots=True)
class Year:
    """A service year of one entity."""

    year: int
    position: Position
    entitlement: Entitlement
    reason: str
    """Why the contribution got its status, when that was written down."""

    @property
    def label(self) -> Any:
        return POSITION_LABELS[self.position]

    @property
    def tag(self) -> str:
        return POSITION_TAGS[self.position]


def of(entity: Entity) -> dict[str, Any]:
    """What the templates need: entitlement now, the last years and the next, the periods of affiliation."""
    known = standing(entity.id)
    return {
        "entity": entity,
        "now": known.on(today()),
        "accepts_reports": accepts_reports(entity),
        "by_year": _years(known, _reasons(entity.id), local_date(entity.created_at).year),
        "periods": list(reversed(known.periods)),
        "affiliated": known.affiliated_on(today()),
        "open_period": _open(known.periods, today()),
    }


def _years(known: Standing, reasons: dict[int, str], since: int) -> list[Year]:
    """The newest first: next year, this one and `YEARS_BACK` before it, as far as the entity existed then."""
    years = [y for y in contribution_years() if y >= max(since, today().year - YEARS_BACK)]
    return [
        Year(year, position_on(known, day), known.on(day), reasons.get(year, ""))
        for year in reversed(years)
        for day in [day_to_show(year)]
    ]


def _reasons(entity_id: UUID) -> dict[int, str]:
    rows = db.session.execute(
        select(Contribution.service_year, Contribution.reason).where(
            Contribution.entity_id == entity_id, Contribution.reason.is_not(None)
        )
    )
    return {row.service_year: row.reason for row in rows}


def _open(periods: Any, day: date) -> Period | None:
    """The last period, when it has not ended before `day`: the one that can be ended."""
    last: Period | None = periods[-1] if periods else None
    return last if last is not None and (last.until is None or last.until >= day) else None
