"""Returning reporters: the receipt code opens one case, for a short while."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from psycopg import Connection
from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.intake.erased import CaseErased
from spreekbuis.intake.models import Receipt, ReporterSession
from spreekbuis.settings import Settings
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.receipt_code import ReceiptCode, lookup_hash
from spreekbuis.vault.sealing import (
    context,
    derive,
    lock,
    new_secret,
    open_sealed,
    public_key_of,
    seal,
    unlock,
)
from spreekbuis.web.cookies import MAILBOX, read_cookie
from spreekbuis.web.door import ReporterHere, hash_token, here

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


def receipt_of(code: ReceiptCode, key: ContentKey) -> dict[str, Any]:
    """The columns of the receipt of a case: only the words of the code open its key."""
    return _receipt(hash_of_receipt(code), public_key_of(_secret_of(code)), key)


def follow_case(entity_id: UUID, case_id: UUID, key: ContentKey) -> None:
    """The case goes on elsewhere, under `key`: its reporter's words open that one from here on. Who reads now must give
    them again. Nothing happens for a case without a receipt."""
    was = db.session.execute(
        delete(Receipt)
        .where(Receipt.tenant_id == entity_id, Receipt.case_id == case_id)
        .returning(Receipt.lookup_hash, Receipt.public_key)
    ).all()
    for receipt in was:
        db.session.execute(insert(Receipt).values(_receipt(receipt.lookup_hash, receipt.public_key, key)))
    db.session.execute(
        delete(ReporterSession).where(
            ReporterSession.tenant_id == entity_id, ReporterSession.case_id == case_id
        )
    )


def _receipt(lookup: bytes, public_key: bytes, key: ContentKey) -> dict[str, Any]:
    sealed = seal(public_key, key.secret, _binding(key.subject_id))
    return {
        "lookup_hash": lookup, "tenant_id": key.entity_id, "case_id": key.subject_id, "public_key": public_key,
        "secret_sealed": sealed,
    }  # fmt: skip


def take_receipt(code: ReceiptCode) -> ContentKey | None:
    """Write the receipt of a case that is about to be opened in the tenant in scope; gives the key of that case.

    None: the code has a receipt already. Of two at once the second waits for the first, and then gets None.
    """
    key = ContentKey(current_entity_id(), new_id(), new_secret())
    return key if give_receipt(code, key) else None


def give_receipt(code: ReceiptCode, key: ContentKey) -> bool:
    """Write the receipt of the case of this key. False when the code has a receipt already."""
    return bool(rows(_FIRST, receipt_of(code, key)))


_FIRST = (
    insert(Receipt)
    .values(
        {
            name: bindparam(name)
            for name in ("lookup_hash", "tenant_id", "case_id", "public_key", "secret_sealed")
        }
    )
    .on_conflict_do_nothing()
    .returning(Receipt.case_id)
)


def key_of_receipt(receipt: Receipt, code: ReceiptCode) -> ContentKey:
    """The key of the case of a receipt, opened with its code. Raises CaseErased, CannotOpen."""
    if receipt.secret_sealed is None:
        raise CaseErased(receipt)
    binding = _binding(receipt.case_id)
    secret = open_sealed(_secret_of(code), receipt.secret_sealed, binding)
    return ContentKey(receipt.tenant_id, receipt.case_id, secret)


def _secret_of(code: ReceiptCode) -> bytes:
    return derive(code.number, context("reporter"))


def _binding(case_id: UUID) -> bytes:
    return context("case key, for the reporter", case_id)


def open_mailbox(receipt: Receipt, code: ReceiptCode) -> str:
    """Begin a session on the case of the receipt; gives the secret for the browser.

    The session keeps the key of the case, locked with that secret. Raises CaseErased, CannotOpen.
    """
    token, key = secrets.token_urlsafe(32), key_of_receipt(receipt, code)
    db.session.add(
        ReporterSession(
            token_hash=hash_token(token), tenant_id=receipt.tenant_id, case_id=receipt.case_id,
            secret_locked=lock(_session_key(token), key.secret, _session_binding(key.subject_id)),
            expires_at=now() + IDLE_LIMIT,
        )
    )  # fmt: skip
    return token


def key_in_session() -> ContentKey:
    """The key of the case that this browser opened. Raises CannotOpen."""
    reporter = here().reporter
    assert reporter is not None, "the door lets only returning reporters in"
    key, binding = (
        _session_key(read_cookie(MAILBOX) or ""),
        _session_binding(reporter.case_id),
    )
    return ContentKey(reporter.entity_id, reporter.case_id, unlock(key, reporter.secret_locked, binding))


def _session_key(token: str) -> bytes:
    return derive(token.encode(), context("mailbox session"))


def _session_binding(case_id: UUID) -> bytes:
    return context("case key, in a session", case_id)


def leave_mailbox(token: str) -> None:
    """End the session of this browser."""
    db.session.execute(delete(ReporterSession).where(ReporterSession.token_hash == hash_token(token)))


def drop_ended_sessions() -> int:
    """Forget sessions that have ended; gives how many."""
    ended = delete(ReporterSession).where(ReporterSession.expires_at <= now())
    return len(db.session.scalars(ended.returning(ReporterSession.case_id)).all())


_SESSION = """
SELECT tenant_id, case_id, secret_locked, expires_at FROM reporter_session AS session
WHERE token_hash = %(token)s AND expires_at > %(now)s AND EXISTS (
    SELECT FROM receipt
    WHERE tenant_id = session.tenant_id AND case_id = session.case_id AND secret_sealed IS NOT NULL)"""
_RENEW = "UPDATE reporter_session SET expires_at = %(end)s WHERE token_hash = %(token)s"


def returning_reporter(connection: Connection[tuple[Any, ...]], token_hash: bytes) -> ReporterHere | None:
    """The case that a mailbox session opens, for the door. Use renews the session, written once a minute.

    Only as long as a receipt opens that case: a session that began while the case went on elsewhere, or was erased, and
    that was not seen to be ended with the others, opens nothing.
    """
    moment = now()
    row = connection.execute(_SESSION, {"token": token_hash, "now": moment}).fetchone()
    if row is None:
        return None
    *opened, expires_at = row
    if moment + IDLE_LIMIT - expires_at > _RENEW_AFTER:
        connection.execute(_RENEW, {"token": token_hash, "end": moment + IDLE_LIMIT})
    return ReporterHere(*opened)
