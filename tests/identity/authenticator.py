"""An authenticator in software: what a telephone or a security key answers, honestly or not (WebAuthn level 3)."""

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Credential:
    """A passkey on the authenticator. `inner` is what its PRF is made of; it never leaves."""

    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    inner: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0

    def cose(self) -> bytes:
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})


@dataclass
class Authenticator:
    """Answers as browsers send it: the fields `answer` and `output` of a form."""

    flags: int = PRESENT | VERIFIED
    origin: str = ORIGIN
    has_prf: bool = True
    kept: dict[bytes, Credential] = field(default_factory=dict)

    def make(self, options: dict[str, Any], **other: Any) -> dict[str, str]:
        """`navigator.credentials.create`. `other` replaces parts of the answer: challenge, domain, kind."""
        made = other.pop("credential", None) or Credential()
        self.kept[made.id] = made
        told = self._told(options, "webauthn.create", other)
        about = bytes(16) + len(made.id).to_bytes(2) + made.id + made.cose()
        data = self._data(other.get("domain", options["rp"]["id"]), self.flags | ATTESTED, made.count) + about
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        parts = {"clientDataJSON": encoded(told), "attestationObject": encoded(attestation)}
        return self._answer(made, parts, options)

    def use(self, options: dict[str, Any], **other: Any) -> dict[str, str]:
        """`navigator.credentials.get`, with the first passkey of the question that is here."""
        asked = [decoded(known["id"]) for known in options["allowCredentials"]] or list(self.kept)
        used: Credential = other.pop("credential", None) or next(
            self.kept[name] for name in asked if name in self.kept
        )
        used.count += 1
        told = self._told(options, "webauthn.get", other)
        data = self._data(other.get("domain", options["rpId"]), self.flags, used.count)
        signature = used.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
        parts = {
            "clientDataJSON": encoded(told),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
        }
        return self._answer(used, parts, options)

    def _told(self, options: dict[str, Any], kind: str, other: dict[str, Any]) -> bytes:
        told = {
            "type": other.get("kind", kind),
            "challenge": other.get("challenge", options["challenge"]),
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    @staticmethod
    def _data(domain: str, flags: int, count: int) -> bytes:
        return hashlib.sha256(domain.encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _answer(self, used: Credential, parts: dict[str, str], options: dict[str, Any]) -> dict[str, str]:
        told = {"id": encoded(used.id), "rawId": encoded(used.id), "type": "public-key", "response": parts}
        return {"answer": json.dumps(told), "output": self.output(used, options) if self.has_prf else ""}

    @staticmethod
    def output(used: Credential, options: dict[str, Any]) -> str:
        """The PRF: an HMAC of the question, with the prefix of section 10.1.4."""
        question = decoded(options["extensions"]["prf"]["eval"]["first"])
        salt = hashlib.sha256(b"WebAuthn PRF\x00" + question).digest()
        return encoded(hmac.digest(used.inner, salt, "sha256"))
