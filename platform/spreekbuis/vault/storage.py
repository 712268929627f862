"""Where the bytes of attachments lie: behind one interface, under keys that nobody chose."""

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


class Storage(Protocol):
    """Keeps contents. A key is made by `put` for the tenant in scope and says nothing of the content."""

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Keep what is left of the stream: whole, on disk, or not at all. Gives its key and size in bytes."""

    def open(self, key: str) -> BinaryIO:
        """The content. Raises FileNotFoundError."""

    def delete(self, key: str) -> None:
        """Forget the content; what is not there is forgotten already."""

    def tenants(self) -> Iterator[UUID]:
        """The entities that ever had a content."""

    def keys_of(self, entity_id: UUID, day: date) -> list[str]:
        """What was put for the entity on a Belgian calendar day, also what a crash left half."""


class FolderStorage:
    """A folder: `<entity>/<day>/<random>`. No part of a path ever comes from a person."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        key = f"{current_entity_id()}/{today().isoformat()}/{secrets.token_hex(16)}"
        path = self._root / key
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
        return key, size

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
        if not _KEY.fullmatch(key):
            raise FileNotFoundError("not a storage key")
        return self._root / key


def storage() -> Storage:
    """The storage that the settings choose."""
    settings: Settings = current_app.extensions["settings"]
    return FolderStorage(settings.storage)
