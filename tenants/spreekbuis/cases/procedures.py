"""Procedures as data: which states a case goes through, which moves are allowed, which terms run and why.

A rule of law is changed here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.catalogue import DESK_OF_TOPIC, CaseKind, DeskKind, Outcome, Topic


class CaseFacts(Protocol):
    """What of a case decides its terms and its course: a Case, or the few columns that a page reads."""

    @property
    def kind(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def acknowledged_at(self) -> datetime | None: ...
    @property
    def conversation_at(self) -> datetime | None: ...
    @property
    def feedback_at(self) -> datetime | None: ...
    @property
    def closed_at(self) -> datetime | None: ...


class State(StrEnum):
    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_REPORTER = "waiting_for_reporter"
    FEEDBACK_GIVEN = "feedback_given"
    REFERRED = "referred"
    """On its way to another desk (cases.referral): nobody writes until that one accepts or refuses it."""
    CLOSED = "closed"


STATE_LABELS: dict[State, LazyString] = {
    State.NEW: _l("Nieuw"),
    State.ACKNOWLEDGED: _l("Bevestigd"),
    State.IN_PROGRESS: _l("In behandeling"),
    State.WAITING_FOR_REPORTER: _l("Wacht op melder"),
    State.FEEDBACK_GIVEN: _l("Terugkoppeling gegeven"),
    State.REFERRED: _l("Doorgestuurd"),
    State.CLOSED: _l("Afgesloten"),
}


class Step(StrEnum):
    """What a handler owes the reporter, in the order in which it comes."""

    ACKNOWLEDGE = "acknowledge"
    CONVERSATION = "conversation"
    FEEDBACK = "feedback"


STEP_LABELS: dict[Step, LazyString] = {
    Step.ACKNOWLEDGE: _l("Ontvangst bevestigen"),
    Step.CONVERSATION: _l("Eerste gesprek"),
    Step.FEEDBACK: _l("Terugkoppeling"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """How long a step may take: calendar days and months, Belgian calendar.

    `after_acknowledgement`: counts from the acknowledgement, or from the last day on which it had to be sent
    when none was sent; otherwise from the day of receipt. `needs_identity`: cannot be asked for an anonymous
    reporter.
    """

    step: Step
    source: LazyString
    days: int = 0
    months: int = 0
    after_acknowledgement: bool = False
    needs_identity: bool = False


@dataclass(frozen=True, slots=True)
class Procedure:
    """`moves` says from which state a case may go to which; what is not named is refused."""

    code: str
    label: LazyString
    moves: Mapping[State, frozenset[State]]
    terms: tuple[Term, ...]


_REPORT_MOVES: Mapping[State, frozenset[State]] = {
    State.NEW: frozenset({State.ACKNOWLEDGED}),
    State.ACKNOWLEDGED: frozenset({State.IN_PROGRESS, State.CLOSED}),
    State.IN_PROGRESS: frozenset({State.WAITING_FOR_REPORTER, State.FEEDBACK_GIVEN, State.CLOSED}),
    State.WAITING_FOR_REPORTER: frozenset({State.IN_PROGRESS, State.CLOSED}),
    State.FEEDBACK_GIVEN: frozenset({State.CLOSED}),
    State.REFERRED: frozenset(),
    State.CLOSED: frozenset(),
}
"""A report is acknowledged before anything else can happen to it."""

_QUESTION_MOVES: Mapping[State, frozenset[State]] = {
    **_REPORT_MOVES,
    State.NEW: frozenset({State.ACKNOWLEDGED, State.CLOSED}),
}
"""A question that is answered at once needs no acknowledgement first."""

_DECREE_7_DAYS = _l(
    "Decreet van 18 november 2022 en richtlijn (EU) 2019/1937, artikel 9: bevestigen binnen 7 dagen."
)
_DECREE_3_MONTHS = _l(
    "Decreet van 18 november 2022 en richtlijn (EU) 2019/1937, artikel 9:"
    " terugkoppelen binnen 3 maanden na de bevestiging."
)
_HOUSE_7_DAYS = _l("Afspraak van Spreekbuis: bevestigen binnen 7 dagen.")
_HOUSE_3_MONTHS = _l("Afspraak van Spreekbuis: terugkoppelen binnen 3 maanden na de bevestiging.")
_CODEX_10_DAYS = _l("Codex over het welzijn op het werk, boek I titel 3: eerste gesprek binnen 10 dagen.")

INTEGRITY_REPORT = Procedure(
    "integrity_report",
    _l("Klokkenluidersdecreet"),
    _REPORT_MOVES,
    (
        Term(Step.ACKNOWLEDGE, _DECREE_7_DAYS, days=7),
        Term(Step.FEEDBACK, _DECREE_3_MONTHS, months=3, after_acknowledgement=True),
    ),
)
"""Decree of 18 November 2022 and Directive (EU) 2019/1937, article 9(1): acknowledge within 7 days of
receipt; feedback within 3 months of the acknowledgement or, when none was sent, of the end of those 7
days."""

WELLBEING_INFORMAL = Procedure(
    "wellbeing_informal",
    _l("Informeel verzoek welzijn"),
    _REPORT_MOVES,
    (
        Term(Step.ACKNOWLEDGE, _HOUSE_7_DAYS, days=7),
        Term(Step.CONVERSATION, _CODEX_10_DAYS, days=10, needs_identity=True),
        Term(Step.FEEDBACK, _HOUSE_3_MONTHS, months=3, after_acknowledgement=True),
    ),
)
"""Codex over het welzijn op het werk, book I title 3: a first conversation within 10 calendar days. The other
two terms are the service's own promise, the same for every reporter."""

INFORMATION_REQUEST = Procedure(
    "information_request",
    _l("Infovraag"),
    _QUESTION_MOVES,
    (
        Term(Step.ACKNOWLEDGE, _HOUSE_7_DAYS, days=7),
        Term(Step.FEEDBACK, _HOUSE_3_MONTHS, months=3, after_acknowledgement=True),
    ),
)
"""No law sets a term for a question; the service keeps its own."""

OUTCOMES: Mapping[CaseKind, tuple[Outcome, ...]] = {
    CaseKind.NEW: (),
    CaseKind.REPORT: tuple(
        outcome for outcome in Outcome if outcome not in (Outcome.ANSWERED, Outcome.REFERRED)
    ),
    CaseKind.INFORMATION_REQUEST: (Outcome.ANSWERED,),
}
"""How a handler can end a case of each kind; the kind is chosen before that. A referral ends it by itself."""

SET_BY_HAND = frozenset({State.IN_PROGRESS, State.WAITING_FOR_REPORTER})
"""States that a handler may simply choose. The others follow from something that the reporter gets to
read."""


def procedure_of(case: CaseFacts) -> Procedure:
    """The rules for this case. A case whose kind is not chosen yet is treated as a report: the stricter
    rules."""
    if case.kind == CaseKind.INFORMATION_REQUEST:
        return INFORMATION_REQUEST
    wellbeing = DESK_OF_TOPIC[Topic(case.topic)] is DeskKind.WELLBEING
    return WELLBEING_INFORMAL if wellbeing else INTEGRITY_REPORT


def may_move(case: CaseFacts, state: State) -> bool:
    """Whether the procedure lets the case go from where it is to `state`."""
    return state in procedure_of(case).moves[State(case.state)]
