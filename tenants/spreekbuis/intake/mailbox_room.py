"""The room of the mailbox, and the case that its reporter opened."""

from uuid import UUID

from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.models import Case
from spreekbuis.web.door import here
from spreekbuis.web.room import Room

room = Room("mailbox")


def case_id() -> UUID:
    """The case that this browser opened."""
    reporter = here().reporter
    assert reporter is not None, "the door lets only returning reporters in"
    return reporter.case_id


def locked_case() -> Case:
    """The case, locked to change it."""
    return case_of_reporter(case_id(), lock=True)
