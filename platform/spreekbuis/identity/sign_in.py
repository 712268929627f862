"""Signing in: the password, then the second factor. Nothing tells whether an account exists."""

from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.errors import DomainError
from spreekbuis.identity import (
    jobs,
    keys,
    known_browser,
    lockout,
    passkey_use,
    passwords,
    recovery_codes,
    second_factor,
    sessions,
)
from spreekbuis.identity.accounts import plain_address
from spreekbuis.identity.authenticators import Answer, NotAccepted
from spreekbuis.identity.known_browser import Lane
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.identity.password_policy import LONGEST
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.door import hash_token


class WrongCredentials(DomainError):
    """Address and password do not belong together, or there is no such account."""

    status = 422
    title = _l("Je e-mailadres of je wachtwoord klopt niet.")
    advice = _l("Kijk het na en probeer het opnieuw.")


def give_password(email: str, password: str, mark: str | None = None) -> str:
    """The first step: gives the token of a session that still waits for the second factor.

    `mark` is what a browser shows that signed in before (known_browser). Raises WrongCredentials, LockedOut or
    passwords.Busy.
    """
    known = known_account(email)
    own = known_browser.lane_of(mark, known.account_id, known.key_id) if known else None
    lane = own or Lane(lockout.key_of("sign-in", plain_address(email)), known=False)
    last = lockout.count_try(lane.tries)
    secret = judge(known, password, lane)
    if known is None or secret is None:
        if last:
            lockout.record_lock(known and known.account_id)
        raise WrongCredentials
    lockout.clear(lane.tries)
    if passwords.is_outdated(known.locked):
        with suppress(passwords.Busy):  # then the next time
            keys.renew_lock(known.account_id, known.key_id, secret, password, known.locked)
    return after_password(known.account_id, secret)


class Known(NamedTuple):
    """An account with a password, and the lock that the password opens."""

    account_id: UUID
    key_id: UUID
    locked: bytes


def open_account(known: Known | None, password: str, *, no_stranger: bool = False) -> bytes | None:
    """The secret of the account, or None for a wrong password or nobody. Raises passwords.Busy."""
    binding = b"" if known is None else keys.password_binding(known.account_id, known.key_id)
    return passwords.open_with_password(
        password if len(password) <= LONGEST else "", known and known.locked, binding, known=no_stranger
    )


def judge(known: Known | None, password: str, lane: Lane) -> bytes | None:
    """`open_account` for a try that was counted in `lane`: what nobody had time for, counts for nothing.

    Raises passwords.Busy.
    """
    try:
        return open_account(known, password, no_stranger=lane.known)
    except passwords.Busy:
        lockout.take_back(lane.tries)
        raise


def known_account(email: str) -> Known | None:
    """The account of an address, read in a short transaction: none stays open while the password is tried."""
    with transaction(PLATFORM) as session:
        row = session.execute(
            select(AccountKey.account_id, AccountKey.key_id, AccountKey.locked_by_password)
            .join(Account, Account.id == AccountKey.account_id)
            .where(
                Account.email == plain_address(email),
                Account.disabled_at.is_(None),
                Account.elsewhere.is_(False),
            )
        ).one_or_none()
    return None if row is None else Known(*row)


def after_password(account_id: UUID, secret: bytes) -> str:
    """The token of a session that waits for the second factor; who has none yet gets one to set up."""
    second_factor.begin_set_up(account_id)
    return sessions.start(account_id, secret, complete=False)


class Arrival(NamedTuple):
    """The browser in which somebody signs in: its kind (browser_kind), and its mark of before (known_browser)."""

    browser: str = ""
    mark: str | None = None


def give_code(account_id: UUID, half_way: str, code: str, arrival: Arrival) -> str:
    """The second step: ends the session of the token `half_way` and gives the token of a complete one.

    For an account without a confirmed second factor the code confirms it. Raises WrongCode or LockedOut.
    """
    first = second_factor.secret_to_set_up(account_id) is not None
    if first:
        second_factor.confirm(account_id, code)
    else:
        second_factor.check(account_id, code)
    return _complete(account_id, half_way, arrival, "code", tell=not first)


def give_recovery_code(account_id: UUID, half_way: str, code: str, arrival: Arrival) -> str:
    """As `give_code`, with a code on paper. Raises WrongRecoveryCode or LockedOut."""
    with acting_as(Actor("account", account_id)):
        recovery_codes.use_code(account_id, code)
    return _complete(account_id, half_way, arrival, "recovery_code")


def give_passkey(account_id: UUID, half_way: str, answer: Answer, arrival: Arrival) -> str:
    """As `give_code`, with a passkey. Raises NoPasskeysHere, ChallengeOver, NotAccepted, the last also for an account
    that must set up its second factor again: its telephone was lost, and maybe the passkey with it."""
    passkey_use.own_that_answered(account_id, hash_token(half_way), answer)
    if second_factor.secret_to_set_up(account_id) is not None:
        raise NotAccepted
    return _complete(account_id, half_way, arrival, "passkey")


def _complete(account_id: UUID, half_way: str, arrival: Arrival, by: str, *, tell: bool = True) -> str:
    secret = keys.secret_in_session(half_way)
    sessions.end(hash_token(half_way))
    return enter(account_id, secret, arrival, by, tell=tell)


def enter(account_id: UUID, secret: bytes, arrival: Arrival, by: str, *, tell: bool = True) -> str:
    """Begin a complete session, for whoever proved to be the owner; gives its token.

    Audited; the owner gets a mail when the browser is not known, unless there is nothing to `tell`: at the first time.
    """
    with acting_as(Actor("account", account_id)):
        record(Audited.ACCOUNT_SIGNED_IN, account_id, {"by": by})
    if tell and not known_browser.is_known(arrival.mark, account_id):
        enqueue(jobs.MAIL_NEW_BROWSER, id=str(account_id))
    return sessions.start(account_id, secret, complete=True, browser=arrival.browser)
