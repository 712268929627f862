"""Figures that were published in the past, as they stood: load them, and set ours beside them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.db.session import db
from spreekbuis.figures.models import PublishedFigure
from spreekbuis.figures.reading import Figures, type_connection

OWN_SOURCE = "spreekbuis"
_PLACES = {"count": Decimal(1), "percent": Decimal("0.1"), "score_of_5": Decimal("0.01")}
"""How precisely each unit was published."""


class Published(NamedTuple):
    """One published figure."""

    source: str
    year: int
    measure: str
    breakdown: str
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure and ours, which is None when there is nothing to compute it from."""

    published: Published
    ours: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        return None if self.ours is None else self.ours - self.published.value


def load_published() -> None:
    """Bring the published figures to what figures_history.csv says. Twice is once."""
    with (files("spreekbuis.figures") / "data" / "figures_history.csv").open(encoding="utf-8") as file:
        rows = [
            {**row, "year": int(row["year"]), "value": Decimal(row["value"])} for row in csv.DictReader(file)
        ]
    given = insert(PublishedFigure).values(rows)
    db.session.execute(
        given.on_conflict_do_update(
            index_elements=["source", "year", "measure", "breakdown"],
            set_={name: given.excluded[name] for name in ("value", "unit", "note")},
        )
    )


_FIGURES = """
SELECT source, year, measure, breakdown, value, unit FROM published_figure ORDER BY source, measure, breakdown"""


def published_figures(connection: type_connection) -> list[Published]:
    """Every published figure, in a fixed order."""
    return [Published(*row) for row in connection.execute(_FIGURES).fetchall()]


def cases_by_year(published: Iterable[Published]) -> dict[int, int]:
    """The cases per year that the contact point published itself."""
    return {
        figure.year: int(figure.value)
        for figure in published
        if (figure.source, figure.measure, figure.breakdown) == (OWN_SOURCE, "cases", "")
    }


def compare(published: Published, figures: Figures) -> Comparison:
    """Set our figure, in the precision of its unit, beside one that the contact point published itself."""
    exact = _ours(published, figures)
    ours = None if exact is None else exact.quantize(_PLACES[published.unit], ROUND_HALF_UP)
    return Comparison(published, ours)


def _ours(published: Published, figures: Figures) -> Decimal | None:
    match published.measure, published.breakdown:
        case "cases", "":
            return Decimal(figures.cases)
        case "cases", kind:
            return Decimal(figures.n("kind", kind))
        case "contacts", channel:
            return Decimal(figures.n("contacts", channel))
        case "share", topic if figures.reports:
            return Decimal(100 * figures.n("topic_of_reports", topic)) / figures.reports
        case "satisfaction", "":
            return figures.satisfaction
        case _:
            return None
