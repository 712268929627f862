"""The way back with a passkey after a forgotten password.

The password held the secret of the account's key pair, so that a reset gives the account another pair
(keys.make_key). Its passkeys stay with the pair before. With one of them the owner opens that pair's secret, and
whatever was granted to it is sealed again to the pair of today. The pair of today stays: so nothing is lost that was
granted since, and the password and the sessions stay as they are.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.identity import authenticators
from spreekbuis.identity.authenticators import Answer, type_options
from spreekbuis.identity.models import AccountKey, Passkey
from spreekbuis.identity.passkey_lock import (
    lock_with_passkey,
    new_challenge,
    pair_of_secret,
    required_site,
    unlock_with_passkey,
)
from spreekbuis.identity.passkey_use import own_that_answered


class NothingToRestore(Conflict):
    title = _l("Er is niets terug te halen.")
    advice = _l("Geen van je passkeys hoort bij een vroegere sleutel van je account.")


SealAgain = Callable[[UUID, UUID, bytes], int]
"""Seals again, to the account's pair of today, what was sealed to its earlier pair: account, that pair's id and its
secret. Gives how many things. In platform scope."""


AskForAccess = Callable[[UUID], None]
"""Asks those who can to let the account read again with its pair of today. In platform scope."""


def install(app: Flask, sealers: Sequence[SealAgain], askers: Sequence[AskForAccess]) -> None:
    """Tell `app` who on the upper floors seals to accounts, and who asks for it. Called by the composition root."""
    app.extensions["sealers"], app.extensions["askers"] = tuple(sealers), tuple(askers)


def ask_for_access(account_id: UUID) -> None:
    """Have whoever can let the account read, asked to: it has another key pair."""
    askers: tuple[AskForAccess, ...] = current_app.extensions["askers"]
    for ask in askers:
        ask(account_id)


def has_earlier(account_id: UUID) -> bool:
    """Whether the account has a passkey of an earlier pair, so that there may be something to get back."""
    return bool(db.session.scalar(select(_earlier(account_id).exists())))


def _earlier(account_id: UUID) -> Select[bytes]:
    """The passkeys of the account's earlier pairs."""
    return (
        select(Passkey.credential_id)
        .join(AccountKey, AccountKey.account_id == Passkey.account_id)
        .where(Passkey.account_id == account_id, Passkey.key_id != AccountKey.key_id)
    )


def begin_restoring(account_id: UUID, session: bytes) -> type_options:
    """What the browser asks one of the passkeys of an earlier pair. Raises NoPasskeysHere, NothingToRestore."""
    here = required_site()
    known = db.session.scalars(_earlier(account_id)).all()
    if not known:
        raise NothingToRestore
    return authenticators.question_for_known(here, new_challenge(session), known)


def restore_with_passkey(account_id: UUID, session: bytes, answer: Answer, secret: bytes) -> int:
    """Seal what was granted to the passkey's pair again to the pair of today, whose `secret` the session carries.

    Gives how many grants. The passkey locks the secret of today from here on. Audited, here and in each entity.
    Raises NoPasskeysHere, ChallengeOver, NotAccepted, NothingToRestore, SignInAgain.
    """
    passkey = own_that_answered(account_id, session, answer)
    pair = pair_of_secret(account_id, secret)
    if passkey.key_id == pair.key_id:
        raise NothingToRestore
    earlier = unlock_with_passkey(answer.output, account_id, passkey)
    sealers: tuple[SealAgain, ...] = current_app.extensions["sealers"]
    restored = sum(seal_again(account_id, passkey.key_id, earlier) for seal_again in sealers)
    passkey.secret_locked = lock_with_passkey(answer.output, account_id, pair.key_id, secret)
    passkey.key_id = pair.key_id
    record(Audited.PASSKEY_USED, account_id, {"restored": restored})
    return restored
