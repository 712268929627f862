"""A passkey alone signs in: it proves that its owner was there (finger, face or PIN), and opens the secret.

Nobody is known when it is asked, so that the question names no passkey: the authenticator offers those that it keeps
for this site. The challenge stands nowhere: it carries when it ends and a code (HMAC under the server's key) over that
and the token of the form, which is bound to one browser. That it serves once is written down when it served.

The `userHandle` of an answer decides nothing: a passkey has one owner here, and the signature says which one it was.
"""

import hashlib
import hmac
import os
import struct
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.identity import authenticators, sign_in
from spreekbuis.identity.authenticators import Answer, NotAccepted, type_options
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.identity.once import is_first_use
from spreekbuis.identity.passkey_lock import (
    CHALLENGE_LIFETIME,
    ChallengeOver,
    required_site,
    unlock_with_passkey,
)
from spreekbuis.identity.passkey_use import that_answered
from spreekbuis.identity.sign_in import Arrival
from spreekbuis.settings import Settings

_HEAD: Final = struct.Struct(">16sI")
"""Random bytes, and when the challenge ends (seconds since 1970)."""


class NotAlone(Conflict):
    """The passkey is good, and does not open the account of today."""

    title = _l("Met deze passkey alleen kun je je nu niet aanmelden.")
    advice = _l(
        "Je wachtwoord of je code is intussen opnieuw ingesteld. Meld je aan met je e-mailadres en je wachtwoord."
    )


class Entered(NamedTuple):
    account_id: UUID
    token: str


def begin(form: str) -> type_options:
    """What the browser asks any passkey for this site. `form` is the token of the form. Raises NoPasskeysHere."""
    return authenticators.question_for_known(required_site(), _challenge(form), ())


def sign_in_with_passkey(form: str, answer: Answer, arrival: Arrival) -> Entered:
    """Begin a complete session for the owner of the passkey that answered. Audited.

    Raises NoPasskeysHere, ChallengeOver, NotAlone, and NotAccepted, also when there is no such passkey.
    """
    challenge = authenticators.challenge_in(answer.told)
    until = _end_of(challenge, form)
    passkey = that_answered(challenge, answer)
    if until <= now() or not is_first_use("passkey", challenge.hex(), until):
        raise ChallengeOver
    row = db.session.execute(
        select(AccountKey.key_id, Account.totp_confirmed_at)
        .join(Account, Account.id == AccountKey.account_id)
        .where(AccountKey.account_id == passkey.account_id, Account.disabled_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotAccepted
    if row.key_id != passkey.key_id or row.totp_confirmed_at is None:
        raise NotAlone
    secret = unlock_with_passkey(answer.output, passkey.account_id, passkey)
    return Entered(passkey.account_id, sign_in.enter(passkey.account_id, secret, arrival, "passkey_alone"))


def _challenge(form: str) -> bytes:
    head = _HEAD.pack(os.urandom(16), int((now() + CHALLENGE_LIFETIME).timestamp()))
    return head + _code(head, form)


def _end_of(challenge: bytes, form: str) -> datetime:
    """When the challenge ends. Raises NotAccepted for one that was not ours, or not for this form."""
    head, code = challenge[: _HEAD.size], challenge[_HEAD.size :]
    if not hmac.compare_digest(code, _code(head, form)):
        raise NotAccepted
    _random, until = _HEAD.unpack(head)
    return datetime.fromtimestamp(until, UTC)


def _code(head: bytes, form: str) -> bytes:
    settings: Settings = current_app.extensions["settings"]
    key = hmac.digest(settings.secret_key.encode(), b"passkey alone", hashlib.sha256)
    return hmac.digest(key, head + form.encode(), hashlib.sha256)
