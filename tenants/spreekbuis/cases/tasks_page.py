"""What a handler does with the checks and tasks of a case."""

from datetime import date
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.actions import LONGEST_TEXT, on_case
from spreekbuis.cases.checks import Moment
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case
from spreekbuis.cases.once import id_of
from spreekbuis.cases.tasks import Sign, add_task, answer_check, finish_task, is_there
from spreekbuis.clock import today
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

ADDED = notice_after("task-added", _l("De taak staat in het dossier."))
DONE = notice_after("task-done", _l("De taak is gedaan."))
CHECKED = notice_after("check-kept", _l("De controle is bewaard."))
LONGEST_TASK = 1_000


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/tasks", Permission.HANDLE_CASES)
def task(case_id: UUID) -> ResponseReturnValue:
    """Put something to do on the case."""

    def read(form: Reading) -> tuple[str, date, UUID]:
        text = form.text("task_text", longest=LONGEST_TASK, lines=True)
        due_on = form.day("task_due") or today()
        return text, due_on, id_of(form.once(), text, due_on.isoformat())

    return on_case.act(
        case_id,
        read,
        lambda case, v: is_there(case, v[2]),
        lambda case, v: add_task(case, my_key(case.id), v[0], v[1], once=v[2]),
        ADDED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/tasks/<uuid:task_id>/done", Permission.HANDLE_CASES)
def task_done(case_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Whatever else changed meanwhile: it overwrites nothing."""
    finish_task(case_for(my_desks(), case_id, lock=True), task_id)
    return on_case.back(case_id, DONE)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/checks", Permission.HANDLE_CASES)
def check(case_id: UUID) -> ResponseReturnValue:
    """Write down whether the reporter suffers for having reported."""

    def read(form: Reading) -> tuple[Moment | None, Sign | None, str]:
        moment = form.choice("moment", Moment)
        sign = form.choice("check_answer", Sign)
        return moment, sign, form.text("check_note", longest=LONGEST_TEXT, required=False, lines=True)

    def do(case: Case, values: tuple[Moment | None, Sign | None, str]) -> None:
        moment, sign, note = values
        assert moment is not None, "the form was checked"
        assert sign is not None, "the form was checked"
        answer_check(case, my_key(case.id), moment, sign, note)

    return on_case.act(case_id, read, lambda case, v: v[0] is not None and is_there(case, v[0]), do, CHECKED)
