"""The room and what all its pages start with."""

from uuid import UUID

from spreekbuis.vault.content import Keyring
from spreekbuis.web import door
from spreekbuis.web.room import Room

room = Room("cases")


def my_desks() -> frozenset[UUID]:
    """The desks whose cases the signed-in account handles in this entity."""
    return door.here().in_entity.desks


def my_keyring() -> Keyring:
    return Keyring(holder=f"account:{door.the_account().id}")
