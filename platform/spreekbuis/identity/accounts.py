"""Accounts: make, disable, give a role on the platform."""

from typing import NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity import recovery_codes, sessions
from spreekbuis.identity.keys import make_key
from spreekbuis.identity.models import Account, PlatformRole
from spreekbuis.identity.password_policy import refuse_weak
from spreekbuis.web.access import PLATFORM_ROLES, Role

LONGEST_LABEL = 120


class UnknownAccount(NotFound):
    title = _l("Dit account bestaat niet")
    advice = _l("Kijk het e-mailadres na.")


def plain_address(text: str) -> str:
    """How addresses are compared: trimmed, in lower case."""
    return text.strip().lower()


def email_address(text: str, field: str = "email") -> str:
    """A possible address in its plain form, which may or may not exist. Raises Invalid at `field`."""
    from email_validator import (
        EmailNotValidError,
        validate_email,
    )  # only forms with an address pay for loading it

    try:
        return plain_address(validate_email(text.strip(), check_deliverability=False).normalized)
    except EmailNotValidError:
        raise Invalid({field: _l("Vul een e-mailadres in, bijvoorbeeld loket@voorbeeld.example.")}) from None


class NewAccount(NamedTuple):
    """An account that was just made, and the secret of its key pair when it has a password."""

    id: UUID
    secret: bytes | None


def create_account(
    email: str, label: str, language: str, password: str | None, *, elsewhere: bool = False
) -> NewAccount:
    """Make an account; its second factor is set up at the first sign-in.

    Without a password its owner asks for a link by mail, unless one signs in `elsewhere` (identity.oidc). Raises
    Invalid: no address, taken address, no label, weak password.
    """
    email = email_address(email)
    if not label.strip() or len(label) > LONGEST_LABEL:
        raise Invalid(
            {"label": _l("Vul in hoe collega’s je zien, in hoogstens %(num)s tekens.", num=LONGEST_LABEL)}
        )
    if password is not None:
        refuse_weak("password", password, email)
    made: UUID | None = db.session.scalar(
        insert(Account)
        .values(id=new_id(), email=email, label=label.strip(), language=language, elsewhere=elsewhere)
        .on_conflict_do_nothing(index_elements=["email"])
        .returning(Account.id)
    )
    if made is None:
        raise Invalid({"email": _l("Dit e-mailadres heeft al een account.")})
    secret = None if password is None else make_key(made, password)
    record(Audited.ACCOUNT_CREATED, made)
    return NewAccount(made, secret)


def account_of(email: str) -> Account:
    """The account with this address. Raises UnknownAccount."""
    account = db.session.scalar(select(Account).where(Account.email == plain_address(email)))
    if account is None:
        raise UnknownAccount
    return account


def disable_account(account_id: UUID) -> None:
    """Nobody signs in with it any more; its sessions end. Its work stays. Disabled twice is disabled once."""
    disabled = db.session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.disabled_at.is_(None))
        .values(disabled_at=now())
        .returning(Account.id)
    )
    sessions.end_all(account_id)
    if disabled is not None:
        record(Audited.ACCOUNT_DISABLED, account_id)


def reset_second_factor(account_id: UUID) -> None:
    """The telephone is lost: the next sign-in sets up a new second factor. All sessions end."""
    db.session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(totp_sealed=None, totp_confirmed_at=None, totp_last_counter=0)
    )
    recovery_codes.forget(account_id)
    sessions.end_all(account_id)
    record(Audited.ACCOUNT_SECOND_FACTOR_RESET, account_id)


def grant_platform_role(account_id: UUID, role: Role) -> None:
    """Give a role on the platform. Twice is once. Raises ValueError for a role of one entity."""
    if role not in PLATFORM_ROLES:
        raise ValueError(f"{role} is not a role on the platform")
    granted = db.session.scalar(
        insert(PlatformRole)
        .values(account_id=account_id, role=role, granted_at=now())
        .on_conflict_do_nothing()
        .returning(PlatformRole.role)
    )
    if granted is not None:
        record(Audited.PLATFORM_ROLE_GRANTED, account_id, {"role": role})


def choose_language(account_id: UUID, language: str) -> None:
    """The language of the account's pages and mails."""
    db.session.execute(update(Account).where(Account.id == account_id).values(language=language))
