"""What a handler sends from the work list: cases for a colleague, and filters to keep."""

from uuid import UUID

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.assigning import NotAll, assign_together
from spreekbuis.cases.doors import my_desks, room
from spreekbuis.cases.list_page import Typed, address, asked_of_address, list_page
from spreekbuis.cases.saved_filters import LONGEST, forget_filter, keep_filter
from spreekbuis.cases.work_list import PAGE
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

ASSIGNED = notice_after("cases-assigned", _l("De gekozen dossiers zijn toegewezen."))
KEPT = notice_after("filter-kept", _l("Je selectie is bewaard."))
FORGOTTEN = notice_after("filter-forgotten", _l("Je selectie is gewist."))


@room.post("/desk/<ovo:ovo>/cases/assign", Permission.HANDLE_CASES)
def assign_chosen() -> ResponseReturnValue:
    """Give the ticked cases to one handler: all, or none with the reasons."""
    ticked, handler = request.form.getlist("case")[:PAGE], request.form.get("to", "")
    errors: dict[str, type_text] = {}
    chosen = dict(pair for pair in map(_read, ticked) if pair is not None)
    if not chosen:
        errors["case"] = _l("Vink minstens één dossier aan.")
    to = _id(handler)
    if to is None:
        errors["to"] = _l("Kies een behandelaar.")
    typed = Typed(errors, frozenset(ticked), handler)
    if to is None or errors:
        return list_page(typed), 422
    try:
        assign_together(my_desks(), chosen, to)
    except NotAll as refusal:
        return list_page(Typed({}, frozenset(ticked), handler, refused=tuple(refusal.refused))), 409
    return redirect(address(done=ASSIGNED), 303)


@room.post("/desk/<ovo:ovo>/cases/filters", Permission.HANDLE_CASES)
def save_filter() -> ResponseReturnValue:
    """Keep what the address asks for under a name."""
    form = Reading()
    name = form.text("filter_name", longest=LONGEST)
    try:
        form.check()
        keep_filter(door.the_account().id, name, asked_of_address()[0])
    except Invalid as invalid:
        return list_page(Typed(invalid.errors, filter_name=name)), invalid.status
    return redirect(address(done=KEPT), 303)


@room.post("/desk/<ovo:ovo>/cases/filters/forget", Permission.HANDLE_CASES)
def drop_filter() -> ResponseReturnValue:
    forget_filter(door.the_account().id, Reading().text("filter_name", longest=LONGEST))
    return redirect(address(done=FORGOTTEN), 303)


def _read(value: str) -> tuple[UUID, UUID | None] | None:
    """A ticked box: the case, and who handled it when the list was shown."""
    case_id, _, handler_id = value.partition("/")
    found = _id(case_id)
    return None if found is None else (found, _id(handler_id))


def _id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
