"""The passkeys of an account: a second lock on its secret, beside the password (identity.passkey_lock).

A passkey does not sign anybody in, and what it opens is of no use to who cannot: adding one asks no password again.
It is the way back after a forgotten password (identity.restoring).

An account of single sign-on, which has no password, will use the same lock: its pair is made with its first
passkey, and after each sign-in an answer of that passkey opens the pair of today. `AccountKey.locked_by_password`
stays the one proof of a password.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, DomainError, Invalid
from spreekbuis.identity import authenticators, jobs
from spreekbuis.identity.authenticators import Answer, type_options
from spreekbuis.identity.models import AccountKey, Passkey
from spreekbuis.identity.passkey_lock import (
    lock_with_passkey,
    new_challenge,
    pair_of,
    pair_of_secret,
    required_site,
    take_challenge,
)
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault.sealing import SECRET_BYTES

MOST = 10
"""Passkeys of one account."""
LONGEST_LABEL = 60


class NoPrf(DomainError):
    """The authenticator made a passkey without the PRF extension: it signs, and keeps no secret of ours."""

    status = 422
    title = _l("Deze passkey kan je sleutel niet bewaren.")
    advice = _l(
        "We hebben hem niet toegevoegd. Verwijder hem van je toestel, en probeer het met een ander toestel of een"
        " andere browser."
    )


class TooMany(Conflict):
    title = _l("Je hebt al %(num)s passkeys.", num=MOST)
    advice = _l("Verwijder er eerst een die je niet meer gebruikt.")


class AddedBefore(Conflict):
    title = _l("Deze passkey is al toegevoegd.")
    advice = _l("Er is niets veranderd.")


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    """A passkey towards its owner. `handle` names it; `of_today`: it locks the secret of the pair of today."""

    handle: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    of_today: bool


def passkeys_of(account_id: UUID) -> list[OwnPasskey]:
    """The passkeys of the account, the oldest first."""
    rows = db.session.execute(
        select(
            Passkey.credential_id, Passkey.label, Passkey.created_at, Passkey.last_used_at,
            (Passkey.key_id == AccountKey.key_id).label("of_today"),
        )
        .outerjoin(AccountKey, AccountKey.account_id == Passkey.account_id)
        .where(Passkey.account_id == account_id)
        .order_by(Passkey.created_at, Passkey.credential_id)
    )  # fmt: skip
    return [
        OwnPasskey(r.credential_id.hex(), r.label, r.created_at, r.last_used_at, bool(r.of_today))
        for r in rows
    ]


def begin_adding(account_id: UUID, email: str, session: bytes) -> type_options:
    """What the browser asks an authenticator for a new passkey. `session` is the hash of the session's token.

    Raises NoPasskeysHere, TooMany, SignInAgain when the account has no key pair.
    """
    here = required_site()
    pair = pair_of(account_id)
    known = db.session.scalars(
        select(Passkey.credential_id).where(Passkey.account_id == account_id, Passkey.key_id == pair.key_id)
    ).all()
    _check_room(account_id)
    # The pair is the user: a passkey for another pair of the same account does not replace this one.
    return authenticators.question_for_new(here, new_challenge(session), pair.key_id.bytes, email, known)


def finish_adding(account_id: UUID, session: bytes, answer: Answer, label: str, secret: bytes) -> None:
    """Keep the new passkey, as a lock on `secret`, which the session carries. Audited; its owner gets a mail.

    Raises Invalid (label), NoPasskeysHere, ChallengeOver, NotAccepted, NoPrf, TooMany, AddedBefore,
    SignInAgain.
    """
    if not label or len(label) > LONGEST_LABEL:
        raise Invalid(
            {"label": _l("Geef je passkey een naam van hoogstens %(num)s tekens.", num=LONGEST_LABEL)}
        )
    here, challenge = required_site(), take_challenge(session)
    made = authenticators.new_passkey(here, challenge, answer.told)
    if len(answer.output) != SECRET_BYTES:
        raise NoPrf
    pair = pair_of_secret(account_id, secret)
    _check_room(account_id)
    added = db.session.scalar(
        insert(Passkey)
        .values(
            credential_id=made.credential_id, account_id=account_id, key_id=pair.key_id, label=label,
            public_key=made.public_key, sign_count=made.sign_count, created_at=now(),
            secret_locked=lock_with_passkey(answer.output, account_id, pair.key_id, secret),
        )
        .on_conflict_do_nothing()
        .returning(Passkey.account_id)
    )  # fmt: skip
    if added is None:
        raise AddedBefore
    record(Audited.PASSKEY_ADDED, account_id)
    enqueue(jobs.MAIL_PASSKEY_ADDED, id=str(account_id))


def remove_passkey(account_id: UUID, handle: str) -> None:
    """Remove a passkey of the account's own. What is not its own, or no longer there, changes nothing. Audited."""
    try:
        credential_id = bytes.fromhex(handle)
    except ValueError:
        return
    gone = db.session.scalar(
        delete(Passkey)
        .where(Passkey.credential_id == credential_id, Passkey.account_id == account_id)
        .returning(Passkey.account_id)
    )
    if gone is not None:
        record(Audited.PASSKEY_REMOVED, account_id)


def _check_room(account_id: UUID) -> None:
    count = db.session.scalar(select(func.count()).where(Passkey.account_id == account_id))
    if count is not None and count >= MOST:
        raise TooMany
