"""The paper of a recovery share: one A4 page (PDF) that an officer prints and keeps.

Set in Helvetica, which every reader and printer has and the file does not hold; it knows the characters of
Windows-1252, and what a name has beyond them is put in the nearest letter. The same input gives the same file:
no clock, author or version of a program is in it. The document has a title and a language, and its text stands in
reading order, but no marks for headings, lists and pictures: fpdf2 writes none, and marking only the QR code
would make screen readers skip the rest.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time
from importlib import resources
from io import BytesIO
from typing import Final
from uuid import UUID

import segno
from flask_babel import force_locale
from flask_babel import gettext as _

from spreekbuis.vault.recovery_share import Part, RecoveryShare, short_name
from spreekbuis.web.dates import day_in_words

# As tokens.css has them for light paper.
_INK: Final = "#1c1b19"
_INK_2: Final = "#4b4842"
_LINE: Final = "#ddd8cb"
_YELLOW: Final = "#ffd836"

# In millimetres, but letters in points.
_EDGE: Final = 20.0
_RIGHT: Final = 210.0 - _EDGE
_COLUMNS: Final = 3
_WORD_ROW: Final = 12.0
_QR_SIDE: Final = 45.0
_QR_QUIET: Final = 4  # modules of white that a scanner needs around
_POINT: Final = 25.4 / 72
_MOST_LINES: Final = 3  # of a name

_SIMILAR: Final = str.maketrans("łŁđĐıʼ‐‑−\u202f", "lLdDi’---\u00a0")


def paper(
    share: RecoveryShare, *, kit_id: UUID, entity_name: str, officer: str, made_on: date, language: str
) -> bytes:
    """The PDF of one share, in `language`. `officer` is a function, never a person's name.

    It holds the share in clear: hand it over once, and keep it nowhere.
    """
    with force_locale(language):
        title = _("Herstelsleutel van %(entity)s, deel %(part)s", entity=entity_name, part=share.part.value)
        sheet = _Sheet(title, language, made_on)
        words = share.words(kit_id, language)
        y = _head(sheet, share)
        y = _facts(sheet, y, entity_name, officer, made_on, kit_id)
        y = _words(sheet, y, share, words)
        _scan(sheet, y, words)
        _advice(sheet, y, share)
    return sheet.finished()


class _Sheet:
    """One page, on which text is put at a place."""

    def __init__(self, title: str, language: str, made_on: date) -> None:
        # Here and not above: the library takes 0.15 s and 35 MB, for a page that is made a few times a year.
        from fpdf import FPDF
        from fpdf.prefs import ViewerPreferences

        self.pdf = FPDF(format="A4")
        self.pdf.alias_nb_pages("")  # a name with {nb} in it is a name
        self.pdf.set_title(_printable(title))
        self.pdf.set_lang(language)
        self.pdf.set_producer("Spreekbuis")
        self.pdf.set_creation_date(datetime.combine(made_on, time(), UTC))
        self.pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.pdf.set_margin(0)
        self.pdf.set_auto_page_break(False)
        self.pdf.c_margin = 0
        self.pdf.add_page()

    def put(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        size: float,
        *,
        bold: bool = False,
        colour: str = _INK,
        align: str = "L",
        most: int | None = None,
    ) -> float:
        """Write text of `size` points, of at most `most` lines, and say where it ends."""
        self.pdf.set_font("helvetica", "B" if bold else "", size)
        self.pdf.set_text_color(colour)
        leading = size * _POINT * 1.3
        # The font's bytes as characters of Latin-1: so fpdf lets them through, in a line that is cut as well.
        encoded = _printable(text).encode("windows-1252").decode("latin-1")
        lines = self.pdf.multi_cell(width, leading, encoded, align="L", dry_run=True, output="LINES")
        assert isinstance(lines, list)
        if most is not None and len(lines) > most:
            last = lines[most - 1]
            while self.pdf.get_string_width(f"{last}...") > width:
                last = last[:-1]
            lines = [*lines[: most - 1], f"{last}..."]
        for line in lines:
            self.pdf.set_xy(x, y)
            self.pdf.cell(width, leading, line, align=align)
            y += leading
        return y

    def rule(self, y: float, x: float = _EDGE, until: float = _RIGHT) -> None:
        self.pdf.set_draw_color(_LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.line(x, y, until, y)

    def finished(self) -> bytes:
        return bytes(self.pdf.output())


def _head(sheet: _Sheet, share: RecoveryShare) -> float:
    mark = resources.files("spreekbuis.web").joinpath("static", "mark.svg").read_bytes()
    sheet.pdf.image(BytesIO(mark), _EDGE, 14, 9, 9)
    sheet.put("Spreekbuis", _EDGE + 11.5, 15.7, 60, 13, bold=True)
    sheet.put(_("Vertrouwelijk"), _RIGHT - 60, 16.2, 60, 11, colour=_INK_2, align="R")
    top, badge, high = 31.0, 48.0, 26.0
    left = _RIGHT - badge
    sheet.pdf.set_fill_color(_YELLOW)
    sheet.pdf.rect(left, top, badge, high, "F", round_corners=True, corner_radius=2)
    y = sheet.put(_("Herstelsleutel"), _EDGE, top - 1, left - 8 - _EDGE, 26, bold=True) + 1.5
    sheet.put(_("Deel %(part)s", part=share.part.value), left, top + 7, badge, 27, bold=True, align="C")
    y = sheet.put(
        _(
            "Dit blad is één van de twee delen van de herstelsleutel van je entiteit. "
            "Eén deel alleen opent niets."
        ),
        _EDGE, y, left - 8 - _EDGE, 11.5,
    )  # fmt: skip
    return max(y, top + high) + 5


def _facts(sheet: _Sheet, y: float, entity_name: str, officer: str, made_on: date, kit_id: UUID) -> float:
    half = (_RIGHT - _EDGE - 8) / 2
    pairs = (
        ((_("Entiteit"), entity_name), (_("Bewaard door"), officer)),
        ((_("Gemaakt op"), day_in_words(made_on)), (_("Kenmerk"), short_name(kit_id))),
    )
    sheet.rule(y)
    for pair in pairs:
        y += 2.5
        ends = []
        for x, (label, value) in zip((_EDGE, _EDGE + half + 8), pair, strict=True):
            under = sheet.put(label, x, y, half, 9.5, colour=_INK_2)
            ends.append(sheet.put(value, x, under, half, 11.5, bold=True, most=_MOST_LINES))
        y = max(ends)
    return y + 5


def _words(sheet: _Sheet, y: float, share: RecoveryShare, words: tuple[str, ...]) -> float:
    rows = len(words) // _COLUMNS
    height = 17 + rows * _WORD_ROW + 3
    pdf = sheet.pdf
    pdf.set_fill_color(_YELLOW)
    pdf.rect(_EDGE, y, _RIGHT - _EDGE, 2.5, "F")
    pdf.set_draw_color(_INK)
    pdf.set_line_width(0.5)
    pdf.rect(_EDGE, y, _RIGHT - _EDGE, height)
    sheet.put(
        _("De 21 woorden van deel %(part)s", part=share.part.value), _EDGE + 6, y + 5, 90, 13, bold=True
    )
    sheet.put(_("Lees per kolom, van 1 tot 21."), _RIGHT - 76, y + 5.6, 70, 10.5, colour=_INK_2, align="R")
    column = (_RIGHT - _EDGE - 12) / _COLUMNS
    for place, word in enumerate(words):
        x = _EDGE + 6 + place // rows * column
        top = y + 15 + place % rows * _WORD_ROW
        sheet.put(str(place + 1), x, top + 3.1, 7, 10.5, colour=_INK_2, align="R")
        sheet.put(word, x + 10, top + 1.3, column - 12, 18, bold=True)
        sheet.rule(top + _WORD_ROW - 0.6, x + 1, x + column - 3)
    return y + height + 6


def _scan(sheet: _Sheet, y: float, words: tuple[str, ...]) -> None:
    code = segno.make(" ".join(words), error="m", micro=False)
    modules = code.symbol_size(scale=1, border=0)[0]
    drawn = BytesIO()
    code.save(drawn, kind="png", scale=8, border=_QR_QUIET)
    quiet = _QR_SIDE * _QR_QUIET / modules
    sheet.pdf.image(drawn, _EDGE - quiet, y - quiet, _QR_SIDE + 2 * quiet)
    sheet.put(
        _("De QR-code bevat dezelfde 21 woorden. Scan ze alleen op de computer waar je ze invult."),
        _EDGE, y + _QR_SIDE + 3, _QR_SIDE + 2, 9.5, colour=_INK_2,
    )  # fmt: skip


def _advice(sheet: _Sheet, y: float, share: RecoveryShare) -> None:
    x = _EDGE + _QR_SIDE + 12
    width = _RIGHT - x
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


def _printable(text: str) -> str:
    """The text on one line, in characters that the font has: for a letter beyond them the nearest, or a `?`."""
    composed = unicodedata.normalize("NFC", text).translate(_SIMILAR)
    line = re.sub(r"[^\S\u00a0]+", " ", composed).strip()
    return "".join(_in_font(c) for c in line if unicodedata.category(c)[0] != "C")


def _in_font(character: str) -> str:
    for tried in (character, re.sub(r"\W", "", unicodedata.normalize("NFKD", character))):
        try:
            tried.encode("windows-1252")
        except UnicodeEncodeError:
            continue
        return tried
    return "?"
