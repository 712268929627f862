"""Photos and drawings: the parts that show the picture are copied bit by bit, all others are left out.

Nothing is decoded, so an enormous picture costs no more than its bytes. What stays is named here; a part that nobody
knew when this was written goes. Colour profiles go too: those of screens hold serial numbers (`mmod` of Apple).
Sources: ITU-T T.81 (JPEG), W3C PNG third edition, W3C GIF89a, RFC 9649 (WebP).
"""

import re
import struct
import zlib
from typing import BinaryIO, Final

from spreekbuis.vault.hidden.orientation import orientation_of, tiff_with
from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace, copy, exactly, skip

_BLOCK: Final = 1 << 16
_MOST_EXIF: Final = 1 << 20
_EXIF: Final = b"Exif\0\0"

_SCAN, _END = 0xDA, 0xD9
_PICTURE: Final = {*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}
"""Segments with frames, tables and intervals."""
_AFTER_SCAN: Final = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")


def clean_jpeg(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    found = Found()
    if exactly(source, 2) != b"\xff\xd8":
        raise CannotClean("no JPEG")
    target.write(b"\xff\xd8")
    marker: int | None = _marker(source)
    while marker not in (_END, None):
        assert marker is not None
        (length,) = struct.unpack(">H", exactly(source, 2))
        segment = exactly(source, length - 2) if length >= 2 else b""
        kept = _kept_segment(marker, segment, found)
        if kept is not None:
            target.write(struct.pack(">BBH", 0xFF, marker, len(kept) + 2) + kept)
        marker = _copy_scan(source, target) if marker == _SCAN else _marker(source)
    target.write(b"\xff\xd9")
    if source.read(1):
        found.removed.add(Trace.BEHIND)
    return found


def _marker(source: BinaryIO) -> int:
    first, code = exactly(source, 2)
    if first != 0xFF:
        raise CannotClean("no marker")
    while code == 0xFF:
        (code,) = exactly(source, 1)
    return code


def _kept_segment(marker: int, segment: bytes, found: Found) -> bytes | None:
    """What stays of a segment, None for nothing."""
    if marker in _PICTURE or marker == _SCAN:
        return segment
    if marker == 0xE0 and segment.startswith(b"JFIF\0") and len(segment) >= 14:
        if len(segment) > 14:
            found.removed.add(Trace.PREVIEW)
        return segment[:12] + b"\0\0"
    if marker == 0xEE and segment.startswith(b"Adobe") and len(segment) >= 12:
        return segment[:12]  # how its colours are stored: without it they turn
    if marker == 0xE1 and segment.startswith(_EXIF):
        found.removed.add(Trace.CAMERA)
        orientation = orientation_of(segment[len(_EXIF) :])
        return None if orientation == 1 else _EXIF + tiff_with(orientation)
    if segment.startswith(b"ICC_PROFILE"):
        found.removed.add(Trace.MACHINE)
    elif marker in (0xE0, 0xE2):
        found.removed.add(Trace.PREVIEW)
    else:
        found.removed.add(Trace.PROPERTIES)
    return None


def _copy_scan(source: BinaryIO, target: BinaryIO) -> int | None:
    """Copy the coded picture; gives the marker behind it, None where the file stops without one."""
    while block := source.read(_BLOCK):
        marker = _AFTER_SCAN.search(block)
        if marker is not None:
            target.write(block[: marker.start()])
            source.seek(marker.end() - len(block), 1)
            return marker[1][0]
        whole = block.rstrip(b"\xff") or block[:-1]  # a marker may go on in the next block
        target.write(whole)
        if len(block) < _BLOCK:
            break
        source.seek(len(whole) - len(block), 1)
    return None


_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT",
    b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip


def clean_png(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    found = Found()
    if exactly(source, 8) != _PNG:
        raise CannotClean("no PNG")
    target.write(_PNG)
    kind = b""
    while kind != b"IEND":
        head = exactly(source, 8)
        length, kind = struct.unpack(">I4s", head)
        if kind in _PNG_KEPT:
            target.write(head)
            copy(source, target, length + 4)
        elif kind == b"eXIf":
            found.removed.add(Trace.CAMERA)
            orientation = _orientation(source, length)
            skip(source, 4)
            if orientation != 1:
                chunk = kind + tiff_with(orientation)
                target.write(struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)))
        else:
            found.removed.add(Trace.MACHINE if kind == b"iCCP" else Trace.PROPERTIES)
            skip(source, length + 4)
    if source.read(1):
        found.removed.add(Trace.BEHIND)
    return found


def _orientation(source: BinaryIO, length: int) -> int:
    tiff = exactly(source, min(length, _MOST_EXIF)).removeprefix(_EXIF)
    skip(source, max(0, length - _MOST_EXIF))
    return orientation_of(tiff)


_WEBP_KEPT: Final = {b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH"}
_HAS_EXIF, _HAS_XMP, _HAS_PROFILE = 0x08, 0x04, 0x20


def clean_webp(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    found = Found()
    riff, size, form = struct.unpack("<4sI4s", exactly(source, 12))
    if (riff, form) != (b"RIFF", b"WEBP"):
        raise CannotClean("no WebP")
    end = 8 + size
    orientation = 1
    target.write(b"RIFF\0\0\0\0WEBP")
    flags_at: int | None = None
    flags = 0
    while source.tell() + 8 <= end:
        kind, length = struct.unpack("<4sI", exactly(source, 8))
        padded = length + length % 2
        if kind == b"VP8X" and length == 10:
            flags_at = target.tell() + 8
            body = exactly(source, 10)
            flags = body[0] & ~(_HAS_EXIF | _HAS_XMP | _HAS_PROFILE)
            target.write(struct.pack("<4sIB", kind, length, flags) + body[1:])
        elif kind in _WEBP_KEPT:
            target.write(struct.pack("<4sI", kind, length))
            copy(source, target, padded)
        elif kind == b"EXIF":
            found.removed.add(Trace.CAMERA)
            orientation = _orientation(source, length)
            skip(source, length % 2)
        else:
            found.removed.add(Trace.MACHINE if kind == b"ICCP" else Trace.PROPERTIES)
            skip(source, padded)
    if source.read(1):
        found.removed.add(Trace.BEHIND)
    if orientation != 1 and flags_at is not None:
        tiff = tiff_with(orientation)
        target.write(struct.pack("<4sI", b"EXIF", len(tiff)) + tiff)
        _patch(target, flags_at, bytes([flags | _HAS_EXIF]))
    _patch(target, 4, struct.pack("<I", target.tell() - 8))
    return found


def _patch(target: BinaryIO, place: int, data: bytes) -> None:
    end = target.tell()
    target.seek(place)
    target.write(data)
    target.seek(end)


_LOOPS: Final = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}


def clean_gif(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    found = Found()
    head = exactly(source, 13)
    if head[:6] not in (b"GIF87a", b"GIF89a"):
        raise CannotClean("no GIF")
    target.write(head)
    _copy_colours(source, target, head[10])
    while (kind := exactly(source, 1)) != b";":
        if kind == b",":
            place = exactly(source, 9)
            target.write(kind + place)
            _copy_colours(source, target, place[8])
            target.write(exactly(source, 1))
            _blocks(source, target)
        elif kind == b"!":
            label, size = exactly(source, 2)
            first = exactly(source, size)
            keep = label == 0xF9 or (label == 0xFF and first in _LOOPS)
            if keep:
                target.write(bytes([0x21, label, size]) + first)
            else:
                found.removed.add(Trace.PROPERTIES)
            if size:
                _blocks(source, target if keep else None)
        else:
            raise CannotClean("no block of a GIF")
    target.write(b";")
    if source.read(1):
        found.removed.add(Trace.BEHIND)
    return found


def _copy_colours(source: BinaryIO, target: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        copy(source, target, 3 << (flags & 7) + 1)


def _blocks(source: BinaryIO, target: BinaryIO | None) -> None:
    """Copy blocks of up to 255 bytes, up to the empty one; without a target pass over them."""
    size = 1
    while size:
        (size,) = exactly(source, 1)
        block = exactly(source, size)
        if target is not None:
            target.write(bytes([size]) + block)
