"""What is to be done on a case: checks whether the reporter suffers for reporting, and tasks of the desk's own."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.checks import EARLY, MOMENT_LABELS, Moment, checks_of
from spreekbuis.cases.models import Case, CaseTask
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.vault.content import ContentKey

FARTHEST = timedelta(days=731)
"""How far ahead a task may be."""


class TaskKind(StrEnum):
    RETALIATION_CHECK = "retaliation_check"
    OWN = "own"


class Sign(StrEnum):
    """What came of a check."""

    NO_SIGN = "no_sign"
    SIGNS = "signs"
    NOT_REACHED = "not_reached"


SIGN_LABELS: dict[Sign, LazyString] = {
    Sign.NO_SIGN: _l("Geen gevolgen gemerkt"),
    Sign.SIGNS: _l("Er zijn gevolgen"),
    Sign.NOT_REACHED: _l("De melder antwoordt niet"),
}


class NotYet(Conflict):
    """The check is not for now, or not of this case."""

    title = _l("Die controle kan nu niet")
    advice = _l("Er is niets veranderd. Je kunt een controle invullen vanaf 14 dagen voor haar datum.")


@dataclass(frozen=True, slots=True)
class ShownTask:
    """A task or check that was opened for a reader. `id` is None for a check that nobody answered yet; the `note` of a
    check may be empty."""

    id: UUID | None
    label: str
    due_on: date
    done_at: datetime | None = None
    sign: Sign | None = None
    note: str = ""
    moment: Moment | None = None


def add_task(case: Case, key: ContentKey, text: str, due_on: date, *, once: UUID) -> None:
    """Put something to do on the case. The same `once` again changes nothing.

    Raises CaseClosed, and Invalid for a day that is past or more than two years away.
    """
    refuse_closed(case)
    if not today() <= due_on <= today() + FARTHEST:
        raise Invalid({"task_due": _l("Kies een dag vanaf vandaag, hoogstens twee jaar ver.")})
    task_id = new_id()
    made = db.session.scalar(
        insert(CaseTask)
        .values(
            entity_id=case.entity_id, id=task_id, case_id=case.id, kind=TaskKind.OWN.value, due_on=due_on,
            text_sealed=key.seal(_text_of(task_id), text), once=once,
        )
        .on_conflict_do_nothing()
        .returning(CaseTask.id)
    )  # fmt: skip
    if made is not None:
        changed(case, Happened.TASK, step="added")


def finish_task(case: Case, task_id: UUID) -> None:
    """The task is done, also when the case was closed meanwhile. Twice is once. Raises NotFound."""
    mine = (CaseTask.entity_id == case.entity_id, CaseTask.case_id == case.id, CaseTask.id == task_id)
    if db.session.scalar(select(CaseTask.id).where(*mine, CaseTask.kind == TaskKind.OWN)) is None:
        raise NotFound
    done = db.session.scalar(
        update(CaseTask)
        .where(*mine, CaseTask.done_at.is_(None))
        .values(done_at=now(), done_by=acting().account_id)
        .returning(CaseTask.id)
    )
    if done is not None:
        changed(case, Happened.TASK, step="done")


def answer_check(case: Case, key: ContentKey, moment: Moment, sign: Sign, note: str) -> None:
    """Write down what came of asking the reporter for consequences, also of a closed case. The first answer counts.

    Raises NotYet when the case has no such check, or not before long.
    """
    check = next((check for check in checks_of(case) if check.moment is moment), None)
    if check is None or check.due_on - EARLY > today():
        raise NotYet
    task_id = new_id()
    made = db.session.scalar(
        insert(CaseTask)
        .values(
            entity_id=case.entity_id, id=task_id, case_id=case.id, kind=TaskKind.RETALIATION_CHECK.value,
            moment=moment.value, due_on=check.due_on, done_at=now(), done_by=acting().account_id,
            answer=sign.value, note_sealed=key.seal(_note_of(task_id, sign), note) if note else None,
        )
        .on_conflict_do_nothing()
        .returning(CaseTask.id)
    )  # fmt: skip
    if made is not None:
        changed(case, Happened.CHECKED, moment=moment.value, sign=sign.value)


def is_there(case: Case, what: UUID | Moment) -> bool:
    """Whether this form made its task before, or this check was answered."""
    which = CaseTask.moment == what if isinstance(what, Moment) else CaseTask.once == what
    mine = (CaseTask.entity_id == case.entity_id, CaseTask.case_id == case.id)
    return db.session.scalar(select(CaseTask.id).where(*mine, which)) is not None


def tasks_in(case: Case, key: ContentKey) -> list[ShownTask]:
    """Everything to be done on the case, and what was done, by day. One query. Raises CannotOpen."""
    kept = [_Kept(*row) for row in rows(_TASKS, {"entity": case.entity_id, "case": case.id})]
    answered = {row.moment for row in kept}
    found = [_opened(row, key) for row in kept]
    found += [
        ShownTask(None, str(MOMENT_LABELS[check.moment]), check.due_on, moment=check.moment)
        for check in checks_of(case)
        if check.moment not in answered
    ]
    return sorted(found, key=lambda task: (task.due_on, task.label))


class _Kept(NamedTuple):
    """A row of the table of tasks."""

    id: UUID
    moment: str | None
    due_on: date
    text_sealed: bytes | None
    done_at: datetime | None
    answer: str | None
    note_sealed: bytes | None


_TASKS = select(*(getattr(CaseTask, name) for name in _Kept._fields)).where(
    CaseTask.entity_id == bindparam("entity"), CaseTask.case_id == bindparam("case")
)


def _opened(row: _Kept, key: ContentKey) -> ShownTask:
    if row.moment is None:
        assert row.text_sealed is not None, "a task of the desk's own has a text"
        return ShownTask(row.id, key.open(_text_of(row.id), row.text_sealed), row.due_on, row.done_at)
    moment, sign = Moment(row.moment), Sign(row.answer or "")
    note = "" if row.note_sealed is None else key.open(_note_of(row.id, sign), row.note_sealed)
    return ShownTask(row.id, str(MOMENT_LABELS[moment]), row.due_on, row.done_at, sign, note, moment)


def _text_of(task_id: UUID) -> str:
    return f"task/{task_id}/text"


def _note_of(task_id: UUID, sign: Sign) -> str:
    """With the answer: a note does not open under another one."""
    return f"task/{task_id}/{sign}/note"
