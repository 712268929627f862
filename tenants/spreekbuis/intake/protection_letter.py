"""The request for protection against reprisals, as a PDF that is ready to send. Made on the fly, stored nowhere.

The Vlaamse Ombudsdienst protects reporters and whoever helps them (decree of 18 November 2022; Directive 2019/1937,
articles 19 to 24). The letter is in Dutch, the language of the service; a reader in another language gets the same
letter in that language after it, to know what is asked.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from flask_babel import LazyString, force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.web.dates import day_in_words
from spreekbuis.web.sheet import EDGE, INK_2, RIGHT, Sheet

_BOTTOM = 275.0
"""Millimetres from the top: below it a new page begins."""
_WIDTH = RIGHT - EDGE
_MOST_LINES = 5
"""Of a fact at the top."""


class Situation(StrEnum):
    """Why somebody asks for protection."""

    WILL_REPORT = "will_report"
    REPORTED = "reported"
    HELPED = "helped"


SITUATION_LABELS: dict[Situation, LazyString] = {
    Situation.WILL_REPORT: _l("Ik wil iets melden"),
    Situation.REPORTED: _l("Ik heb iets gemeld"),
    Situation.HELPED: _l("Ik help of hielp iemand die meldt"),
}
_SENTENCES: dict[Situation, LazyString] = {
    Situation.WILL_REPORT: _l(
        "Ik ben van plan een inbreuk te melden en vrees daarom nadelige gevolgen op het werk."
    ),
    Situation.REPORTED: _l(
        "Ik meldde een inbreuk en vrees of ondervind daarom nadelige gevolgen op het werk."
    ),
    Situation.HELPED: _l(
        "Ik help of hielp iemand die een inbreuk meldt, en vrees of ondervind daarom nadelige gevolgen op het werk."
    ),
}


@dataclass(frozen=True, slots=True)
class ProtectionRequest:
    """What the letter says. `works_at`, `reported` and `feared` may be empty."""

    name: str
    contact: str
    works_at: str
    situation: Situation
    reported: str
    """When and where it was reported."""
    feared: str
    """What happened, or is feared."""


def letter(asked: ProtectionRequest, *, service_email: str, day: date, language: str) -> bytes:
    """The PDF: the letter in Dutch, and then in `language` when that is another one."""
    with force_locale("nl"):
        sheet = Sheet(_("Verzoek om bescherming"), "nl", day)
        _write(sheet, asked, service_email, day)
    if language != "nl":
        with force_locale(language):
            sheet.next_page()
            _write(
                sheet, asked, service_email, day, _("Vertaling, alleen voor jou. Verstuur het eerste blad.")
            )
    return sheet.finished()


def _write(sheet: Sheet, asked: ProtectionRequest, email: str, day: date, above: str = "") -> None:
    y = 20.0
    if above:
        y = sheet.put(above, EDGE, y, _WIDTH, 10, colour=INK_2) + 4
    y = sheet.put(_("Verzoek om bescherming tegen represailles"), EDGE, y, _WIDTH, 20, bold=True) + 4
    y = _fact(sheet, y, _("Aan"), _("Vlaamse Ombudsdienst, %(email)s", email=email))
    y = _fact(sheet, y, _("Van"), asked.name)
    y = _fact(sheet, y, _("Bereikbaar via"), asked.contact)
    y = _fact(sheet, y, _("Werkt bij, of heeft een band met"), asked.works_at)
    y = _fact(sheet, y, _("Datum"), day_in_words(day)) + 3
    y = _paragraph(sheet, y, str(_SENTENCES[asked.situation]))
    for title, told in (
        (_("Wanneer en waar gemeld"), asked.reported), (_("Wat er gebeurt of wat ik vrees"), asked.feared),
    ):  # fmt: skip
        if told:
            y = _paragraph(sheet, y, title, bold=True)
            for line in told.split("\n"):
                y = _paragraph(sheet, y, line)
    for sentence in (
        _(
            "Ik vraag de Vlaamse Ombudsdienst om mij te beschermen tegen represailles, zoals het decreet van"
            " 18 november 2022 over de bescherming van klokkenluiders dat voorziet."
        ),
        _("Ik vraag om mijn naam en mijn gegevens vertrouwelijk te behandelen."),
        _("Graag verneem ik welke stappen volgen, en welke bewijzen nog nodig zijn."),
    ):
        y = _paragraph(sheet, y, sentence)
    _paragraph(sheet, y + 6, _("Handtekening:"))


def _fact(sheet: Sheet, y: float, label: str, value: str) -> float:
    if not value:
        return y
    sheet.put(label, EDGE, y, 58, 10, colour=INK_2)
    return sheet.put(value, EDGE + 60, y, _WIDTH - 60, 11, most=_MOST_LINES) + 1.5


def _paragraph(sheet: Sheet, y: float, text: str, *, bold: bool = False) -> float:
    return sheet.flow(text, EDGE, y, _WIDTH, 11, bold=bold, until=_BOTTOM) + 2
