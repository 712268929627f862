"""Work of this room: mails about passwords, and forgetting what is over."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, delete, select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity.models import Account, PasswordReset, SignInAttempt, SignInSession, UsedOnce
from spreekbuis.jobs.outbox import job
from spreekbuis.notify import mail
from spreekbuis.web import links
from spreekbuis.web.limits import IDLE

MAIL_PASSWORD_RESET = "identity.mail_password_reset"  # noqa: S105 (the name of a job)
MAIL_PASSWORD_CHANGED = "identity.mail_password_changed"  # noqa: S105 (the name of a job)
MAIL_PASSKEY_ADDED = "identity.mail_passkey_added"
MAIL_NEW_BROWSER = "identity.mail_new_browser"
MAIL_SECOND_FACTOR_CHANGED = "identity.mail_second_factor_changed"
MAIL_RECOVERY_CODES_MADE = "identity.mail_recovery_codes_made"
MAIL_RECOVERY_CODE_USED = "identity.mail_recovery_code_used"
MAIL_ACCOUNT_LINKED = "identity.mail_account_linked"
MAIL_VAULT_CHOSEN = "identity.mail_vault_chosen"
RESET_LIFETIME = timedelta(hours=1)
ATTEMPTS_KEPT = timedelta(days=1)


@job(MAIL_PASSWORD_RESET)
def mail_password_reset(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """Send the link of an open request. One for an unknown address, or one that is over, sends nothing."""
    row = db.session.execute(
        select(Account.email, Account.language)
        .join(PasswordReset, PasswordReset.account_id == Account.id)
        .where(PasswordReset.id == UUID(id), PasswordReset.expires_at > now(), Account.disabled_at.is_(None))
    ).one_or_none()
    if row is not None:
        path = f"/password-reset/{links.sign('password-reset', UUID(id))}"
        mail.deliver("password_reset", row.email, row.language, path=path)


@job(MAIL_PASSWORD_CHANGED)
def mail_password_changed(id: str) -> None:  # noqa: A002
    """Tell the owner that the password changed, so that a theft is noticed."""
    for owner in _owners(id):
        mail.deliver("password_changed", owner.email, owner.language)


@job(MAIL_PASSKEY_ADDED)
def mail_passkey_added(id: str) -> None:  # noqa: A002
    """Tell the owner that the account has another passkey, so that a stranger's is noticed."""
    for owner in _owners(id):
        mail.deliver("passkey_added", owner.email, owner.language)


@job(MAIL_NEW_BROWSER)
def mail_new_browser(id: str) -> None:  # noqa: A002
    """Tell the owner of a sign-in in a browser that we did not know: neither where nor which."""
    for owner in _owners(id):
        mail.deliver("new_browser", owner.email, owner.language)


@job(MAIL_SECOND_FACTOR_CHANGED)
def mail_second_factor_changed(id: str) -> None:  # noqa: A002
    """Tell the owner that another app makes the codes now."""
    for owner in _owners(id):
        mail.deliver("second_factor_changed", owner.email, owner.language)


@job(MAIL_RECOVERY_CODES_MADE)
def mail_recovery_codes_made(id: str) -> None:  # noqa: A002
    """Tell the owner that there is a new set of recovery codes. None of them stands in the mail."""
    for owner in _owners(id):
        mail.deliver("recovery_codes_made", owner.email, owner.language)


@job(MAIL_RECOVERY_CODE_USED)
def mail_recovery_code_used(id: str) -> None:  # noqa: A002
    """Tell the owner that a recovery code was used."""
    for owner in _owners(id):
        mail.deliver("recovery_code_used", owner.email, owner.language)


@job(MAIL_ACCOUNT_LINKED)
def mail_account_linked(id: str) -> None:  # noqa: A002
    """Tell the owner that an organisation signs in to the account from now on."""
    for owner in _owners(id):
        mail.deliver("account_linked", owner.email, owner.language)


@job(MAIL_VAULT_CHOSEN)
def mail_vault_chosen(id: str) -> None:  # noqa: A002
    """Tell the owner that the key of the account has another passphrase."""
    for owner in _owners(id):
        mail.deliver("vault_chosen", owner.email, owner.language)


def _owners(account_id: str) -> Sequence[Row[str, str]]:
    """The owner of an account; nobody when nobody can sign in with it any more."""
    wanted = select(Account.email, Account.language).where(
        Account.id == UUID(account_id), Account.disabled_at.is_(None)
    )
    return db.session.execute(wanted).all()


@job("identity.forget_old", every=timedelta(hours=1))
def forget_old() -> Mapping[str, int]:
    """Delete wrong tries, sessions and requests that are over. Gives how many of each."""
    moment = now()
    return {
        name: len(db.session.scalars(gone).all())
        for name, gone in (
            (
                "attempts",
                delete(SignInAttempt)
                .where(SignInAttempt.updated_at < moment - ATTEMPTS_KEPT)
                .returning(SignInAttempt.failures),
            ),
            (
                "sessions",
                delete(SignInSession)
                .where(
                    (SignInSession.expires_at <= moment) | (SignInSession.last_seen_at <= moment - IDLE.lasts)
                )
                .returning(SignInSession.account_id),
            ),
            (
                "resets",
                delete(PasswordReset).where(PasswordReset.expires_at <= moment).returning(PasswordReset.id),
            ),
            ("used", delete(UsedOnce).where(UsedOnce.until <= moment).returning(UsedOnce.name_hash)),
        )
    }
