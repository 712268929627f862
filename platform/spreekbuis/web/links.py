"""Signed links for mails: they name a thing and a purpose, expire, and cannot be made without the server's key.

The link itself is stored nowhere; whether it was used is a fact of the thing that it names.
"""

from datetime import timedelta
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from spreekbuis.errors import DomainError
from spreekbuis.settings import Settings


class LinkExpired(DomainError):
    status = 410
    title = _l("Deze link is verlopen")
    advice = _l("Vraag een nieuwe link aan. Er is niets veranderd.")


class LinkBroken(DomainError):
    status = 404
    title = _l("Deze link klopt niet")
    advice = _l("Kopieer de hele link uit de mail en probeer het opnieuw.")


def _signer(purpose: str) -> URLSafeTimedSerializer:
    settings: Settings = current_app.extensions["settings"]
    return URLSafeTimedSerializer(settings.secret_key, salt=f"link {purpose}")


def sign(purpose: str, thing: UUID) -> str:
    """The signed text for an address."""
    return _signer(purpose).dumps(str(thing))


def read(purpose: str, token: str, lifetime: timedelta) -> UUID:
    """What the link names. Raises LinkExpired or LinkBroken."""
    try:
        return UUID(_signer(purpose).loads(token, max_age=int(lifetime.total_seconds())))
    except SignatureExpired:
        raise LinkExpired from None
    except (BadSignature, ValueError):
        raise LinkBroken from None
