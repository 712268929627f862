"""Talking with a provider: what it says about itself, its keys, and a code for an identity token.

Authlib makes what we ask, joserfc checks what we get. Addresses come from what the provider publishes under the issuer
of our settings, and must be of that issuer; redirects are not followed. What it says is remembered for an hour.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from flask_babel import lazy_gettext as _l
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from spreekbuis.clock import now
from spreekbuis.errors import DomainError
from spreekbuis.identity.oidc.providers import Provider

PATIENCE: Final = 5.0
"""Seconds that we wait for a provider."""
REMEMBERED: Final = timedelta(hours=1)
AGAIN_AFTER: Final = timedelta(minutes=1)
"""A key that we do not know makes us ask the provider again, and no more often than this."""
LEFT_ALONE: Final = timedelta(seconds=10)
LEEWAY: Final = 60
"""Seconds that the clocks of a provider may be apart from ours."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a public key alone: never `none`, nor one that our own secret could make."""
_KINDS: Final = ("jwt", "logout+jwt")
_log = logging.getLogger(__name__)

type_claims = dict[str, Any]


class ProviderAway(DomainError):
    status = 503
    title = _l("Je organisatie antwoordt niet")
    advice = _l(
        "Aanmelden via je organisatie lukt nu niet. Wacht enkele minuten en probeer het opnieuw. Er is niets veranderd."
    )


class NotVouchedFor(DomainError):
    """The answer of a provider is no proof: not for us, not now, not of it, or not for what this browser asked."""

    status = 422
    title = _l("Je organisatie bevestigde niet wie je bent")
    advice = _l("Begin opnieuw op de pagina om je aan te melden. Er is niets veranderd.")


class Published(NamedTuple):
    """What a provider says about itself (OpenID Connect Discovery 1.0)."""

    authorization: str
    token: str
    keys: str
    names_itself: bool
    """Its answers say who gives them (RFC 9207)."""
    asked_at: datetime


class _Keys(NamedTuple):
    them: KeySet
    asked_at: datetime


_published: dict[str, Published] = {}
_keys: dict[str, _Keys] = {}
_away_until: dict[str, datetime] = {}


def published(provider: Provider) -> Published:
    """Raises ProviderAway, also for what claims to be another issuer."""
    known = _published.get(provider.issuer)
    if known is not None and now() - known.asked_at < REMEMBERED:
        return known
    told = _asked(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        _log.error("a provider of sign-ins publishes another issuer: %s", provider.code)
        raise ProviderAway
    try:
        found = Published(
            told["authorization_endpoint"], told["token_endpoint"], told["jwks_uri"],
            told.get("authorization_response_iss_parameter_supported") is True, now(),
        )  # fmt: skip
    except KeyError:
        raise ProviderAway from None
    _published[provider.issuer] = found
    return found


def _asked(address: str) -> Mapping[str, Any]:
    """What stands at an address of the provider. One that did not answer is left alone for some seconds, so that its
    silence does not keep all our threads waiting. Raises ProviderAway."""
    away_until = _away_until.get(address)
    if away_until is not None and now() < away_until:
        raise ProviderAway
    try:
        answer = requests.get(address, timeout=PATIENCE, allow_redirects=False)
        if answer.status_code != 200:
            raise ProviderAway
        return cast("Mapping[str, Any]", answer.json())
    except (requests.RequestException, ValueError) as error:
        _log.warning("a provider of sign-ins does not answer", extra={"error": type(error).__name__})
        _away_until[address] = now() + LEFT_ALONE
        raise ProviderAway from None


def _client(provider: Provider, back: str) -> OAuth2Session:
    how: Any = "client_secret_basic"
    if provider.private_key:
        how = PrivateKeyJWT(published(provider).token, alg="RS256")
    return OAuth2Session(
        client_id=provider.client_id, client_secret=provider.private_key or provider.secret,
        token_endpoint_auth_method=how, scope=provider.scope, redirect_uri=back, code_challenge_method="S256",
        default_timeout=PATIENCE,
    )  # fmt: skip


def question(provider: Provider, back: str, state: str, nonce: str, verifier: str, **more: str) -> str:
    """The address at the provider where one signs in. Raises ProviderAway."""
    if provider.acr:
        more["acr_values"] = provider.acr
    address, _state = _client(provider, back).create_authorization_url(
        published(provider).authorization, state=state, code_verifier=verifier, nonce=nonce, **more
    )
    return cast(str, address)


def claims_for(provider: Provider, back: str, code: str, verifier: str, nonce: str) -> type_claims:
    """Who the provider says that came with this code, after all checks of OpenID Connect Core 3.1.3.7.

    Raises ProviderAway, NotVouchedFor.
    """
    try:
        token = _client(provider, back).fetch_token(
            published(provider).token, code=code, code_verifier=verifier, timeout=PATIENCE
        )
    except requests.RequestException:
        raise ProviderAway from None
    except (AuthlibBaseError, ValueError):
        raise NotVouchedFor from None
    needed: Mapping[str, Any] = {
        "exp": {"essential": True},
        "sub": {"essential": True},
        "nonce": {"essential": True, "value": nonce},
    }
    claims = checked(provider, token.get("id_token") or "", needed)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else provider.client_id) != provider.client_id:
        raise NotVouchedFor
    if provider.acr and claims.get("acr") != provider.acr:
        raise NotVouchedFor
    return claims


def checked(provider: Provider, token: str, needed: Mapping[str, Any]) -> type_claims:
    """The claims of a token that this provider signed for us, with what is `needed` besides issuer and audience.

    Raises ProviderAway, NotVouchedFor; the latter also for a token that says to be of another kind (RFC 8725, 3.11).
    """
    registry = jwt.JWTClaimsRegistry(
        now=int(now().timestamp()), leeway=LEEWAY, iat={"essential": True},
        iss={"essential": True, "value": provider.issuer}, aud={"essential": True, "value": provider.client_id},
        **needed,
    )  # fmt: skip
    try:
        found = _opened(provider, token)
        registry.validate(found.claims)
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotVouchedFor from None
    if str(found.header.get("typ", "JWT")).lower().removeprefix("application/") not in _KINDS:
        raise NotVouchedFor
    return found.claims


def _opened(provider: Provider, token: str) -> jwt.Token:
    keys, fresh = _keys_of(provider)
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        if fresh:
            raise
    keys, _fresh = _keys_of(provider, again=True)
    return jwt.decode(token, keys, algorithms=ALGORITHMS)


def _keys_of(provider: Provider, *, again: bool = False) -> tuple[KeySet, bool]:
    """The provider's keys, and whether they were asked just now."""
    known = _keys.get(provider.issuer)
    wait = AGAIN_AFTER if again else REMEMBERED
    if known is not None and now() - known.asked_at < wait:
        return known.them, again or now() - known.asked_at < AGAIN_AFTER
    told = _asked(published(provider).keys)
    try:
        them = KeySet.import_key_set(cast(KeySetSerialization, told))
    except (JoseError, ValueError, KeyError, TypeError):
        raise ProviderAway from None
    _keys[provider.issuer] = _Keys(them, now())
    return them, True
