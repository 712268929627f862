"""The handler's pages and jobs, in the order of the navigation."""

from spreekbuis.cases import (
    access_page,
    actions,
    case_page,
    exclusion_mails,
    list_page,
    new_contact,
    people_page,
    reminders,
    search_page,
)  # isort: skip
from spreekbuis.cases.doors import room

__all__ = [
    "access_page",
    "actions",
    "case_page",
    "exclusion_mails",
    "list_page",
    "new_contact",
    "people_page",
    "reminders",
    "room",
    "search_page",
]
