"""Turn totals into what the templates draw: a title and rows of label, number and words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from spreekbuis.figures.reading import Figures
from spreekbuis.figures.words import DIMENSIONS, MONTHS, number, value_label

type_row = tuple[str, int | None, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and its table."""

    id: str
    title: str
    rows: list[type_row]
    head: str
    unit: str
    note: str = ""


SHOWN = ("kind", "contacts", "topic_of_reports", "outcome", "category", "month")
"""The breakdowns of the dashboard, in order: two of about the same length beside each other."""
_COMPLETE = {"kind": ("report", "information_request"), "contacts": ("phone", "email"), "month": MONTHS}
"""Values that stand in their table also when they are 0."""


def breakdowns(figures: Figures) -> list[Chart]:
    """One chart per breakdown that has anything to show."""
    return [chart for dimension in SHOWN if (chart := _breakdown(figures, dimension)).rows]


def _breakdown(figures: Figures, dimension: str) -> Chart:
    words = DIMENSIONS[dimension]
    counts = dict.fromkeys(_COMPLETE.get(dimension, ()), 0) if figures.of(dimension) else {}
    counts |= figures.of(dimension)
    order = sorted(counts) if dimension == "month" else by_size(counts)
    rows: list[type_row] = [(value_label(dimension, v), counts[v], number(counts[v])) for v in order]
    name = f"per-{dimension.replace('_', '-')}"
    return Chart(name, str(words.title), rows, str(words.head), str(words.unit))


def by_size(counts: Mapping[str, int]) -> list[str]:
    """The largest first; equals by code, so that the order stands still."""
    return sorted(counts, key=lambda value: (-counts[value], value))


def per_area(counts: Mapping[str, int], names: Mapping[str, str]) -> Chart:
    rows: list[type_row] = [(names.get(c, c), counts[c], number(counts[c])) for c in by_size(counts)]
    return Chart("per-area", _("Dossiers per beleidsdomein"), rows, _("Beleidsdomein"), _("Dossiers"))


def per_year(counts: Mapping[int, int], published: Iterable[int] = ()) -> Chart:
    """Cases per year; years without figures are one gap. `published`: the years whose figure is not ours."""
    rows: list[type_row] = []
    previous = None
    for year in sorted(counts):
        if previous is not None and year - previous > 1:
            rows.append(("…", None, "–"))
        rows.append((str(year), counts[year], number(counts[year])))
        previous = year
    note = (
        _("Bestaat er een gepubliceerd cijfer, dan zie je dat. Voor de andere jaren telt Spreekbuis zelf.")
        if any(published)
        else ""
    )
    return Chart("per-year", _("Dossiers per jaar"), rows, _("Jaar"), _("Dossiers"), note)
