"""The room, and where a visitor goes after signing in."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app, url_for

from spreekbuis.identity.workplaces import Workplace, workplaces_of
from spreekbuis.web.access import permissions_of
from spreekbuis.web.frame import NavItem
from spreekbuis.web.room import NavEntry, Room

room = Room("identity")

LONGEST_PATH = 2000


def local_path(value: str) -> str:
    """`value` when it is a path on this site, else nothing: a `next` never leads to another site.

    Refuses what browsers read as another host: `//host`, backslashes, and control characters that they drop.
    """
    if not value.startswith("/") or value.startswith("//") or "\\" in value or len(value) > LONGEST_PATH:
        return ""
    if any(ord(sign) < 33 or ord(sign) == 127 for sign in value):
        return ""
    parts = urlsplit(value)
    return "" if parts.scheme or parts.netloc else value


def entries(place: Workplace) -> list[NavItem]:
    """The pages of the main navigation at a workplace, without those under "Meer"."""
    values: dict[str, Any] = {} if place.ovo_code is None else {"ovo": place.ovo_code}
    may = permissions_of(place.roles)
    nav: list[NavEntry] = current_app.extensions["nav"]
    return [
        NavItem(entry.label, url_for(entry.endpoint, **values))
        for entry in nav
        if entry.tenant == bool(values) and entry.may in may and not entry.rare
    ]


def first_page(account_id: UUID) -> str:
    """Where the account starts: its workplace when there is one, else the list of them."""
    places = workplaces_of(account_id)
    found = entries(places[0]) if len(places) == 1 else []
    return found[0].url if found else url_for("identity.workplaces")
