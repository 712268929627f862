"""Choosing what is left out, seeing how it looks, and downloading the version that may be disclosed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from spreekbuis.cases import shown
from spreekbuis.cases.dialogue import ShownMessage
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.export import redactions
from spreekbuis.cases.export.disclosure import SomethingNew, disclose
from spreekbuis.cases.export.export_page import as_download
from spreekbuis.cases.export.matching import addresses_in
from spreekbuis.cases.export.redactions import (
    WHY_LABELS,
    Mark,
    Rules,
    Why,
    digest,
    disclosed,
    left_out,
    rules_of,
)
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.gate import Gate, never
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.clock import local_date
from spreekbuis.errors import type_text
from spreekbuis.web import door
from spreekbuis.web.access import Dangerous, Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

LONGEST_PASSAGE = 2000
EXCERPT = 80
"""Characters of what is left out that the list shows."""
LISTED = 25
"""Places of one message that can be shown again one by one, and addresses to look at, that the page lists."""

LEFT_OUT = notice_after("passage-left-out", _l("Weggelaten. Kijk hieronder hoe het eruitziet."))
SHOWN_AGAIN = notice_after("passage-shown", _l("Deze tekst staat weer in de versie om te delen."))


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted", Permission.HANDLE_CASES)
def redacted(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    return _page(case)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/passage", Permission.HANDLE_CASES)
def leave_out_passage(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> tuple[str, Why | None]:
        return form.text("passage", longest=LONGEST_PASSAGE, lines=True), form.choice("why", Why)

    def do(case: Case, values: tuple[str, Why | None]) -> None:
        passage, why = values
        assert why is not None, "the form was checked"
        redactions.leave_out_passage(case, my_key(case.id), passage, why)

    return _on_redacted.act(case_id, read, never, do, LEFT_OUT, any_version=True)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/passage/forget", Permission.HANDLE_CASES)
def forget_passage(case_id: UUID) -> ResponseReturnValue:
    return _on_redacted.act(
        case_id,
        lambda form: _id(form, "passage_id"),
        never,
        redactions.forget_passage,
        SHOWN_AGAIN,
        any_version=True,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/message", Permission.HANDLE_CASES)
def leave_out_message(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> tuple[UUID, Why | None]:
        message_id = _id(form, "message_id")
        return message_id, form.choice(f"why_{message_id}", Why)

    def do(case: Case, values: tuple[UUID, Why | None]) -> None:
        message_id, why = values
        assert why is not None, "the form was checked"
        redactions.leave_out_message(case, my_key(case.id), message_id, why)

    return _on_redacted.act(case_id, read, never, do, LEFT_OUT, any_version=True)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/show", Permission.HANDLE_CASES)
def show_again(case_id: UUID) -> ResponseReturnValue:
    return _on_redacted.act(
        case_id,
        lambda form: (_id(form, "message_id"), form.number("start", least=0, most=10_000_000)),
        never,
        lambda case, hidden: redactions.show_again(case, my_key(case.id), *hidden),
        SHOWN_AGAIN,
        any_version=True,
    )


@room.post(
    "/desk/<ovo:ovo>/cases/<uuid:case_id>/file/redacted/download", Permission.HANDLE_CASES, Dangerous.EXPORT
)
def download_redacted(case_id: UUID) -> ResponseReturnValue:
    """The PDF to disclose: of what was looked at, or nothing."""
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    try:
        document = disclose(case, my_key(case.id), door.the_entity().name, seen=Reading().raw("seen"))
    except SomethingNew as changed:
        return _page(case, {"seen": changed.advice}, status=changed.status)
    from spreekbuis.documents.pdf import as_pdf  # a large library: only where it is used

    number = number_of(case.topic, case.year, case.number)
    return as_download(as_pdf(document), f"{number}-om-te-delen.pdf", "application/pdf")


def _id(form: Reading, field: str) -> UUID:
    try:
        return UUID(form.raw(field))
    except ValueError:
        form.errors["passage"] = _l("Kies een bericht.")
        return UUID(int=0)


def _page(
    case: Case,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    key, ovo = my_key(case.id), door.the_entity().ovo_code
    rules, messages = rules_of(case, key), disclosed(key)
    cut = [rules.pieces(message) for message in messages]
    left = "\n".join(piece.text for told in cut for piece in told if piece.why is None)
    return make_response(
        render_template(
            "cases/redacted.html",
            url=url_for("cases.redacted", ovo=ovo, case_id=case.id),
            file_url=url_for("cases.case_file", ovo=ovo, case_id=case.id),
            case_url=url_for("cases.show", ovo=ovo, case_id=case.id),
            number=number_of(case.topic, case.year, case.number),
            messages=[_shown(message, rules) for message in messages],
            passages=[(one.id, _excerpt(one.text), WHY_LABELS[one.why]) for one in rules.passages],
            named=case.reporter_sealed is not None or case.contact_preference_sealed is not None,
            addresses=addresses_in(left)[:LISTED],
            seen=digest(cut),
            reasons=[(why, WHY_LABELS[why]) for why in Why],
            errors=dict(errors or {}),
            kept=kept or {},
        ),
        status,
    )  # fmt: skip


def _shown(message: ShownMessage, rules: Rules) -> dict[str, Any]:
    marks = rules.marks(message)
    cut = list(redactions.pieces(message.text, marks))
    return {
        "id": message.id,
        "who": _("Melder") if message.author == "reporter" else _("Loket"),
        "own": message.author != "reporter",
        "when": day_in_words(local_date(message.at)),
        "iso": shown.iso(message.at),
        "pieces": [(piece.text if piece.why is None else left_out(piece.why), piece.why) for piece in cut],
        "count": len(marks),
        "hidden": [_hidden(message, mark) for mark in marks[:LISTED]],
        "whole": len(cut) == 1 and cut[0].why is not None,
    }


def _hidden(message: ShownMessage, mark: Mark) -> dict[str, Any]:
    return {
        "start": mark.start,
        "why": WHY_LABELS[mark.why],
        "text": _excerpt(message.text[mark.start : mark.end]),
    }


_on_redacted = Gate("cases.redacted", _page)


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"
