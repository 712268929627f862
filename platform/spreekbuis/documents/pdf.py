"""A document as PDF: A4, with title, language, bookmarks and a contents list that leads to its pages.

fpdf2 writes no marks for headings and lists (tagged PDF): text stands in reading order, and `documents.plain` gives the
same to who needs more. Set in DejaVu Sans, which stands in the file; what it has no letter for (an emoji, Chinese)
becomes □. Importing this module takes 0.15 s and 35 MB: do it where a document is made.
"""

import logging
import unicodedata
from importlib import resources
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.outline import TableOfContents
from fpdf.prefs import ViewerPreferences

from spreekbuis.characters import composed
from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said

for _library in ("fontTools", "fpdf"):
    logging.getLogger(_library).setLevel(logging.ERROR)  # they tell which letters a text has

_INK: Final = "#1c1b19"
_INK_2: Final = "#4b4842"
_LINE: Final = "#ddd8cb"
_EDGE: Final = 20.0
_LABEL: Final = 55.0
_SIZES: Final = {1: 15.0, 2: 12.0}
_FONT: Final = "sans"
_NO_LETTER: Final = "□"


def as_pdf(document: Document) -> bytes:
    """The file. The same document gives the same file, but for the identifier that PDF asks for."""
    sheet = _Sheet(document)
    sheet.add_page()
    sheet.say(document.title, 22, bold=True)
    sheet.say(document.subtitle, 11, colour=_INK_2)
    sheet.ln(4)
    if document.contents:
        contents = TableOfContents()
        sheet.insert_toc_placeholder(contents.render_toc, allow_extra_pages=True)
    for block in document.blocks:
        _write(sheet, block)
    return bytes(sheet.output())


class _Sheet(FPDF):
    """The pages, with a footer on each."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self._foot = document.title
        fonts = resources.files("spreekbuis.documents").joinpath("fonts")
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            with resources.as_file(fonts.joinpath(name)) as path:
                self.add_font(_FONT, style, path)
        self._letters = self.fonts[_FONT].cmap  # type: ignore[union-attr]
        self.alias_nb_pages("")  # a text with {nb} in it is a text
        self.set_title(self._printable(document.title))
        self.set_lang(document.language)
        self.set_producer("Spreekbuis")
        self.set_creation_date(document.made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.set_margin(_EDGE)
        self.set_auto_page_break(True, _EDGE + 5)
        self.set_font(_FONT, "", 10)

    def footer(self) -> None:
        self.set_y(-_EDGE)
        self.set_font(_FONT, "", 8)
        self.set_text_color(_INK_2)
        self.cell(0, 5, self._printable(self._foot))
        self.cell(0, 5, str(self.page_no()), align="R")

    def say(
        self, text: str, size: float, *, bold: bool = False, colour: str = _INK, left: float = _EDGE
    ) -> None:
        """Write text from `left` to the right edge, and go to the next line."""
        self.set_font(_FONT, "B" if bold else "", size)
        self.set_text_color(colour)
        self.set_x(left)
        leading = size * 0.3528 * 1.4
        self.multi_cell(0, leading, self._printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def head(self, text: str, level: int) -> None:
        """A heading, with its bookmark, never alone at the foot of a page."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(5 if level == 1 else 3)
        self.set_font(_FONT, "B", _SIZES[level])  # the bookmark stands where the text begins
        self.start_section(self._printable(text), level - 1)
        self.say(text, _SIZES[level], bold=True)
        self.ln(1.5)

    def rule(self) -> None:
        self.set_draw_color(_LINE)
        self.set_line_width(0.25)
        self.line(_EDGE, self.get_y(), self.w - _EDGE, self.get_y())

    def _printable(self, text: str) -> str:
        """The text in letters that the font has, without characters that control a screen."""
        text = composed(text).replace("\t", "    ")
        return "".join(
            c if c == "\n" or ord(c) in self._letters else _NO_LETTER
            for c in text
            if c == "\n" or unicodedata.category(c)[0] != "C"
        )


def _write(sheet: _Sheet, block: Block) -> None:
    match block:
        case Heading(text, level):
            sheet.head(text, level)
        case Paragraph(text, small):
            sheet.say(text, 8.5 if small else 10, colour=_INK_2 if small else _INK)
            sheet.ln(1.5)
        case Facts(pairs):
            for label, value in pairs:
                _fact(sheet, label, value)
            sheet.ln(1.5)
        case Said(who, when, text):
            if sheet.will_page_break(20):
                sheet.add_page()
            sheet.rule()
            sheet.ln(1.5)
            sheet.say(who, 10, bold=True)
            sheet.say(when, 8.5, colour=_INK_2)
            sheet.ln(1)
            sheet.say(text, 10)
            sheet.ln(3)


def _fact(sheet: _Sheet, label: str, value: str) -> None:
    """Label and value beside each other, in this order also in the file."""
    if sheet.will_page_break(12):
        sheet.add_page()
    top = sheet.get_y()
    sheet.set_right_margin(sheet.w - _EDGE - _LABEL + 3)
    sheet.say(label, 9, colour=_INK_2)
    under = sheet.get_y()
    sheet.set_right_margin(_EDGE)
    sheet.set_y(top)
    page = sheet.page_no()
    sheet.say(value, 10, left=_EDGE + _LABEL)
    if sheet.page_no() == page and sheet.get_y() < under:
        sheet.set_y(under)
    sheet.ln(0.8)
