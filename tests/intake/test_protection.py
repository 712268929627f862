"""The request for protection: a letter ready to send, of which nothing stays behind."""

import io

import pikepdf
import pytest

from spreekbuis.clock import today
from spreekbuis.intake.protection_letter import ProtectionRequest, Situation, letter
from tests.intake.traces import found_in_database

GIVEN = {
    "name": "Magazijnmeester Kelderverdiep", "contact": "kelderverdiep@voorbeeld.example", "situation": "reported",
    "works_at": "Departement Voorbeeld", "reported": "op 3 november, bij Spreekbuis",
    "feared": "Sinds vorige week krijg ik geen taken meer.\nMijn evaluatie is plots slecht.",
}  # fmt: skip


def pages(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)


def said(pdf: bytes) -> str:
    """The text of all pages."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return " ".join(
            bytes(operands[0]).decode("windows-1252")
            for page in opened.pages
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "Tj"
        )


def make(browser, **changes: str):
    return browser.post("/protection", {**GIVEN, **changes})


def test_the_letter_says_what_was_filled_in_and_asks_for_protection(world):
    answer = make(world.browser())
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    for told in ("Magazijnmeester Kelderverdiep", "geen taken meer", "plots slecht", "decreet van 18 november 2022",
                 "ombudsdienst@voorbeeld.example"):  # fmt: skip
        assert told in said(answer.data)
    assert pages(answer.data) == 1


@pytest.mark.parametrize(
    ("lang", "says"), [("en", "Request for protection"), ("fr", "protection"), ("de", "Schutz")]
)
def test_a_reader_in_another_language_gets_the_translation_after_the_dutch_letter(world, lang, says):
    answer = world.browser().post(f"/protection?lang={lang}", GIVEN)
    assert pages(answer.data) == 2
    assert "Verzoek om bescherming" in said(answer.data)
    assert says in said(answer.data)


def test_a_long_story_goes_on_with_the_next_page():
    asked = ProtectionRequest(
        "Naam", "contact", "", Situation.HELPED, "", "woord " * 1500 + "x" * 3000 + " einde"
    )
    made = letter(asked, service_email="o@voorbeeld.example", day=today(), language="nl")
    assert pages(made) > 2
    assert "einde" in said(made)


@pytest.mark.parametrize("missing", ["name", "contact", "situation"])
def test_what_the_letter_needs_is_asked_and_what_was_typed_is_given_back(world, missing):
    page = make(world.browser(), **{missing: ""})
    assert page.status_code == 422
    assert "geen taken meer" in page.text


def test_too_long_or_strange_answers_break_nothing(world):
    assert make(world.browser(), feared="x" * 3001).status_code == 422
    assert make(world.browser(), situation="nonsense").status_code == 422
    assert make(world.browser(), name="Ωμέγα \x00 {nb} 中").status_code == 200


def test_nothing_of_it_is_in_the_database(world, database):
    assert make(world.browser()).status_code == 200
    assert not found_in_database(database, GIVEN["name"], GIVEN["contact"], "geen taken meer")


def test_the_page_says_how_to_send_it(world):
    page = world.browser().get("/protection").text
    assert "mailto:ombudsdienst@voorbeeld.example" in page
    assert "Zo verstuur je de brief" in page
