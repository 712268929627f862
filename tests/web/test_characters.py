"""Texts are normalised as Unicode says, and a hostile one costs no more than its length."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.characters import MOST_MARKS, apart, bare, compatible, composed

MARKS = "\u0301\u0323\u0f73\u0344\u0653"
FORMS = {"NFC": composed, "NFKC": compatible, "NFKD": apart}


def longest_run_of_marks(text: str) -> int:
    longest = run = 0
    for character in unicodedata.normalize("NFKD", text):
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("form", FORMS)
@given(st.text(max_size=60))
def test_what_people_write_is_normalised_as_unicode_says(form, text):
    if longest_run_of_marks(text) <= MOST_MARKS:
        assert FORMS[form](text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
@given(st.text(alphabet=MARKS + "eE\u00e9 ", max_size=300))
def test_no_run_of_marks_is_left_that_takes_long_to_order(form, text):
    assert longest_run_of_marks(FORMS[form](text)) <= 2 * MOST_MARKS  # one mark can be two


@pytest.mark.parametrize("form", FORMS)
def test_half_a_million_marks_on_one_letter_become_thirty(form):
    # Without the bound this takes a quarter of an hour, and the test with it.
    assert len(FORMS[form]("e" + "\u0301\u0323" * 250_000)) <= MOST_MARKS + 1


def test_words_are_looked_for_without_capitals_and_accents():
    assert bare("\u00c9\u00e9n HELE grote Stra\u00dfe") == "een hele grote strasse"
