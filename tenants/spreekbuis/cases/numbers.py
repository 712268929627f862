"""The numbers of cases: they count per desk, so that no desk reads from gaps how much another one has.

Of each desk about half of the numbers stays unused, by the throw of a coin. Whoever is kept out of a case (conflict of
interest) misses a number among many others, and reads nothing from it.
"""

import re
import secrets
from typing import NamedTuple

from spreekbuis.directory.catalogue import DESK_OF_TOPIC, DeskKind, Topic

LETTERS: dict[DeskKind, str] = {DeskKind.INTEGRITY: "I", DeskKind.WELLBEING: "W", DeskKind.CITIZENS: "B"}
"""What stands before the number of a case of this desk. The same in every language: it is part of the number."""
_DESKS = {letter: desk for desk, letter in LETTERS.items()}
_BETWEEN = re.compile(r"[\s/-]+")
_NUMBER = re.compile(r"(?:([A-Z])-?)?(?:(\d{4})-)?0*(\d{1,6})")
_LONGEST = 20


UNUSED = 0.5
"""The share of numbers that no case gets."""


def step() -> int:
    """How far the next number is from the last one: 1, and 1 more for each number that stays unused. Each number has
    the same chance whatever came before, so that no gap is wide or narrow enough to be a sign."""
    numbers = 1
    while secrets.randbelow(1000) < UNUSED * 1000:
        numbers += 1
    return numbers


class CaseNumber(NamedTuple):
    """A number as people write it: I-2026-008. Without a desk it may be a number of each desk."""

    year: int
    number: int
    desk: DeskKind | None = None

    def __str__(self) -> str:
        number = f"{self.year}-{self.number:03d}"
        return number if self.desk is None else f"{LETTERS[self.desk]}-{number}"


def number_of(topic: str, year: int, number: int) -> str:
    """The number of a case with this topic, as shown: "I-2026-008"."""
    return str(CaseNumber(year, number, DESK_OF_TOPIC[Topic(topic)]))


def read_number(text: str, this_year: int) -> CaseNumber | None:
    """What somebody typed: "I-2026-008", "w 2026/8", "2026-8", or "8" of this year. None when it is no number."""
    if len(text) > _LONGEST:
        return None
    match = _NUMBER.fullmatch(_BETWEEN.sub("-", text.strip().upper()))
    if match is None or (match[1] and match[1] not in _DESKS):
        return None
    return CaseNumber(int(match[2] or this_year), int(match[3]), _DESKS.get(match[1]))
