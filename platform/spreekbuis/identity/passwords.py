"""Hashing passwords: Argon2id with one set of parameters, a bounded number at a time."""

import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError

PASSES = 3
MEMORY_KIB = 32 * 1024
LANES = 1
"""Above the least that the OWASP Password Storage Cheat Sheet asks of Argon2id (19 MiB, 2 passes, 1 lane)."""

AT_ONCE = 2
"""Hashes that one process computes at the same time: bounds the memory that visitors can make us use."""
LONGEST_WAIT = 10.0
"""Seconds that a request waits for its turn to hash."""

_hasher = PasswordHasher(
    time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, hash_len=32, salt_len=16
)
_turn = BoundedSemaphore(AT_ONCE)


def _b64(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")


NOBODY = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${_b64(bytes(16))}${_b64(bytes(32))}"
"""Stands for the hash of an account that does not exist: refusing it costs as much as a wrong password."""


class Busy(DomainError):
    """Too many people sign in at this moment."""

    status = 503
    title = _l("Het is nu erg druk")
    advice = _l("Wacht een minuut en probeer het opnieuw. Er is niets veranderd.")


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _turn.acquire(timeout=LONGEST_WAIT):
        raise Busy
    try:
        yield
    finally:
        _turn.release()


def normal(password: str) -> str:
    """The same characters from every keyboard (NFKC); nothing is trimmed."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """The form to store. Raises Busy."""
    with _one_of_few():
        return _hasher.hash(normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` fits. Without a stored hash the answer is no, after the same work. Raises Busy."""
    with _one_of_few():
        try:
            _hasher.verify(stored or NOBODY, normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return bool(stored)


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
