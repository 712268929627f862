"""The key of who signs in at an organisation: opened after that, by a vault passphrase or a passkey, for that session.

The organisation proves who somebody is and gives us nothing that could open texts. So the secret of the account's key
pair is locked with a passphrase that the organisation never sees, as a password locks it for others, and with passkeys.
Whoever leaves it shut does what needs no key. A forgotten passphrase is replaced as a password is: with another pair.
"""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select, update

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.identity import jobs, keys, lockout, restoring, sessions
from spreekbuis.identity.authenticators import Answer
from spreekbuis.identity.known_browser import Lane
from spreekbuis.identity.models import Account, AccountKey, SignInSession
from spreekbuis.identity.passkey_lock import pair_of, unlock_with_passkey
from spreekbuis.identity.passkey_use import own_that_answered
from spreekbuis.identity.password_policy import refuse_weak
from spreekbuis.identity.sign_in import Known, judge
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.door import hash_token


class NotElsewhere(Conflict):
    """The account has a password, which opens its key; nothing to choose."""

    title = _l("Je account heeft een wachtwoord.")
    advice = _l("Gebruik dat om je kluis te openen. Veranderen kan bij ‘Account en beveiliging’.")


class EarlierPasskey(Conflict):
    title = _l("Deze passkey hoort bij een vroegere sleutel.")
    advice = _l("Open je kluis met je kluiswoord. Haal daarna je toegang terug met deze passkey.")


def has_vault(account_id: UUID) -> bool:
    """Whether a passphrase (or a password) was chosen before."""
    return bool(db.session.scalar(select(exists().where(AccountKey.account_id == account_id))))


def is_open(session: bytes) -> bool:
    """Whether the session of this hash carries the key."""
    return db.session.scalar(select(SignInSession.key_locked).filter_by(token_hash=session)) is not None


def choose_passphrase(account_id: UUID, token: str, passphrase: str) -> None:
    """Give the account a key pair with this passphrase; one that it had is replaced, and whoever can let it read is
    asked to. Other sessions end. Audited; the owner gets a mail. Raises Invalid, NotElsewhere or passwords.Busy."""
    account = db.session.get_one(Account, account_id)
    if not account.elsewhere:
        raise NotElsewhere
    refuse_weak("new_passphrase", passphrase, account.email)
    _put_in_session(account_id, token, keys.make_key(account_id, passphrase))
    restoring.ask_for_access(account_id)
    sessions.end_all(account_id, but=hash_token(token))
    record(Audited.VAULT_CHOSEN, account_id)
    enqueue(jobs.MAIL_VAULT_CHOSEN, id=str(account_id))


def open_with_passphrase(account_id: UUID, token: str, passphrase: str) -> None:
    """Put the key in the session. Raises Invalid, LockedOut or passwords.Busy; tries count for this session alone."""
    own = db.session.get(AccountKey, account_id)
    known = None if own is None else Known(account_id, own.key_id, own.locked_by_password)
    lane = Lane(lockout.key_of("session", hash_token(token).hex()), known=True)
    last = lockout.count_try(lane.tries)
    secret = judge(known, passphrase, lane)
    if secret is None:
        if last:
            lockout.record_lock(account_id)
        raise Invalid({"passphrase": _l("Dit opent je kluis niet. Kijk het na en probeer het opnieuw.")})
    lockout.clear(lane.tries)
    _put_in_session(account_id, token, secret)


def open_with_passkey(account_id: UUID, token: str, answer: Answer) -> None:
    """Put the key in the session. Raises NoPasskeysHere, ChallengeOver, NotAccepted, EarlierPasskey."""
    passkey = own_that_answered(account_id, hash_token(token), answer)
    if passkey.key_id != pair_of(account_id).key_id:
        raise EarlierPasskey
    _put_in_session(account_id, token, unlock_with_passkey(answer.output, account_id, passkey))


def _put_in_session(account_id: UUID, token: str, secret: bytes) -> None:
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.token_hash == hash_token(token), SignInSession.account_id == account_id)
        .values(key_locked=keys.lock_for_session(token, account_id, secret))
    )
