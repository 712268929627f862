"""Photos of telephones: HEIC (ISO/IEC 23008-12). What the camera noted is an item beside those of the picture.

Which side is up is a property of the picture itself there, so nothing of the notes has to stay.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from spreekbuis.vault.hidden.boxes import TOP, Box, boxes, clean_moov, copied, erase, zero
from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace, exactly

_NOTES: Final = {b"Exif": Trace.CAMERA, b"mime": Trace.PROPERTIES, b"uri ": Trace.PROPERTIES}
_NO_EXIF: Final = bytes(4) + b"MM\0*" + struct.pack(">IHI", 8, 0, 0)
"""An Exif without a single note, for readers that want one where an item says so."""
_MOST_META: Final = 8 << 20


def clean_heic(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    end = copied(source, target)
    found = Found()
    kinds = set()
    for box in boxes(target, 0, end):
        kinds.add(box.kind)
        if box.kind == b"meta":
            _clean_meta(target, box, end, found)
        elif box.kind == b"moov":
            clean_moov(target, box, found)
        elif box.kind not in TOP:
            erase(target, box, found, Trace.PROPERTIES)
    if not {b"ftyp", b"meta"} <= kinds:
        raise CannotClean("no photo")
    return found


def _clean_meta(file: BinaryIO, meta: Box, end: int, found: Found) -> None:
    inside = {box.kind: box for box in boxes(file, meta.body + 4, meta.end)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        raise CannotClean("no items")
    try:
        notes = dict(_notes(file, inside[b"iinf"]))
        for item, construction, places in _places(_body(file, inside[b"iloc"])):
            if item not in notes:
                continue
            for start, size in places:
                begin = start + _base(construction, inside)
                if not size or begin + size > end:
                    raise CannotClean("an item outside the file")
                if zero(file, begin, begin + size):
                    found.removed.add(_NOTES[notes[item]])
            if notes[item] == b"Exif" and len(places) == 1 and places[0][1] >= len(_NO_EXIF):
                file.seek(places[0][0] + _base(construction, inside))
                file.write(_NO_EXIF)
    except (struct.error, IndexError):
        raise CannotClean("items that are not whole") from None


def _base(construction: int, inside: dict[bytes, Box]) -> int:
    """From where places are counted: 0 from the start of the file, 1 from the box `idat`."""
    if construction == 0:
        return 0
    if construction == 1 and b"idat" in inside:
        return inside[b"idat"].body
    raise CannotClean("an item made of other items")


def _body(file: BinaryIO, box: Box) -> bytes:
    if box.end - box.body > _MOST_META:
        raise CannotClean("a table that is too large")
    file.seek(box.body)
    return exactly(file, box.end - box.body)


def _notes(file: BinaryIO, table: Box) -> Iterator[tuple[int, bytes]]:
    """Number and kind of each item that is no part of the picture (`infe`, versions 2 and 3)."""
    file.seek(table.body)
    start = table.body + (6 if exactly(file, 1) == b"\0" else 8)
    for box in list(boxes(file, start, table.end)):
        entry = _body(file, box)
        if entry[0] not in (2, 3):
            raise CannotClean("an item of an old form")
        number, kind = struct.unpack_from(">H2x4s" if entry[0] == 2 else ">I2x4s", entry, 4)
        if kind in _NOTES:
            yield number, kind


def _places(table: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Of each item its number, from where its places count, and its places with their sizes (`iloc`)."""
    version = table[0]
    if version > 2:
        raise CannotClean("a table of a later form")
    sizes = table[4] >> 4, table[4] & 15, table[5] >> 4, table[5] & 15 if version else 0
    if not set(sizes) <= {0, 4, 8}:
        raise CannotClean("numbers of an unknown size")
    for_place, for_size, for_base, for_index = sizes
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(table):
            raise CannotClean("a table that is not whole")
        return int.from_bytes(table[at - size : at], "big")

    wide = 4 if version == 2 else 2
    for _item in range(number(wide)):
        item = number(wide)
        construction = number(2) & 15 if version else 0
        if number(2):
            raise CannotClean("an item in another file")
        base = number(for_base)
        places = []
        for _place in range(number(2)):
            number(for_index)
            start = base + number(for_place)
            places.append((start, number(for_size)))
        yield item, construction, places
