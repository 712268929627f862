"""Signed-in browsers: server-side, ended by time or by hand. The token changes at each step of signing in."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity.keys import lock_for_session
from spreekbuis.identity.models import SignInSession
from spreekbuis.web.door import hash_token
from spreekbuis.web.limits import HALF_WAY, IDLE, WHOLE


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which the account is signed in. `handle` names it towards its owner and opens nothing."""

    handle: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    """When it ends also for who goes on working."""
    browser: str
    is_this_one: bool


class CameFrom(NamedTuple):
    """The provider at which somebody signed in, its name for them, and for that session ("" when it has none)."""

    provider: str
    subject: str
    session: str


def start(
    account_id: UUID,
    secret: bytes | None,
    *,
    complete: bool,
    browser: str = "",
    came_from: CameFrom | None = None,
) -> str:
    """Begin a session that carries the account's secret, if it is known; gives the token for the cookie.

    The database keeps the hash of the token, and the secret locked with it. `browser` is its kind (browser_kind).
    """
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignInSession(
            token_hash=hash_token(token), account_id=account_id, complete=complete,
            key_locked=secret and lock_for_session(token, account_id, secret),
            provider=came_from and came_from.provider, provider_subject=came_from and came_from.subject,
            provider_session=(came_from and came_from.session) or None,
            browser=browser, expires_at=now() + (WHOLE if complete else HALF_WAY).lasts,
        )
    )  # fmt: skip
    return token


def provider_of_session(token_hash: bytes) -> str | None:
    """At which provider this session began, None for here."""
    return db.session.scalar(select(SignInSession.provider).filter_by(token_hash=token_hash))


def open_sessions(account_id: UUID, this_one: bytes) -> list[OpenSession]:
    """Where the account is signed in now, the latest used first."""
    moment = now()
    rows = db.session.execute(
        select(
            SignInSession.token_hash, SignInSession.created_at, SignInSession.last_seen_at, SignInSession.expires_at,
            SignInSession.browser,
        )
        .where(
            SignInSession.account_id == account_id, SignInSession.complete,
            SignInSession.expires_at > moment, SignInSession.last_seen_at > moment - IDLE.lasts,
        )
        .order_by(SignInSession.last_seen_at.desc(), SignInSession.token_hash)
    )  # fmt: skip
    return [
        OpenSession(
            r.token_hash.hex(),
            r.created_at,
            r.last_seen_at,
            r.expires_at,
            r.browser,
            r.token_hash == this_one,
        )
        for r in rows
    ]


def end(token_hash: bytes) -> None:
    """End the session with this hash; an ended one stays ended."""
    db.session.execute(delete(SignInSession).where(SignInSession.token_hash == token_hash))


def end_one(account_id: UUID, handle: str) -> None:
    """End a session of the account's own. What is not its own, or no longer there, changes nothing."""
    try:
        token_hash = bytes.fromhex(handle)
    except ValueError:
        return
    db.session.execute(
        delete(SignInSession).where(
            SignInSession.token_hash == token_hash, SignInSession.account_id == account_id
        )
    )


def end_all(account_id: UUID, *, but: bytes | None = None) -> None:
    """End every session of the account, except the one with the hash `but`."""
    gone = delete(SignInSession).where(SignInSession.account_id == account_id)
    if but is not None:
        gone = gone.where(SignInSession.token_hash != but)
    db.session.execute(gone)
