"""What a passkey locks, and what is asked before one may lock or open anything.

The PRF of a passkey gives 32 bytes that only its authenticator can compute, for its owner: they are the key to the
secret of one key pair of the account. A challenge makes an answer of a browser fresh: it belongs to one session,
serves once, and ends after five minutes.
"""

import hmac
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Conflict
from spreekbuis.identity.authenticators import NotAccepted, Site, site_at
from spreekbuis.identity.keys import SignInAgain
from spreekbuis.identity.models import AccountKey, Passkey, SignInSession
from spreekbuis.settings import Settings
from spreekbuis.vault.sealing import (
    SECRET_BYTES,
    CannotOpen,
    context,
    derive,
    lock,
    new_secret,
    public_key_of,
    unlock,
)

CHALLENGE_LIFETIME = timedelta(minutes=5)


class NoPasskeysHere(Conflict):
    title = _l("Op dit adres werken geen passkeys.")
    advice = _l("Ze werken alleen op een beveiligd adres met een naam. Er is niets veranderd.")


class ChallengeOver(Conflict):
    title = _l("Dit duurde te lang, of je begon intussen opnieuw.")
    advice = _l("Er is niets veranderd. Probeer het nog eens, binnen vijf minuten.")


def site() -> Site | None:
    """What passkeys are bound to here, None where there can be none."""
    settings: Settings = current_app.extensions["settings"]
    return site_at(settings.base_url)


def required_site() -> Site:
    """As `site`. Raises NoPasskeysHere."""
    here = site()
    if here is None:
        raise NoPasskeysHere
    return here


def new_challenge(session: bytes) -> bytes:
    """A fresh challenge for this session; one of before serves no more."""
    challenge = new_secret()
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.token_hash == session)
        .values(challenge=challenge, challenge_until=now() + CHALLENGE_LIFETIME)
    )
    return challenge


def take_challenge(session: bytes) -> bytes:
    """The challenge of this session, which serves no second time. Raises ChallengeOver.

    In a transaction of its own: an answer that is refused cannot give it back.
    """
    with transaction(PLATFORM) as own:
        row = own.execute(
            select(SignInSession.challenge, SignInSession.challenge_until)
            .where(SignInSession.token_hash == session)
            .with_for_update()
        ).one_or_none()
        own.execute(
            update(SignInSession)
            .where(SignInSession.token_hash == session)
            .values(challenge=None, challenge_until=None)
        )
    if row is None or row.challenge is None or row.challenge_until <= now():
        raise ChallengeOver
    return bytes(row.challenge)


class Pair(NamedTuple):
    """The key pair of an account today."""

    key_id: UUID
    public_key: bytes


def pair_of(account_id: UUID) -> Pair:
    """The pair of today, which stays until the transaction ends. Raises SignInAgain when the account has none."""
    row = db.session.execute(
        select(AccountKey.key_id, AccountKey.public_key)
        .where(AccountKey.account_id == account_id)
        .with_for_update(read=True)
    ).one_or_none()
    if row is None:
        raise SignInAgain
    return Pair(*row)


def pair_of_secret(account_id: UUID, secret: bytes) -> Pair:
    """The pair of today, when the session carries its secret. Raises SignInAgain."""
    pair = pair_of(account_id)
    if not hmac.compare_digest(public_key_of(secret), pair.public_key):
        raise SignInAgain
    return pair


def passkey_binding(account_id: UUID, key_id: UUID) -> bytes:
    """What the lock of a passkey is bound to."""
    return context("account secret, by passkey", account_id, key_id)


def lock_with_passkey(output: bytes, account_id: UUID, key_id: UUID, secret: bytes) -> bytes:
    """The secret of the pair, closed with what a passkey gave."""
    return lock(_key(output), secret, passkey_binding(account_id, key_id))


def unlock_with_passkey(output: bytes, account_id: UUID, passkey: Passkey) -> bytes:
    """The secret of the pair that the passkey belongs to. Raises NotAccepted."""
    if len(output) != SECRET_BYTES:
        raise NotAccepted
    try:
        return unlock(_key(output), passkey.secret_locked, passkey_binding(account_id, passkey.key_id))
    except CannotOpen:
        raise NotAccepted from None


def _key(output: bytes) -> bytes:
    return derive(output, context("passkey"))
