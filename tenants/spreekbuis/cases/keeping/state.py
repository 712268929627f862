"""How a case stands with keeping and erasing, in the words of the page."""

from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Date, DateTime, bindparam, exists, select

from spreekbuis.cases import shown
from spreekbuis.cases.export.data_requests import unanswered
from spreekbuis.cases.keeping.early import LAPSES_AFTER, still_counts
from spreekbuis.cases.keeping.holds import held
from spreekbuis.cases.keeping.models import ErasureRequest, RetentionWarning
from spreekbuis.cases.keeping.terms import WARNED_AHEAD, due_on, first_night
from spreekbuis.cases.models import Case
from spreekbuis.clock import now, today
from spreekbuis.db.session import rows


class Note(NamedTuple):
    """A tag: its kind for the macro `tag`, and the words."""

    kind: str
    text: str


_OPEN = (
    select(
        held(),
        exists().where(
            ErasureRequest.entity_id == Case.entity_id,
            ErasureRequest.case_id == Case.id,
            still_counts(bindparam("since", type_=DateTime(timezone=True)), bindparam("today", type_=Date)),
        ),
        unanswered(),
        select(RetentionWarning.warned_on)
        .where(
            RetentionWarning.entity_id == Case.entity_id,
            RetentionWarning.case_id == Case.id,
            RetentionWarning.due_on == bindparam("due", type_=Date),
        )
        .scalar_subquery(),
    )
    .select_from(Case)
    .where(Case.entity_id == bindparam("entity"), Case.id == bindparam("case"))
)


def notes_on(case: Case) -> list[Note]:
    """What a handler must know at a glance: a hold, a question to erase or about data, the day on which the
    case goes. One query."""
    due = due_on(case)
    given = {
        "entity": case.entity_id,
        "case": case.id,
        "since": now() - LAPSES_AFTER,
        "today": today(),
        "due": due,
    }
    ((on_hold, asked, data_asked, warned_on),) = rows(_OPEN, given)
    notes = []
    if on_hold:
        notes.append(Note("stop", _("Wissen stilgezet")))
    if asked:
        notes.append(Note("wait", _("Wacht op bevestiging om te wissen")))
    if data_asked:
        notes.append(Note("wait", _("Vraag over gegevens")))
    if due is not None and not on_hold and not data_asked and due <= today() + WARNED_AHEAD:
        first = first_night(due, warned_on)
        notes.append(Note("wait", _("Wordt gewist vanaf %(day)s", day=shown.day(first, today()))))
    return notes


def term_in_words(months: int) -> str:
    """ "5 jaar na het afsluiten"; in months when it is no whole number of years."""
    if months % 12 == 0:
        return ngettext("%(num)s jaar na het afsluiten", "%(num)s jaar na het afsluiten", months // 12)
    return ngettext("%(num)s maand na het afsluiten", "%(num)s maanden na het afsluiten", months)
