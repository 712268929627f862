"""The room and what all its pages start with."""

from uuid import UUID

from spreekbuis.cases.duplicates import together_with
from spreekbuis.cases.keys import Reader, key_of, keys_of
from spreekbuis.cases.models import Case
from spreekbuis.identity.keys import my_secret
from spreekbuis.vault.content import ContentKey
from spreekbuis.web import door
from spreekbuis.web.room import Room

room = Room("cases")


def my_desks() -> frozenset[UUID]:
    """The desks whose cases the signed-in account handles in this entity."""
    return door.here().in_entity.desks


def myself() -> Reader:
    """The signed-in account with its secret. Raises SignInAgain."""
    return Reader(door.the_account().id, my_secret())


def keys_together(case: Case) -> dict[UUID, ContentKey]:
    """The keys of the cases that are handled as one with this one, those that I can open. Raises SignInAgain."""
    others = [one.id for one in together_with(case)]
    return keys_of(others, myself()) if others else {}


def my_key(case_id: UUID) -> ContentKey:
    """The key of a case for the signed-in account. Raises SignInAgain, NoKeyYet."""
    return key_of(case_id, myself())
