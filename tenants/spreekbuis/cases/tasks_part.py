"""The checks and tasks of a case, as the page of the case shows them."""

from typing import Any

from spreekbuis.cases import shown
from spreekbuis.cases.checks import EARLY, SOURCE
from spreekbuis.cases.models import Case
from spreekbuis.cases.tasks import SIGN_LABELS, ShownTask, tasks_in
from spreekbuis.clock import today
from spreekbuis.vault.content import ContentKey


def tasks_part(case: Case, key: ContentKey) -> dict[str, Any]:
    """What `cases/tasks.html` needs."""
    tasks = tasks_in(case, key)
    waiting = [task for task in tasks if task.done_at is None]
    check = next((task for task in waiting if task.moment is not None), None)
    if check is not None and check.due_on - EARLY > today():
        check = None
    lines = [_waits(task) for task in waiting]
    return {
        "tasks": lines,
        "tasks_press": check is not None or any(line["kind"] != "ok" for line in lines),
        "tasks_done": [_done(task) for task in tasks if task.done_at is not None],
        "check": check,
        "signs": list(SIGN_LABELS.items()),
        "checks_source": SOURCE if any(task.moment is not None for task in tasks) else "",
    }


def _waits(task: ShownTask) -> dict[str, Any]:
    tag = shown.due(task.due_on, today())
    assert tag is not None, "a task has a day"
    return {"id": task.id, "label": task.label, "kind": tag.kind, "when": tag.text}


def _done(task: ShownTask) -> dict[str, Any]:
    assert task.done_at is not None, "the task was done"
    return {
        "label": task.label, "when": shown.day(task.done_at, today()), "note": task.note,
        "sign": SIGN_LABELS[task.sign] if task.sign is not None else "",
    }  # fmt: skip
