"""A document reads the same as PDF and as text, in every language, and says what it is."""

import io
from datetime import UTC, datetime

import pikepdf
import pytest

from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said
from spreekbuis.documents.pdf import as_pdf
from spreekbuis.documents.plain import as_text
from tests.documents.reading import text_of

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def a_document(*blocks: Block, contents: bool = False) -> Document:
    return Document("Dossier I-2026-001", "Departement", "nl", MOMENT, blocks, contents)


EVERYTHING = a_document(
    Heading("Feiten"),
    Facts([("Dossier", "I-2026-001")]),
    Heading("Gesprek", 2),
    Said("Melder", "3 nov 2026, 20:14", "Łukasz zei: “één — twee”.\n\nEn toen {nb} αβγ."),
    Paragraph("Einde.", small=True),
    contents=True,
)


def test_both_forms_hold_every_text():
    pdf, plain = text_of(as_pdf(EVERYTHING)), as_text(EVERYTHING).decode()
    for words in (
        "I-2026-001",
        "Feiten",
        "Gesprek",
        "Melder",
        "3 nov 2026, 20:14",
        "Łukasz",
        "“één — twee”",
        "{nb} αβγ",
        "Einde.",
    ):
        assert words in pdf, words
        assert words in plain, words


def test_the_pdf_says_its_title_and_language_and_leads_to_its_parts():
    with pikepdf.open(io.BytesIO(as_pdf(EVERYTHING))) as document:
        assert document.Root.Lang == "nl"
        assert str(document.docinfo["/Title"]) == "Dossier I-2026-001"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_outline() as outline:
            assert [(one.title, [two.title for two in one.children]) for one in outline.root] == [
                ("Feiten", ["Gesprek"])
            ]
        links = [a for page in document.pages for a in page.get("/Annots", [])]
        assert len(links) >= 2


@pytest.mark.parametrize(
    "text", ["a" * 5000, "x\n" * 400, "😀 你好 \x00\x1b\u202e" * 5, "", "\t\t", "zin " * 4000]
)
def test_whatever_people_write_can_be_written(text):
    made = as_pdf(a_document(Said("Melder", "nu", text), Facts([("Label " * 30, text)])))
    assert "Melder" in text_of(made)
    assert as_text(a_document(Said("Melder", "nu", text))).decode()


def test_a_letter_that_the_font_misses_is_shown_as_a_box():
    assert "naam □□." in text_of(as_pdf(a_document(Paragraph("naam 你好."))))
