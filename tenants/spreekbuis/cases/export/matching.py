"""Finding words in what people wrote, as somebody reads it: whatever the capitals and accents, and through characters
that nobody sees (a soft hyphen, a zero-width space), which a document leaves out and a search would stumble over."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spreekbuis.characters import bare

SHORTEST = 2
"""Characters of a passage: one letter is in every word."""
SHORTEST_NAME = 3
"""Letters of a part of a name that is looked for by itself."""
PHONE_DIGITS = 8
"""Of a telephone number at least, without the country and the 0 before it."""

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<!\w)[+(]?\d[\d ./()-]{6,25}\d(?!\w)")
_NAME = re.compile(r"[^\W\d_]+")


class Read(NamedTuple):
    """A text as it is read. `places`: for each character of it, where that stands in what was written; None when it is
    the same place."""

    text: str
    places: Sequence[int] | None
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where these characters were written, with what follows them unseen."""
        if self.places is None:
            return start, end
        last = self.places[end - 1]
        while end < len(self.places) and self.places[end] == last:
            end += 1
        return self.places[start], self.places[end] if end < len(self.places) else self.length


def as_read(text: str) -> Read:
    """Small letters without accents, and without what nobody sees."""
    if text.isascii():
        return Read(text.lower(), None, len(text))
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isascii():
            seen = character.lower()
        else:
            seen = "" if unicodedata.category(character) == "Cf" else bare(character)
        letters.append(seen)
        places += [place] * len(seen)
    return Read("".join(letters), places, len(text))


def places_of(patterns: Sequence[re.Pattern[str]], text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of everything that a pattern finds in `text`."""
    read = as_read(text)
    for pattern in patterns:
        yield from places_in(read, pattern)


def places_in(read: Read, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Begin and end, in what was written, of everything that the pattern finds."""
    for found in pattern.finditer(read.text):
        yield read.span(*found.span())


def passage_pattern(passage: str) -> re.Pattern[str] | None:
    """Finds the passage, from the beginning of a word to the end of one; None when it is too short.

    Always to the end of the word: 'Jan' takes 'Jans' and 'Jansen' along, since too much is safer than a name that can
    be guessed.
    """
    words = as_read(passage).text.split()
    if len("".join(words)) < SHORTEST:
        return None
    first = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    last = r"\w*" if re.search(r"\w$", words[-1]) else ""
    return re.compile(first + r"\s+".join(map(re.escape, words)) + last)


def name_patterns(name: str) -> list[re.Pattern[str]]:
    """Find a name and its parts, however they are joined: 'Ann-Sofie' also as 'Annsofie' and 'Ann Sofie'."""
    parts = _NAME.findall(as_read(name).text)
    whole = [r"[\W_]{0,3}".join(parts)] if parts else []
    long = sorted({part for part in parts if len(part) >= SHORTEST_NAME})
    return [re.compile(rf"(?<!\w){part}\w*") for part in (*whole, *long)]


def contact_patterns(contact: str) -> list[re.Pattern[str]]:
    """Find the e-mail addresses and telephone numbers in `contact`, and what else it says."""
    seen = as_read(contact).text
    found = []
    for address in _EMAIL.findall(seen):
        found.append(re.compile(re.escape(address)))
        found += name_patterns(address.partition("@")[0])
    for number in _PHONE.findall(seen):
        digits = re.sub(r"\D", "", number).removeprefix("00").removeprefix("32").removeprefix("0")
        if len(digits) >= PHONE_DIGITS:
            found.append(
                re.compile(r"(?<!\d)(?:[+(0][+0-9() ]{0,8})?" + r"[\W_]{0,3}".join(digits) + r"(?!\d)")
            )
    rest = passage_pattern(_PHONE.sub(" ", _EMAIL.sub(" ", seen)).strip(" ,;:/|-"))
    return found if rest is None else [*found, rest]


def addresses_in(text: str) -> list[str]:
    """The e-mail addresses and telephone numbers in `text`, each once, as they are read."""
    seen = as_read(text).text
    return sorted({*_EMAIL.findall(seen), *_PHONE.findall(seen)})
