"""The page 'Resultaat' of a case: what came of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import results, shown
from spreekbuis.cases.amounts import cents_in_words, read_cents
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.gate import Gate, never
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.once import id_of
from spreekbuis.cases.results import (
    MEASURE_KIND_LABELS,
    MEASURE_STATE_LABELS,
    Measure,
    MeasureKind,
    MeasureState,
    Result,
)
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import FOLLOW_UP_LABELS, FollowUp
from spreekbuis.errors import type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_MEASURE = 5_000
KEPT = notice_after("result-kept", _l("Het resultaat is bewaard."))
ADDED = notice_after("measure-added", _l("De maatregel staat in het dossier."))
MOVED = notice_after("measure-moved", _l("De stand van de maatregel is aangepast."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/result", Permission.HANDLE_CASES)
def result_of_case(case_id: UUID) -> ResponseReturnValue:
    """Opening it is reading the case."""
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    return _page(case)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/result", Permission.HANDLE_CASES)
def keep_result(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> Result:
        day = form.day("follow_up_on") if form.raw("follow_up_on") else None
        return Result(
            _amount(form, "damage"),
            _amount(form, "recovered"),
            form.choice("follow_up", FollowUp, required=False),
            day,
        )

    return _on_result.act(
        case_id, read, lambda case, result: result == results.result_of(case), results.record_result, KEPT
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/measures", Permission.HANDLE_CASES)
def measure(case_id: UUID) -> ResponseReturnValue:
    """Propose a measure or recommendation."""

    def read(form: Reading) -> tuple[MeasureKind, str, date | None, UUID]:
        kind = form.choice("measure_kind", MeasureKind) or MeasureKind.MEASURE
        text = form.text("measure_text", longest=LONGEST_MEASURE, lines=True)
        due_on = form.day("measure_due") if form.raw("measure_due") else None
        return kind, text, due_on, id_of(form.once(), kind, text, str(due_on))

    return _on_result.act(
        case_id,
        read,
        lambda case, v: results.measure_made_by(case, v[3]),
        lambda case, v: results.add_measure(case, my_key(case.id), v[0], v[1], v[2], once=v[3]),
        ADDED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/measures/<uuid:measure_id>", Permission.HANDLE_CASES)
def measure_state(case_id: UUID, measure_id: UUID) -> ResponseReturnValue:
    """Say how far a measure is."""

    def do(case: Case, state: MeasureState | None) -> None:
        assert state is not None, "the form was checked"
        results.move_measure(case, measure_id, state)

    return _on_result.act(
        case_id,
        lambda form: form.choice("measure_state", MeasureState),
        never,
        do,
        MOVED,
    )


def _amount(form: Reading, name: str) -> int | None:
    """An amount in cents, or None when the field is empty."""
    text = form.text(name, longest=40, required=False)
    cents = read_cents(text)
    if text and cents is None:
        form.errors[name] = _l("Schrijf het bedrag als 1.234,56.")
    return cents


def _page(
    case: Case,
    *,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    found = results.result_of(case)
    typed = {
        "damage": "" if found.damage_cents is None else cents_in_words(found.damage_cents),
        "recovered": "" if found.recovered_cents is None else cents_in_words(found.recovered_cents),
        "follow_up": found.follow_up or "",
        "follow_up_on": found.follow_up_on.isoformat() if found.follow_up_on else "",
    }
    return make_response(
        render_template(
            "cases/result.html",
            url=url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id),
            number=number_of(case.topic, case.year, case.number),
            measures=[_shown(one) for one in results.measures_in(case, my_key(case.id))],
            kinds=list(MEASURE_KIND_LABELS.items()),
            states=list(MEASURE_STATE_LABELS.items()),
            follow_ups=list(FOLLOW_UP_LABELS.items()),
            errors=dict(errors or {}),
            kept={**typed, **(kept or {})},
            version=case.version,
            stale=stale,
            once=new_id,
        ),
        status,
    )


_on_result = Gate("cases.result_of_case", _page)


def _shown(one: Measure) -> dict[str, Any]:
    tag = {MeasureState.PROPOSED: "new", MeasureState.DECIDED: "half", MeasureState.DONE: "ok"}[one.state]
    waits = one.due_on is not None and one.state is not MeasureState.DONE
    return {
        "id": one.id, "kind": MEASURE_KIND_LABELS[one.kind], "text": one.text, "state": one.state, "tag": tag,
        "words": MEASURE_STATE_LABELS[one.state], "due": shown.due(one.due_on, today()) if waits else None,
        "done": shown.day(one.done_at, today()) if one.done_at is not None else "",
    }  # fmt: skip
