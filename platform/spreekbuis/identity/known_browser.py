"""Browsers in which an account signed in before: there, strangers can neither keep its owner out nor crowd the queue.

The decision. Whoever knows an e-mail address can lock it with five wrong tries, and whoever sends many tries fills the
few places where passwords wait for their turn, each of which costs a third of a second of a processor. Neither can go:
the first stops guessing, the second keeps room for reports. So tries get a lane of their own, with its own places,
served first, and its own count, when their browser completed a sign-in to that very account before. Such a browser
holds a mark: a random name, the minute in which it was made, and a code (HMAC under the server's key) over both, the
account and its key pair. It names nobody, cannot be made elsewhere, is stored nowhere here, and fits one account only.
It gives no other right: the password and the second factor are asked all the same, and a thief of the cookie may guess
in that lane until its own count locks it. Every sign-in gives a new name with a count of its own, so that such a thief
does not lock out the owner either. A reset of the password makes another key pair, and with it every earlier mark
worthless. Signing out keeps it: it serves for the next time. The cookie goes to the pages for signing in only
(web.cookies).
"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.identity import lockout
from spreekbuis.identity.models import AccountKey
from spreekbuis.settings import Settings

LIFETIME: Final = timedelta(days=180)
"""Without a sign-in for this long a browser is a stranger again."""
_MARK = re.compile(r"([0-9a-f]{1,9})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})", re.ASCII)
_MINUTE = timedelta(minutes=1)


class Lane(NamedTuple):
    """Where a try of a password is counted and waits for its turn."""

    tries: bytes
    """A key of `lockout`."""
    known: bool
    """Whether it may take the places that are kept from strangers."""


def new_mark(account_id: UUID) -> str:
    """What the browser keeps in which the account just signed in completely."""
    key_id = db.session.scalars(select(AccountKey.key_id).where(AccountKey.account_id == account_id)).one()
    minute, name = f"{_this_minute():x}", secrets.token_urlsafe(16)
    return f"{minute}.{name}.{_code(minute, name, account_id, key_id)}"


def is_known(mark: str | None, account_id: UUID) -> bool:
    """Whether the account signed in before in the browser that shows this mark, since its last reset."""
    key_id = db.session.scalar(select(AccountKey.key_id).where(AccountKey.account_id == account_id))
    return key_id is not None and lane_of(mark, account_id, key_id) is not None


def lane_of(mark: str | None, account_id: UUID, key_id: UUID) -> Lane | None:
    """The lane of the browser that shows this mark, or None when it is none of ours, of another account or pair, or
    too old."""
    found = _MARK.fullmatch(mark or "")
    if found is None:
        return None
    minute, name, code = found.groups()
    if not hmac.compare_digest(code, _code(minute, name, account_id, key_id)):
        return None
    if _this_minute() - int(minute, 16) >= LIFETIME // _MINUTE:
        return None
    return Lane(lockout.key_of("known-browser", name), known=True)


def _code(minute: str, name: str, account_id: UUID, key_id: UUID) -> str:
    settings: Settings = current_app.extensions["settings"]
    key = hmac.digest(settings.secret_key.encode(), b"known browser", hashlib.sha256)
    return hmac.digest(key, f"{minute} {name} {account_id} {key_id}".encode(), hashlib.sha256).hex()


def _this_minute() -> int:
    return int(now().timestamp()) // 60
