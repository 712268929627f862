"""The second factor: a code of six digits that an app makes every 30 seconds (TOTP, RFC 6238)."""

import hmac
import os
from uuid import UUID

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity import jobs, lockout
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.settings import Settings

STEP = 30
"""Seconds."""
DRIFT = 1
"""Steps that the clock of a telephone may be before or behind ours."""
_NONCE = 12


class WrongCode(Invalid):
    """The code does not fit, or was used before."""

    def __init__(self) -> None:
        super().__init__(
            {"code": _l("Deze code klopt niet of is al gebruikt. Vul de volgende code van je app in.")}
        )


def _box() -> AESGCM:
    settings: Settings = current_app.extensions["settings"]
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"spreekbuis second factor")
    return AESGCM(derive.derive(settings.secret_key.encode()))


def seal_secret(account_id: UUID, secret: str) -> bytes:
    """The stored form of an app's secret. It opens for this account only."""
    nonce = os.urandom(_NONCE)
    return nonce + _box().encrypt(nonce, secret.encode(), account_id.bytes)


def open_secret(account_id: UUID, sealed: bytes) -> str:
    """The secret. Raises cryptography's InvalidTag when account or server key is another one."""
    return _box().decrypt(sealed[:_NONCE], sealed[_NONCE:], account_id.bytes).decode()


def has_app(account_id: UUID) -> bool:
    """Whether an app makes codes for the account."""
    return db.session.scalar(select(Account.totp_confirmed_at).where(Account.id == account_id)) is not None


def begin_set_up(account_id: UUID) -> None:
    """Make a fresh secret for an account without a confirmed second factor. An earlier secret is gone."""
    db.session.execute(
        update(Account)
        .where(Account.id == account_id, Account.totp_confirmed_at.is_(None))
        .values(totp_sealed=seal_secret(account_id, pyotp.random_base32()), totp_last_counter=0)
    )


def secret_to_set_up(account_id: UUID) -> str | None:
    """The secret to show, or None when the second factor was confirmed: it is never shown again."""
    sealed = db.session.scalar(
        select(Account.totp_sealed).where(Account.id == account_id, Account.totp_confirmed_at.is_(None))
    )
    return None if sealed is None else open_secret(account_id, sealed)


def address_for_app(secret: str, email: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=email, issuer_name="Spreekbuis")


def confirm(account_id: UUID, code: str) -> None:
    """End the set-up with a first code. Raises WrongCode; NotFound when there is nothing to confirm."""
    secret = secret_to_set_up(account_id)
    if secret is None:
        raise NotFound
    counter = _counter_of(secret, code)
    confirmed = counter is not None and db.session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.totp_confirmed_at.is_(None))
        .values(totp_confirmed_at=now(), totp_last_counter=counter)
        .returning(Account.id)
    )
    if not confirmed:
        raise WrongCode
    with acting_as(Actor("account", account_id)):
        record(Audited.ACCOUNT_SECOND_FACTOR_SET, account_id)


def replacement(account_id: UUID) -> tuple[str, bytes]:
    """A fresh secret for another app, and the same sealed for `replace`: until then the app of before works on."""
    secret = pyotp.random_base32()
    return secret, seal_secret(account_id, secret)


def secret_for_app(account_id: UUID, sealed: bytes) -> str:
    """The secret that `replacement` made. Raises WrongCode for what it did not make for this account."""
    try:
        return open_secret(account_id, sealed)
    except (InvalidTag, ValueError):
        raise WrongCode from None


def replace(account_id: UUID, sealed: bytes, code: str) -> None:
    """The app with this secret makes the codes from now on, as its `code` shows. Audited; the owner gets a mail.

    Raises WrongCode, also for what is not ours, and for an account that has nothing to replace.
    """
    counter = _counter_of(secret_for_app(account_id, sealed), code)
    replaced = counter is not None and db.session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.totp_confirmed_at.is_not(None))
        .values(totp_sealed=sealed, totp_confirmed_at=now(), totp_last_counter=counter)
        .returning(Account.id)
    )
    if not replaced:
        raise WrongCode
    record(Audited.ACCOUNT_SECOND_FACTOR_CHANGED, account_id)
    enqueue(jobs.MAIL_SECOND_FACTOR_CHANGED, id=str(account_id))


def check(account_id: UUID, code: str) -> None:
    """Accept a code, once. Raises WrongCode, or LockedOut after too many wrong ones."""
    key = lockout.key_of("second-factor", str(account_id))
    last = lockout.count_try(key)
    if not _use(account_id, code):
        if last:
            lockout.record_lock(account_id)
        raise WrongCode
    lockout.clear(key)


def _use(account_id: UUID, code: str) -> bool:
    sealed = db.session.scalar(
        select(Account.totp_sealed).where(
            Account.id == account_id, Account.totp_confirmed_at.is_not(None), Account.disabled_at.is_(None)
        )
    )
    if sealed is None:
        return False
    counter = _counter_of(open_secret(account_id, sealed), code)
    if counter is None:
        return False
    # once, and in order; of two who send the same code at the same moment the condition lets one through
    used = db.session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.totp_last_counter < counter)
        .values(totp_last_counter=counter)
        .returning(Account.id)
    )
    return used is not None


def _counter_of(secret: str, code: str) -> int | None:
    """The time step whose code this is, within the allowed drift."""
    code = "".join(code.split())
    if not (code.isascii() and code.isdigit()):
        return None
    here, totp = int(now().timestamp()) // STEP, pyotp.TOTP(secret, interval=STEP)
    steps = range(here - DRIFT, here + DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)), None)
