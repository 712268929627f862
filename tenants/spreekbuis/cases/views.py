"""The handler's pages and jobs, in the order of the navigation."""

from spreekbuis.cases import list_page, new_contact, case_page, search_page, access_page  # isort: skip
from spreekbuis.cases import referral_page, letter_page, people_page, list_actions, actions  # isort: skip
from spreekbuis.cases import exclusion_mails, related_page, reminders, result_page, tasks_page, terms_page  # isort: skip
from spreekbuis.cases.citizens import pages as citizens_pages
from spreekbuis.cases.doors import room
from spreekbuis.cases.export import data_request_pages, export_page, redaction_page
from spreekbuis.cases.keeping import file_page, nightly, overview_page

__all__ = [
    "access_page",
    "actions",
    "case_page",
    "citizens_pages",
    "data_request_pages",
    "exclusion_mails",
    "export_page",
    "file_page",
    "letter_page",
    "list_actions",
    "list_page",
    "new_contact",
    "nightly",
    "overview_page",
    "people_page",
    "redaction_page",
    "referral_page",
    "related_page",
    "reminders",
    "result_page",
    "room",
    "search_page",
    "tasks_page",
    "terms_page",
]
