"""The pages with which people manage who can read, in the order of the navigation."""

from spreekbuis.access import key_overview, key_change_pages, key_part, key_ceremony  # isort: skip
from spreekbuis.access.key_doors import room

__all__ = ["key_ceremony", "key_change_pages", "key_overview", "key_part", "room"]
