"""What can be done with a case, as its page offers it, and which of it comes first."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import force_locale, gettext

from spreekbuis.cases import shown
from spreekbuis.cases.deadlines import Deadline
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedures import OUTCOMES, SET_BY_HAND, State, Step, may_move, procedure_of
from spreekbuis.cases.workflow import movers
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, EVERY_CATEGORY, CaseKind, ReporterClass, Topic


class Next(StrEnum):
    """What a handler is to do first: the page has one main button, and it is this one's."""

    ACKNOWLEDGE = "acknowledge"
    FEEDBACK = "feedback"
    """It is due within days, or late."""
    CLOSE = "close"
    """The reporter got feedback: what remains is closing."""
    WRITE = "write"


def acts_part(
    case: Case, handlers: Sequence[tuple[UUID, str]], me: UUID, owed: Deadline | None
) -> dict[str, Any]:
    """What `cases/next.html` and `cases/acts.html` need. `handlers`: to whom the case can be given, and how they are
    called."""
    words, who = shown.labels(), movers(case)
    chosen = case.kind != CaseKind.NEW
    may = {state: may_move(case, state, who) for state in State}
    first = Next.WRITE
    if may[State.ACKNOWLEDGED]:
        first = Next.ACKNOWLEDGE
    elif may[State.FEEDBACK_GIVEN] and owed is not None and _presses(owed):
        first = Next.FEEDBACK
    elif may[State.CLOSED] and chosen and case.state == State.FEEDBACK_GIVEN:
        first = Next.CLOSE
    return {
        "next": first,
        "may_acknowledge": may[State.ACKNOWLEDGED],
        "may_give_feedback": may[State.FEEDBACK_GIVEN],
        "may_close": may[State.CLOSED],
        "states": [(s, words.state[s]) for s in sorted(SET_BY_HAND) if may[s]],
        "kinds": [(k, words.kind[k]) for k in CaseKind if k is not CaseKind.NEW],
        "kind_chosen": chosen,
        "outcomes": [(o, words.outcome[o]) for o in OUTCOMES[CaseKind(case.kind)]],
        "categories": _categories(case, words),
        "handlers": handlers,
        "mine": case.handler_id == me,
        "passes_on": case.topic == Topic.CITIZENS,
        "acknowledgement": _acknowledgement(case),
    }


def _presses(owed: Deadline) -> bool:
    """Whether it is feedback that is owed, today, soon or already late."""
    due = shown.due(owed.due_on, today())
    return owed.step is Step.FEEDBACK and due is not None and due.kind != "ok"


def _categories(case: Case, words: shown.Labels) -> list[tuple[str, str]]:
    desk = DESK_OF_TOPIC[Topic(case.topic)]
    return [
        (c.code, words.category[c.code]) for c in EVERY_CATEGORY.values() if DESK_OF_TOPIC[c.topic] is desk
    ]


def _acknowledgement(case: Case) -> str:
    """A first version of the acknowledgement, in the reporter's language."""
    with force_locale(case.language):
        if case.reporter_class == ReporterClass.CITIZEN:
            term = procedure_of(case).term(Step.FEEDBACK)
            return gettext(
                "Dank je voor je bericht. We hebben het goed ontvangen. Je krijgt antwoord binnen %(days)s dagen nadat"
                " je schreef. Je kunt hier altijd iets toevoegen.",
                days=term.days if term else "",
            )
        return gettext(
            "Dank je voor je bericht. We hebben het goed ontvangen en nemen het ernstig."
            " Uiterlijk 3 maanden na vandaag laten we je weten wat ermee gebeurd is."
            " Je kunt hier altijd iets toevoegen."
        )
