"""The figures of an entity as its own administrator, the employer, may see them: small numbers are hidden.

Wellbeing is a compartment: also counts may not tell the employer that there is a case. So each breakdown has all
values of its vocabulary, since a row that comes with its first case would tell of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from spreekbuis.clock import today
from spreekbuis.directory.catalogue import Channel
from spreekbuis.figures.charts import SHOWN, Chart, by_size, type_row
from spreekbuis.figures.reading import Figures
from spreekbuis.figures.small import THRESHOLD, Cut, hide_small
from spreekbuis.figures.words import DIMENSIONS, MONTHS, dimension_words, mean, number, value_labels

SMALL = f"< {THRESHOLD}"


@dataclass(frozen=True, slots=True)
class Tile:
    """A main figure in words."""

    label: str
    words: str
    note: str = ""


def own_tiles(figures: Figures, year: int) -> list[Tile]:
    """The main figures. A total that is also a cell of a breakdown is hidden where the cell is."""
    kinds = _cut(figures, "kind", year)
    enough = figures.scores >= THRESHOLD
    note = ngettext("op 5, %(num)s score", "op 5, %(num)s scores", figures.scores) if enough else ""
    # Of the host alone: what another desk took over would tell of a first case there.
    messages = figures.n("citizens", "received")
    of_1700 = [Tile(_("Berichten aan 1700"), total_words(messages))] if messages else []
    return [
        Tile(_("Dossiers in %(year)s", year=year), total_words(figures.cases)),
        Tile(_("Meldingen"), words_of(kinds, "report")),
        Tile(_("Infovragen"), words_of(kinds, "information_request")),
        Tile(_("Contacten"), total_words(figures.contacts)),
        Tile(_("Tevredenheid"), mean(figures.satisfaction) if enough else _("verborgen"), note),
        *of_1700,
    ]


def own_breakdowns(figures: Figures, year: int) -> list[Chart]:
    """The breakdowns of which something may be seen."""
    kinds = _cut(figures, "kind", year)
    reports_shown = kinds is not None and "report" in kinds.shown
    charts = []
    for dimension in SHOWN:
        cut = _cut(figures, dimension, year)
        if cut is None or (dimension == "topic_of_reports" and not reports_shown):
            continue
        # Beside the mean, two hidden scores could be solved from their number and their sum.
        if dimension == "score" and cut.small:
            continue
        charts.append(_chart(dimension, cut))
    return charts


def own_years(cases_by_year: Mapping[int, int]) -> list[int]:
    """The years from the first with a number that may be seen until now, so that no year tells of its first
    case."""
    seen = [year for year, cases in cases_by_year.items() if cases >= THRESHOLD]
    return list(range(min(seen), max(today().year, *seen) + 1)) if seen else []


def own_line(cases_by_year: Mapping[int, int]) -> Chart:
    """Cases per year; several hidden years after each other are one gap."""
    rows: list[type_row] = []
    for year in own_years(cases_by_year):
        cases = cases_by_year.get(year, 0)
        if cases >= THRESHOLD:
            rows.append((str(year), cases, number(cases)))
        elif rows[-1][1] is None:
            rows[-1] = ("…", None, SMALL)
        else:
            rows.append((str(year), None, SMALL))
    return Chart("per-year", _("Dossiers per jaar"), tuple(rows), _("Jaar"), _("Dossiers"))


def _cut(figures: Figures, dimension: str, year: int) -> Cut | None:
    counts = dict.fromkeys(_vocabulary(dimension, year), 0) | figures.of(dimension)
    return hide_small(counts)


def _vocabulary(dimension: str, year: int) -> list[str]:
    """The values that can occur. What cannot, such as a month to come, must not seem to hide a number."""
    match dimension:
        case "month":
            now = today()
            return [month for month in MONTHS if (year, int(month)) <= (now.year, now.month)]
        case "score":
            return [str(score) for score in range(1, 6)]
        case "contacts":
            return [channel.value for channel in Channel if channel is not Channel.WEB]
        case _:
            return [str(value) for value in DIMENSIONS[dimension].values]


def _chart(dimension: str, cut: Cut) -> Chart:
    words = dimension_words(dimension)
    hidden = sorted(cut.small | cut.beside)
    order = sorted((*cut.shown, *hidden)) if dimension == "month" else [*by_size(cut.shown), *hidden]
    labels = value_labels(dimension, tuple(order))
    rows: tuple[type_row, ...] = tuple(
        (label, cut.shown.get(value), words_of(cut, value))
        for label, value in zip(labels, order, strict=True)
    )
    return Chart(f"per-{dimension.replace('_', '-')}", words.title, rows, words.head, words.unit)


def words_of(cut: Cut | None, value: str) -> str:
    """A count of a breakdown as it may be seen."""
    if cut is None or value in cut.beside:
        return _("verborgen")
    return SMALL if value in cut.small else number(cut.shown[value])


def total_words(count: int) -> str:
    """A count that stands by itself as it may be seen."""
    return SMALL if count < THRESHOLD else number(count)
