"""The receipt code: what lets an anonymous reporter come back.

A code is 104 random bits, shown once, as 8 words (see `vault.words`: how they are chosen, and read back).

Nothing here stores, logs or shows a code: an error names a position in what was typed, never what stands
there.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from spreekbuis.vault.words import (
    BITS_IN_WORD,
    LISTS,
    WORDS_IN_LIST,
    AmbiguousWord,
    UnreadableWords,
    from_words,
    to_words,
)

__all__ = [
    "BITS_IN_WORD",
    "LISTS",
    "WORDS_IN_CODE",
    "WORDS_IN_LIST",
    "AmbiguousWord",
    "NotAReceiptCode",
    "ReceiptCode",
    "from_submission",
    "lookup_hash",
    "parse",
]

WORDS_IN_CODE: Final = 8
BYTES_IN_CODE: Final = WORDS_IN_CODE * BITS_IN_WORD // 8
LONGEST_TEXT: Final = 500  # a code with numbering and line ends takes about 150 characters
SHORTEST_TOKEN: Final = 16
SHORTEST_KEY: Final = 32

NotAReceiptCode = UnreadableWords
"""What was typed cannot be read as a code: `position` (1 to 8) is the word that no list knows, None when the
number of words is wrong. AmbiguousWord is one of these."""


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
        return to_words(int.from_bytes(self.number, "big"), WORDS_IN_CODE, language)

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

    Case, accents, numbering and whatever separates the words do not matter. Raises NotAReceiptCode, or
    AmbiguousWord when a slip has several corrections.
    """
    number = from_words(text, WORDS_IN_CODE, longest=LONGEST_TEXT)
    return ReceiptCode(number.to_bytes(BYTES_IN_CODE, "big"))
