"""The paper of a recovery share: one page with the words, the same words as a QR code, and how to keep it."""

import io
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pikepdf
import pytest
import segno
from flask import Flask
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st

from spreekbuis.vault.recovery_paper import paper
from spreekbuis.vault.recovery_share import Part, RecoveryShare, parse
from tests.house.sources import ROOT

KIT = UUID("1a2b3c4d-0000-4000-8000-00000000000f")
SHARE = RecoveryShare(Part.A, bytes(range(32)))
MILLIMETRE = 72 / 25.4
LANGUAGES = ["nl", "en", "fr", "de"]


@pytest.fixture(autouse=True)
def app() -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    app.config["BABEL_DEFAULT_LOCALE"] = "nl"
    Babel(app)
    with app.app_context():
        yield app


def made(share: RecoveryShare = SHARE, **changed: Any) -> bytes:
    asked: dict[str, Any] = {
        "kit_id": KIT,
        "entity_name": "Departement Omgeving",
        "officer": "Contactpersoon integriteit",
        "made_on": date(2026, 11, 21),
        "language": "nl",
    }
    return paper(share, **asked | changed)


def opened(content: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content))


def lines(content: bytes) -> list[tuple[str, float]]:
    """Each line of text, in the order of the file, with its height above the foot of the page in millimetres."""
    found, height = [], 0.0
    document = opened(content)
    (page,) = document.pages
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Td":
            height = float(operands[1]) / MILLIMETRE
        elif str(operator) == "Tj":
            found.append((bytes(operands[0]).decode("windows-1252"), height))
    return found


def text(content: bytes) -> str:
    return " ".join(line for line, _ in lines(content))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", Part)
def test_the_21_words_stand_on_it_numbered_and_in_order(part: Part, language: str) -> None:
    share = RecoveryShare(part, bytes(range(100, 132)))
    words = share.words(KIT, language)
    numbered = " ".join(f"{place} {word}" for place, word in enumerate(words, start=1))
    assert text(made(share, language=language)).count(numbered) == 1
    assert parse(numbered, KIT) == share


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_qr_code_holds_the_words_and_is_large_enough_to_scan(language: str) -> None:
    document = opened(made(language=language))
    (page,) = document.pages
    (image,) = page.get_images().values()
    drawn = pikepdf.PdfImage(image).as_pil_image().convert("1")
    expected = segno.make(" ".join(SHARE.words(KIT, language)), error="m", micro=False)
    matrix = [list(map(bool, row)) for row in expected.matrix_iter(border=4)]
    module, rest = divmod(drawn.width, len(matrix))
    assert rest == 0
    assert [
        [drawn.getpixel(((x + 0.5) * module // 1, (y + 0.5) * module // 1)) == 0 for x in range(len(matrix))]
        for y in range(len(matrix))
    ] == matrix

    placed = [
        float(operands[0]) / MILLIMETRE
        for operands, operator in pikepdf.parse_content_stream(page)
        if str(operator) == "cm" and float(operands[0]) == float(operands[3]) > 50
    ]
    assert [width * (len(matrix) - 8) / len(matrix) for width in placed] == [pytest.approx(45, abs=0.1)]


def test_it_says_whose_it_is_and_which_part() -> None:
    shown = text(made())
    for said in (
        "Deel A",
        "Departement Omgeving",
        "Contactpersoon integriteit",
        "21 november 2026",
        "0000000f",
    ):
        assert said in shown
    assert "apart van deel B" in shown
    other = text(made(RecoveryShare(Part.B, SHARE.share)))
    assert "Deel B" in other
    assert "apart van deel A" in other
    assert "Deel A" not in other


def test_it_says_how_to_keep_it() -> None:
    shown = text(made())
    for said in (
        "Eén deel alleen opent niets",
        "veilige plek",
        "nooit een foto",
        "mail het nooit",
        "Kwijt",
        "beheerder",
    ):
        assert said in shown


def test_the_date_is_in_the_language_of_the_reader() -> None:
    assert "21 novembre 2026" in text(made(language="fr"))
    assert "21. November 2026" in text(made(language="de"))


@pytest.mark.parametrize(
    "name", ["Crèche ’t Zoëtje", "Straße für Öl, ça & là", "Œuvre – “zo” €", "{nb}", "(x\\)"]
)
def test_a_name_in_the_languages_of_the_country_is_printed_as_it_is(name: str) -> None:
    assert [line for line, _ in lines(made(entity_name=name, officer=name))].count(name) == 2


def test_an_accent_that_is_typed_apart_is_printed_on_its_letter() -> None:
    assert "Privé" in text(made(officer="Prive\u0301"))


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Łódź, Đuro, Ștefan, Çelik", "Lódz, Duro, Stefan, Çelik"),
        ("Борис", "?????"),
        ("twee\nregels\tin één\u202fnaam", "twee regels in één naam"),
        ("Dienst\x00\x07\ud800\u200b\u202e zacht\u00adjes", "Dienst zachtjes"),
        ("Noord‑Oost", "Noord-Oost"),
    ],
)
def test_a_name_beyond_the_font_is_printed_in_the_nearest_letters(name: str, printed: str) -> None:
    assert printed in text(made(officer=name))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_name_fits_on_the_one_page(entity_name: str, officer: str) -> None:
    assert min(height for _, height in lines(made(entity_name=entity_name, officer=officer))) > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_names_leave_room_for_everything(language: str) -> None:
    found = lines(made(entity_name="W" * 500, officer="Lang woord " * 50, language=language))
    assert min(height for _, height in found) > 10
    assert sum(line.startswith("WWW") for line, _ in found) == 3
    assert sum(line.endswith("...") for line, _ in found) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_has_a_title_and_a_language_for_who_has_it_read_aloud(language: str) -> None:
    document = opened(made(language=language, entity_name="Crèche Łódź"))
    assert document.Root.Lang == language
    assert document.Root.ViewerPreferences.DisplayDocTitle
    assert "Crèche Lódz" in str(document.trailer.Info.Title)


def test_the_file_tells_nothing_about_who_made_it_when_and_with_what() -> None:
    document = opened(made())
    assert {key: str(value) for key, value in document.trailer.Info.items()} == {
        "/Title": "Herstelsleutel van Departement Omgeving, deel A",
        "/Producer": "Spreekbuis",
        "/CreationDate": "D:20261121000000Z",
    }
    assert "/Metadata" not in document.Root
    assert b"fpdf" not in made().lower()


def test_the_same_paper_is_the_same_file_and_another_share_another() -> None:
    assert made() == made()
    assert made() != made(RecoveryShare(Part.A, bytes(32)))


def test_no_word_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        made()
    assert not any(word in caplog.text for word in SHARE.words(KIT, "nl"))
