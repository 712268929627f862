"""Step-up: before a dangerous act (web.access.Dangerous) a second factor is given again, unless that was just now.

What was typed waits meanwhile in the page that asks, and nowhere here: locked with the server's key and bound to the
account and the address, so that passwords and words of a recovery paper can wait there as well.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import DomainError
from spreekbuis.identity import second_factor
from spreekbuis.identity.authenticators import Answer
from spreekbuis.identity.models import SignInSession
from spreekbuis.identity.passkey_use import own_that_answered
from spreekbuis.settings import Settings
from spreekbuis.vault.sealing import CannotOpen, context, derive, lock, unlock
from spreekbuis.web.limits import CONFIRMED


class NotKeptHere(DomainError):
    """What says to be a form that waited was not locked by us, or for another account or address."""

    status = 422
    title = _l("Dit formulier klopt niet")
    advice = _l("Er is niets veranderd. Ga terug naar de pagina en begin opnieuw.")


def is_recent(confirmed_at: datetime) -> bool:
    """Whether a second factor that was given then is still good for a dangerous act."""
    return now() - confirmed_at < CONFIRMED.lasts


def confirm_with_code(account_id: UUID, session: bytes, code: str) -> None:
    """Raises WrongCode or LockedOut. Commits by itself: an act that fails does not give the code back."""
    with transaction(PLATFORM):
        second_factor.check(account_id, code)
        confirmed(session)


def confirm_with_passkey(account_id: UUID, session: bytes, answer: Answer) -> None:
    """Raises NoPasskeysHere, ChallengeOver, NotAccepted."""
    own_that_answered(account_id, session, answer)
    confirmed(session)


def confirmed(session: bytes) -> None:
    """Whom this session is of proved it just now: here, or at the organisation of the account (identity.oidc)."""
    db.session.execute(
        update(SignInSession).where(SignInSession.token_hash == session).values(confirmed_at=now())
    )


type_fields = list[tuple[str, str]]


def keep(account_id: UUID, path: str, fields: Iterable[tuple[str, str]]) -> str:
    """The fields of a form as they wait in the page."""
    told = json.dumps(list(fields)).encode()
    return urlsafe_b64encode(lock(_key(), told, _binding(account_id, path))).decode()


def what_waited(account_id: UUID, path: str, kept: str) -> type_fields:
    """The fields that were kept for this account at this address. Raises NotKeptHere."""
    try:
        told = json.loads(unlock(_key(), urlsafe_b64decode(kept.encode()), _binding(account_id, path)))
    except (CannotOpen, ValueError):
        raise NotKeptHere from None
    return [(name, value) for name, value in told]


def _key() -> bytes:
    settings: Settings = current_app.extensions["settings"]
    return derive(settings.secret_key.encode(), context("kept form"))


def _binding(account_id: UUID, path: str) -> bytes:
    return context("kept form", account_id, path)
