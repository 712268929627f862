"""The one door to the text of a case: everything that a person wrote passes here, in and out.

Today the bytes are the text itself, bound to its place by a check; the vault will put ciphertext behind the same
two functions. Sealing needs nothing secret. Opening needs a `Keyring`, which only the session of a handler, or of
a reporter who gave the receipt code, holds.
"""

from dataclasses import dataclass
from uuid import UUID


class CannotOpen(Exception):
    """The sealed value does not belong at this place, or the keyring does not fit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands: it opens nowhere else."""

    entity_id: UUID
    case_id: UUID
    field: str


@dataclass(frozen=True, slots=True)
class Keyring:
    """What the holder may open. Made at the door of a request, never stored."""

    holder: str


def seal(place: Place, text: str) -> bytes:
    """The stored form of `text` at `place`."""
    return _binding(place) + text.encode()


def open_sealed(keyring: Keyring, place: Place, sealed: bytes) -> str:
    """The text. Raises CannotOpen when the value was moved from another place."""
    binding = _binding(place)
    if not keyring.holder or not sealed.startswith(binding):
        raise CannotOpen(place.field)
    return sealed[len(binding) :].decode()


def _binding(place: Place) -> bytes:
    return b"\x00" + place.entity_id.bytes + place.case_id.bytes + place.field.encode() + b"\x00"
