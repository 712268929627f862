"""The recovery key of an entity in two shares, each on the paper of one officer.

Share A is random and share B is the secret XOR A (a one-time pad): either one alone fits every secret there is,
so it says nothing; the two together are the secret.

On paper a share is 21 words (273 bits): which of the two it is (1 bit), its 32 bytes, and 16 bits that check it
against its kit, so that a mistake in typing, or a paper of an older kit, is told apart from a wrong key. The
check is made of that one share and public facts alone, so it says nothing of the other share either.
"""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from spreekbuis.vault.words import AmbiguousWord, UnreadableWords, from_words, to_words

__all__ = [
    "AmbiguousWord",
    "NotARecoveryShare",
    "OtherKit",
    "Part",
    "RecoveryShare",
    "combine",
    "parse",
    "short_name",
    "split",
]

BYTES_IN_SHARE: Final = 32
WORDS_IN_SHARE: Final = 21
LONGEST_TEXT: Final = 1300  # the words with numbering and line ends take at most about 310 characters
_SHARE_BITS: Final = 8 * BYTES_IN_SHARE
_CHECK_BITS: Final = 16

NotARecoveryShare = UnreadableWords
"""What was typed cannot be read as a share: `position` (1 to 21) is the word that no list knows, None when the
number of words is wrong. AmbiguousWord is one of these; OtherKit is not."""


class OtherKit(Exception):
    """These are 21 good words, but no share of this kit: another word was typed, or the paper is of another kit."""

    def __init__(self) -> None:
        super().__init__("the check does not fit this kit")


class Part(StrEnum):
    """Which of the two shares."""

    A = "A"
    B = "B"


@dataclass(frozen=True, slots=True, repr=False)
class RecoveryShare:
    """One of the two halves of a recovery secret, never shown by printing. ValueError unless 32 bytes."""

    part: Part
    share: bytes

    def __post_init__(self) -> None:
        _want_32_bytes(self.share)

    def __repr__(self) -> str:
        return "RecoveryShare(hidden)"

    def words(self, kit_id: UUID, language: str) -> tuple[str, ...]:
        """The 21 words for the paper of this kit: English for 'en', Dutch for every other language."""
        number = (self.part is Part.B) << _SHARE_BITS | int.from_bytes(self.share, "big")
        return to_words(number << _CHECK_BITS | _check(self, kit_id), WORDS_IN_SHARE, language)


def short_name(kit_id: UUID) -> str:
    """By which people tell the papers of one kit from those of another: the last 8 hexadecimal digits, which are
    random."""
    return kit_id.hex[-8:]


def split(secret: bytes) -> tuple[bytes, bytes]:
    """Share A and share B of a 32-byte secret, different at each call. Raises ValueError for another length."""
    _want_32_bytes(secret)
    a = secrets.token_bytes(BYTES_IN_SHARE)
    return a, combine(a, secret)


def combine(a: bytes, b: bytes) -> bytes:
    """The 32-byte secret of shares A and B, in either order. Raises ValueError for another length.

    Any two shares give some secret: whoever calls sees to it that they are the A and the B of one kit.
    """
    _want_32_bytes(a)
    _want_32_bytes(b)
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def parse(text: str, kit_id: UUID) -> RecoveryShare:
    """The share of this kit that a person typed or scanned, with at most one slip in each word.

    Raises NotARecoveryShare, AmbiguousWord when a slip has several corrections, or OtherKit. A wrong share
    passes the check by chance once in 65,536 times.
    """
    number = from_words(text, WORDS_IN_SHARE, longest=LONGEST_TEXT)
    number, check = divmod(number, 1 << _CHECK_BITS)
    is_b, share = divmod(number, 1 << _SHARE_BITS)
    read = RecoveryShare(Part.B if is_b else Part.A, share.to_bytes(BYTES_IN_SHARE, "big"))
    if check != _check(read, kit_id):
        raise OtherKit
    return read


def _check(share: RecoveryShare, kit_id: UUID) -> int:
    """The first 16 bits of SHA-256 over the kit, which share it is, and the share."""
    told = b"spreekbuis recovery share v1\x00" + kit_id.bytes + share.part.encode() + share.share
    return int.from_bytes(hashlib.sha256(told).digest()[: _CHECK_BITS // 8], "big")


def _want_32_bytes(value: bytes) -> None:
    if len(value) != BYTES_IN_SHARE:
        raise ValueError(f"a recovery secret and its shares have {BYTES_IN_SHARE} bytes")
