"""A4 pages in PDF, for what a person prints or sends on.

Set in Helvetica, which every reader and printer has and the file does not hold; it knows the characters of
Windows-1252, and what a text has beyond them is put in the nearest letter. The same input gives the same file:
no clock, author or version of a program is in it. The document has a title and a language, and its text stands in
reading order, but no marks for headings, lists and pictures: fpdf2 writes none, and marking only some would make
screen readers skip the rest.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Final

from spreekbuis.characters import apart, composed

# As tokens.css has them for light paper.
INK: Final = "#1c1b19"
INK_2: Final = "#4b4842"
LINE: Final = "#ddd8cb"

# In millimetres, but letters in points.
EDGE: Final = 20.0
RIGHT: Final = 210.0 - EDGE
_POINT: Final = 25.4 / 72
_LEADING: Final = 1.3

_SIMILAR: Final = str.maketrans("łŁđĐıʼ‐‑−\u202f", "lLdDi’---\u00a0")


class Sheet:
    """A4 pages, on which text is put at a place, in millimetres from the left and the top."""

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
        self.next_page()

    def next_page(self) -> None:
        """Go on with a new page."""
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
        colour: str = INK,
        align: str = "L",
        most: int | None = None,
    ) -> float:
        """Write text of `size` points, of at most `most` lines, and say where it ends."""
        lines = self._lines(text, width, size, bold=bold)
        self.pdf.set_text_color(colour)
        leading = size * _POINT * _LEADING
        if most is not None and len(lines) > most:
            last = lines[most - 1]
            while self.pdf.get_string_width(f"{last}...") > width:
                last = last[:-1]
            lines = [*lines[: most - 1], f"{last}..."]
        for line in lines:
            y = self._line(line, x, y, width, leading, align)
        return y

    def flow(
        self, text: str, x: float, y: float, width: float, size: float, *, bold: bool = False, until: float
    ) -> float:
        """Write text of any length, a new page wherever `until` is reached, and say where it ends."""
        leading = size * _POINT * _LEADING
        for line in self._lines(text, width, size, bold=bold):
            if y + leading > until:
                self.next_page()
                y = EDGE
            self.pdf.set_text_color(INK)
            y = self._line(line, x, y, width, leading, "L")
        return y

    def _lines(self, text: str, width: float, size: float, *, bold: bool) -> list[str]:
        self.pdf.set_font("helvetica", "B" if bold else "", size)
        # The font's bytes as characters of Latin-1: so fpdf lets them through, in a line that is cut as well.
        encoded = _printable(text).encode("windows-1252").decode("latin-1")
        lines = self.pdf.multi_cell(
            width, size * _POINT * _LEADING, encoded, align="L", dry_run=True, output="LINES"
        )
        assert isinstance(lines, list)
        return lines

    def _line(self, line: str, x: float, y: float, width: float, leading: float, align: str) -> float:
        self.pdf.set_xy(x, y)
        self.pdf.cell(width, leading, line, align=align)
        return y + leading

    def rule(self, y: float, x: float = EDGE, until: float = RIGHT) -> None:
        self.pdf.set_draw_color(LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.line(x, y, until, y)

    def finished(self) -> bytes:
        return bytes(self.pdf.output())


def _printable(text: str) -> str:
    """The text on one line, in characters that the font has: for a letter beyond them the nearest, or a `?`."""
    line = re.sub(r"[^\S\u00a0]+", " ", composed(text).translate(_SIMILAR)).strip()
    return "".join(_in_font(c) for c in line if unicodedata.category(c)[0] != "C")


def _in_font(character: str) -> str:
    for tried in (character, re.sub(r"\W", "", apart(character))):
        try:
            tried.encode("windows-1252")
        except UnicodeEncodeError:
            continue
        return tried
    return "?"
