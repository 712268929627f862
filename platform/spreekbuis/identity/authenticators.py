"""What a browser asks an authenticator, and what its answer is worth: WebAuthn level 3 with the PRF extension.

An authenticator is a telephone, a computer or a security key. It keeps passkeys, and uses one only for the address
that it was made for and after its owner gave a finger, a face or a PIN (user verification). The PRF of a passkey
(section 10.1.4) gives 32 bytes that nobody else can compute, the same ones each time for the same question.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import DomainError

PRF_QUESTION = b"spreekbuis: the secret of an account"
"""What every passkey is asked. It is no secret, and may never change: what was locked would open no more."""
LONGEST_ANSWER = 20_000
"""Characters; the largest of real authenticators have some 3,000."""
_ALGORITHMS = (-8, -7, -257)
"""EdDSA, ES256 and RS256 (IANA, COSE algorithms): together they cover every authenticator."""
_PATIENCE = 120_000
"""Milliseconds that the browser waits for its user."""

type_options = dict[str, Any]


class Site(NamedTuple):
    """What passkeys are bound to: the domain, and the origin of our pages."""

    domain: str
    origin: str


class Answer(NamedTuple):
    """What came back: the browser's JSON about the passkey, and the 32 bytes of its PRF (none when it has no PRF)."""

    told: str
    output: bytes


class NewPasskey(NamedTuple):
    """A passkey that an authenticator made for us just now."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


class NotAccepted(DomainError):
    """The answer is no proof: of another address or another moment, without its user, or badly made."""

    status = 422
    title = _l("Je passkey is niet aanvaard.")
    advice = _l(
        "Er is niets veranderd. Probeer het opnieuw, en bevestig met je vinger, je gezicht of je pincode."
    )


def site_at(base_url: str) -> Site | None:
    """The site at our public address, None where browsers know no passkeys: a number for a name, or no encryption.

    This machine itself, under the name localhost, needs none.
    """
    address = urlsplit(base_url)
    host, standard_port = address.hostname or "", {"https": 443, "http": 80}.get(address.scheme)
    if not host or (address.scheme != "https" and host != "localhost"):
        return None
    try:
        ip_address(host)
    except ValueError:
        port = "" if address.port in (None, standard_port) else f":{address.port}"
        return Site(host, f"{address.scheme}://{host}{port}")
    return None


def question_for_new(
    site: Site, challenge: bytes, user: bytes, name: str, known: Iterable[bytes]
) -> type_options:
    """The options for `navigator.credentials.create`, bytes as base64url. An authenticator of `known` refuses.

    `user` is what the authenticator keeps beside the passkey: one of the same user replaces the one before.
    """
    return {
        "challenge": encoded(challenge),
        "rp": {"id": site.domain, "name": "Spreekbuis"},
        "user": {"id": encoded(user), "name": name, "displayName": name},
        "pubKeyCredParams": [{"type": "public-key", "alg": number} for number in _ALGORITHMS],
        "excludeCredentials": _named(known),
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "none",
        "timeout": _PATIENCE,
        "extensions": _prf(),
    }


def question_for_known(site: Site, challenge: bytes, known: Iterable[bytes]) -> type_options:
    """The options for `navigator.credentials.get`, for one of the passkeys in `known`; for any when none is named."""
    return {
        "challenge": encoded(challenge),
        "rpId": site.domain,
        "allowCredentials": _named(known),
        "userVerification": "required",
        "timeout": _PATIENCE,
        "extensions": _prf(),
    }


def _named(known: Iterable[bytes]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": encoded(credential_id)} for credential_id in known]


def _prf() -> Mapping[str, Any]:
    return {"prf": {"eval": {"first": encoded(PRF_QUESTION)}}}


def new_passkey(site: Site, challenge: bytes, told: str) -> NewPasskey:
    """The passkey that the authenticator made, after all checks of section 7.1. Raises NotAccepted.

    We ask for no attestation: which make of authenticator somebody uses is theirs to choose.
    """
    with _refusing(told):
        from webauthn import verify_registration_response  # only who uses a passkey pays for loading it
        from webauthn.helpers.cose import COSEAlgorithmIdentifier

        made = verify_registration_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in _ALGORITHMS],
        )
        return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def check_use(site: Site, challenge: bytes, told: str, public_key: bytes, sign_count: int) -> int:
    """All checks of section 7.2 on an answer of the passkey with this key; gives its new count. Raises NotAccepted.

    A count that does not grow betrays a copy of the passkey.
    """
    with _refusing(told):
        from webauthn import verify_authentication_response  # only who uses a passkey pays for loading it

        used = verify_authentication_response(
            credential=told,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
        return used.new_sign_count


def named_in(told: str) -> bytes:
    """Which passkey says that it answered. Raises NotAccepted."""
    with _refusing(told):
        return decoded(json.loads(told)["rawId"])


def challenge_in(told: str) -> bytes:
    """Which question the answer says to answer. Raises NotAccepted."""
    with _refusing(told):
        return decoded(json.loads(decoded(json.loads(told)["response"]["clientDataJSON"]))["challenge"])


@contextmanager
def _refusing(told: str) -> Iterator[None]:
    """Whatever the library finds wrong with an answer, and whatever it trips over in one that makes no sense. Raises
    NotAccepted."""
    from webauthn.helpers.exceptions import WebAuthnException  # only who uses a passkey pays for loading it

    if len(told) > LONGEST_ANSWER:
        raise NotAccepted
    nonsense = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
    try:
        yield
    except (WebAuthnException, InvalidSignature, UnsupportedAlgorithm, *nonsense):
        raise NotAccepted from None


def encoded(value: bytes) -> str:
    """Base64url without padding, as WebAuthn writes bytes."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Bytes of base64url. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
