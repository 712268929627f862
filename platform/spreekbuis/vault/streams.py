"""Files as ciphertext: authenticated encryption in chunks, so that a large file passes through little memory.

The construction is STREAM of Hoang, Reyhanitabar, Rogaway and Vizár ('Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance', CRYPTO 2015), with AES-256-GCM (NIST SP 800-38D). The nonce of a chunk is
a random prefix of the file (7 bytes), the number of the chunk (4 bytes) and whether it is the last (1 byte): a
chunk that is missing, moved, doubled or cut off does not open, nor does a file that ends before its last chunk.
Each chunk is bound to the format and to the context that the caller gives.

What is stored: format (1 byte), prefix (7 bytes), then for each 64 KiB of the file the ciphertext and its tag (16
bytes). An empty file has one empty chunk. Another algorithm is another format beside this one.
"""

import io
import os
import struct
from abc import abstractmethod
from typing import TYPE_CHECKING, BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spreekbuis.vault.sealing import CannotOpen

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

KEY_BYTES: Final = 32
CHUNK: Final = 1 << 16
"""Plain bytes in a chunk. Larger ones are hardly faster; reading one back takes this much memory twice."""
_FORMAT: Final = 1
_PREFIX: Final = 7
_HEAD: Final = 1 + _PREFIX
_TAG: Final = 16


def sealed_size(plain: int) -> int:
    """How many bytes of ciphertext a file of `plain` bytes makes."""
    chunks = max(1, -(-plain // CHUNK))
    return _HEAD + plain + chunks * _TAG


class _Chunks:
    """The cipher of one file, with the nonce of each chunk in its order."""

    def __init__(self, key: bytes, head: bytes, context: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a file key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._prefix = head[1:]
        self._bound_to = head + context
        self._number = 0

    def seal(self, chunk: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(last=last), chunk, self._bound_to)

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        """Raises CannotOpen."""
        try:
            return self._cipher.decrypt(self._nonce(last=last), sealed, self._bound_to)
        except InvalidTag:
            raise CannotOpen("a chunk of a file") from None

    def _nonce(self, *, last: bool) -> bytes:
        """Raises OverflowError after 2³² chunks, which is 256 TiB."""
        if self._number >> 32:
            raise OverflowError("too many chunks")
        nonce = self._prefix + struct.pack(">I?", self._number, last)
        self._number += 1
        return nonce


class _Reader(io.RawIOBase):
    """A stream that is read once, from front to back, out of pieces that `_next` makes."""

    def __init__(self) -> None:
        super().__init__()
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        while not self._left:
            piece = self._next()
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(target), len(self._left))
        target[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    @abstractmethod
    def _next(self) -> bytes | None:
        """The bytes that follow, or None at the end."""


class SealingStream(_Reader):
    """What is left of `source`, read as ciphertext under a key of this file alone.

    `key` is 32 random bytes, never used for another file; `context` says where the file belongs. Raises
    ValueError for a key of another length.
    """

    def __init__(self, source: BinaryIO, key: bytes, context: bytes) -> None:
        super().__init__()
        head = bytes([_FORMAT]) + os.urandom(_PREFIX)
        self._source = source
        self._chunks = _Chunks(key, head, context)
        self._ahead: bytes | None = _read(source, CHUNK)
        self._left = memoryview(head)

    def _next(self) -> bytes | None:
        chunk = self._ahead
        if chunk is None:
            return None
        following = _read(self._source, CHUNK) if len(chunk) == CHUNK else b""
        self._ahead = following or None
        return self._chunks.seal(chunk, last=not following)


class OpenedStream(_Reader):
    """The file behind the ciphertext of `source`; closing closes the source too.

    No byte is given out before its chunk proved to be genuine. Raises CannotOpen when key or context do not fit or the
    ciphertext was changed: at once for the first chunk, while reading for the others, and instead of the
    end when there is more or less than what was sealed. After that it gives nothing any more.
    """

    def __init__(self, source: BinaryIO, key: bytes, context: bytes) -> None:
        super().__init__()
        self._source = source
        head = _read(source, _HEAD)
        if len(head) != _HEAD or head[0] != _FORMAT:
            raise CannotOpen("the head of a file")
        self._chunks = _Chunks(key, head, context)
        self._ahead: bytes | None = _read(source, CHUNK + _TAG)
        self._broken = False
        self._left = memoryview(self._next() or b"")

    def _next(self) -> bytes | None:
        if self._broken:
            raise CannotOpen("a chunk of a file")
        chunk = self._ahead
        if chunk is None:
            return None
        self._broken = True  # until this chunk proves to be genuine
        following = _read(self._source, CHUNK + _TAG) if len(chunk) == CHUNK + _TAG else b""
        plain = self._chunks.open(chunk, last=not following)
        self._ahead = following or None
        self._broken = False
        return plain

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def _read(source: BinaryIO, size: int) -> bytes:
    """As many bytes as asked, fewer only at the end: a source may give less at a time."""
    piece = source.read(size)
    if len(piece) == size or not piece:
        return piece
    pieces = [piece]
    missing = size - len(piece)
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
