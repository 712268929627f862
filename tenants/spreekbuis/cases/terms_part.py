"""The terms of a case in words, for its page and for the page about its rules."""

from typing import Any

from flask_babel import gettext

from spreekbuis.cases import shown
from spreekbuis.cases.deadlines import Deadline
from spreekbuis.cases.models import Case
from spreekbuis.clock import today


def shown_deadline(deadline: Deadline, case: Case) -> dict[str, Any]:
    now = today()
    kind, text = "hold", ""
    if deadline.met_on is not None:
        late = deadline.met_on > deadline.due_on
        kind, text = ("late" if late else "met"), shown.day(deadline.met_on, now)
        text = gettext("%(day)s, te laat", day=text) if late else text
    elif deadline.excused is not None:
        text = gettext("Niet nodig: %(reason)s", reason=deadline.excused)
    elif case.closed_at is not None:
        text = gettext("Niet gebeurd")
    elif deadline.paused:
        text = gettext("Staat stil tot de melder antwoordt")
    else:
        kind, text = shown.due(deadline.due_on, now) or ("ok", "")
        text = shown.day(deadline.due_on, now) if kind == "ok" else text
    more = deadline.extended and gettext("Verlengd: %(reason)s", reason=deadline.extended)
    return {"label": deadline.label, "kind": kind, "text": text, "more": more or ""}


def shown_owed(deadline: Deadline) -> dict[str, str]:
    """The step that is owed next, as a tag."""
    tag = shown.due(deadline.due_on, today())
    assert tag is not None
    step = shown.labels().step[deadline.step]
    return {"kind": tag.kind, "text": gettext("%(step)s: %(when)s", step=step, when=tag.text)}
