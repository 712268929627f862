"""What would go wrong with a procedure that can be read: found before it is published."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.deadlines import Deadline, add_months, deadlines_under
from spreekbuis.cases.definition import After, Procedure, State, Step, Term
from spreekbuis.cases.models import Case
from spreekbuis.clock import BRUSSELS
from spreekbuis.directory.catalogue import Identity

A_LEAP_YEAR = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
_ORDER = list(Step)
DIRECTIVE = re.compile(r"2019/1937|18 november 2022", re.IGNORECASE)
"""How a source names directive (EU) 2019/1937 or the decree of 18 November 2022, which takes its terms over."""
_ACKNOWLEDGED_IN_DAYS, _FEEDBACK_IN_MONTHS, _EXTENDED_TO_MONTHS = 7, 3, 6
"""Article 9(1)(b) and (f), and article 11(2)(d) for an external channel that has more to do."""
_KEPT_FROM, _KEPT_TO = 6, 360
"""Months: shorter than a case of itself may last, or longer than any rule that the service knows."""


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
    if not _KEPT_FROM <= rules.retention.months <= _KEPT_TO:
        yield "retention.months", _l("Zeg hoeveel maanden een dossier bewaard blijft: van 6 tot 360.")
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
    if DIRECTIVE.search(term.source.texts.nl):
        yield from _beyond_the_law(term)
    waits = State.WAITING_FOR_REPORTER in _reachable(rules, State.NEW)
    if term.pause is not None and (term.step is not Step.FEEDBACK or not waits):
        yield "pause", _l("Alleen de terugkoppeling kan stilstaan, en alleen als op de melder gewacht wordt.")


def _beyond_the_law(term: Term) -> Iterator[tuple[str, LazyString]]:
    """What a term that names the directive gives more than the directive does."""
    if term.step is Step.ACKNOWLEDGE:
        if term.after is not After.RECEIVED:
            yield "after", _l("Volgens de wet telt deze termijn vanaf de ontvangst.")
        if term.months or term.days > _ACKNOWLEDGED_IN_DAYS or term.extension is not None:
            yield "days", _l("De wet die je als bron noemt, geeft hoogstens 7 dagen, zonder verlenging.")
    if term.step is Step.FEEDBACK:
        more = term.extension
        if _longer(term.months, term.days, _FEEDBACK_IN_MONTHS):
            yield "months", _l("De wet die je als bron noemt, geeft hoogstens 3 maanden.")
        if more and _longer(term.months + more.months, term.days + more.days, _EXTENDED_TO_MONTHS):
            yield (
                "extension.months",
                _l("De wet die je als bron noemt, geeft hoogstens 6 maanden, verlenging inbegrepen."),
            )


def _longer(months: int, days: int, most: int) -> bool:
    """Whether on some day of a leap year this is later than so many months."""
    return any(add_months(day, months) + timedelta(days=days) > add_months(day, most) for day in A_LEAP_YEAR)


def _feedback_comes_first(rules: Procedure) -> bool:
    """Whether on some day of a leap year the feedback would be due before another step."""
    return any(
        deadline.due_on > found[-1].due_on
        for day in A_LEAP_YEAR
        if (found := last_days(rules, day))
        for deadline in found
    )
