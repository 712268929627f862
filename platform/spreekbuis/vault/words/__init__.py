"""Secrets as words that a person can write down and type again: 13 bits a word, from a list of 8192.

The Dutch and the English list share no word, so words that are typed in tell their own language. Two words of
one list differ by at least two slips (one letter replaced, left out or added, or two neighbours swapped): one
slip never turns a word into another word, and is put right when only one word is that near.

Nothing here stores, logs or shows a word: an error names a position in what was typed, never what stands there.
"""

import string
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final

from spreekbuis.characters import apart

LISTS: Final = ("nl", "en")
BITS_IN_WORD: Final = 13
WORDS_IN_LIST: Final = 1 << BITS_IN_WORD
LONGEST_WORD: Final = 9

_INVISIBLE: Final = frozenset(
    {"Mn", "Me", "Cf"}
)  # accents, enclosing marks, soft hyphens and zero-width marks


class UnreadableWords(Exception):
    """What was typed cannot be read as words.

    `position` (from 1) is the word that no list knows; None when the number of words is wrong.
    """

    def __init__(self, position: int | None = None) -> None:
        super().__init__("not the words asked for" if position is None else f"word {position} is unknown")
        self.position = position


class AmbiguousWord(UnreadableWords):
    """The word at `position` (from 1) is one slip away from each of `candidates`: ask which one is meant.

    The lists are public, yet keep the candidates out of logs: one of them is part of a secret.
    """

    def __init__(self, position: int, candidates: tuple[str, ...]) -> None:
        super().__init__(position)
        self.args = (f"word {position} has several corrections",)
        self.candidates = candidates


def to_words(number: int, count: int, language: str) -> tuple[str, ...]:
    """The `count` words of a number of at most 13 bits a word, highest 13 bits first.

    English for 'en', Dutch for every other language.
    """
    words = _words("en" if language == "en" else "nl")
    return tuple(
        words[number >> BITS_IN_WORD * place & WORDS_IN_LIST - 1] for place in reversed(range(count))
    )


def from_words(text: str, count: int, *, longest: int) -> int:
    """The number whose `count` words a person typed, with at most one slip in each word.

    Case, accents, numbering and whatever separates the words do not matter. All words come from one list:
    the one that knows most of them as typed. A text of more than `longest` characters is refused unread.
    Raises UnreadableWords, or AmbiguousWord when a slip has several corrections.
    """
    typed = _typed_words(text, count, longest)
    known = {language: sum(word in _places(language) for word in typed) for language in LISTS}
    readings: list[int] = []
    flaws: list[UnreadableWords] = []
    for language in LISTS:
        if known[language] == max(known.values()):
            try:
                readings.append(_read(typed, language))
            except UnreadableWords as flaw:
                flaws.append(flaw)
    if len(readings) == 1:
        return readings[0]
    raise flaws[0] if flaws and not readings else UnreadableWords()


def _typed_words(text: str, count: int, longest: int) -> list[str]:
    """The words of a text, plain and lower case."""
    if len(text) > longest:
        raise UnreadableWords
    plain = "".join(c for c in apart(text) if unicodedata.category(c) not in _INVISIBLE)
    parts = "".join(c if c.isalnum() else " " for c in plain.casefold()).split()
    typed = [word for part in parts if (word := part.lstrip(string.digits))]
    if len(typed) != count:
        raise UnreadableWords
    return typed


def _read(typed: list[str], language: str) -> int:
    places = _places(language)
    number = 0
    for position, word in enumerate(typed, start=1):
        if word not in places:
            near = sorted(set(_one_slip_away(word)) & places.keys())
            if not near:
                raise UnreadableWords(position)
            if len(near) > 1:
                raise AmbiguousWord(position, tuple(near))
            word = near[0]
        number = number << BITS_IN_WORD | places[word]
    return number


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
    """The list in its fixed order. A released list never changes: words that are out there point into it."""
    return tuple(resources.files(__name__).joinpath(f"{language}.txt").read_text("ascii").split())


@cache
def _places(language: str) -> dict[str, int]:
    return {word: place for place, word in enumerate(_words(language))}
