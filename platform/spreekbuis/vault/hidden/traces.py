"""What the cleaners of all formats share."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final

_BLOCK: Final = 1 << 16


class Trace(StrEnum):
    """A kind of hidden data."""

    CAMERA = "camera"
    """What a device noted: place, time, make, serial number (Exif)."""
    PROPERTIES = "properties"
    """What a program noted of the document: title, maker, company, software, times (XMP, IPTC, ID3, docProps)."""
    PEOPLE = "people"
    """Who wrote which remark or change."""
    PREVIEW = "preview"
    """A small picture of how the file once looked, before a part was cut off or covered."""
    HISTORY = "history"
    """Earlier versions and the marks that link this file to others of the same maker."""
    MACHINE = "machine"
    """Names of folders, printers and templates of the computer."""
    BEHIND = "behind"
    """Bytes that belong to no part of the file."""


class CannotClean(Exception):
    """This file is damaged, locked, too large inside, or of a form that the cleaner does not know."""


@dataclass(slots=True)
class Found:
    """What a cleaner did. `left_inside`: files inside the file stayed as they were."""

    removed: set[Trace] = field(default_factory=set)
    left_inside: bool = False

    def add(self, other: "Found") -> None:
        self.removed |= other.removed
        self.left_inside |= other.left_inside


def exactly(source: BinaryIO, size: int) -> bytes:
    """So many bytes. Raises CannotClean when the file ends before."""
    piece = source.read(size)
    if len(piece) != size:
        raise CannotClean("the file ends too early")
    return piece


def copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    """Copy so many bytes in blocks. Raises CannotClean when the file ends before."""
    while size:
        piece = exactly(source, min(size, _BLOCK))
        target.write(piece)
        size -= len(piece)


def skip(source: BinaryIO, size: int) -> None:
    """Pass over so many bytes. Raises CannotClean when the file ends before."""
    if size:
        source.seek(size - 1, 1)
        exactly(source, 1)
