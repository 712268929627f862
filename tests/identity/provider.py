"""A real provider of sign-ins on this machine (oidc-provider-mock), and what dishonest ones would send instead."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import oidc_provider_mock
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from spreekbuis.clock import now
from spreekbuis.identity.oidc.providers import Provider
from tests.world import Browser

CODE = "voorbeeld"
CLIENT = "spreekbuis"


class RealProvider:
    """The running server, and people signing in there."""

    def __init__(self) -> None:
        self._app = oidc_provider_mock.app()
        self._app.before_request(self._listen)
        self.server = make_server("127.0.0.1", 0, self._app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.asked: list[dict[str, str]] = []
        """What was posted to the address for tokens, with the header that says by whom."""
        with self._app.test_request_context("/"):
            self._app.preprocess_request()
            self.key = RSAKey.import_key(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))

    def _listen(self) -> None:
        if flask.request.path == "/oauth2/token":
            said = {"authorization": flask.request.headers.get("Authorization", "")}
            self.asked.append(dict(flask.request.form) | said)

    def provider(self, **more: Any) -> Provider:
        values = {
            "secret": "een geheim van de organisatie",
            "groups_claim": "groepen",
            "entities_claim": "ovo",
        } | more
        return Provider(CODE, "Voorbeeldorganisatie", self.issuer, CLIENT, **values)

    def knows(self, subject: str, **claims: Any) -> None:
        """Somebody there, with what it tells about them."""
        answer = requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=10)
        assert answer.status_code == 204

    def agree(self, address: str, subject: str) -> Mapping[str, str]:
        """Somebody signs in at this address; gives what the browser then brings back to us."""
        answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        return answer_in(answer.headers["Location"])

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        """A token with the provider's own key."""
        return jwt.encode({"alg": "RS256", **header}, dict(claims), self.key)


def answer_in(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@contextmanager
def real_provider() -> Iterator[RealProvider]:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it speaks http, on this machine alone
    made = RealProvider()
    thread = Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()


def logout_claims(**other: Any) -> dict[str, Any]:
    """What a good message of a provider says (OpenID Connect Back-Channel Logout 1.0, section 2.4)."""
    moment = int(now().timestamp())
    claims = {
        "iss": other.pop("issuer"), "aud": CLIENT, "iat": moment, "exp": moment + 120, "jti": os.urandom(8).hex(),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    claims |= other
    return {name: value for name, value in claims.items() if value is not None}


def come_back(browser: Browser, answer: Mapping[str, str]) -> Any:
    return browser.get(f"/sign-in/organisation/{CODE}/back", query_string=dict(answer))
