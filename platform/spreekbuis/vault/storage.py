"""Where the contents of attachments lie: behind one interface, under keys that nobody chose, and sealed already.

What passes here is ciphertext (see `streams`): whoever holds the folder, the bucket or a copy of them reads nothing but
how much there is, of which entity and from which day.
"""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from flask import current_app

from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.settings import Settings

_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/\d{4}-\d\d-\d\d/[0-9a-f]{32}(\.part)?")


def new_key() -> str:
    """A name for a content of the tenant in scope, put today: `<entity>/<day>/<random>`.

    No part of it ever comes from a person. Raises LookupError where there is no tenant.
    """
    return f"{current_entity_id()}/{today().isoformat()}/{secrets.token_hex(16)}"


def is_key(key: str) -> bool:
    """Whether this can be a name that `new_key` made: no other ever reaches a path or an address."""
    return _KEY.fullmatch(key) is not None


class Storage(Protocol):
    """Keeps contents under keys of `new_key`. What goes wrong with disk or network is an OSError."""

    def put(self, key: str, stream: BinaryIO) -> int:
        """Keep what is left of the stream: whole, on disk, or not at all. Gives the size in bytes."""

    def open(self, key: str) -> BinaryIO:
        """The content, to read and to seek in. Raises FileNotFoundError."""

    def delete(self, key: str) -> None:
        """Forget the content; what is not there is forgotten already. Raises FileNotFoundError for what is no key."""

    def tenants(self) -> Iterator[UUID]:
        """The entities that have a content, or ever had one."""

    def keys_of(self, entity_id: UUID, day: date) -> list[str]:
        """What was put for the entity on a Belgian calendar day, also what a crash left half."""


class FolderStorage:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, stream: BinaryIO) -> int:
        path = self._path(key)
        for folder in (self._root, path.parent.parent, path.parent):  # `parents=True` leaves those open
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        try:
            with half.open("xb") as target:
                shutil.copyfileobj(stream, target, 1 << 18)
                target.flush()
                os.fsync(target.fileno())
            size = half.stat().st_size
            half.rename(path)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
        return size

    def open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def tenants(self) -> Iterator[UUID]:
        if self._root.is_dir():
            for folder in self._root.iterdir():
                yield UUID(folder.name)

    def keys_of(self, entity_id: UUID, day: date) -> list[str]:
        folder = self._root / str(entity_id) / day.isoformat()
        if not folder.is_dir():
            return []
        return sorted(f"{entity_id}/{day.isoformat()}/{file.name}" for file in folder.iterdir())

    def _path(self, key: str) -> Path:
        if not is_key(key):
            raise FileNotFoundError("not a storage key")
        return self._root / key


def storage() -> Storage:
    """The storage that the settings choose."""
    settings: Settings = current_app.extensions["settings"]
    if isinstance(settings.storage, Path):
        return FolderStorage(settings.storage)
    from spreekbuis.vault.bucket import (
        bucket_of,  # a program of its own, and its threads: only where it is used
    )

    return bucket_of(settings.storage)
