"""The token of an entity's directory: shown once, kept as a hash, good for a year, replaced by the next one."""

import base64
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningUpdate

from spreekbuis.access.provisioning.models import DirectoryToken
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Conflict, DomainError
from spreekbuis.settings import Settings
from spreekbuis.web.door import hash_token

LIFETIME = timedelta(days=365)
MOST_PER_MINUTE = 600
"""Requests of one directory: a first synchronisation of thousands takes some minutes."""


class NoToken(DomainError):
    """RFC 6750, 3.1."""

    status = 401
    title = _l("Dit token is niet geldig")
    advice = _l("Vraag de beheerder van de entiteit om een nieuw token.")


class TooBusy(DomainError):
    status = 429
    title = _l("Te veel verzoeken")
    advice = _l("Wacht een minuut en probeer het dan opnieuw.")


class TokenOver(Conflict):
    title = _l("Dit token is al vervangen")
    advice = _l("Maak een nieuw token.")


def make_token(once: UUID) -> str:
    """A new token for the directory of the entity in scope; the one before ends. `once` is the id that the form
    carried: sent twice it is one token. Raises TokenOver when that one was replaced or ended since."""
    token = _token(once)
    there = db.session.scalar(
        select(DirectoryToken).where(
            DirectoryToken.entity_id == current_entity_id(), DirectoryToken.token_hash == hash_token(token)
        )
    )
    if there is not None:
        if there.ended_at is not None:
            raise TokenOver
        return token
    end_token()
    made = db.session.scalar(
        insert(DirectoryToken)
        .values(
            id=once, entity_id=current_entity_id(), token_hash=hash_token(token), made_at=now(),
            expires_at=now() + LIFETIME,
        )
        .on_conflict_do_nothing()
        .returning(DirectoryToken.id)
    )  # fmt: skip
    if made is not None:
        record(Audited.DIRECTORY_TOKEN_MADE, made)
    return token


def _token(once: UUID) -> str:
    settings: Settings = current_app.extensions["settings"]
    key = f"directory token {settings.secret_key}".encode()
    secret = hmac.digest(key, current_entity_id().bytes + once.bytes, "sha256")
    return f"sbd_{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def end_token() -> None:
    """The token in force opens nothing any more. Twice is once."""
    ended = db.session.scalar(
        update(DirectoryToken)
        .where(DirectoryToken.entity_id == current_entity_id(), DirectoryToken.ended_at.is_(None))
        .values(ended_at=now())
        .returning(DirectoryToken.id)
    )
    if ended is not None:
        record(Audited.DIRECTORY_TOKEN_ENDED, ended)


def current_token() -> DirectoryToken | None:
    """The token of the entity in scope that was not ended; it may have expired."""
    return db.session.scalar(
        select(DirectoryToken).where(
            DirectoryToken.entity_id == current_entity_id(), DirectoryToken.ended_at.is_(None)
        )
    )


def admit_directory(entity_id: UUID, authorization: str) -> None:
    """Let the directory of this entity in, by its `Authorization` header, and count that. Commits by itself, behind the
    entity's own policies: another entity's token is there for nobody.

    Raises NoToken, TooBusy.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoToken
    moment = now()
    with transaction(tenant(entity_id)) as session:
        uses = session.scalar(_count_use(entity_id, hash_token(token.strip()), moment))
    if uses is None:
        raise NoToken
    if uses > MOST_PER_MINUTE:
        raise TooBusy


def _count_use(entity_id: UUID, token_hash: bytes, moment: datetime) -> ReturningUpdate[int]:
    minute = int(moment.timestamp()) // 60
    return (
        update(DirectoryToken)
        .where(
            DirectoryToken.entity_id == entity_id,
            DirectoryToken.token_hash == token_hash,
            DirectoryToken.ended_at.is_(None),
            DirectoryToken.expires_at > moment,
        )
        .values(
            last_used_at=moment,
            minute=minute,
            uses=case((DirectoryToken.minute == minute, DirectoryToken.uses + 1), else_=1),
        )
        .returning(DirectoryToken.uses)
    )
