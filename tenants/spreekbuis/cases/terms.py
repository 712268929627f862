"""What a handler decides about the rules of a case: which procedure, which exception, more time, and whether a formal
request is accepted."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.deadlines import Deadline, deadlines
from spreekbuis.cases.definition import After, Mover, Procedure, Reason, State, Step
from spreekbuis.cases.dialogue import message_made_by, write_message
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedure_models import TermChange
from spreekbuis.cases.procedure_versions import fits, in_force, procedure
from spreekbuis.cases.procedures import procedure_of
from spreekbuis.cases.workflow import MoveNotAllowed, movers
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotAllowed
from spreekbuis.vault.content import ContentKey


class TermOver(Conflict):
    """More time is asked before the term ends, not after."""

    title = _l("Deze termijn is al voorbij")
    advice = _l("Er is niets veranderd. Verlengen kan tot en met de laatste dag van de termijn.")


class StepDone(Conflict):
    """What was done needs no exception and no more time."""

    title = _l("Deze stap is al gedaan of niet meer nodig")
    advice = _l("Er is niets veranderd. Kijk bij de termijnen van het dossier wat nog moet.")


class ForAnAdviser(NotAllowed):
    """Codex, book I title 3: formal requests are for the prevention adviser."""

    title = _l("Alleen een preventieadviseur beslist hierover")
    advice = _l("Er is niets veranderd. Wijs het dossier toe aan een preventieadviseur van je loket.")


@dataclass(frozen=True, slots=True)
class ShownChange:
    """What was claimed about a term, opened for a reader."""

    step: Step
    kind: str
    label: str
    at: datetime
    justification: str


def choices(case: Case) -> list[Procedure]:
    """The procedures that fit the case, as they are in force today; its own one as it is."""
    own = procedure_of(case)
    others = [
        rules
        for rules in in_force(today())
        if rules.code != own.code and fits(rules, case.kind, case.topic, case.identity)
    ]
    return sorted([own, *others], key=lambda rules: (not rules.usual, rules.code))


def choose_procedure(case: Case, code: str) -> None:
    """Follow another procedure from now on. Every term is computed anew from what happened; where one counts from the
    choice, so does the first conversation. Exceptions stay that the new procedure knows too.

    To the procedure that it has already: nothing happens. Raises Invalid for one that does not fit the case's kind,
    topic and identity or that has no place for its state, CaseClosed.
    """
    if case.procedure == code:
        return
    refuse_closed(case)
    rules = next((rules for rules in choices(case) if rules.code == code), None)
    if rules is None:
        raise Invalid({"procedure": _l("Deze procedure past niet bij dit dossier.")})
    if State(case.state) not in rules.moves:
        raise Invalid({"procedure": _l("Deze procedure kent de stand niet waarin het dossier nu is.")})
    before = case.procedure
    _set_procedure(case, rules)
    changed(case, Happened.PROCEDURE, Audited.CASE_PROCEDURE_CHOSEN, procedure=code, before=before)


def claim_exception(case: Case, key: ContentKey, step: Step, code: str, justification: str) -> None:
    """Say that a step is not needed, on a ground that the procedure accepts; the justification is sealed.

    The same claim again changes nothing. Raises Invalid for a ground that the procedure does not know for this step
    or without a justification, StepDone, CaseClosed.
    """
    term = procedure_of(case).term(step)
    _claim(case, key, step, "excused", code, term.exemptions if term else (), justification)


def extend_term(case: Case, key: ContentKey, step: Step, code: str, justification: str) -> None:
    """Take more time for a step, once, on a ground that the procedure accepts; the reporter reads the new day.

    Raises Invalid as `claim_exception` does, TermOver after the last day, StepDone, CaseClosed.
    """
    term = procedure_of(case).term(step)
    reasons = term.extension.reasons if term and term.extension else ()
    running = _deadline(case, step)
    if running is not None and running.extended is None and running.due_on < today():
        raise TermOver
    _claim(case, key, step, "extended", code, reasons, justification)


def decide(case: Case, key: ContentKey, accepted: bool, text: str, *, once: UUID | None = None) -> None:
    """Accept or refuse a formal request, and tell the reporter why. Codex, book I title 3.

    A refused one goes on under the procedure that the definition names. The same `once` again changes nothing.
    Raises StepDone when it was accepted before or nothing is to be decided, ForAnAdviser, CaseClosed; MoveNotAllowed
    before it was acknowledged.
    """
    if once is not None and message_made_by(case, once) is not None:
        return
    refuse_closed(case)
    rules = procedure_of(case)
    if rules.term(Step.DECISION) is None or case.decided_at is not None:
        raise StepDone
    if Mover.PREVENTION_ADVISER not in movers(case):
        raise ForAnAdviser
    if case.state == State.NEW:
        raise MoveNotAllowed
    write_message(case, key, author="handler", text=text, once=once)
    if accepted:
        case.decided_at = now()
    elif rules.refused is not None:
        _set_procedure(case, next(other for other in in_force(today()) if other.code == rules.refused))
    changed(case, Happened.DECIDED, accepted=accepted)


def read_changes(case: Case, key: ContentKey) -> list[ShownChange]:
    """What was claimed about the terms of the case, the oldest first. One query."""
    found = db.session.scalars(
        select(TermChange)
        .where(TermChange.entity_id == current_entity_id(), TermChange.case_id == case.id)
        .order_by(TermChange.at, TermChange.id)
    )
    return [
        ShownChange(
            Step(row.step), row.kind, _words_of(row), row.at,
            key.open(f"term_change/{row.id}", row.justification_sealed),
        )
        for row in found
    ]  # fmt: skip


def _set_procedure(case: Case, rules: Procedure) -> None:
    case.procedure, case.procedure_version, case.procedure_at = rules.code, rules.version, now()
    case.decided_at = None
    if any(term.after is After.CHOSEN for term in rules.terms):
        case.conversation_at = None
    case.term_changes = {
        step: change for step, change in case.term_changes.items() if _knows(rules, Step(step), change)
    }


def _knows(rules: Procedure, step: Step, change: dict[str, str]) -> bool:
    term = rules.term(step)
    return term is not None and change.get("excused") in {reason.code for reason in term.exemptions}


def _claim(
    case: Case,
    key: ContentKey,
    step: Step,
    kind: str,
    code: str,
    reasons: tuple[Reason, ...],
    justification: str,
) -> None:
    if case.term_changes.get(step, {}).get(kind) == code:
        return
    refuse_closed(case)
    if code not in {reason.code for reason in reasons}:
        raise Invalid({"reason": _l("Kies een reden die voor deze termijn kan.")})
    if not justification:
        raise Invalid({"justification": _l("Schrijf waarom.")})
    running = _deadline(case, step)
    if running is None or running.met_on or running.excused or (kind == "extended" and running.extended):
        raise StepDone
    change = TermChange(
        entity_id=current_entity_id(), id=new_id(), case_id=case.id, step=step, kind=kind, code=code,
        procedure=case.procedure, procedure_version=case.procedure_version, account_id=acting().account_id,
    )  # fmt: skip
    change.justification_sealed = key.seal(f"term_change/{change.id}", justification)
    db.session.add(change)
    case.term_changes = {**case.term_changes, step: {**case.term_changes.get(step, {}), kind: code}}
    changed(case, Happened(kind), Audited.CASE_TERM_CHANGED, step=step.value, code=code)


def _deadline(case: Case, step: Step) -> Deadline | None:
    return next((deadline for deadline in deadlines(case) if deadline.step is step), None)


def _words_of(row: TermChange) -> str:
    """The ground in the words of the procedure that offered it."""
    term = procedure(row.procedure, row.procedure_version).term(Step(row.step))
    reasons = (*term.exemptions, *(term.extension.reasons if term.extension else ())) if term else ()
    return next((str(reason.label) for reason in reasons if reason.code == row.code), row.code)
