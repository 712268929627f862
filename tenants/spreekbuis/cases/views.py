"""The handler's pages and jobs, in the order of the navigation."""

from spreekbuis.cases import list_page, new_contact, case_page, search_page, access_page  # isort: skip
from spreekbuis.cases import referral_page, letter_page, actions, reminders  # isort: skip
from spreekbuis.cases.doors import room

__all__ = [
    "access_page",
    "actions",
    "case_page",
    "letter_page",
    "list_page",
    "new_contact",
    "referral_page",
    "reminders",
    "room",
    "search_page",
]
