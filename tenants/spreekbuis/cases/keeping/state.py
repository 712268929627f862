"""How a case stands with keeping and erasing, in the words of the page."""

from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import bindparam, exists, select

from spreekbuis.cases import shown
from spreekbuis.cases.export.models import DataRequest
from spreekbuis.cases.keeping.early import LAPSES_AFTER
from spreekbuis.cases.keeping.models import CaseHold, ErasureRequest, RetentionWarning
from spreekbuis.cases.keeping.terms import WARNED_AHEAD, due_on, first_night
from spreekbuis.cases.models import Case
from spreekbuis.clock import now, today
from spreekbuis.db.session import rows


class Note(NamedTuple):
    """A tag: its kind for the macro `tag`, and the words."""

    kind: str
    text: str


_OPEN = select(
    exists().where(
        CaseHold.entity_id == bindparam("entity"),
        CaseHold.case_id == bindparam("case"),
        CaseHold.lifted_at.is_(None),
    ),
    exists().where(
        ErasureRequest.entity_id == bindparam("entity"),
        ErasureRequest.case_id == bindparam("case"),
        ErasureRequest.asked_at > bindparam("since"),
    ),
    exists().where(
        DataRequest.entity_id == bindparam("entity"),
        DataRequest.case_id == bindparam("case"),
        DataRequest.answered_on.is_(None),
    ),
    select(RetentionWarning.warned_on)
    .where(
        RetentionWarning.entity_id == bindparam("entity"),
        RetentionWarning.case_id == bindparam("case"),
        RetentionWarning.due_on == bindparam("due"),
    )
    .scalar_subquery(),
)


def notes_on(case: Case) -> list[Note]:
    """What a handler must know at a glance: a hold, a question to erase or about data, the day on which the
    case goes. One query."""
    asked_since, due = now() - LAPSES_AFTER, due_on(case)
    ((held, asked, data_asked, warned_on),) = rows(
        _OPEN, {"entity": case.entity_id, "case": case.id, "since": asked_since, "due": due}
    )
    notes = []
    if held:
        notes.append(Note("stop", _("Wissen stilgezet")))
    if asked:
        notes.append(Note("wait", _("Wacht op bevestiging om te wissen")))
    if data_asked:
        notes.append(Note("wait", _("Vraag over gegevens")))
    if due is not None and not held and due <= today() + WARNED_AHEAD:
        first = first_night(due, warned_on)
        notes.append(Note("wait", _("Wordt gewist vanaf %(day)s", day=shown.day(first, today()))))
    return notes


def term_in_words(months: int) -> str:
    """ "5 jaar na het afsluiten"; in months when it is no whole number of years."""
    if months % 12 == 0:
        return ngettext("%(num)s jaar na het afsluiten", "%(num)s jaar na het afsluiten", months // 12)
    return ngettext("%(num)s maand na het afsluiten", "%(num)s maanden na het afsluiten", months)
