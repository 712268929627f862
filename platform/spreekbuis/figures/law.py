"""What Directive (EU) 2019/1937, article 27(2), asks each year: reports received, investigations and proceedings and
their outcome, and the estimated damage and what was recovered. Small numbers are hidden: this is what goes out."""

from typing import NamedTuple

from flask_babel import gettext as _

from spreekbuis.directory.catalogue import FOLLOW_UP_LABELS, Outcome
from spreekbuis.figures.own import total_words, words_of
from spreekbuis.figures.reading import Figures
from spreekbuis.figures.small import THRESHOLD, hide_small
from spreekbuis.figures.words import dimension_words, euros, value_labels

OPEN = "open"
OUTCOMES = (
    Outcome.FOUNDED, Outcome.PARTLY_FOUNDED, Outcome.UNFOUNDED, Outcome.INSUFFICIENT, Outcome.NOT_EXAMINED,
)  # fmt: skip
"""Of a report that was handled here."""


class LawTable(NamedTuple):
    """Rows of a label and a number in words."""

    title: str
    rows: tuple[tuple[str, str], ...]


def law_tables(cells: tuple[tuple[tuple[str, str], tuple[int, int]], ...]) -> tuple[LawTable, ...]:
    """The tables of a year, of the figures alone, so that `drawn` keeps them; none without reports."""
    figures = Figures(dict(cells))
    received = figures.n("law", "received")
    if not received:
        return ()
    first = LawTable(_("Meldingen over integriteit"), ((_("Ontvangen"), total_words(received)),))
    if received < THRESHOLD:
        return (first,)
    return (first, _outcomes(figures, received), _follow_ups(figures), _money(figures))


def _outcomes(figures: Figures, received: int) -> LawTable:
    """With those that are open: together they are all that were received, so they hide each other."""
    known = {outcome.value: figures.n("law_outcome", outcome) for outcome in OUTCOMES}
    counts = {**known, OPEN: received - sum(known.values())}
    cut = hide_small(counts)
    labels = [*value_labels("law_outcome", tuple(known)), _("Nog in behandeling")]
    rows = tuple((label, words_of(cut, value)) for label, value in zip(labels, counts, strict=True))
    return LawTable(_("Onderzoeken en hun uitkomst"), rows)


def _follow_ups(figures: Figures) -> LawTable:
    counts = {code.value: figures.n("law_follow_up", code) for code in FOLLOW_UP_LABELS}
    cut = hide_small(counts)
    labels = value_labels("law_follow_up", tuple(counts))
    rows = tuple((label, words_of(cut, value)) for label, value in zip(labels, counts, strict=True))
    return LawTable(dimension_words("law_follow_up").title, rows)


def _money(figures: Figures) -> LawTable:
    """Sums, of so many reports that none of them can be told from it."""
    rows = []
    for value, label in zip(
        ("damage", "recovered"), value_labels("law_money", ("damage", "recovered")), strict=True
    ):
        n, cents = figures.cells.get(("law_money", value), (0, 0))
        rows.append((label, euros(cents) if n >= THRESHOLD else _("verborgen")))
    return LawTable(dimension_words("law_money").title, tuple(rows))
