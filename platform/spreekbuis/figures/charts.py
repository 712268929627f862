"""Turn totals into what the templates draw: a title and rows of label, number and words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from spreekbuis.figures.reading import Figures
from spreekbuis.figures.words import MONTHS, dimension_words, number, value_labels

type_row = tuple[str, int | None, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and its table."""

    id: str
    title: str
    rows: tuple[type_row, ...]
    head: str
    unit: str
    note: str = ""


SHOWN = (
    "kind",
    "topic_of_reports",
    "category",
    "channel",
    "contacts",
    "outcome",
    "score",
    "month",
    "trained",
)
"""The breakdowns of the dashboard, in order."""
_COMPLETE = {"kind": ("report", "information_request"), "contacts": ("phone", "email"), "month": MONTHS}
"""Values that stand in their table also when they are 0."""


def breakdowns(figures: Figures) -> list[Chart]:
    """One chart per breakdown that has anything to show."""
    return [chart for dimension in (*SHOWN, "citizens") if (chart := _breakdown(figures, dimension)).rows]


def _breakdown(figures: Figures, dimension: str) -> Chart:
    counted, words = figures.of(dimension), dimension_words(dimension)
    counts = dict.fromkeys(_COMPLETE.get(dimension, ()), 0) | counted if counted else {}
    order = sorted(counts) if dimension in ("month", "score") else by_size(counts)
    labels = value_labels(dimension, tuple(order))
    rows: tuple[type_row, ...] = tuple(
        (label, counts[v], number(counts[v])) for label, v in zip(labels, order, strict=True)
    )
    return Chart(f"per-{dimension.replace('_', '-')}", words.title, rows, words.head, words.unit)


def by_size(counts: Mapping[str, int]) -> list[str]:
    """The largest first; equals by code, so that the order stands still."""
    return sorted(counts, key=lambda value: (-counts[value], value))


def per_area(counts: Mapping[str, int], names: Mapping[str, str]) -> Chart:
    rows: tuple[type_row, ...] = tuple(
        (names.get(c, c), counts[c], number(counts[c])) for c in by_size(counts)
    )
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
    return Chart("per-year", _("Dossiers per jaar"), tuple(rows), _("Jaar"), _("Dossiers"), note)
