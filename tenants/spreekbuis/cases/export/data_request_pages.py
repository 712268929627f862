"""Questions of people about their data: noting one, and the help to answer it in time."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import shown
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.export import data_requests
from spreekbuis.cases.export.answer_letter import checklist, letter
from spreekbuis.cases.export.data_requests import (
    ANSWER_LABELS,
    ASKER_LABELS,
    KIND_LABELS,
    Answer,
    Asker,
    Kind,
    due_on,
)
from spreekbuis.cases.export.models import DataRequest
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_REASONS = 2000
RECORDED = notice_after("data-request-kept", _l("De vraag is genoteerd. Hieronder staat wat je doet."))
EXTENDED = notice_after(
    "data-request-extended", _l("De termijn is verlengd. Laat het vandaag nog weten aan wie het vroeg.")
)
ANSWERED = notice_after("data-request-answered", _l("Genoteerd dat je hebt geantwoord."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/requests", Permission.HANDLE_CASES)
def data_requests_of_case(case_id: UUID) -> ResponseReturnValue:
    return _list_page(case_for(my_desks(), case_id))


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/requests", Permission.HANDLE_CASES)
def note_data_request(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id, lock=True)
    form = Reading()
    kind, asker, received_on = form.choice("kind", Kind), form.choice("asker", Asker), form.day("received_on")
    try:
        form.check()
        assert kind is not None, "the form was checked"
        assert asker is not None, "the form was checked"
        assert received_on is not None, "the form was checked"
        made = data_requests.record_request(case, form.once(), kind, asker, received_on)
    except Invalid as invalid:
        return _list_page(case, invalid.errors, request.form, status=invalid.status)
    return _to(case_id, made.id, RECORDED)


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/requests/<uuid:request_id>", Permission.HANDLE_CASES)
def data_request(case_id: UUID, request_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id)
    return _page(case, data_requests.request_on(case, request_id))


@room.post(
    "/desk/<ovo:ovo>/cases/<uuid:case_id>/file/requests/<uuid:request_id>/extend", Permission.HANDLE_CASES
)
def extend_data_request(case_id: UUID, request_id: UUID) -> ResponseReturnValue:
    def do(asked: DataRequest) -> None:
        form = Reading()
        form.require({"reasons": _l("Schrijf waarom je meer tijd nodig hebt.")})
        reasons = form.text("reasons", longest=LONGEST_REASONS, lines=True)
        form.check()
        data_requests.extend(asked, my_key(case_id), reasons)

    return _act(case_id, request_id, do, EXTENDED)


@room.post(
    "/desk/<ovo:ovo>/cases/<uuid:case_id>/file/requests/<uuid:request_id>/answer", Permission.HANDLE_CASES
)
def answer_data_request(case_id: UUID, request_id: UUID) -> ResponseReturnValue:
    def do(asked: DataRequest) -> None:
        form = Reading()
        outcome = form.choice("outcome", Answer)
        form.check()
        assert outcome is not None, "the form was checked"
        data_requests.answer(asked, outcome)

    return _act(case_id, request_id, do, ANSWERED)


def _act(
    case_id: UUID, request_id: UUID, do: Callable[[DataRequest], None], done: str
) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id, lock=True)
    asked = data_requests.request_on(case, request_id)
    try:
        do(asked)
    except Invalid as invalid:
        return _page(case, asked, invalid.errors, request.form, status=invalid.status)
    return _to(case_id, request_id, done)


def _to(case_id: UUID, request_id: UUID, done: str) -> ResponseReturnValue:
    ovo = door.the_entity().ovo_code
    return redirect(
        url_for("cases.data_request", ovo=ovo, case_id=case_id, request_id=request_id, done=done), 303
    )


def _places(case: Case) -> dict[str, str]:
    """Addresses and number that both pages show."""
    file_url = url_for("cases.case_file", ovo=door.the_entity().ovo_code, case_id=case.id)
    return {
        "number": number_of(case.topic, case.year, case.number),
        "case_url": file_url.removesuffix("/file"),
        "file_url": file_url,
        "list_url": f"{file_url}/requests",
        "redacted_url": f"{file_url}/redacted",
    }


def _list_page(
    case: Case,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    places = _places(case)
    return make_response(
        render_template(
            "cases/data_requests.html",
            **places,
            asked=[
                {
                    "url": f"{places['list_url']}/{each.id}",
                    "label": KIND_LABELS[Kind(each.kind)],
                    "asker": ASKER_LABELS[Asker(each.asker)],
                    "received": shown.day(each.received_on, today()),
                    "due": _due(each),
                }
                for each in data_requests.requests_on(case)
            ],
            kinds=[(kind, KIND_LABELS[kind]) for kind in Kind],
            askers=[(asker, ASKER_LABELS[asker]) for asker in Asker],
            today=today().isoformat(),
            once=new_id(),
            errors=dict(errors or {}),
            kept=kept or {},
        ),
        status,
    )


def _page(
    case: Case,
    asked: DataRequest,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    kind, asker, places = Kind(asked.kind), Asker(asked.asker), _places(case)
    language = case.language if asker is Asker.REPORTER else "nl"
    letters = [
        {
            "name": f"letter_{outcome}",
            "label": ANSWER_LABELS[outcome],
            "text": letter(
                kind, outcome, reference=asked.id.hex[-8:], entity=door.the_entity().name,
                received_on=asked.received_on, language=language,
            ),
        }
        for outcome in Answer
    ]  # fmt: skip
    answered = asked.answered_on is not None
    reasons = data_requests.reasons_of(asked, my_key(case.id)) if asked.extended else ""
    return make_response(
        render_template(
            "cases/data_request.html",
            **places,
            url=f"{places['list_url']}/{asked.id}",
            label=KIND_LABELS[kind],
            due=_due(asked),
            facts=[
                (_("Gevraagd door"), str(ASKER_LABELS[asker])),
                (_("Gekregen op"), day_in_words(asked.received_on)),
                (_("Antwoord uiterlijk op"), day_in_words(due_on(asked))),
                *([(_("Verlengd"), _("Ja, met 2 maanden"))] if asked.extended else []),
                *([(_("Waarom"), reasons)] if reasons else []),
                *([(_("Antwoord"), str(ANSWER_LABELS[Answer(asked.outcome)]))] if asked.outcome else []),
            ],
            steps=checklist(kind, asker),
            letters=[] if answered else letters,
            for_access=kind is Kind.ACCESS,
            for_erasure=kind is Kind.ERASURE,
            may_extend=not answered and not asked.extended and today() <= due_on(asked),
            answered=answered,
            outcomes=[(outcome, ANSWER_LABELS[outcome]) for outcome in Answer],
            errors=dict(errors or {}),
            kept=kept or {},
        ),
        status,
    )


def _due(asked: DataRequest) -> dict[str, str]:
    """The term as a tag."""
    if asked.answered_on is not None:
        day = shown.day(asked.answered_on, today())
        if asked.answered_on > due_on(asked):
            return {"kind": "late", "text": _("Beantwoord op %(day)s, te laat", day=day)}
        return {"kind": "met", "text": _("Beantwoord op %(day)s", day=day)}
    left = shown.due(due_on(asked), today())
    assert left is not None, "every question has a term"
    return {"kind": left.kind, "text": left.text}
