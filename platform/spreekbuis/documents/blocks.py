"""A document as a row of blocks, which is written as PDF (documents.pdf) or as plain text (documents.plain)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 or 2; it stands in the contents list."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text with its line breaks. `small`: an explanation beside the matter."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a label and a value."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Said:
    """A text of somebody: who and when in one line, then the words."""

    who: str
    when: str
    text: str


Block = Heading | Paragraph | Facts | Said


@dataclass(frozen=True, slots=True)
class Document:
    """`language` is that of its own words; what people wrote may be in another. `contents`: with a contents list."""

    title: str
    subtitle: str
    language: str
    made_at: datetime
    blocks: Sequence[Block]
    contents: bool = False
