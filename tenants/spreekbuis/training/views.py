"""The page on which an entity's administrator sends contact persons to a training."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import today
from spreekbuis.directory.cards import in_language
from spreekbuis.directory.catalogue import SPOKEN_LABELS, TRAINING_LABELS, Spoken, TrainingKind
from spreekbuis.errors import Invalid, type_text
from spreekbuis.training import mails
from spreekbuis.training.models import TrainingSession
from spreekbuis.training.places import (
    MOST_NUMBER,
    PlaceState,
    ask_place,
    cancel_place,
    coming_sessions,
    own_places,
    own_trained,
    trained_functions,
)
from spreekbuis.web.access import Permission
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("training")
__all__ = ["mails", "room"]

BOOKED = notice_after("training-booked", _l("De plaats is vastgelegd."))
WAITING = notice_after(
    "training-waiting", _l("De opleiding is volzet. Jullie staan op de wachtlijst."), "info"
)
CANCELLED = notice_after("training-cancelled", _l("De inschrijving is geannuleerd."))


@room.in_nav(_l("Opleidingen"), rare=True)
@room.get("/entity/<ovo:ovo>/training", Permission.MANAGE_ENTITY)
def overview() -> ResponseReturnValue:
    """What can be followed, and who of the entity is going or went."""
    return _page({}, {})


@room.post("/entity/<ovo:ovo>/training", Permission.MANAGE_ENTITY)
def ask() -> ResponseReturnValue:
    form = Reading()
    functions = {kind.code for kind in trained_functions()}
    try:
        form.require(
            {
                "function": _l("Kies de functie."),
                "number": _l("Vul het nummer in dat deze persoon in jullie lijst heeft."),
            }
        )
        function = form.one_of("function", functions)
        number = form.number("number", least=1, most=MOST_NUMBER)
        session_id = _session_id(form)
        form.check()
        state = ask_place(session_id, str(function), number)
    except Invalid as invalid:
        given = {name: form.raw(name) for name in ("session", "function", "number")}
        return _page(given, invalid.errors), invalid.status
    done = BOOKED if state is PlaceState.BOOKED else WAITING
    return redirect(url_for("training.overview", ovo=the_entity().ovo_code, done=done), 303)


def _session_id(form: Reading) -> UUID:
    try:
        return UUID(form.raw("session"))
    except ValueError:
        form.errors["session"] = _l("Kies een opleiding.")
        return UUID(int=0)


@room.post("/entity/<ovo:ovo>/training/places/<uuid:place_id>/cancel", Permission.MANAGE_ENTITY)
def cancel(place_id: UUID) -> ResponseReturnValue:
    cancel_place(place_id)
    return redirect(url_for("training.overview", ovo=the_entity().ovo_code, done=CANCELLED), 303)


def _page(given: Mapping[str, str], errors: Mapping[str, type_text]) -> str:
    spoken, ovo, day = language(), the_entity().ovo_code, today()
    names = {kind.code: in_language(kind.names, spoken) for kind in trained_functions()}
    sessions = coming_sessions()
    return render_template(
        "training/overview.html",
        sessions=[shown(session) | {"free": max(0, session.places - taken)} for session, taken in sessions],
        choices=[(str(session.id), _words(session)) for session, _taken in sessions],
        functions=sorted(names.items(), key=lambda one: one[1]), given=given, errors=errors, year=day.year,
        trained=own_trained(day.year),
        places=[
            shown(session)
            | {
                "function": names[place.function], "code": place.function, "number": place.number,
                "state": _state(place.state, place.attended),
                "certificate": format_date(place.certificate_on, "long") if place.certificate_on else "",
                "cancel_url": None
                if session.day < day or session.called_off_at
                else url_for("training.cancel", ovo=ovo, place_id=place.id),
            }
            for place, session in own_places()
        ],
    )  # fmt: skip


def _words(session: TrainingSession) -> str:
    return f"{format_date(session.day, 'long')} · {TRAINING_LABELS[TrainingKind(session.kind)]}"


def _state(state: str, attended: bool | None) -> tuple[str, type_text]:
    """A tag and its words."""
    if attended is not None:
        return ("ok", _l("Gevolgd")) if attended else ("off", _l("Niet aanwezig"))
    return ("full", _l("Ingeschreven")) if state == PlaceState.BOOKED else ("wait", _l("Op de wachtlijst"))


def shown(session: TrainingSession) -> dict[str, Any]:
    """A session in the reader's language."""
    return {
        "kind": TRAINING_LABELS[TrainingKind(session.kind)], "day": format_date(session.day, "long"),
        "hours": session.hours, "place": session.place, "about": session.about,
        "language": SPOKEN_LABELS[Spoken(session.language)], "called_off": session.called_off_at is not None,
    }  # fmt: skip
