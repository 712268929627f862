"""The lock and the box: the only module that touches a cipher. Standard parts, put together as their authors say.

A *secret* is 32 random bytes. From it follows either a key pair, to which anybody can `seal` and which alone
opens, or a symmetric key, which both `lock`s and `unlock`s:

- `seal`: HPKE (RFC 9180, base mode) with the hybrid of ML-KEM-768 and X25519, HKDF-SHA-256 and AES-256-GCM. Who
  keeps a dump of today until there are quantum computers must break both.
- `lock`: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits.

Each ciphertext begins with its format and the name of its key, and is bound to a context: where it stands. It
opens nowhere else. A new algorithm is a new format beside the old one: what was sealed before opens as before.
"""

import os
import struct
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES: Final = 32
NAME_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEAD_BYTES: Final = 1 + NAME_BYTES
_BODY: Final = _HEAD_BYTES + _NONCE_BYTES
_MLKEM_SEED: Final = 64
_MLKEM_PUBLIC: Final = 1184

HYBRID: Final = 1
"""Format of public keys and of what is sealed to them."""
AES_GCM: Final = 1
"""Format of what is locked."""
_SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class CannotOpen(Exception):
    """The key does not fit, or the ciphertext was changed or moved. Says nothing of what is inside."""


def new_secret() -> bytes:
    """32 random bytes of the operating system."""
    return os.urandom(SECRET_BYTES)


def context(purpose: str, *parts: UUID | str | int) -> bytes:
    """What a ciphertext is bound to. Each part with its length, so that no two contexts read the same."""
    told = [part.bytes if isinstance(part, UUID) else str(part).encode() for part in (purpose, *parts)]
    return b"".join(struct.pack(">I", len(part)) + part for part in told)


def derive(secret: bytes, about: bytes, length: int = SECRET_BYTES) -> bytes:
    """Another secret that follows from this one (HKDF-SHA-256, RFC 5869) and does not lead back to it."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=about).derive(secret)


_PAIR: Final = context("spreekbuis key pair", HYBRID)
_LOCK_NAME: Final = context("spreekbuis key name")


def public_key_of(secret: bytes) -> bytes:
    """The public half of the key pair that follows from `secret`: 1,217 bytes, format first."""
    mlkem, x25519 = _private_halves(secret)
    return bytes([HYBRID]) + mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def name_of(public_key: bytes) -> bytes:
    """A short name of a public key: 4 bytes, for finding and not for proving."""
    digest = Hash(SHA256())
    digest.update(public_key)
    return digest.finalize()[:NAME_BYTES]


def seal(public_key: bytes, what: bytes, bound_to: bytes) -> bytes:
    """Close `what` so that only the secret behind `public_key` opens it, with the same `bound_to`.

    Raises ValueError for what is no public key.
    """
    if public_key[:1] != bytes([HYBRID]):
        raise ValueError("not a public key of a known format")
    raw = public_key[1:]
    both = hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
    )
    head = bytes([HYBRID]) + name_of(public_key)
    return head + _SUITE.encrypt(what, both, head + bound_to)


def open_sealed(secret: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed to the key pair of `secret`. Raises CannotOpen."""
    return open_with(pair_of(secret), sealed, bound_to)


def pair_of(secret: bytes) -> hpke.MLKEM768X25519PrivateKey:
    """The key pair of `secret`, to open much with: making it costs more than opening once."""
    return hpke.MLKEM768X25519PrivateKey(*_private_halves(secret))


def open_with(pair: hpke.MLKEM768X25519PrivateKey, sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed to this key pair. Raises CannotOpen."""
    if sealed[:1] != bytes([HYBRID]):
        raise CannotOpen("unknown format")
    head, closed = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
    try:
        return _SUITE.decrypt(closed, pair, head + bound_to)
    except (InvalidTag, ValueError):
        raise CannotOpen("sealed to another key, changed or moved") from None


def lock(secret: bytes, what: bytes, bound_to: bytes) -> bytes:
    """Close `what` with a secret that also opens it, with the same `bound_to`."""
    head, nonce = bytes([AES_GCM]) + _lock_name(secret), os.urandom(_NONCE_BYTES)
    return head + nonce + AESGCM(secret).encrypt(nonce, what, head + bound_to)


def unlock(secret: bytes, locked: bytes, bound_to: bytes) -> bytes:
    """What was locked with this secret. Raises CannotOpen."""
    if locked[:1] != bytes([AES_GCM]):
        raise CannotOpen("unknown format")
    head, nonce, closed = locked[:_HEAD_BYTES], locked[_HEAD_BYTES:_BODY], locked[_BODY:]
    try:
        return AESGCM(secret).decrypt(nonce, closed, head + bound_to)
    except (InvalidTag, ValueError):
        raise CannotOpen("locked with another key, changed or moved") from None


def _lock_name(secret: bytes) -> bytes:
    return derive(secret, _LOCK_NAME, NAME_BYTES)


def _private_halves(secret: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    seeds = derive(secret, _PAIR, _MLKEM_SEED + 32)
    return (
        MLKEM768PrivateKey.from_seed_bytes(seeds[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(seeds[_MLKEM_SEED:]),
    )
