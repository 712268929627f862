"""Returning reporters: the receipt code opens one case, for a short while."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from flask import current_app
from psycopg import Connection
from sqlalchemy import delete

from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.intake.models import Receipt, ReporterSession
from spreekbuis.settings import Settings
from spreekbuis.vault.receipt_code import ReceiptCode, lookup_hash
from spreekbuis.web.door import ReporterHere, hash_token

IDLE_LIMIT = timedelta(minutes=30)
"""A mailbox closes by itself when nothing was asked for this long."""
_RENEW_AFTER = timedelta(minutes=1)


def hash_of_receipt(code: ReceiptCode) -> bytes:
    """What the table of receipts holds of a code; worthless without the server's key."""
    settings: Settings = current_app.extensions["settings"]
    return lookup_hash(code, hmac.digest(settings.secret_key.encode(), b"receipt lookup", hashlib.sha256))


def find_receipt(code: ReceiptCode) -> Receipt | None:
    """The receipt of a code, whichever entity it belongs to."""
    return db.session.get(Receipt, hash_of_receipt(code))


def open_mailbox(receipt: Receipt) -> str:
    """Begin a session on the case of the receipt; gives the secret for the browser."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        ReporterSession(
            token_hash=hash_token(token), tenant_id=receipt.tenant_id, case_id=receipt.case_id,
            expires_at=now() + IDLE_LIMIT,
        )
    )  # fmt: skip
    return token


def leave_mailbox(token: str) -> None:
    """End the session of this browser."""
    db.session.execute(delete(ReporterSession).where(ReporterSession.token_hash == hash_token(token)))


def drop_ended_sessions() -> int:
    """Forget sessions that have ended; gives how many."""
    ended = delete(ReporterSession).where(ReporterSession.expires_at <= now())
    return len(db.session.scalars(ended.returning(ReporterSession.case_id)).all())


_SESSION = """
SELECT tenant_id, case_id, expires_at FROM reporter_session WHERE token_hash = %(token)s AND expires_at > %(now)s"""
_RENEW = "UPDATE reporter_session SET expires_at = %(end)s WHERE token_hash = %(token)s"


def returning_reporter(connection: Connection[tuple[Any, ...]], token_hash: bytes) -> ReporterHere | None:
    """The case that a mailbox session opens, for the door. Use renews the session, written once a minute."""
    moment = now()
    row = connection.execute(_SESSION, {"token": token_hash, "now": moment}).fetchone()
    if row is None:
        return None
    tenant_id, case_id, expires_at = row
    if moment + IDLE_LIMIT - expires_at > _RENEW_AFTER:
        connection.execute(_RENEW, {"token": token_hash, "end": moment + IDLE_LIMIT})
    return ReporterHere(tenant_id, case_id)
