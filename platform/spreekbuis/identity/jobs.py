"""Work of this room: mails about passwords, and forgetting what is over."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, delete, select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity.models import Account, PasswordReset, SignInAttempt, SignInSession
from spreekbuis.jobs.outbox import job
from spreekbuis.notify import mail
from spreekbuis.web import links
from spreekbuis.web.door import IDLE_LIMIT

MAIL_PASSWORD_RESET = "identity.mail_password_reset"  # noqa: S105 (the name of a job)
MAIL_PASSWORD_CHANGED = "identity.mail_password_changed"  # noqa: S105 (the name of a job)
MAIL_PASSKEY_ADDED = "identity.mail_passkey_added"
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
    owner = _owner(UUID(id))
    if owner is not None:
        mail.deliver("password_changed", owner.email, owner.language)


@job(MAIL_PASSKEY_ADDED)
def mail_passkey_added(id: str) -> None:  # noqa: A002
    """Tell the owner that the account has another passkey, so that a stranger's is noticed."""
    owner = _owner(UUID(id))
    if owner is not None:
        mail.deliver("passkey_added", owner.email, owner.language)


def _owner(account_id: UUID) -> Row[str, str] | None:
    return db.session.execute(
        select(Account.email, Account.language).where(Account.id == account_id, Account.disabled_at.is_(None))
    ).one_or_none()


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
                    (SignInSession.expires_at <= moment) | (SignInSession.last_seen_at <= moment - IDLE_LIMIT)
                )
                .returning(SignInSession.account_id),
            ),
            (
                "resets",
                delete(PasswordReset).where(PasswordReset.expires_at <= moment).returning(PasswordReset.id),
            ),
        )
    }
