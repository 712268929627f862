"""The paper of a recovery share: one A4 page (PDF) that an officer prints and keeps.

How it is set, and what it cannot do for screen readers, stands in `web.sheet`.
"""

from datetime import date
from importlib import resources
from io import BytesIO
from typing import Final
from uuid import UUID

import segno
from flask_babel import force_locale
from flask_babel import gettext as _

from spreekbuis.vault.recovery_share import Part, RecoveryShare, short_name
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.sheet import EDGE, INK, INK_2, RIGHT, Sheet

_YELLOW: Final = "#ffd836"

# In millimetres, but letters in points.
_COLUMNS: Final = 3
_WORD_ROW: Final = 12.0
_QR_SIDE: Final = 45.0
_QR_QUIET: Final = 4  # modules of white that a scanner needs around
_MOST_LINES: Final = 3  # of a name


def paper(
    share: RecoveryShare, *, kit_id: UUID, entity_name: str, officer: str, made_on: date, language: str
) -> bytes:
    """The PDF of one share, in `language`. `officer` is a function, never a person's name.

    It holds the share in clear: hand it over once, and keep it nowhere.
    """
    with force_locale(language):
        title = _("Herstelsleutel van %(entity)s, deel %(part)s", entity=entity_name, part=share.part.value)
        sheet = Sheet(title, language, made_on)
        words = share.words(kit_id, language)
        y = _head(sheet, share)
        y = _facts(sheet, y, entity_name, officer, made_on, kit_id)
        y = _words(sheet, y, share, words)
        _scan(sheet, y, words)
        _advice(sheet, y, share)
    return sheet.finished()


def _head(sheet: Sheet, share: RecoveryShare) -> float:
    mark = resources.files("spreekbuis.web").joinpath("static", "mark.svg").read_bytes()
    sheet.pdf.image(BytesIO(mark), EDGE, 14, 9, 9)
    sheet.put("Spreekbuis", EDGE + 11.5, 15.7, 60, 13, bold=True)
    sheet.put(_("Vertrouwelijk"), RIGHT - 60, 16.2, 60, 11, colour=INK_2, align="R")
    top, badge, high = 31.0, 48.0, 26.0
    left = RIGHT - badge
    sheet.pdf.set_fill_color(_YELLOW)
    sheet.pdf.rect(left, top, badge, high, "F", round_corners=True, corner_radius=2)
    y = sheet.put(_("Herstelsleutel"), EDGE, top - 1, left - 8 - EDGE, 26, bold=True) + 1.5
    sheet.put(_("Deel %(part)s", part=share.part.value), left, top + 7, badge, 27, bold=True, align="C")
    y = sheet.put(
        _(
            "Dit blad is één van de twee delen van de herstelsleutel van je entiteit. "
            "Eén deel alleen opent niets."
        ),
        EDGE, y, left - 8 - EDGE, 11.5,
    )  # fmt: skip
    return max(y, top + high) + 5


def _facts(sheet: Sheet, y: float, entity_name: str, officer: str, made_on: date, kit_id: UUID) -> float:
    half = (RIGHT - EDGE - 8) / 2
    pairs = (
        ((_("Entiteit"), entity_name), (_("Bewaard door"), officer)),
        ((_("Gemaakt op"), day_in_words(made_on)), (_("Kenmerk"), short_name(kit_id))),
    )
    sheet.rule(y)
    for pair in pairs:
        y += 2.5
        ends = []
        for x, (label, value) in zip((EDGE, EDGE + half + 8), pair, strict=True):
            under = sheet.put(label, x, y, half, 9.5, colour=INK_2)
            ends.append(sheet.put(value, x, under, half, 11.5, bold=True, most=_MOST_LINES))
        y = max(ends)
    return y + 5


def _words(sheet: Sheet, y: float, share: RecoveryShare, words: tuple[str, ...]) -> float:
    rows = len(words) // _COLUMNS
    height = 17 + rows * _WORD_ROW + 3
    pdf = sheet.pdf
    pdf.set_fill_color(_YELLOW)
    pdf.rect(EDGE, y, RIGHT - EDGE, 2.5, "F")
    pdf.set_draw_color(INK)
    pdf.set_line_width(0.5)
    pdf.rect(EDGE, y, RIGHT - EDGE, height)
    sheet.put(_("De 21 woorden van deel %(part)s", part=share.part.value), EDGE + 6, y + 5, 90, 13, bold=True)
    sheet.put(_("Lees per kolom, van 1 tot 21."), RIGHT - 76, y + 5.6, 70, 10.5, colour=INK_2, align="R")
    column = (RIGHT - EDGE - 12) / _COLUMNS
    for place, word in enumerate(words):
        x = EDGE + 6 + place // rows * column
        top = y + 15 + place % rows * _WORD_ROW
        sheet.put(str(place + 1), x, top + 3.1, 7, 10.5, colour=INK_2, align="R")
        sheet.put(word, x + 10, top + 1.3, column - 12, 18, bold=True)
        sheet.rule(top + _WORD_ROW - 0.6, x + 1, x + column - 3)
    return y + height + 6


def _scan(sheet: Sheet, y: float, words: tuple[str, ...]) -> None:
    code = segno.make(" ".join(words), error="m", micro=False)
    modules = code.symbol_size(scale=1, border=0)[0]
    drawn = BytesIO()
    code.save(drawn, kind="png", scale=8, border=_QR_QUIET)
    quiet = _QR_SIDE * _QR_QUIET / modules
    sheet.pdf.image(drawn, EDGE - quiet, y - quiet, _QR_SIDE + 2 * quiet)
    sheet.put(
        _("De QR-code bevat dezelfde 21 woorden. Scan ze alleen op de computer waar je ze invult."),
        EDGE, y + _QR_SIDE + 3, _QR_SIDE + 2, 9.5, colour=INK_2,
    )  # fmt: skip


def _advice(sheet: Sheet, y: float, share: RecoveryShare) -> None:
    x = EDGE + _QR_SIDE + 12
    width = RIGHT - x
    other = Part.B if share.part is Part.A else Part.A
    for heading, sentences in (
        (
            _("Waarvoor dient dit blad?"),
            [_(
                "Kan niemand de dossiers van je entiteit nog openen? "
                "Met deel A en deel B samen gaan ze in Spreekbuis weer open."
            )],
        ),
        (
            _("Zo bewaar je het"),
            [
                _("Leg het op een veilige plek, apart van deel %(part)s.", part=other.value),
                _("Maak er nooit een foto of kopie van, en mail het nooit."),
            ],
        ),
        (
            _("Kwijt, of heeft iemand anders het gezien?"),
            [_(
                "Zeg het meteen aan de beheerder van je entiteit. Die maakt een nieuwe herstelsleutel. "
                "Dit blad opent dan niets nieuws meer."
            )],
        ),
    ):  # fmt: skip
        y = sheet.put(heading, x, y, width, 12, bold=True) + 0.6
        for sentence in sentences:
            y = sheet.put(sentence, x, y, width, 11) + 0.6
        y += 2.4
