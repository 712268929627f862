"""The rules that hold for a case: its procedure, which moves that allows, which steps it asks.

The rules themselves are data (cases.definition), in versions that never change (cases.procedure_versions).
"""

from collections.abc import Mapping, Set
from datetime import date, datetime
from typing import Any, Protocol

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.definition import Mover, Procedure, Retention, State, Step
from spreekbuis.cases.procedure_versions import procedure
from spreekbuis.directory.catalogue import CaseKind, Outcome

__all__ = ["Mover", "State", "Step"]


class CaseFacts(Protocol):
    """What of a case decides its terms and its course: a Case, or the few columns that a page reads."""

    @property
    def procedure(self) -> str: ...
    @property
    def procedure_version(self) -> int: ...
    @property
    def procedure_at(self) -> datetime | None: ...
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
    def decided_at(self) -> datetime | None: ...
    @property
    def feedback_at(self) -> datetime | None: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def waiting_since(self) -> datetime | None: ...
    @property
    def waited_days(self) -> int: ...
    @property
    def term_changes(self) -> Mapping[str, Any]: ...
    @property
    def duplicates_due_on(self) -> date | None: ...


STATE_LABELS: dict[State, LazyString] = {
    State.NEW: _l("Nieuw"),
    State.ACKNOWLEDGED: _l("Bevestigd"),
    State.IN_PROGRESS: _l("In behandeling"),
    State.WAITING_FOR_REPORTER: _l("Wacht op melder"),
    State.FEEDBACK_GIVEN: _l("Terugkoppeling gegeven"),
    State.REFERRED: _l("Doorgestuurd"),
    State.CLOSED: _l("Afgesloten"),
}

STEP_LABELS: dict[Step, LazyString] = {
    Step.ACKNOWLEDGE: _l("Ontvangst bevestigen"),
    Step.CONVERSATION: _l("Eerste gesprek"),
    Step.DECISION: _l("Aanvaarden of weigeren"),
    Step.FEEDBACK: _l("Terugkoppeling"),
}

OUTCOMES: Mapping[CaseKind, tuple[Outcome, ...]] = {
    CaseKind.NEW: (),
    CaseKind.REPORT: tuple(
        outcome
        for outcome in Outcome
        if outcome not in (Outcome.ANSWERED, Outcome.REFERRED, Outcome.DUPLICATE)
    ),
    CaseKind.INFORMATION_REQUEST: (Outcome.ANSWERED,),
}
"""How a handler can end a case of each kind; the kind is chosen before that. A referral or a merge ends it by
itself."""

SET_BY_HAND = frozenset({State.IN_PROGRESS, State.WAITING_FOR_REPORTER})
"""States that a handler may simply choose. The others follow from something that the reporter gets to
read."""

HANDLER = frozenset({Mover.HANDLER})


def procedure_of(case: CaseFacts) -> Procedure:
    """The rules for this case, in the version that it was opened with or that was chosen for it."""
    return procedure(case.procedure, case.procedure_version)


def retention_of(case: CaseFacts) -> Retention:
    """How many months the case is kept after closing, and which law or agreement says so."""
    return procedure_of(case).retention


def may_move(case: CaseFacts, state: State, movers: Set[Mover] = HANDLER) -> bool:
    """Whether the procedure lets one of `movers` take the case from where it is to `state`.

    A case that needs no acknowledgement goes on as if it had one.
    """
    rules, here = procedure_of(case), State(case.state)
    allowed = rules.moves.get(here, frozenset())
    if here is State.NEW and excused(case, Step.ACKNOWLEDGE):
        allowed |= rules.moves.get(State.ACKNOWLEDGED, frozenset())
    return state in allowed and not rules.movers.get(state, frozenset()).isdisjoint(movers)


def excused(case: CaseFacts, step: Step) -> str | None:
    """The code of the ground on which the step is not needed, if one was claimed."""
    return _claimed(case, step).get("excused")


def extended(case: CaseFacts, step: Step) -> str | None:
    """The code of the ground on which the step has more time, if one was claimed."""
    return _claimed(case, step).get("extended")


def _claimed(case: CaseFacts, step: Step) -> Mapping[str, str]:
    found: Mapping[str, str] = (case.term_changes or {}).get(step, {})
    return found


def asks_an_adviser(rules: Procedure) -> bool:
    """Whether something in the procedure is for a prevention adviser alone (Codex, book I title 3)."""
    return any(movers == {Mover.PREVENTION_ADVISER} for movers in rules.movers.values())
