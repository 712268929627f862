"""Lock-out: five wrong tries lock an address, known or not, for a quarter of an hour.

Whoever is known here already has a count of their own, which strangers do not reach (identity.known_browser).

A try is counted before it is judged, in a transaction of its own: many tries at the same moment get no more
than five judged, and a page that answers with an error cannot take the count back. A right answer clears it.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Literal
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, delete, or_, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import DomainError
from spreekbuis.identity.models import SignInAttempt
from spreekbuis.settings import Settings

TRIES = 5
PAUSE = timedelta(minutes=15)
"""How long a lock lasts; also how long without a counted try starts the count again."""


class LockedOut(DomainError):
    """Too many wrong tries; says nothing about whether the account exists or the password was right."""

    status = 429
    title = _l("Te veel pogingen")
    advice = _l("Wacht een kwartier en probeer het dan opnieuw.")


Purpose = Literal[
    "sign-in", "known-browser", "session", "second-factor", "reset", "recovery", "case-reference", "1700"
]


def key_of(purpose: Purpose, name: str) -> bytes:
    """A keyed hash of an address, a browser, an account or an entity: the table tells nobody who tried."""
    settings: Settings = current_app.extensions["settings"]
    return hmac.new(
        f"lock-out {settings.secret_key}".encode(), f"{purpose} {name}".encode(), hashlib.sha256
    ).digest()


def count_try(key: bytes) -> bool:
    """Count a try that is about to be judged. Gives whether it is the last one before the lock.

    Raises LockedOut when `key` is locked: the try must not be judged. Commits by itself.
    """
    moment = now()
    table = SignInAttempt
    failures = case((table.updated_at <= moment - PAUSE, 1), else_=table.failures + 1)
    counted = (
        insert(table)
        .values(key_hash=key, failures=1, locked_until=None, updated_at=moment)
        .on_conflict_do_update(
            index_elements=["key_hash"],
            set_={
                "failures": failures,
                "locked_until": case((failures >= TRIES, moment + PAUSE), else_=None),
                "updated_at": moment,
            },
            where=or_(table.locked_until.is_(None), table.locked_until <= moment),
        )
        .returning(table.failures)
    )
    with transaction(PLATFORM) as session:
        failures_now = session.scalar(counted)
    if failures_now is None:
        raise LockedOut
    return failures_now >= TRIES


def take_back(key: bytes) -> None:
    """The try that was counted last was not judged after all: nobody is locked out by it. Commits by itself."""
    with transaction(PLATFORM) as session:
        session.execute(
            update(SignInAttempt)
            .where(SignInAttempt.key_hash == key, SignInAttempt.failures > 0)
            .values(failures=SignInAttempt.failures - 1, locked_until=None)
        )


def clear(key: bytes) -> None:
    """Forget the wrong tries: the right answer was given. Commits with the caller."""
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.key_hash == key))


def record_lock(account_id: UUID | None) -> None:
    """Put in the trail that the last try was wrong too. `account_id` is None for an unknown address."""
    with transaction(PLATFORM):
        record(Audited.ACCOUNT_LOCKED, account_id)
