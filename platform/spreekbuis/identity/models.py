"""Accounts, their sessions and their platform roles. All shared: one person can work in several entities."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from spreekbuis.clock import now
from spreekbuis.db.base import SharedTable, new_id


class Account(SharedTable):
    """Somebody who signs in. `email` is lower case, `totp_sealed` the second factor's secret, encrypted."""

    __tablename__ = "account"
    shared_because = "a person can work in several entities"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    """How colleagues see this account: a function or a name."""
    totp_sealed: Mapped[bytes | None]
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_counter: Mapped[int] = mapped_column(default=0)
    """The last accepted time step (30 s): a code works once."""
    language: Mapped[str] = mapped_column(default="nl")
    elsewhere: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Signs in at an organisation (identity.oidc) and with a passkey, never here with a password: what stands in its
    place opens texts alone (identity.own_vault)."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]


class AccountKey(SharedTable):
    """The key pair of an account that has a password (identity.keys). `key_id` changes with the pair."""

    __tablename__ = "account_key"
    shared_because = "belongs to the account, which can work in several entities"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[UUID] = mapped_column(default=new_id)
    public_key: Mapped[bytes]
    locked_by_password: Mapped[bytes]
    """The secret of the pair; that it opens is the proof of the password."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class Passkey(SharedTable):
    """A passkey that opens the account's secret too (identity.passkeys). It stays with the key pair whose secret it
    locks: after a reset of the password `key_id` is that of an earlier pair."""

    __tablename__ = "passkey"
    shared_because = "belongs to the account, which can work in several entities"
    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    """As the authenticator made it: random, at most 1,023 bytes."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[UUID]
    public_key: Mapped[bytes]
    """Of the passkey itself (COSE): checks that it answered."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often the authenticator says that it was used; 0 for those that do not count."""
    secret_locked: Mapped[bytes]
    """The secret of the pair; only what the passkey gives for our question (PRF) opens it."""
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime | None]


class SignInSession(SharedTable):
    """A signed-in browser: the cookie holds the token, the table its SHA-256. `complete` after both steps."""

    __tablename__ = "sign_in_session"
    shared_because = "read before the tenant is known"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    complete: Mapped[bool] = mapped_column(default=False)
    key_locked: Mapped[bytes | None]
    """The account's secret; only the token in the cookie opens it."""
    challenge: Mapped[bytes | None]
    """What the next answer of a passkey must repeat, once (identity.passkey_lock)."""
    challenge_until: Mapped[datetime | None]
    provider: Mapped[str | None]
    """Where its owner signed in instead of here (identity.oidc), None for here."""
    provider_subject: Mapped[str | None] = mapped_column(index=True)
    provider_session: Mapped[str | None]
    browser: Mapped[str] = mapped_column(default="")
    """Its kind, in two words of ours (identity.browser_kind)."""
    confirmed_at: Mapped[datetime] = mapped_column(default=now)
    """When its owner last gave a second factor here; for a complete session only."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(SharedTable):
    """A code on paper that stands once for the second factor (identity.recovery_codes). A used one is gone."""

    __tablename__ = "recovery_code"
    shared_because = "belongs to the account, which can work in several entities"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SignInDomain(SharedTable):
    """People with an address in this domain sign in at this provider (identity.oidc.providers)."""

    __tablename__ = "sign_in_domain"
    shared_because = "read before anybody is known"
    domain: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]


class ProviderIdentity(SharedTable):
    """The name that a provider has for the owner of an account (`sub`). One per provider and account."""

    __tablename__ = "provider_identity"
    shared_because = "read before anybody is known"
    provider: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    __table_args__ = (UniqueConstraint("account_id", "provider"),)


class UsedOnce(SharedTable):
    """What served, and may not serve again before it is over by itself (identity.once)."""

    __tablename__ = "used_once"
    shared_because = "kept before anybody is known"
    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


class SignInAttempt(SharedTable):
    """Wrong tries per e-mail address, known or not: `key_hash` is a keyed hash of the address."""

    __tablename__ = "sign_in_attempt"
    shared_because = "counts before anybody is known"
    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=now, index=True)


class PasswordReset(SharedTable):
    """An open request for a new password; the mailed link is signed and names this row.

    The row goes when the link is used, and when the password changes in another way: a link works once.
    `account_id` is None for an unknown address: the same rows are written, and no mail is sent.
    """

    __tablename__ = "password_reset"
    shared_because = "made before anybody is known"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class PlatformRole(SharedTable):
    """A role on the platform as a whole (central analyst, contribution or platform administrator)."""

    __tablename__ = "platform_role"
    shared_because = "belongs to the platform, not to an entity"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    granted_at: Mapped[datetime] = mapped_column(default=now)
