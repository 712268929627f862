"""The organisations at which people sign in instead of here: what this installation says about each (OpenID Connect).

A JSON file (setting SIGN_IN_PROVIDERS) holds a list of objects with the fields of `Provider`; the secret stands in a
file of its own, which the object names: `secret_file`, or `private_key_file` for `private_key_jwt` (RFC 7523), which
the Flemish access management knows too. None of it is in the database.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, current_app
from sqlalchemy import delete, select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.session import db
from spreekbuis.errors import NotFound
from spreekbuis.identity.accounts import plain_address
from spreekbuis.identity.models import SignInDomain
from spreekbuis.settings import Settings, SettingsError

_CODE: Final = re.compile("[a-z0-9-]{1,40}")
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Provider:
    """One organisation. Claims are named as the provider names them; "" for none."""

    code: str
    """Ours; stands in addresses and rows, so that it never changes."""
    name: str
    issuer: str
    client_id: str
    secret: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    """PEM; then we sign who we are, and there is no shared secret."""
    scope: str = "openid email"
    acr: str = ""
    """The level of authentication that we ask and check; "" leaves it to the provider."""
    entities_claim: str = ""
    """Holds the OVO codes of the entities that somebody works for."""
    groups_claim: str = ""
    """Holds the groups that an entity can give a role (access.provider_rules)."""
    everybody: bool = False
    """Offered to every visitor, besides to whoever has an address in one of its domains."""


def install(app: Flask) -> None:
    """Read the file of the settings, once. Raises SettingsError."""
    settings: Settings = app.extensions["settings"]
    told = settings.sign_in_providers
    app.extensions["sign_in_providers"] = {} if told is None else read(told)


def read(file: Path) -> dict[str, Provider]:
    """The providers by their code. Raises SettingsError, which never quotes a secret."""
    try:
        told = json.loads(file.read_text())
        providers = [_provider(each, file.parent) for each in told]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"SIGN_IN_PROVIDERS cannot be read: {type(error).__name__}") from None
    if len({provider.code for provider in providers}) != len(providers):
        raise SettingsError("SIGN_IN_PROVIDERS names a code twice")
    if len({provider.issuer for provider in providers}) != len(providers):
        raise SettingsError("SIGN_IN_PROVIDERS names an issuer twice")
    return {provider.code: provider for provider in providers}


def _provider(told: Mapping[str, Any], folder: Path) -> Provider:
    values = dict(told)
    for name in ("secret", "private_key"):
        if name in values:
            raise SettingsError(f"SIGN_IN_PROVIDERS: put the {name} in a file, and name it in {name}_file")
        if f"{name}_file" in values:
            values[name] = (folder / values.pop(f"{name}_file")).read_text().strip()
    provider = Provider(**values)
    if not _CODE.fullmatch(provider.code):
        raise SettingsError("SIGN_IN_PROVIDERS: a code has small letters, digits and hyphens")
    if bool(provider.secret) == bool(provider.private_key):
        raise SettingsError(f"SIGN_IN_PROVIDERS: {provider.code} needs a secret_file or a private_key_file")
    address = urlsplit(provider.issuer)
    if address.scheme != "https" and address.hostname not in _LOCAL:
        raise SettingsError(f"SIGN_IN_PROVIDERS: the issuer of {provider.code} must be an https address")
    return provider


def all_providers() -> Mapping[str, Provider]:
    providers: Mapping[str, Provider] = current_app.extensions["sign_in_providers"]
    return providers


def provider_of(code: str) -> Provider:
    """Raises NotFound."""
    try:
        return all_providers()[code]
    except KeyError:
        raise NotFound from None


def give_domain(domain: str, code: str | None) -> None:
    """People with an address in this domain sign in at this provider; with None, here again. Audited.

    Raises NotFound for a provider that the settings do not have.
    """
    domain = domain.strip().lower().lstrip("@")
    db.session.execute(delete(SignInDomain).where(SignInDomain.domain == domain))
    if code is not None:
        db.session.add(SignInDomain(domain=domain, provider=provider_of(code).code))
    record(Audited.SIGN_IN_DOMAIN_SET, None, {"provider": code})


def provider_for(email: str) -> Provider | None:
    """Where people with such an address sign in, None for here."""
    domain = plain_address(email).rpartition("@")[2]
    code = db.session.scalar(select(SignInDomain.provider).where(SignInDomain.domain == domain))
    return None if code is None else all_providers().get(code)
