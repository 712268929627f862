"""Temporary files that are never plain on disk: for what a browser sends (`uploads`), and for what is made of it.

A spool is a file without a name, encrypted with AES-256-CTR under a random key that lives in the memory of this
process only: when the process ends, or its machine is switched off, what is left on the disk means nothing.
Counter mode gives access to any place, which zip and PDF need. It does not notice changes and it shows, to who
reads the disk before and after, what changed where a place is written twice: enough for a file without a name
that lives for seconds, and not for anything that is kept (see `streams`).
"""

import errno
import io
import os
import tempfile
from typing import IO, TYPE_CHECKING, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_BUFFER: Final = 1 << 16
"""Bytes in memory for each open spool; a smaller file never reaches the disk while it is only written."""
_BLOCK: Final = 16


def spool() -> "Spool":
    """An empty temporary file, to write, read and seek in. It is gone when it is closed."""
    return Spool(tempfile.TemporaryFile(buffering=0), os.urandom(32))


class Spool(io.BufferedRandom):
    """The plain side of an encrypted file.

    A process that gets the descriptor of `file` and the `key` makes another `Spool` of them and reads along.
    There is no `fileno` on purpose: what reads past us finds ciphertext.
    """

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        super().__init__(_Encrypted(file, key), _BUFFER)
        self.file = file
        self.key = key


class _Encrypted(io.RawIOBase):
    """Block number n of the file is encrypted with the counter n. A gap reads as zeros.

    The place in the file is our own and not that of the descriptor, which another process may share.
    """

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        super().__init__()
        self._file = file
        self._algorithm = AES256(key)
        self._place = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        found = os.pread(self._file.fileno(), len(target), self._place)
        target[: len(found)] = self._turned(found, self._place)
        self._place += len(found)
        return len(found)

    def write(self, data: "ReadableBuffer") -> int:
        self._fill_up_to(self._place)
        written = self._put(memoryview(data).cast("B"), self._place)
        self._place += written
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size()}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, "before the beginning")
        self._place = start + offset
        return self._place

    def truncate(self, size: int | None = None) -> int:
        size = self._place if size is None else size
        self._fill_up_to(size)
        os.ftruncate(self._file.fileno(), size)
        return size

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._file.close()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _fill_up_to(self, place: int) -> None:
        end = self._size()
        while end < place:
            end += self._put(memoryview(bytes(min(place - end, _BUFFER))), end)

    def _put(self, data: memoryview, place: int) -> int:
        return os.pwrite(self._file.fileno(), self._turned(data, place), place)

    def _turned(self, data: bytes | memoryview, place: int) -> bytes:
        """Plain to encrypted and back: the two are the same."""
        block, skipped = divmod(place, _BLOCK)
        cipher = Cipher(self._algorithm, CTR(block.to_bytes(_BLOCK, "big"))).encryptor()
        if skipped:
            cipher.update(bytes(skipped))
        return cipher.update(data)
