"""What a handler does with cases that belong together."""

from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import related
from spreekbuis.cases.actions import on_case
from spreekbuis.cases.doors import my_desks, room
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import CaseNumber, read_number
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LINKED = notice_after("case-linked", _l("De twee dossiers verwijzen nu naar elkaar."))
UNLINKED = notice_after("case-unlinked", _l("De dossiers verwijzen niet meer naar elkaar."))
MERGED = notice_after("case-merged", _l("Dit dossier is samengevoegd met het andere, en afgesloten."))
UNMERGED = notice_after("case-unmerged", _l("Het samenvoegen is ongedaan gemaakt. Dit dossier is weer open."))


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/links", Permission.HANDLE_CASES)
def relate(case_id: UUID) -> ResponseReturnValue:
    """Link the case to another one of the desk, or close it as a duplicate of that one."""
    number = read_number(request.form.get("link_number", ""), today().year)
    related.lock_in_order(my_desks(), case_id, number)

    def read(form: Reading) -> tuple[bool, CaseNumber | None]:
        form.text("link_number", longest=40)
        return form.one_of("link_how", ("link", "merge")) == "merge", number

    def already(case: Case, values: tuple[bool, CaseNumber | None]) -> bool:
        return values[0] and case.outcome == Outcome.DUPLICATE

    def do(case: Case, values: tuple[bool, CaseNumber | None]) -> None:
        other = related.other_case(case, values[1])
        if values[0]:
            related.merge(case, other)
        else:
            related.link(case, other)

    return on_case.act(
        case_id, read, already, do, MERGED if request.form.get("link_how") == "merge" else LINKED
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/links/<uuid:other_id>/end", Permission.HANDLE_CASES)
def end_link(case_id: UUID, other_id: UUID) -> ResponseReturnValue:
    related.unlink(case_for(my_desks(), case_id, lock=True), other_id)
    return on_case.back(case_id, UNLINKED)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/merge/undo", Permission.HANDLE_CASES)
def undo_merge(case_id: UUID) -> ResponseReturnValue:
    related.undo_merge(case_for(my_desks(), case_id, lock=True))
    return on_case.back(case_id, UNMERGED)
