"""The one thing of Exif that a picture needs: which side is up.

Without it a photo of a telephone that was held upright lies on its side. We keep this number, alone, in an Exif
of our own: the picture is not encoded anew, so nothing of it is lost.
"""

import struct
from typing import Final

from spreekbuis.vault.hidden.traces import CannotClean

_TAG: Final = 0x0112
_MOST_ENTRIES: Final = 1000


def orientation_of(tiff: bytes) -> int:
    """The orientation (1 to 8) that the TIFF part of an Exif tells; 1, upright, when it tells none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (place,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, place)
        for number in range(min(count, _MOST_ENTRIES)):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, place + 2 + 12 * number)
            if (tag, kind, values) == (_TAG, 3, 1):
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def tiff_with(orientation: int) -> bytes:
    """The TIFF part of an Exif that tells the orientation and nothing else: 26 bytes. Raises CannotClean."""
    if not 1 <= orientation <= 8:
        raise CannotClean("no orientation")
    entry = struct.pack(">HHIHH", _TAG, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
