"""The doors to the members of an entity: the list, invitations, and rules for people of an organisation."""

from spreekbuis.access import provider_rule_pages
from spreekbuis.access.views import room

__all__ = ["provider_rule_pages", "room"]
