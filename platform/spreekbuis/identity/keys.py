"""The key pair of an account: what lets its owner, and nobody else, open what was sealed for them.

The secret of the pair is never stored as it is. It is locked with the password, with what each passkey of the
owner gives (identity.passkeys), and for the time of a session with a key that only the cookie of that browser
holds. Whoever has the database, Redis and every setting of the server has no password, passkey or cookie.
"""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import NotAllowed, Onward
from spreekbuis.identity.models import AccountKey, SignInSession
from spreekbuis.identity.passwords import lock_with_password
from spreekbuis.vault.sealing import CannotOpen, context, derive, lock, new_secret, public_key_of, unlock
from spreekbuis.web.cookies import SIGN_IN, read_cookie
from spreekbuis.web.door import hash_token, the_account


class SignInAgain(NotAllowed):
    """The session does not carry the account's key."""

    title = _l("Meld je opnieuw aan")
    advice = _l("De teksten van dossiers zijn versleuteld. Meld je af en weer aan om ze te openen.")
    onward = Onward("identity.sign_out", _l("Meld je af"), post=True)


class VaultShut(SignInAgain):
    """Signed in at an organisation (identity.oidc), which does not have the key."""

    title = _l("Je kluis is nog dicht")
    advice = _l("De teksten van dossiers zijn versleuteld. Open je kluis om ze te lezen.")
    onward = Onward("identity.own_vault", _l("Open je kluis"))


def password_binding(account_id: UUID, key_id: UUID) -> bytes:
    """What the lock of the password is bound to."""
    return context("account secret, by password", account_id, key_id)


def make_key(account_id: UUID, password: str) -> bytes:
    """Give the account a new key pair, which replaces one that it had; gives the secret.

    What was sealed for the old pair opens no more: a colleague has to grant it again, or a passkey of the old pair
    brings it back (identity.restoring). Raises passwords.Busy.
    """
    secret, key_id = new_secret(), new_id()
    values = {
        "key_id": key_id,
        "public_key": public_key_of(secret),
        "locked_by_password": lock_with_password(password, secret, password_binding(account_id, key_id)),
        "created_at": now(),
    }
    db.session.execute(
        insert(AccountKey)
        .values(account_id=account_id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )
    return secret


def change_lock(account_id: UUID, key_id: UUID, secret: bytes, password: str) -> None:
    """Lock the same secret with another password. Raises passwords.Busy."""
    db.session.execute(_new_lock(account_id, key_id, secret, password))


def renew_lock(account_id: UUID, key_id: UUID, secret: bytes, password: str, opened: bytes) -> None:
    """Lock the same secret with the same password and today's work, in the place of the lock that it `opened`: not of
    one that came since, with another password. Raises passwords.Busy."""
    db.session.execute(
        _new_lock(account_id, key_id, secret, password).where(AccountKey.locked_by_password == opened)
    )


def _new_lock(account_id: UUID, key_id: UUID, secret: bytes, password: str) -> Update:
    locked = lock_with_password(password, secret, password_binding(account_id, key_id))
    return (
        update(AccountKey)
        .where(AccountKey.account_id == account_id, AccountKey.key_id == key_id)
        .values(locked_by_password=locked)
    )


def lock_for_session(token: str, account_id: UUID, secret: bytes) -> bytes:
    """The secret as the row of a session keeps it: the token in the cookie opens it."""
    return lock(_session_key(token), secret, context("account secret, in a session", account_id))


_SESSION_KEY = select(SignInSession.account_id, SignInSession.key_locked, SignInSession.provider).where(
    SignInSession.token_hash == bindparam("token"), SignInSession.expires_at > bindparam("now")
)


def secret_in_session(token: str) -> bytes:
    """The secret that the session of this token carries. Raises SignInAgain (VaultShut) when it carries none."""
    found = rows(_SESSION_KEY, {"token": hash_token(token), "now": now()})
    if not found:
        raise SignInAgain
    ((account_id, key_locked, provider),) = found
    if key_locked is None:
        raise SignInAgain if provider is None else VaultShut
    bound_to = context("account secret, in a session", account_id)
    try:
        return unlock(_session_key(token), key_locked, bound_to)
    except CannotOpen:
        raise SignInAgain from None


def my_secret() -> bytes:
    """The secret of the account behind this request. Raises SignInAgain."""
    the_account()
    return secret_in_session(read_cookie(SIGN_IN) or "")


def _session_key(token: str) -> bytes:
    return derive(token.encode(), context("session key"))
