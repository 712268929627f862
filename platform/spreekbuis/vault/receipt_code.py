"""The receipt code: what lets an anonymous reporter come back.

A code is 104 random bits, shown once, as 8 words from a list of 8192 (13 bits a word). The Dutch and the
English list share no word, so a code that is typed in tells its own language. Two words of one list differ
by at least two slips (one letter replaced, left out or added, or two neighbours swapped): one slip never
turns a word into another word, and is put right when only one word is that near.

Nothing here stores, logs or shows a code: an error names a position in what was typed, never what stands
there.
"""

import hmac
import string
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LISTS: Final = ("nl", "en")
WORDS_IN_CODE: Final = 8
BITS_IN_WORD: Final = 13
WORDS_IN_LIST: Final = 1 << BITS_IN_WORD
BYTES_IN_CODE: Final = WORDS_IN_CODE * BITS_IN_WORD // 8
LONGEST_WORD: Final = 9
LONGEST_TEXT: Final = 500  # a code with numbering and line ends takes about 150 characters
SHORTEST_TOKEN: Final = 16
SHORTEST_KEY: Final = 32

_INVISIBLE: Final = frozenset(
    {"Mn", "Me", "Cf"}
)  # accents, enclosing marks, soft hyphens and zero-width marks


class NotAReceiptCode(Exception):
    """What was typed cannot be read as a code.

    `position` (1 to 8) is the word that no list knows; None when the number of words is wrong.
    """

    def __init__(self, position: int | None = None) -> None:
        super().__init__("not a receipt code" if position is None else f"word {position} is unknown")
        self.position = position


class AmbiguousWord(NotAReceiptCode):
    """The word at `position` (1 to 8) is one slip away from each of `candidates`: ask which one is meant.

    The lists are public, yet keep the candidates out of logs: one of them is part of a code.
    """

    def __init__(self, position: int, candidates: tuple[str, ...]) -> None:
        super().__init__(position)
        self.args = (f"word {position} has several corrections",)
        self.candidates = candidates


@dataclass(frozen=True, slots=True, repr=False)
class ReceiptCode:
    """The secret of one reporter: 13 bytes, never shown by printing. ValueError for another length."""

    number: bytes

    def __post_init__(self) -> None:
        if len(self.number) != BYTES_IN_CODE:
            raise ValueError(f"a receipt code has {BYTES_IN_CODE} bytes")

    def __repr__(self) -> str:
        return "ReceiptCode(hidden)"

    def words(self, language: str) -> tuple[str, ...]:
        """The 8 words, highest 13 bits first: English for 'en', Dutch for every other language."""
        words = _words("en" if language == "en" else "nl")
        number = int.from_bytes(self.number, "big")
        return tuple(
            words[number >> BITS_IN_WORD * place & WORDS_IN_LIST - 1]
            for place in reversed(range(WORDS_IN_CODE))
        )

    def text(self, language: str) -> str:
        """The words on one line, a space between."""
        return " ".join(self.words(language))


def from_submission(token: bytes) -> ReceiptCode:
    """The code of the report that was sent with `token`, so that a form posted twice shows the same code.

    `token` is at least 16 random bytes and as secret as the code. Raises ValueError when it is shorter.
    """
    if len(token) < SHORTEST_TOKEN:
        raise ValueError(f"a submission token has at least {SHORTEST_TOKEN} bytes")
    kdf = HKDF(algorithm=SHA256(), length=BYTES_IN_CODE, salt=None, info=b"spreekbuis receipt code v1")
    return ReceiptCode(kdf.derive(token))


def lookup_hash(code: ReceiptCode, key: bytes) -> bytes:
    """What the database may hold to find the case of a code: 32 bytes (HMAC-SHA256), worthless without `key`.

    Raises ValueError for a key under 32 bytes.
    """
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a lookup key has at least {SHORTEST_KEY} bytes")
    return hmac.digest(key, b"spreekbuis receipt code lookup v1\x00" + code.number, "sha256")


def parse(text: str) -> ReceiptCode:
    """The code that a person typed, with at most one slip in each word.

    Case, accents, numbering and whatever separates the words do not matter. All words come from one list:
    the one that knows most of them as typed. Raises NotAReceiptCode, or AmbiguousWord when a slip has
    several corrections.
    """
    typed = _typed_words(text)
    known = {language: sum(word in _places(language) for word in typed) for language in LISTS}
    readings: list[ReceiptCode] = []
    flaws: list[NotAReceiptCode] = []
    for language in LISTS:
        if known[language] == max(known.values()):
            try:
                readings.append(_read(typed, language))
            except NotAReceiptCode as flaw:
                flaws.append(flaw)
    if len(readings) == 1:
        return readings[0]
    raise flaws[0] if flaws and not readings else NotAReceiptCode()


def _typed_words(text: str) -> list[str]:
    """The words of a text, plain and lower case. Long texts are refused unread."""
    if len(text) > LONGEST_TEXT:
        raise NotAReceiptCode
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in _INVISIBLE
    )
    parts = "".join(c if c.isalnum() else " " for c in plain.casefold()).split()
    typed = [word for part in parts if (word := part.lstrip(string.digits))]
    if len(typed) != WORDS_IN_CODE:
        raise NotAReceiptCode
    return typed


def _read(typed: list[str], language: str) -> ReceiptCode:
    places = _places(language)
    number = 0
    for position, word in enumerate(typed, start=1):
        if word not in places:
            near = sorted(set(_one_slip_away(word)) & places.keys())
            if not near:
                raise NotAReceiptCode(position)
            if len(near) > 1:
                raise AmbiguousWord(position, tuple(near))
            word = near[0]
        number = number << BITS_IN_WORD | places[word]
    return ReceiptCode(number.to_bytes(BYTES_IN_CODE, "big"))


def _one_slip_away(word: str) -> Iterator[str]:
    """What a person may have meant: some 500 spellings, none for what no slip makes so long."""
    if len(word) > LONGEST_WORD + 1:
        return
    for cut in range(len(word) + 1):
        head, tail = word[:cut], word[cut:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for letter in string.ascii_lowercase:
            yield head + letter + tail
            yield head + letter + tail[1:]


@cache
def _words(language: str) -> tuple[str, ...]:
    """The list in its fixed order. A released list never changes: codes that are out there point into it."""
    path = resources.files("spreekbuis.vault").joinpath("words", f"{language}.txt")
    return tuple(path.read_text("ascii").split())


@cache
def _places(language: str) -> dict[str, int]:
    return {word: place for place, word in enumerate(_words(language))}
