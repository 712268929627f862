"""What a password opens: Argon2id (RFC 9106) makes a key of it, and that key opens the account's own.

There is no other proof of a password and nothing else to steal: it is right when the lock opens. The parameters
stand in front of what is locked, so that they can grow with the machines.
"""

import logging
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Condition
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from flask_babel import lazy_gettext as _l

from spreekbuis.characters import compatible
from spreekbuis.errors import DomainError
from spreekbuis.vault.sealing import NAME_BYTES, SECRET_BYTES, CannotOpen, lock, unlock

ARGON2ID: Final = 1
"""Format of what is locked with a password."""
AT_ONCE: Final = 1
"""Passwords that one process works on at the same time: bounds the memory that visitors can make us use to 64 MiB, and
leaves the other processors to those who report."""
WAITING: Final = 3
"""How many more may wait for their turn: whoever signs in never takes all threads from those who report. With those of
WAITING_KNOWN two of the eight of a process are left (web.server)."""
WAITING_KNOWN: Final = 2
"""Places on top, which strangers never take: for whoever proved to be none (identity.known_browser), and is served
first."""
LONGEST_WAIT: Final = 10.0
"""Seconds that a request waits for its turn."""
_HEAD: Final = struct.Struct(">BIIB16s")


class Work(NamedTuple):
    """How much a try costs: passes, KiB of memory, lanes."""

    passes: int
    memory: int
    lanes: int


WORK = Work(passes=8, memory=64 * 1024, lanes=1)
"""About 300 ms on the machine of 2026 that we measure on (`make bench`): more than RFC 9106 (3 passes over 64 MiB)
and OWASP (19 MiB, 2 passes) ask, since a password here guards texts and not only a door."""

MOST: Final = Work(passes=32, memory=256 * 1024, lanes=4)
"""What a stored lock may ask at most: four times today's passes and memory, so that it can grow, while a changed row
cannot make us use up the machine."""

_line = BoundedSemaphore(AT_ONCE + WAITING)
_line_of_known = BoundedSemaphore(WAITING_KNOWN)
_log = logging.getLogger(__name__)


class Busy(DomainError):
    """Too many people sign in at this moment."""

    status = 503
    title = _l("Het is nu erg druk")
    advice = _l("Wacht een minuut en probeer het opnieuw. Er is niets veranderd.")


def normal(password: str) -> str:
    """The same characters from every keyboard (NFKC); nothing is trimmed."""
    return compatible(password)


def lock_with_password(password: str, what: bytes, bound_to: bytes) -> bytes:
    """Close `what` so that the password opens it, with the same `bound_to`. Raises Busy.

    Nobody comes here as a stranger: a password is set with a mailed link, or by who gave the one of before.
    """
    head = _HEAD.pack(ARGON2ID, *WORK, os.urandom(16))
    return head + lock(_key(password, head, known=True), what, head + bound_to)


def open_with_password(
    password: str, locked: bytes | None, bound_to: bytes, *, known: bool = False
) -> bytes | None:
    """What the password opens, or None when it is wrong. With nothing to open, nothing that we locked, or a lock that
    asks other work than we would ever ask, the answer is None, after the same work. `known`: no stranger asks.
    Raises Busy."""
    if locked is None or not _is_ours(locked):
        locked = _nothing()
    head, closed = locked[: _HEAD.size], locked[_HEAD.size :]
    key = _key(password, head, known=known)
    try:
        return unlock(key, closed, head + bound_to)
    except CannotOpen:
        return None


def is_outdated(locked: bytes) -> bool:
    """Whether it was locked with other work than today's."""
    return locked[: _HEAD.size - 16] != _HEAD.pack(ARGON2ID, *WORK, bytes(16))[:-16]


def _is_ours(locked: bytes) -> bool:
    """Whether its head is one that we made. The log tells of work that we never asked: somebody changed the row."""
    if len(locked) < _HEAD.size or locked[0] != ARGON2ID:
        return False
    _format, *asked, _salt = _HEAD.unpack(locked[: _HEAD.size])
    work = Work(*asked)
    fits = all(1 <= part <= most for part, most in zip(work, MOST, strict=True))
    if not fits or work.memory < 8 * work.lanes:  # the least that RFC 9106 allows
        _log.error("the lock of a password asks work that we never ask, and is refused: %s", work)
        return False
    return True


def _key(password: str, head: bytes, *, known: bool) -> bytes:
    _format, passes, memory, lanes, salt = _HEAD.unpack(head)
    work = Argon2id(salt=salt, length=SECRET_BYTES, iterations=passes, lanes=lanes, memory_cost=memory)
    with _turn_of(known=known):
        return work.derive(normal(password).encode())


@contextmanager
def _turn_of(*, known: bool) -> Iterator[None]:
    """Wait for a turn and hold it. Raises Busy when there is no place to wait, or no turn in time."""
    lines = (_line, _line_of_known) if known else (_line,)
    place = next((line for line in lines if line.acquire(blocking=False)), None)
    if place is None:
        raise Busy
    try:
        with _turns.one(known=known):
            yield
    finally:
        place.release()


class _Turns:
    """Who is worked on: whoever is known comes before all strangers that wait."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._at_work = 0
        self._known_waiting = 0

    @contextmanager
    def one(self, *, known: bool) -> Iterator[None]:
        """Hold a turn. Raises Busy when none comes in time."""
        with self._changed:
            self._known_waiting += known
            try:
                if not self._changed.wait_for(lambda: self._is_next(known=known), LONGEST_WAIT):
                    raise Busy
                self._at_work += 1
            finally:
                self._known_waiting -= known
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def _is_next(self, *, known: bool) -> bool:
        return self._at_work < AT_ONCE and (known or not self._known_waiting)


_turns = _Turns()


def _nothing() -> bytes:
    """Stands for the lock of an account that does not exist."""
    return _HEAD.pack(ARGON2ID, *WORK, bytes(16)) + bytes(1 + NAME_BYTES + 12 + SECRET_BYTES + 16)
