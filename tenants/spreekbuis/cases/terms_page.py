"""The page about the rules of one case: its terms with their source, another procedure, an exception, more time, and
the decision about a formal request."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import shown, terms
from spreekbuis.cases.deadlines import deadlines
from spreekbuis.cases.definition import Procedure, Reason, Step
from spreekbuis.cases.dialogue import message_made_by
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.gate import Gate
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.once import id_of
from spreekbuis.cases.procedures import Mover, State, excused, extended, procedure_of, retention_of
from spreekbuis.cases.terms_part import shown_deadline
from spreekbuis.cases.workflow import movers
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.errors import type_text
from spreekbuis.vault.content import ContentKey
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_TEXT = 100_000

CHOSEN = notice_after("procedure-chosen", _l("De procedure is gekozen. De termijnen zijn opnieuw berekend."))
EXCUSED = notice_after("term-excused", _l("De uitzondering is vastgelegd."))
EXTENDED = notice_after("term-extended", _l("De termijn is verlengd. De melder ziet de nieuwe datum."))
DECIDED = notice_after("request-decided", _l("De beslissing is vastgelegd en staat klaar voor de melder."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/terms", Permission.HANDLE_CASES)
def terms_of_case(case_id: UUID) -> ResponseReturnValue:
    """Opening it is reading the case."""
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    return _page(case)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/procedure", Permission.HANDLE_CASES)
def procedure(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> str:
        form.require({"procedure": _l("Kies een procedure.")})
        return form.text("procedure", longest=100)

    return _on_terms.act(
        case_id, read, lambda case, code: case.procedure == code, terms.choose_procedure, CHOSEN
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/exceptions", Permission.HANDLE_CASES)
def excuse(case_id: UUID) -> ResponseReturnValue:
    """A term that is not needed."""
    return _on_terms.act(
        case_id,
        _claim("excuse"),
        lambda case, claim: excused(case, claim[0]) == claim[1],
        lambda case, claim: terms.claim_exception(case, my_key(case.id), *claim),
        EXCUSED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/extensions", Permission.HANDLE_CASES)
def extension(case_id: UUID) -> ResponseReturnValue:
    """More time for a term."""
    return _on_terms.act(
        case_id,
        _claim("extension"),
        lambda case, claim: extended(case, claim[0]) == claim[1],
        lambda case, claim: terms.extend_term(case, my_key(case.id), *claim),
        EXTENDED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/decision", Permission.HANDLE_CASES)
def decision(case_id: UUID) -> ResponseReturnValue:
    """Accept or refuse a formal request."""

    def read(form: Reading) -> tuple[bool, str, UUID]:
        form.require({"accepted": _l("Kies aanvaarden of weigeren."), "answer": _l("Schrijf waarom.")})
        accepted = form.one_of("accepted", ("yes", "no")) == "yes"
        text = form.text("answer", longest=LONGEST_TEXT, lines=True)
        return accepted, text, id_of(form.once(), form.raw("accepted"), text)

    return _on_terms.act(
        case_id,
        read,
        lambda case, v: message_made_by(case, v[2]) is not None,
        lambda case, v: terms.decide(case, my_key(case.id), v[0], v[1], once=v[2]),
        DECIDED,
    )


def _claim(name: str) -> Callable[[Reading], tuple[Step, str, str]]:
    """The choice is one field, "step/code": which grounds there are depends on the term."""

    def read(form: Reading) -> tuple[Step, str, str]:
        step, _, code = form.raw(name).partition("/")
        form.require({name: _l("Kies een reden."), f"{name}_why": _l("Schrijf waarom.")})
        why = form.text(f"{name}_why", longest=LONGEST_TEXT, lines=True)
        if step not in set(Step):
            form.errors[name] = _l("Kies een reden.")
            return Step.FEEDBACK, code, why
        return Step(step), code, why

    return read


def _page(
    case: Case,
    *,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    rules, key, kept = procedure_of(case), my_key(case.id), kept or {}
    exceptions, extensions = _offers(case, rules)
    to_decide = rules.term(Step.DECISION) is not None and case.decided_at is None
    may_decide = Mover.PREVENTION_ADVISER in movers(case) and case.state != State.NEW
    url = url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id)
    return make_response(
        render_template(
            "cases/terms.html",
            url=url,
            number=number_of(case.topic, case.year, case.number),
            rules=rules,
            terms=[
                shown_deadline(deadline, case) | {"source": deadline.source} for deadline in deadlines(case)
            ],
            closed=case.closed_at is not None,
            procedures=[(p.code, str(p.label), str(p.help)) for p in terms.choices(case)],
            exceptions=exceptions,
            extensions=extensions,
            deciding=to_decide and may_decide,
            waits_for_adviser=to_decide and not may_decide,
            claimed=_claimed(case, key),
            retention=_retention(case),
            errors=dict(errors or {}),
            kept=kept,
            # a form that was refused keeps the version it was made with; a stale one gets the new one
            version=case.version,
            stale=stale,
            once=new_id,
        ),
        status,
    )


_on_terms = Gate("cases.terms_of_case", _page)


def _offers(case: Case, rules: Procedure) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What can still be claimed, as choices: exceptions and extensions."""
    exceptions: list[tuple[str, str]] = []
    extensions: list[tuple[str, str]] = []
    for deadline in deadlines(case):
        term = rules.term(deadline.step)
        if term is None or deadline.met_on is not None or deadline.excused is not None:
            continue
        exceptions += [_option(term.step, str(term.label), reason) for reason in term.exemptions]
        if term.extension is not None and deadline.extended is None and deadline.due_on >= today():
            extensions += [_option(term.step, str(term.label), r) for r in term.extension.reasons]
    return exceptions, extensions


def _option(step: Step, label: str, reason: Reason) -> tuple[str, str]:
    words = gettext("%(term)s: %(reason)s", term=label, reason=reason.label)
    return f"{step}/{reason.code}", words


def _claimed(case: Case, key: ContentKey) -> list[dict[str, Any]]:
    words = shown.labels()
    return [
        {
            "who": gettext("%(term)s: %(reason)s", term=words.step[change.step], reason=change.label),
            "when": shown.day(change.at, today()), "iso": shown.iso(change.at),
            "text": change.justification, "kind": "note",
        }
        for change in terms.read_changes(case, key)
    ]  # fmt: skip


def _retention(case: Case) -> str:
    kept = retention_of(case)
    return gettext(
        "Tot %(months)s maanden na de afsluiting. %(source)s", months=kept.months, source=kept.source
    )
