"""Recovery codes: on paper, for who has no telephone at hand. Each stands once for the second factor.

A set has ten codes of 80 random bits, shown once; the table has their keyed hashes. A new set replaces the one before.
What is made and what is used goes to the owner by mail.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid
from spreekbuis.identity import jobs, lockout
from spreekbuis.identity.models import RecoveryCode
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.settings import Settings

HOW_MANY: Final = 10
_BYTES: Final = 10
_SIGNS: Final = 16
"""Of a code: each stands for five bits, as RFC 4648 writes them (base 32)."""
_MISREAD: Final = str.maketrans({"0": "O", "1": "I", "8": "B"})
"""Signs that base 32 does not have, as somebody may read those that it has."""


class WrongRecoveryCode(Invalid):
    """No code of the set in force, or used before."""

    def __init__(self) -> None:
        super().__init__(
            {"recovery_code": _l("Deze herstelcode klopt niet of is al gebruikt. Neem de volgende.")}
        )


def make_codes(account_id: UUID) -> list[str]:
    """A new set, to be shown now and never again; the set before is worthless. Audited; the owner gets a mail."""
    codes = [base64.b32encode(secrets.token_bytes(_BYTES)).decode() for _ in range(HOW_MANY)]
    forget(account_id)
    db.session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_hash(account_id, code)) for code in codes
    )
    record(Audited.RECOVERY_CODES_MADE, account_id)
    enqueue(jobs.MAIL_RECOVERY_CODES_MADE, id=str(account_id))
    return ["-".join(code[at : at + 4] for at in range(0, _SIGNS, 4)) for code in codes]


def forget(account_id: UUID) -> None:
    """The set of the account is worthless."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def left(account_id: UUID) -> int:
    """How many codes of the set still work."""
    return db.session.scalar(select(func.count()).where(RecoveryCode.account_id == account_id)) or 0


def use_code(account_id: UUID, code: str) -> None:
    """Take a code, which then works no more. Raises WrongRecoveryCode, or LockedOut: tries count with those of the app.

    Audited; the owner gets a mail.
    """
    key = lockout.key_of("second-factor", str(account_id))
    last = lockout.count_try(key)
    used = db.session.scalar(
        delete(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.code_hash == _hash(account_id, code))
        .returning(RecoveryCode.account_id)
    )
    if used is None:
        if last:
            lockout.record_lock(account_id)
        raise WrongRecoveryCode
    lockout.clear(key)
    record(Audited.RECOVERY_CODES_USED, account_id, {"left": left(account_id)})
    enqueue(jobs.MAIL_RECOVERY_CODE_USED, id=str(account_id))


def _hash(account_id: UUID, code: str) -> bytes:
    settings: Settings = current_app.extensions["settings"]
    plain = "".join(sign for sign in code.upper().translate(_MISREAD) if sign.isalnum())
    key = f"recovery code {settings.secret_key}".encode()
    return hmac.digest(key, f"{account_id} {plain}".encode(), hashlib.sha256)
