"""Unicode in one place: how texts are normalised, at a cost that grows with their length and no faster.

Ordering the marks on one letter (accents above, below) takes time by the square of their number, and nothing else of
the process runs meanwhile: one form with a letter of 100,000 marks stood still for seconds. People write two or three,
so every text is made stream-safe first, as Unicode Standard Annex 15, section 13 says: at most 30 marks in a row. What
is more is left out.
"""

import re
import unicodedata
from functools import cache
from typing import Literal

MOST_MARKS = 30


def composed(text: str) -> str:
    """NFC: how text is stored and compared."""
    return _normal("NFC", text)


def compatible(text: str) -> str:
    """NFKC: the same characters from every keyboard."""
    return _normal("NFKC", text)


def apart(text: str) -> str:
    """NFKD: letters, and their marks after them."""
    return _normal("NFKD", text)


def bare(text: str) -> str:
    """Small letters without their marks: how words of people are looked for."""
    return "".join(c for c in apart(text.casefold()) if not unicodedata.combining(c))


def _normal(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    if _PERHAPS.search(text):
        text = _too_many_marks().sub(r"\1", text)
    return unicodedata.normalize(form, text)


_PERHAPS = re.compile(f"[\u0300-\U0001f000]{{{MOST_MARKS + 1}}}")
"""A long run of characters that could be marks: hardly ever in a European text, and quick to see."""


@cache
def _too_many_marks() -> re.Pattern[str]:
    """Of a run of marks that is too long the part to keep, and the rest. A mark is also what becomes one (U+0F73)."""
    marks = "".join(
        chr(code)
        for code in range(0x300, 0x1F000)
        if unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0])
    )
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")
