"""Signing in: the password, then the second factor. Nothing tells whether an account exists."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import DomainError
from spreekbuis.identity import lockout, passwords, second_factor, sessions
from spreekbuis.identity.accounts import plain_address
from spreekbuis.identity.models import Account
from spreekbuis.identity.password_policy import LONGEST


class WrongCredentials(DomainError):
    """Address and password do not belong together, or there is no such account."""

    status = 422
    title = _l("Je e-mailadres of je wachtwoord klopt niet.")
    advice = _l("Kijk het na en probeer het opnieuw.")


def give_password(email: str, password: str) -> str:
    """The first step: gives the token of a session that still waits for the second factor.

    Raises WrongCredentials, LockedOut or passwords.Busy.
    """
    key = lockout.key_of("sign-in", plain_address(email))
    last = lockout.count_try(key)
    account_id, stored = _known(plain_address(email))
    if not passwords.matches(stored, password if len(password) <= LONGEST else ""):
        if last:
            lockout.record_lock(account_id)
        raise WrongCredentials
    assert account_id is not None
    assert stored is not None
    lockout.clear(key)
    if passwords.is_outdated(stored):
        db.session.get_one(Account, account_id).password_hash = passwords.hash_password(password)
    return after_password(account_id)


def _known(email: str) -> tuple[UUID | None, str | None]:
    """Id and password hash of the account, read in a short transaction: none stays open while hashing."""
    with transaction(PLATFORM) as session:
        row = session.execute(
            select(Account.id, Account.password_hash).where(
                Account.email == email, Account.disabled_at.is_(None)
            )
        ).one_or_none()
    return (None, None) if row is None else (row.id, row.password_hash)


def after_password(account_id: UUID) -> str:
    """The token of a session that waits for the second factor; who has none yet gets one to set up."""
    second_factor.begin_set_up(account_id)
    return sessions.start(account_id, complete=False)


def give_code(account_id: UUID, half_way: bytes, code: str) -> str:
    """The second step: ends the session with hash `half_way` and gives the token of a complete one.

    For an account without a confirmed second factor the code confirms it. Raises WrongCode or LockedOut.
    """
    if second_factor.secret_to_set_up(account_id) is None:
        second_factor.check(account_id, code)
    else:
        second_factor.confirm(account_id, code)
    sessions.end(half_way)
    with acting_as(Actor("account", account_id)):
        record(Audited.ACCOUNT_SIGNED_IN, account_id)
    return sessions.start(account_id, complete=True)
