"""Contents in S3-compatible object storage.

Credentials come from the environment, as every S3 client reads them (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, or
the role of the machine); we never see them. An upload that is broken off is withdrawn; what a crash of the whole
machine leaves is not visible, and the bucket needs a lifecycle rule that drops incomplete multipart uploads.
"""

import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from spreekbuis.settings import Bucket
from spreekbuis.vault.storage import is_key

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore import ReadableFile

_PART: Final = 5 << 20
"""Bytes in a part of an upload: the least that S3 takes."""
_PIECE: Final = 1 << 18
_AT_ONCE: Final = 2
"""Parts on their way at the same time: each takes its size in memory."""
_WINDOW: Final = 2 << 20
"""Bytes that a reader asks at a time. Short requests: a slow browser keeps no connection to the storage waiting."""


class BucketStorage:
    """A bucket, under the prefix of the settings."""

    def __init__(self, bucket: Bucket) -> None:
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            endpoint=bucket.endpoint,
            region=bucket.region,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(seconds=60),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        )

    def put(self, key: str, stream: BinaryIO) -> int:
        _check(key)
        pieces = _Pieces(stream)
        first = deque(pieces.up_to(_PART))
        with _as_oserror():
            if pieces.size < _PART:
                obstore.put(self._store, key, b"".join(first), use_multipart=False)
            else:
                obstore.put(self._store, key, pieces.all(first), chunk_size=_PART, max_concurrency=_AT_ONCE)
        return pieces.size

    def open(self, key: str) -> BinaryIO:
        _check(key)
        with _as_oserror():
            found = obstore.open_reader(self._store, key, buffer_size=_WINDOW)
        return cast(BinaryIO, io.BufferedReader(_Reader(found), 1 << 16))

    def delete(self, key: str) -> None:
        _check(key)
        with _as_oserror():
            obstore.delete(self._store, key)

    def tenants(self) -> Iterator[UUID]:
        with _as_oserror():
            found = obstore.list_with_delimiter(self._store)["common_prefixes"]
        return (UUID(prefix.rpartition("/")[2]) for prefix in found)

    def keys_of(self, entity_id: UUID, day: date) -> list[str]:
        with _as_oserror():
            found = obstore.list(self._store, f"{entity_id}/{day.isoformat()}", chunk_size=1000)
            return sorted(each["path"] for some in found for each in some)


@cache
def bucket_of(bucket: Bucket) -> BucketStorage:
    """One per process: it keeps its connections."""
    return BucketStorage(bucket)


class _Pieces:
    """A stream in pieces, and how much of it has passed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def up_to(self, size: int) -> Iterator[bytes]:
        """The next pieces, at least so many bytes together where there are as many."""
        end = self.size + size
        while self.size < end and (piece := self._stream.read(_PIECE)):
            self.size += len(piece)
            yield piece

    def all(self, first: deque[bytes]) -> Iterator[bytes]:
        """Those that were taken, then the rest; none is held longer than needed."""
        while first:
            yield first.popleft()
        while piece := self._stream.read(_PIECE):
            self.size += len(piece)
            yield piece


class _Reader(io.RawIOBase):
    def __init__(self, found: "ReadableFile") -> None:
        super().__init__()
        self._found = found

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        with _as_oserror():
            piece = memoryview(self._found.read(len(target)))
        target[: len(piece)] = piece
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _as_oserror():
            return self._found.seek(offset, whence)

    def tell(self) -> int:
        return self._found.tell()


@contextmanager
def _as_oserror() -> Iterator[None]:
    """What the storage says about an error names addresses: the type alone is enough for a log."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError("no such content") from None
    except BaseError as error:
        raise OSError(f"the object storage does not work: {type(error).__name__}") from None


def _check(key: str) -> None:
    if not is_key(key):
        raise FileNotFoundError("not a storage key")
