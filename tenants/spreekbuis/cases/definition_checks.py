"""What would go wrong with a procedure that can be read: found before it is published."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.deadlines import Deadline, deadlines_under
from spreekbuis.cases.definition import After, Procedure, State, Step, Term
from spreekbuis.cases.models import Case
from spreekbuis.clock import BRUSSELS
from spreekbuis.directory.catalogue import Identity

A_LEAP_YEAR = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
_ORDER = list(Step)


def faults(rules: Procedure) -> dict[str, LazyString]:
    """Everything that is wrong, by the place in the definition that it is about; empty when it can be published."""
    found: dict[str, LazyString] = {}
    for place, words in (*_of_states(rules), *_of_terms(rules)):
        found.setdefault(place, words)
    return found


def last_days(rules: Procedure, received: date) -> list[Deadline]:
    """The terms of a case that is received at noon on this day, and to which nothing happens."""
    noon = datetime(received.year, received.month, received.day, 12, tzinfo=BRUSSELS).astimezone(UTC)
    case = Case(identity=Identity.NAMED, state=State.NEW, received_at=noon, waited_days=0, term_changes={})
    return deadlines_under(rules, case)


def _of_states(rules: Procedure) -> Iterator[tuple[str, LazyString]]:
    reached = _reachable(rules, State.NEW)
    for state, moves in rules.moves.items():
        place = f"states.{state}.to"
        if state not in reached:
            yield (
                place,
                _l("Deze stand wordt nooit bereikt. Laat een andere stand ernaartoe gaan, of maak ze leeg."),
            )
        elif state is State.CLOSED and moves:
            yield place, _l("Een afgesloten dossier verandert niet meer.")
        elif State.CLOSED not in _reachable(rules, state):
            yield place, _l("Van hieruit kan het dossier nooit afgesloten worden.")
        elif not moves <= set(rules.moves):
            yield place, _l("Een van deze standen hoort niet bij de procedure.")
        if state in reached - {State.NEW} and not rules.movers[state]:
            yield f"states.{state}.by", _l("Zeg wie een dossier in deze stand mag brengen.")
    if State.CLOSED not in reached:
        yield "states.new.to", _l("Van hieruit kan het dossier nooit afgesloten worden.")


def _reachable(rules: Procedure, start: State) -> set[State]:
    found, todo = {start}, [start]
    while todo:
        fresh = rules.moves.get(todo.pop(), frozenset()) - found
        found |= fresh
        todo += fresh
    return found


def _of_terms(rules: Procedure) -> Iterator[tuple[str, LazyString]]:
    steps = [term.step for term in rules.terms]
    for needed in (Step.ACKNOWLEDGE, Step.FEEDBACK):
        if needed not in steps:
            yield "terms", _l("Bevestiging en terugkoppeling horen bij elke procedure.")
    if steps != sorted(steps, key=_ORDER.index):
        yield "terms", _l("De termijnen staan niet in de volgorde van de stappen.")
    if rules.retention.months == 0:
        yield "retention.months", _l("Zeg hoeveel maanden een dossier bewaard blijft.")
    whole = True
    for number, term in enumerate(rules.terms):
        for place, words in _of_term(rules, term, steps[:number]):
            whole = whole and not place.endswith("after")
            yield f"terms.{number}.{place}", words
    if whole and _feedback_comes_first(rules):
        yield (
            f"terms.{len(steps) - 1}.days",
            _l("De terugkoppeling valt vroeger dan een stap die eraan voorafgaat."),
        )


def _of_term(rules: Procedure, term: Term, before: list[Step]) -> Iterator[tuple[str, LazyString]]:
    if not term.days and not term.months:
        yield "days", _l("Geef een aantal dagen of maanden.")
    if term.after not in (After.RECEIVED, After.CHOSEN) and Step(term.after) not in before:
        yield "after", _l("Deze termijn telt vanaf een stap die er niet is of later komt.")
    if term.step is Step.DECISION and rules.refused is None:
        yield "step", _l("Alleen in een formele procedure wordt een verzoek aanvaard of geweigerd.")
    if term.extension is not None and not (term.extension.days or term.extension.months):
        yield "extension.days", _l("Geef een aantal dagen of maanden.")
    if term.extension is not None and not term.extension.reasons:
        yield "extension.reasons", _l("Verlengen kan alleen om een reden.")
    waits = State.WAITING_FOR_REPORTER in _reachable(rules, State.NEW)
    if term.pause is not None and (term.step is not Step.FEEDBACK or not waits):
        yield "pause", _l("Alleen de terugkoppeling kan stilstaan, en alleen als op de melder gewacht wordt.")


def _feedback_comes_first(rules: Procedure) -> bool:
    """Whether on some day of a leap year the feedback would be due before another step."""
    return any(
        deadline.due_on > found[-1].due_on
        for day in A_LEAP_YEAR
        if (found := last_days(rules, day))
        for deadline in found
    )
