"""Choosing what is left out, seeing how it looks, and downloading the version that may be disclosed."""

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import shown
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.export import redactions
from spreekbuis.cases.export.disclosure import disclose, left_out
from spreekbuis.cases.export.export_page import as_download
from spreekbuis.cases.export.redactions import WHY_LABELS, Why, marks_of, pieces
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.errors import Invalid, type_text
from spreekbuis.vault.content import ContentKey
from spreekbuis.web import door
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_PASSAGE = 2000
EXCERPT = 80
"""Characters of what is left out that the list shows."""

LEFT_OUT = notice_after("passage-left-out", _l("Weggelaten. Kijk hieronder hoe het eruitziet."))
SHOWN_AGAIN = notice_after("passage-shown", _l("Deze tekst staat weer in de versie om te delen."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted", Permission.HANDLE_CASES)
def redacted(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    return _page(case)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/passage", Permission.HANDLE_CASES)
def leave_out_passage(case_id: UUID) -> ResponseReturnValue:
    def do(case: Case, key: ContentKey, form: Reading) -> None:
        passage = form.text("passage", longest=LONGEST_PASSAGE, lines=True)
        why = form.choice("why", Why)
        form.check()
        assert why is not None, "the form was checked"
        redactions.redact_passage(case, key, passage, why)

    return _act(case_id, do, LEFT_OUT)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/reporter", Permission.HANDLE_CASES)
def leave_out_reporter(case_id: UUID) -> ResponseReturnValue:
    return _act(case_id, lambda case, key, _form: redactions.redact_reporter(case, key), LEFT_OUT)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/message", Permission.HANDLE_CASES)
def leave_out_message(case_id: UUID) -> ResponseReturnValue:
    def do(case: Case, key: ContentKey, form: Reading) -> None:
        message_id = _id(form)
        why = form.choice(f"why_{message_id}", Why)
        form.check()
        assert why is not None, "the form was checked"
        redactions.redact_message(case, key, message_id, why)

    return _act(case_id, do, LEFT_OUT)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/show", Permission.HANDLE_CASES)
def show_again(case_id: UUID) -> ResponseReturnValue:
    def do(case: Case, key: ContentKey, form: Reading) -> None:
        message_id, start = _id(form), form.number("start", least=0, most=10_000_000)
        form.check()
        redactions.show_again(case, key, message_id, start)

    return _act(case_id, do, SHOWN_AGAIN)


@room.post(
    "/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/download", Permission.HANDLE_CASES, Dangerous.EXPORT
)
def download_redacted(case_id: UUID) -> ResponseReturnValue:
    """The PDF to disclose."""
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    document = disclose(case, my_key(case.id), door.the_entity().name)
    from spreekbuis.documents.pdf import as_pdf  # a large library: only where it is used

    number = number_of(case.topic, case.year, case.number)
    return as_download(as_pdf(document), f"{number}-om-te-delen.pdf", "application/pdf")


def _id(form: Reading) -> UUID:
    try:
        return UUID(form.raw("message_id"))
    except ValueError:
        form.errors["passage"] = _l("Kies een bericht.")
        return UUID(int=0)


def _act(case_id: UUID, do: Callable[[Case, ContentKey, Reading], object], done: str) -> ResponseReturnValue:
    """Do what a form asks with the locked case; what was typed comes back when it cannot be done."""
    case = case_for(my_desks(), case_id, lock=True)
    try:
        do(case, my_key(case.id), Reading())
    except Invalid as invalid:
        return _page(case, invalid.errors, request.form, status=invalid.status)
    ovo = door.the_entity().ovo_code
    return redirect(url_for("cases.redacted", ovo=ovo, case_id=case_id, done=done), 303)


def _page(
    case: Case,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    key, ovo = my_key(case.id), door.the_entity().ovo_code
    marks, messages = marks_of(key), []
    for message in read_dialogue(key, internal=False):
        cut = list(pieces(message.text, marks.get(message.id, [])))
        messages.append(
            {
                "id": message.id,
                "who": _("Melder") if message.author == "reporter" else _("Loket"),
                "own": message.author != "reporter",
                "when": shown.minute(message.at),
                "iso": shown.iso(message.at),
                "pieces": [
                    (piece.text if piece.why is None else left_out(piece.why), piece.why) for piece in cut
                ],
                "hidden": [
                    {
                        "start": mark.start,
                        "why": WHY_LABELS[mark.why],
                        "text": _excerpt(message.text[mark.start : mark.end]),
                    }
                    for mark in marks.get(message.id, [])
                ],
                "whole": len(cut) == 1 and cut[0].why is not None,
            }
        )
    return make_response(
        render_template(
            "cases/redacted.html",
            url=url_for("cases.redacted", ovo=ovo, case_id=case.id),
            file_url=url_for("cases.case_file", ovo=ovo, case_id=case.id),
            case_url=url_for("cases.show", ovo=ovo, case_id=case.id),
            number=number_of(case.topic, case.year, case.number),
            messages=messages,
            named=case.reporter_sealed is not None,
            reasons=[(why, WHY_LABELS[why]) for why in Why],
            errors=dict(errors or {}),
            kept=kept or {},
        ),
        status,
    )  # fmt: skip


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
