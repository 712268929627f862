"""Recordings: WAV and MP3. The sound is copied bit by bit, tags are left out.

Sources: Microsoft/IBM 'Multimedia Programming Interface and Data Specifications 1.0' (RIFF), ISO/IEC 11172-3 and
13818-3 (frames of MP3), id3.org (ID3v2). M4A is with the films in `boxes`.
"""

import struct
from typing import BinaryIO, Final

from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace, copy, exactly, skip

_WAV_KEPT: Final = {b"fmt ", b"fact", b"data"}


def clean_wav(source: BinaryIO, target: BinaryIO) -> Found:
    """Raises CannotClean."""
    found = Found()
    riff, size, form = struct.unpack("<4sI4s", exactly(source, 12))
    if (riff, form) != (b"RIFF", b"WAVE"):
        raise CannotClean("no WAV")
    target.write(b"RIFF\0\0\0\0WAVE")
    kinds = set()
    while source.tell() + 8 <= 8 + size:
        kind, length = struct.unpack("<4sI", exactly(source, 8))
        kinds.add(kind)
        if kind in _WAV_KEPT:
            target.write(struct.pack("<4sI", kind, length))
            copy(source, target, length)
            if length % 2:
                target.write(b"\0")
                source.read(1)  # some programs leave out the last one
        else:
            found.removed.add(Trace.PROPERTIES)
            skip(source, length)
            source.read(length % 2)
    if not {b"fmt ", b"data"} <= kinds:
        raise CannotClean("no sound")
    if source.read(1):
        found.removed.add(Trace.BEHIND)
    length = target.tell() - 8
    target.seek(4)
    target.write(struct.pack("<I", length))
    return found


_LOW_RATES: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES: Final = {
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 1): _LOW_RATES,
    (2, 2): _LOW_RATES,
}
"""Thousands of bits a second, by version (3: MPEG 1, 2: MPEG 2 and 2.5) and layer field (1: layer III, 2: layer II)."""
_FREQUENCIES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Samples a second, by version field (3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5)."""
_LEAST_FRAMES: Final = 2
_FURTHEST: Final = 1 << 20
"""Bytes that are neither sound nor a tag at the front: tags of other kinds and filling, searched one by one."""
_TAG_HEAD: Final = 10


def clean_mp3(source: BinaryIO, target: BinaryIO) -> Found:
    """Copy the frames of sound and nothing between them. Raises CannotClean."""
    found = Found()
    frames = 0
    passed = 0
    head = source.read(_TAG_HEAD)
    while len(head) >= 4:
        length = _frame(head)
        if head.startswith(b"ID3") and len(head) == _TAG_HEAD:
            found.removed.add(Trace.PROPERTIES)
            skip(source, _tag_length(head))
        elif length and _fits(source, length, len(head)):
            target.write(head[:length])
            source.seek(min(0, length - len(head)), 1)
            copy(source, target, max(0, length - len(head)))
            frames += 1
        else:
            passed += 1
            if passed > _FURTHEST:
                raise CannotClean("too much that is no sound")
            found.removed.add(Trace.PROPERTIES)
            source.seek(1 - len(head), 1)
        head = source.read(_TAG_HEAD)
    if frames < _LEAST_FRAMES:
        raise CannotClean("no sound")
    return found


def _tag_length(head: bytes) -> int:
    """Bytes behind the head of an ID3v2 tag, with its foot when it has one: four times 7 bits."""
    length = 0
    for byte in head[6:10]:
        if byte > 0x7F:
            raise CannotClean("a tag of no length")
        length = length << 7 | byte
    return length + (_TAG_HEAD if head[5] & 0x10 else 0)


def _frame(head: bytes) -> int:
    """Length of the frame that begins here, 0 when none does."""
    bits = int.from_bytes(head[:4], "big")
    version, layer, rate, frequency = bits >> 19 & 3, bits >> 17 & 3, bits >> 12 & 15, bits >> 10 & 3
    rates = _RATES.get((3 if version == 3 else 2, layer))
    if bits >> 21 != 0x7FF or version == 1 or rates is None or not 0 < rate < 15 or frequency == 3:
        return 0
    samples = 72 if version != 3 and layer == 1 else 144
    return samples * rates[rate - 1] * 1000 // _FREQUENCIES[version][frequency] + (bits >> 9 & 1)


def _fits(source: BinaryIO, length: int, ahead: int) -> bool:
    """Whether behind the frame another one begins, or a tag, or the file ends: else this was no frame."""
    place = source.tell()
    source.seek(length - ahead, 1)
    after = source.read(4)
    source.seek(place)
    return len(after) < 4 or _frame(after) > 0 or after[:3] in (b"TAG", b"ID3", b"APE", b"LYR")
