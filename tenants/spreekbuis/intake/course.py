"""A case in the words of its reporter: where it stands, what comes next and by when."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.deadlines import Deadline, deadlines
from spreekbuis.cases.procedures import CaseFacts, State, Step
from spreekbuis.clock import local_date
from spreekbuis.directory.catalogue import DESK_LABELS, DESK_OF_TOPIC, Topic
from spreekbuis.web.dates import day_in_words

STEPS = (_l("Ontvangen"), _l("Bevestigd"), _l("In behandeling"), _l("Antwoord"), _l("Afgerond"))
_STEP_OF_STATE = {
    State.NEW: 1, State.ACKNOWLEDGED: 2, State.IN_PROGRESS: 3, State.WAITING_FOR_REPORTER: 3,
    State.REFERRED: 3, State.FEEDBACK_GIVEN: 4, State.CLOSED: 5,
}  # fmt: skip
_STATE_WORDS: dict[State, LazyString] = {
    State.NEW: _l("Stand: we hebben je melding ontvangen"),
    State.ACKNOWLEDGED: _l("Stand: het loket heeft je melding gelezen"),
    State.IN_PROGRESS: _l("Stand: het loket werkt aan je melding"),
    State.WAITING_FOR_REPORTER: _l("Stand: we wachten op jouw antwoord"),
    State.REFERRED: _l("Stand: je melding is onderweg naar een ander loket"),
    State.FEEDBACK_GIVEN: _l("Stand: je kreeg antwoord van het loket"),
    State.CLOSED: _l("Stand: je melding is afgerond"),
}
_PROMISES: dict[Step, tuple[LazyString, LazyString]] = {
    Step.ACKNOWLEDGE: (
        _l("Bevestiging"),
        _l("We laten weten dat we je melding lezen, en of we nog vragen hebben."),
    ),
    Step.CONVERSATION: (_l("Eerste gesprek"), _l("We spreken met je af, als je dat wilt.")),
    Step.DECISION: (
        _l("Beslissing over je verzoek"),
        _l("De preventieadviseur laat weten of je formele verzoek aanvaard wordt, en waarom."),
    ),
    Step.FEEDBACK: (_l("Antwoord"), _l("Je hoort wat we met je melding doen of deden, en waarom.")),
}


def steps() -> list[str]:
    """The labels of `STEPS` in the language of the reader."""
    return _steps(str(get_locale()))


@lru_cache(maxsize=8)
def _steps(_language: str) -> list[str]:
    return [str(label) for label in STEPS]


@dataclass(frozen=True, slots=True)
class CourseItem:
    """One line of the time line. `kind`: "" done, "now" the last that was done, "next" still to come."""

    when: str
    iso: str
    title: str
    text: str
    kind: str


def desk_of(case: CaseFacts) -> str:
    """The desk that reads the case, as in "het loket Integriteit"."""
    return str(DESK_LABELS[DESK_OF_TOPIC[Topic(case.topic)]])


def state_of(case: CaseFacts) -> tuple[str, int]:
    """Where the case stands: a sentence, and the step of `STEPS` (from 1)."""
    state = State(case.state)
    return str(_STATE_WORDS[state]), _STEP_OF_STATE[state]


def together_of(case: CaseFacts) -> tuple[str, int]:
    """The same of a case that goes on in another: its reporter gets an answer as before."""
    if case.feedback_at is not None:
        return _("Stand: je kreeg antwoord van het loket, dat je melding samen met een andere behandelt"), 4
    return _("Stand: je melding wordt samen behandeld met een andere"), 3


def _promise(deadline: Deadline) -> tuple[str, str]:
    """What the reporter may expect, and why it takes longer or stands still."""
    title, text = map(str, _PROMISES[deadline.step])
    if deadline.paused:
        text = _("De termijn staat stil tot je antwoordt.")
    elif deadline.extended is not None:
        text = _("We hebben meer tijd nodig. De reden: %(reason)s.", reason=deadline.extended)
    return title, text


def course_of(case: CaseFacts, *, together: bool = False, goes_on: bool = False) -> list[CourseItem]:
    """What happened to the case and what is promised, by date. Promises end with the answer.

    `together`: it is closed because it is handled together with another report; as long as that `goes_on`, the
    promises stand."""
    end = _("Samen behandeld met een andere melding") if together else _("Afgerond")
    done: list[tuple[date, str, str]] = [
        (
            local_date(case.received_at),
            _("Ontvangen"),
            _("Je melding ligt bij het %(desk)s.", desk=desk_of(case)),
        )
    ]
    promised: list[tuple[date, str, str]] = []
    for deadline in deadlines(case):
        if deadline.excused is not None and deadline.met_on is None:
            continue
        title, text = _promise(deadline)
        if deadline.met_on is not None:
            done.append((deadline.met_on, str(title), ""))
        elif case.feedback_at is None and (case.closed_at is None or goes_on):
            promised.append((deadline.due_on, str(title), str(text)))
    if case.closed_at is not None:
        done.append((local_date(case.closed_at), end, ""))
    done.sort(key=lambda item: item[0])
    promised.sort(key=lambda item: item[0])
    shown = [
        CourseItem(day_in_words(day, "full"), day.isoformat(), title, text, "") for day, title, text in done
    ]
    last = shown.pop()
    shown.append(CourseItem(last.when, last.iso, last.title, last.text, "now"))
    return shown + [
        CourseItem(
            _("Uiterlijk %(day)s", day=day_in_words(day, "full")), day.isoformat(), title, text, "next"
        )
        for day, title, text in promised
    ]
