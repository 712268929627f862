"""Files of a data folder: private, written whole or not at all, and held by one process at a time."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Self

from spreekbuis.embedded.errors import FolderBusy, FolderNotOurs


def make_folder(folder: Path, mode: int = 0o711) -> None:
    """Make the folder when it is missing. An existing folder, and every parent, keeps its mode."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=mode)
        except FileExistsError:
            if not folder.is_dir():
                raise
    except OSError as error:
        raise FolderNotOurs(folder) from error


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, and replace the old one in a single step."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def rewrite(path: Path, text: str) -> None:
    """Write over a file that keeps its owner and mode. No link is followed: the folder may not be ours."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def read_or_none(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise FolderNotOurs(path.parent) from error


def password_in(path: Path) -> str:
    """The password kept in this file; made (256 bits, safe in a URL) and kept when there is none yet."""
    kept = read_or_none(path)
    if kept:
        return kept
    fresh = secrets.token_urlsafe(32)
    write_private(path, fresh)
    return fresh


class FolderLock:
    """Held by one process at a time; the kernel lets go of it when that process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take_or_none(cls, path: Path) -> Self | None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderNotOurs(path.parent) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    @classmethod
    def take(cls, path: Path) -> Self:
        """Raises FolderBusy, naming the process that holds the folder."""
        lock = cls.take_or_none(path)
        if lock is None:
            raise FolderBusy(path.parent, read_or_none(path) or "")
        return lock

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
