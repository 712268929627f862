"""Films, sound and photos that are made of boxes: MP4, M4A and HEIC (ISO/IEC 14496-12, 23008-12).

Boxes point at each other by their place in the file, so nothing moves: what must go is overwritten with zeros where it
stands, and its box becomes `free`, which readers pass over. Sound and picture stay bit by bit.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace, copy, exactly

_BLOCK: Final = 1 << 16
_MOST_TABLE: Final = 32 << 20
"""Bytes of one box that we read into memory."""
_MOST_BOXES: Final = 10_000

TOP: Final = {b"ftyp", b"moov", b"mdat", b"styp"}
_MOVIE: Final = {b"mvhd", b"trak", b"iods"}
_TRACK: Final = {b"tkhd", b"edts", b"mdia", b"tapt"}
_MEDIA: Final = {b"mdhd", b"hdlr", b"minf", b"elng"}
_INFORMATION: Final = {b"vmhd", b"smhd", b"nmhd", b"sthd", b"gmhd", b"dinf", b"stbl"}
_SAMPLES: Final = {
    b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stsh", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"sgpd",
    b"sbgp", b"sdtp", b"stdp", b"padb", b"subs",
}  # fmt: skip
_SHOWN: Final = {b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp"}
"""Kinds of track that people see or hear. The others hold places, faces, the time of day, how the device moved."""


@dataclass(frozen=True, slots=True)
class Box:
    """`start` is the place of its head, `body` that of what it holds, `end` the first byte behind it."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes from `start` to `end`, which they must fill. Raises CannotClean."""
    for _number in range(_MOST_BOXES):
        if start == end:
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", exactly(file, 8))
        body = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", exactly(file, 8))
            body += 8
        elif size == 0:
            size = end - start
        box = Box(kind, start, body, start + size)
        if not box.body <= box.end <= end:
            raise CannotClean("a box is larger than its place")
        yield box
        start = box.end
    raise CannotClean("too many boxes")


def clean_movie(source: BinaryIO, target: BinaryIO) -> Found:
    """MP4 and M4A. Raises CannotClean, also for a film in fragments."""
    end = copied(source, target)
    found = Found()
    kinds = set()
    for box in boxes(target, 0, end):
        kinds.add(box.kind)
        if box.kind == b"moof":
            raise CannotClean("a film in fragments")
        if box.kind == b"moov":
            clean_moov(target, box, found)
        elif box.kind not in TOP:
            erase(target, box, found, Trace.PROPERTIES)
    if not {b"ftyp", b"moov"} <= kinds:
        raise CannotClean("no film")
    return found


def copied(source: BinaryIO, target: BinaryIO) -> int:
    """Copy all, and give how many bytes that are."""
    size = source.seek(0, 2)
    source.seek(0)
    copy(source, target, size)
    return size


def erase(file: BinaryIO, box: Box, found: Found, trace: Trace) -> None:
    """Make the box one that holds nothing."""
    file.seek(box.start + 4)
    file.write(b"free")
    if zero(file, box.body, box.end):
        found.removed.add(trace)


def zero(file: BinaryIO, start: int, end: int) -> bool:
    """Overwrite with zeros; gives whether there was anything else."""
    held = False
    while start < end:
        size = min(end - start, _BLOCK)
        file.seek(start)
        held = held or exactly(file, size).strip(b"\0") != b""
        file.seek(start)
        file.write(bytes(size))
        start += size
    return held


def clean_moov(file: BinaryIO, movie: Box, found: Found) -> None:
    """Leave of the description of a film what is needed to play it."""
    for box in list(boxes(file, movie.body, movie.end)):
        if box.kind == b"mvex":
            raise CannotClean("a film in fragments")
        if box.kind == b"mvhd":
            _forget_times(file, box, found)
        elif box.kind == b"trak":
            _clean_track(file, box, found)
        elif box.kind not in _MOVIE:
            erase(file, box, found, Trace.PROPERTIES)


def _clean_track(file: BinaryIO, track: Box, found: Found) -> None:
    inside = list(boxes(file, track.body, track.end))
    media = [part for box in inside if box.kind == b"mdia" for part in boxes(file, box.body, box.end)]
    handler = next((box for box in media if box.kind == b"hdlr"), None)
    if handler is None:
        raise CannotClean("a track of no kind")
    file.seek(handler.body + 8)
    if exactly(file, 4) not in _SHOWN:
        _zero_samples(file, media)
        erase(file, track, found, Trace.CAMERA)
        return
    zero(file, handler.body + 12, handler.end)  # the name of the program that wrote the track
    for box in [*inside, *media]:
        if box.kind in (b"tkhd", b"mdhd"):
            _forget_times(file, box, found)
        elif box.kind == b"minf":
            _clean_information(file, box, found)
        elif box.kind not in _TRACK | _MEDIA:
            erase(file, box, found, Trace.PROPERTIES)


def _clean_information(file: BinaryIO, information: Box, found: Found) -> None:
    for box in list(boxes(file, information.body, information.end)):
        if box.kind == b"stbl":
            for table in list(boxes(file, box.body, box.end)):
                if table.kind not in _SAMPLES:
                    erase(file, table, found, Trace.PROPERTIES)
        elif box.kind not in _INFORMATION:
            erase(file, box, found, Trace.PROPERTIES)


def _forget_times(file: BinaryIO, box: Box, found: Found) -> None:
    """When the film was made and changed: the first two numbers, of 8 bytes in version 1 and of 4 before."""
    file.seek(box.body)
    size = 16 if exactly(file, 1) == b"\1" else 8
    if box.end - box.body < 4 + size:
        raise CannotClean("a head that is too short")
    if zero(file, box.body + 4, box.body + 4 + size):
        found.removed.add(Trace.PROPERTIES)


def _zero_samples(file: BinaryIO, media: list[Box]) -> None:
    """Overwrite what the tables of a track point at. Raises CannotClean when they are not whole."""
    tables: dict[bytes, bytes] = {}
    for box in media:
        if box.kind == b"minf":
            for part in boxes(file, box.body, box.end):
                if part.kind == b"stbl":
                    tables |= {table.kind: _table(file, table) for table in boxes(file, part.body, part.end)}
    end = file.seek(0, 2)
    try:
        for start, size in _extents(tables):
            if start + size > end:
                raise CannotClean("a sample outside the file")
            zero(file, start, start + size)
    except (struct.error, KeyError):
        raise CannotClean("a table that is not whole") from None


def _table(file: BinaryIO, box: Box) -> bytes:
    if box.end - box.body > _MOST_TABLE:
        raise CannotClean("a table that is too large")
    file.seek(box.body)
    return exactly(file, box.end - box.body)


def _extents(tables: dict[bytes, bytes]) -> Iterator[tuple[int, int]]:
    """Place and size of each chunk of samples: 14496-12, 8.7.3 (stsz), 8.7.4 (stsc), 8.7.5 (stco, co64)."""
    wide = b"co64" in tables
    offsets = tables[b"co64"] if wide else tables[b"stco"]
    (chunks,) = struct.unpack_from(">I", offsets, 4)
    places = struct.unpack_from(f">{chunks}{'Q' if wide else 'I'}", offsets, 8)
    one_size, samples = struct.unpack_from(">II", tables[b"stsz"], 4)
    sizes = None if one_size else struct.unpack_from(f">{samples}I", tables[b"stsz"], 12)
    (runs,) = struct.unpack_from(">I", tables[b"stsc"], 4)
    firsts = [struct.unpack_from(">II", tables[b"stsc"], 8 + 12 * run) for run in range(runs)]
    sample, run = 0, 0
    for number, place in enumerate(places, start=1):
        while run + 1 < len(firsts) and firsts[run + 1][0] <= number:
            run += 1
        count = min(firsts[run][1] if firsts else 0, samples - sample)
        yield place, one_size * count if sizes is None else sum(sizes[sample : sample + count])
        sample += count
