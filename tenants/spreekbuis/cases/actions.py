"""What a handler does on the page of a case: one address per operation."""

from collections.abc import Callable
from datetime import datetime, time
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import workflow
from spreekbuis.cases.case_page import case_page
from spreekbuis.cases.contacts import HAPPENED_ELSEWHERE, contact_made_by, register_contact
from spreekbuis.cases.dialogue import message_made_by
from spreekbuis.cases.doors import keys_together, my_key, room
from spreekbuis.cases.gate import Gate
from spreekbuis.cases.minutes import write_minutes
from spreekbuis.cases.models import Case
from spreekbuis.cases.once import id_of
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedures import State
from spreekbuis.clock import BRUSSELS, now, today
from spreekbuis.directory.catalogue import CaseKind, Channel, Outcome
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

on_case = Gate("cases.show", case_page)
LONGEST_TEXT = 100_000

ACKNOWLEDGED = notice_after("acknowledged", _l("De ontvangst is bevestigd."))
SENT = notice_after("message-sent", _l("Je bericht staat klaar voor de melder."))
NOTED = notice_after("note-kept", _l("Je notitie is bewaard."))
FEEDBACK = notice_after("feedback-given", _l("De terugkoppeling is gegeven."))
CHANGED = notice_after("case-changed", _l("Het dossier is aangepast."))
TAKEN = notice_after("case-taken", _l("Jij behandelt dit dossier nu."))
CLOSED = notice_after("case-closed", _l("Het dossier is afgesloten."))
CONTACT = notice_after("contact-kept", _l("Het contact is vastgelegd."))
MINUTES = notice_after("minutes-kept", _l("Je verslag staat klaar. De melder kijkt het na."))
_WRITING: dict[str, tuple[Callable[..., object], str]] = {
    "reporter": (workflow.write_to_reporter, SENT),
    "note": (workflow.add_note, NOTED),
    "minutes": (write_minutes, MINUTES),
}
"""What can be written on a case: the operation, and what is said after."""


def _text_and_once(name: str) -> Callable[[Reading], tuple[str, UUID]]:
    def read(form: Reading) -> tuple[str, UUID]:
        text = form.text(name, longest=LONGEST_TEXT, lines=True)
        if not text:
            form.errors[name] = _l("Schrijf eerst een tekst.")
        return text, id_of(form.once(), form.raw("to"), text)

    return read


def _written(case: Case, values: tuple[str, UUID]) -> bool:
    """Whether this form wrote this very text before, to the same reader."""
    return message_made_by(case, values[1]) is not None


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/acknowledge", Permission.HANDLE_CASES)
def acknowledge(case_id: UUID) -> ResponseReturnValue:
    return on_case.act(
        case_id,
        _text_and_once("acknowledgement"),
        _written,
        lambda case, v: workflow.acknowledge(case, my_key(case.id), v[0], once=v[1]),
        ACKNOWLEDGED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/write", Permission.HANDLE_CASES)
def write(case_id: UUID) -> ResponseReturnValue:
    """A message to the reporter, an internal note, or the record of a conversation for the reporter to check."""
    to = request.form.get("to", "")
    operation, done = _WRITING.get(to, _WRITING["note"])

    def read(form: Reading) -> tuple[str, UUID]:
        form.one_of("to", _WRITING)
        return _text_and_once("text")(form)

    def do(case: Case, values: tuple[str, UUID], files: list[NewFile]) -> None:
        operation(case, my_key(case.id), values[0], files=files, once=values[1])

    return on_case.act_with_files(case_id, read, _written, do, done)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/feedback", Permission.HANDLE_CASES)
def feedback(case_id: UUID) -> ResponseReturnValue:
    return on_case.act(
        case_id,
        _text_and_once("feedback"),
        _written,
        lambda case, v: workflow.give_feedback(
            case, my_key(case.id), v[0], once=v[1], also=keys_together(case)
        ),
        FEEDBACK,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/close", Permission.HANDLE_CASES)
def close(case_id: UUID) -> ResponseReturnValue:
    def read(form: Reading) -> tuple[Outcome | None, tuple[str, UUID]]:
        outcome = form.choice("outcome", Outcome)
        if outcome is None:
            form.errors["outcome"] = _l("Kies een uitkomst.")
        return outcome, _text_and_once("closing")(form)

    def do(case: Case, values: tuple[Outcome | None, tuple[str, UUID]]) -> None:
        outcome, (text, once) = values
        assert outcome is not None, "the form was checked"
        workflow.close(case, my_key(case.id), outcome, text, once=once, also=keys_together(case))

    return on_case.act(case_id, read, lambda case, v: _written(case, v[1]), do, CLOSED)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/state", Permission.HANDLE_CASES)
def state(case_id: UUID) -> ResponseReturnValue:
    def do(case: Case, wanted: State | None) -> None:
        assert wanted is not None, "the form was checked"
        workflow.change_state(case, wanted)

    return on_case.act(
        case_id,
        lambda form: form.choice("state", State),
        lambda case, wanted: case.state == wanted,
        do,
        CHANGED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/kind", Permission.HANDLE_CASES)
def kind(case_id: UUID) -> ResponseReturnValue:
    def do(case: Case, wanted: CaseKind | None) -> None:
        assert wanted is not None, "the form was checked"
        workflow.mark_kind(case, wanted)

    return on_case.act(
        case_id,
        lambda form: form.choice("kind", CaseKind),
        lambda case, wanted: case.kind == wanted != CaseKind.NEW,
        do,
        CHANGED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/category", Permission.HANDLE_CASES)
def category(case_id: UUID) -> ResponseReturnValue:
    return on_case.act(
        case_id,
        lambda form: form.text("category", longest=100),
        lambda case, wanted: case.category == wanted,
        workflow.recategorise,
        CHANGED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/handler", Permission.HANDLE_CASES)
def handler(case_id: UUID) -> ResponseReturnValue:
    """Take the case, or give it to a colleague of the desk."""

    def read(form: Reading) -> UUID:
        try:
            return UUID(form.raw("handler"))
        except ValueError:
            form.errors["handler"] = _l("Kies een van de mogelijkheden.")
            return UUID(int=0)

    mine = request.form.get("handler") == str(door.the_account().id)
    return on_case.act(
        case_id,
        read,
        lambda case, wanted: case.handler_id == wanted,
        workflow.assign,
        TAKEN if mine else CHANGED,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/contacts", Permission.HANDLE_CASES)
def contact(case_id: UUID) -> ResponseReturnValue:
    """Register a call, e-mail, chat, visit or letter on this case."""

    def read(form: Reading) -> tuple[Channel, datetime, str, UUID]:
        channel = Channel(form.one_of("channel", HAPPENED_ELSEWHERE) or Channel.PHONE)
        day = form.day("at") or today()
        # A day in the past has no hour; the middle of the day is that day in every season.
        at = now() if day == today() else datetime.combine(day, time(12), BRUSSELS)
        note = form.text("note", longest=LONGEST_TEXT, required=False, lines=True)
        return channel, at, note, id_of(form.once(), channel, day.isoformat(), note)

    return on_case.act(
        case_id,
        read,
        lambda case, v: contact_made_by(case, v[3]) is not None,
        lambda case, v: register_contact(case, my_key(case.id), *v),
        CONTACT,
    )
