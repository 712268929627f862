"""A new password: by who knows the old one, or by a mailed link. The second factor stays as it is."""

from datetime import timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, delete, select

from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Invalid
from spreekbuis.identity import jobs, keys, lockout, restoring, sessions
from spreekbuis.identity.accounts import plain_address
from spreekbuis.identity.known_browser import Lane
from spreekbuis.identity.models import Account, AccountKey, PasswordReset
from spreekbuis.identity.password_policy import refuse_weak
from spreekbuis.identity.sign_in import Known, judge
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web import links


class LinkUsed(DomainError):
    status = 410
    title = _l("Deze link werkt niet meer")
    advice = _l(
        "Een link werkt één keer. Vraag een nieuwe link aan als je nog een ander wachtwoord wilt kiezen."
    )


def change_password(account_id: UUID, current: str, new: str, this_session: bytes) -> None:
    """Change the own password; the other sessions end. Raises Invalid, LockedOut or passwords.Busy.

    Wrong tries count for this session alone: whoever guesses at the address elsewhere does not hinder its owner.
    """
    account = db.session.get_one(Account, account_id)
    own = db.session.get(AccountKey, account_id)
    known = None if own is None else Known(account_id, own.key_id, own.locked_by_password)
    lane = Lane(lockout.key_of("session", this_session.hex()), known=True)
    last = lockout.count_try(lane.tries)
    secret = judge(known, current, lane)
    if known is None or secret is None:
        if last:
            lockout.record_lock(account_id)
        raise Invalid({"current_password": _l("Dit is niet je huidige wachtwoord.")})
    lockout.clear(lane.tries)
    refuse_weak("new_password", new, account.email)
    keys.change_lock(account_id, known.key_id, secret, new)
    _tell(account)
    sessions.end_all(account_id, but=this_session)


def request_reset(email: str) -> None:
    """Have a link mailed when the address has an account. Without one, work and answer are the same.

    More than a few requests in a quarter of an hour for one address are ignored.
    """
    email = plain_address(email)
    try:
        lockout.count_try(lockout.key_of("reset", email))
    except lockout.LockedOut:
        return
    account_id = db.session.scalar(
        select(Account.id).where(
            Account.email == email, Account.disabled_at.is_(None), Account.elsewhere.is_(False)
        )
    )
    reset = PasswordReset(account_id=account_id, expires_at=now() + jobs.RESET_LIFETIME)
    db.session.add(reset)
    db.session.flush()
    enqueue(jobs.MAIL_PASSWORD_RESET, id=str(reset.id))


def check_reset(token: str) -> None:
    """Raises LinkUsed, links.LinkExpired or links.LinkBroken when the link can no longer set a password."""
    _account_of(token, lock=False)


def reset_password(token: str, new: str) -> None:
    """Set a password with a mailed link, which then works no more. All sessions and the lock-out of the address end,
    and every known browser is a stranger again.

    The old password held the account's key. A new key takes its place: what the account could open stays closed
    until a colleague grants it again (access.desk_keys), who gets a mail, or a passkey brings it back
    (identity.restoring).

    Raises what `check_reset` raises, Invalid or passwords.Busy.
    """
    account = _account_of(token, lock=True)
    refuse_weak("new_password", new, account.email)
    with acting_as(Actor("account", account.id)):
        keys.make_key(account.id, new)
        restoring.ask_for_access(account.id)
        _tell(account)
    sessions.end_all(account.id)
    lockout.clear(lockout.key_of("sign-in", account.email))


def _account_of(token: str, *, lock: bool) -> Account:
    # the row says when it ends; the signature is only a little older than the row
    reset_id = links.read("password-reset", token, jobs.RESET_LIFETIME + timedelta(days=1))
    wanted: Select[Account, PasswordReset] = (
        select(Account, PasswordReset)
        .join(PasswordReset, PasswordReset.account_id == Account.id)
        .where(PasswordReset.id == reset_id, Account.disabled_at.is_(None))
    )
    row = db.session.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    if row is None:
        raise LinkUsed
    account, reset = row
    if reset.expires_at <= now():
        raise links.LinkExpired
    return account


def _tell(account: Account) -> None:
    """Open links end; the trail and the owner know that the password is another one."""
    db.session.execute(delete(PasswordReset).where(PasswordReset.account_id == account.id))
    record(Audited.ACCOUNT_PASSWORD_CHANGED, account.id)
    enqueue(jobs.MAIL_PASSWORD_CHANGED, id=str(account.id))
