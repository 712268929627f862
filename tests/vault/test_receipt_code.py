"""The receipt code: every code comes back from its words, also with a slip, and never shows itself."""

import hashlib
import re
import string
import time
import unicodedata
from collections import Counter
from importlib import resources

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spreekbuis.vault.receipt_code import (
    BITS_IN_WORD,
    LISTS,
    WORDS_IN_CODE,
    WORDS_IN_LIST,
    AmbiguousWord,
    NotAReceiptCode,
    ReceiptCode,
    from_submission,
    lookup_hash,
    parse,
)

TOKEN = bytes(range(16))
KEY = bytes(range(32))
CODE = from_submission(TOKEN)
RELEASED = {
    "nl": "f76fa1f88e9576f4082bc7d1c1ee2f839e5884baabe6f123d772e84b5a460957",
    "en": "debdbdcac648ff649f38a7d3e5aec5c368b971efc3e1f33a2c11e3c9d5ee96ba",
}

codes = st.binary(min_size=13, max_size=13).map(ReceiptCode)
languages = st.sampled_from(LISTS)


def word_list(language: str) -> list[str]:
    path = resources.files("spreekbuis.vault").joinpath("words", f"{language}.txt")
    return path.read_text("ascii").split("\n")[:-1]


def one_slip(word: str) -> set[str]:
    """Every spelling that one slip makes of a word, by its definition."""
    cuts = range(len(word) + 1)
    return (
        {word[:i] + word[i + 1 :] for i in cuts}
        | {word[:i] + a + word[i:] for i in cuts for a in string.ascii_lowercase}
        | {word[:i] + a + word[i + 1 :] for i in cuts[:-1] for a in string.ascii_lowercase}
        | {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in cuts[:-2]}
    ) - {word}


LISTED = {language: set(word_list(language)) for language in LISTS}
MEANINGS = {
    language: Counter(slip for word in LISTED[language] for slip in one_slip(word)) for language in LISTS
}


@pytest.mark.parametrize("language", LISTS)
def test_a_list_has_exactly_8192_plain_words_in_a_fixed_order(language: str) -> None:
    words = word_list(language)
    assert len(words) == len(set(words)) == WORDS_IN_LIST == 1 << BITS_IN_WORD
    assert words == sorted(words)
    assert [word for word in words if not re.fullmatch("[a-z]{3,9}", word)] == []


@pytest.mark.parametrize("language", LISTS)
def test_a_released_list_never_changes(language: str) -> None:
    path = resources.files("spreekbuis.vault").joinpath("words", f"{language}.txt")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == RELEASED[language]


def test_no_word_stands_in_both_lists() -> None:
    assert LISTED["nl"] & LISTED["en"] == set()


@pytest.mark.parametrize("language", LISTS)
def test_one_slip_never_turns_a_word_into_another_word(language: str) -> None:
    assert LISTED[language] & MEANINGS[language].keys() == set()


@pytest.mark.parametrize("language", LISTS)
def test_few_slips_have_more_than_one_correction(language: str) -> None:
    slips = MEANINGS[language].values()
    assert sum(count for count in slips if count > 1) / sum(slips) < 0.012


def test_known_answers_never_change() -> None:
    assert CODE.number.hex() == "4cefbb66b8ce957292042c0c6d"
    assert CODE.text("nl") == "gematigde wethouder opbrengst inrit haardvuur bubbelbad allebei incasso"
    assert CODE.text("en") == "essence visual outtakes handball flossing category antique graphic"
    assert lookup_hash(CODE, KEY).hex() == "bc8077b78560433a0016f468ad4fa9c572197857df7f0451f23b760e9e7c9335"
    assert ReceiptCode(bytes(13)).words("nl") == (word_list("nl")[0],) * WORDS_IN_CODE
    assert ReceiptCode(b"\xff" * 13).words("en") == (word_list("en")[-1],) * WORDS_IN_CODE


def test_every_language_but_english_gets_the_dutch_words() -> None:
    assert CODE.words("fr") == CODE.words("de") == CODE.words("nl") != CODE.words("en")


def test_a_form_posted_twice_gets_the_same_code_and_another_form_another() -> None:
    assert from_submission(TOKEN) == CODE
    assert from_submission(TOKEN[::-1]) != CODE


def test_a_code_never_shows_itself() -> None:
    for shown in (repr(CODE), str(CODE), f"{CODE}", repr([CODE]), repr({"code": CODE})):
        assert "ReceiptCode(hidden)" in shown
        assert CODE.number.hex() not in shown
        assert not any(word in shown for word in (*CODE.words("nl"), *CODE.words("en"), repr(CODE.number)))


def test_an_error_never_shows_what_was_typed() -> None:
    with pytest.raises(NotAReceiptCode) as raised:
        parse("geheimgeheim " + " ".join(CODE.words("nl")[1:]))
    assert raised.value.position == 1
    assert "geheim" not in repr(raised.value) + str(raised.value)


@pytest.mark.parametrize("length", [0, 12, 14])
def test_a_code_has_13_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="13 bytes"):
        ReceiptCode(bytes(length))


def test_short_tokens_and_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        from_submission(bytes(15))
    with pytest.raises(ValueError, match="32 bytes"):
        lookup_hash(CODE, bytes(31))


@given(codes, st.binary(min_size=32, max_size=64))
def test_the_lookup_hash_depends_on_code_and_key(code: ReceiptCode, key: bytes) -> None:
    assert len(lookup_hash(code, key)) == 32
    assert lookup_hash(code, key) != lookup_hash(code, key + b"\x01")
    assert lookup_hash(code, key) != lookup_hash(
        ReceiptCode(bytes([code.number[0] ^ 1]) + code.number[1:]), key
    )


@given(codes, languages)
def test_a_code_comes_back_from_its_words(code: ReceiptCode, language: str) -> None:
    assert parse(code.text(language)) == code


@pytest.mark.parametrize(
    "separator", ["  ", "-", ", ", ",", "\n", "\r\n\t", " – ", "\u00a0", "/", ";", " | ", "_", ". "]
)
@pytest.mark.parametrize("language", LISTS)
def test_what_separates_the_words_does_not_matter(separator: str, language: str) -> None:
    assert parse(f"  {separator.join(CODE.words(language))}.\n") == CODE


@given(
    codes, languages, st.sampled_from(["{}. {}", "{}) {}", "{} {}", "({}) {}", "{}{}", "{}.{}", "{}: '{}'"])
)
def test_numbered_words_are_read(code: ReceiptCode, language: str, form: str) -> None:
    numbered = (form.format(place, word) for place, word in enumerate(code.words(language), start=1))
    assert parse("\n".join(numbered)) == code


@given(codes, languages, st.sampled_from(["\u0301", "\u0308", "\u00ad", "\u200b", "\u2060"]))
def test_capitals_accents_and_invisible_marks_do_not_matter(
    code: ReceiptCode, language: str, mark: str
) -> None:
    text = code.text(language).upper()
    assert parse(unicodedata.normalize("NFC", text.replace("E", "E" + mark))) == code
    assert parse("".join(chr(ord(c) + 0xFEE0) if c != " " else "\u3000" for c in text)) == code


@given(codes, languages, st.data())
def test_one_slip_in_every_word_is_put_right_or_asked_about(
    code: ReceiptCode, language: str, data: st.DataObject
) -> None:
    slips = [data.draw(st.sampled_from(sorted(one_slip(word)))) for word in code.words(language)]
    several = [place for place, slip in enumerate(slips, start=1) if MEANINGS[language][slip] > 1]
    other = next(name for name in LISTS if name != language)
    assume(not any(slip in LISTED[other] for slip in slips))  # eight slips may speak the other language
    if several:
        with pytest.raises(NotAReceiptCode):
            parse(" ".join(slips))
    else:
        assert parse(" ".join(slips)) == code


@given(codes, languages, st.integers(0, 7), st.data())
def test_one_slip_is_put_right_also_when_it_makes_a_word_of_the_other_list(
    code: ReceiptCode, language: str, place: int, data: st.DataObject
) -> None:
    words = list(code.words(language))
    meant = words[place]
    words[place] = data.draw(st.sampled_from(sorted(one_slip(meant))))
    if MEANINGS[language][words[place]] == 1:
        assert parse(" ".join(words)) == code
    else:
        with pytest.raises(AmbiguousWord) as raised:
            parse(" ".join(words))
        assert raised.value.position == place + 1
        assert meant in raised.value.candidates
        assert len(raised.value.candidates) == MEANINGS[language][words[place]]
        assert str(raised.value) == f"word {place + 1} has several corrections"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "1 2 3 4 5 6 7 8",
        "qqqqq " * 8,
        " ".join(CODE.words("nl")[:7]),
        CODE.text("nl") + " boom",
        " ".join(CODE.words("nl")[:4] + CODE.words("en")[4:]),
        " ".join(CODE.words("nl")[:7]) + " б",
        "\x00" * 8,
        "\ud800 " * 8,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(NotAReceiptCode):
        parse(text)


@given(st.text(max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(NotAReceiptCode):
        parse(text)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a " * 50_000, "\ufdfa" * 100_000, "e\u0301" * 50_000, " ".join(["q" * 55] * 8)]
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    parse(CODE.text("nl"))
    started = time.perf_counter()
    with pytest.raises(NotAReceiptCode):
        parse(text)
    assert time.perf_counter() - started < 0.05
