"""The pages on which the central office keeps the central actors."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.clock import local_date, today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory import reminders
from spreekbuis.directory.cards import in_language
from spreekbuis.directory.catalogue import REGION_LABELS, SPOKEN_LABELS
from spreekbuis.directory.central_actors import (
    CentralActor,
    EditedMeanwhile,
    central_kinds,
    confirm_actor,
    history_of,
    is_stale,
    new_code,
    save_actor,
    stale_actors,
    written,
)
from spreekbuis.directory.models import Actor
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import LANGUAGES, language, notice_after
from spreekbuis.web.room import Room

room = Room("central_actors")
__all__ = ["reminders", "room"]

SAVED = notice_after("central-actor-saved", _l("De dienst is bewaard. De wegwijzer toont het meteen."))
CONFIRMED = notice_after("central-actor-confirmed", _l("De gegevens zijn nagekeken."))
LONGEST = {"names": 120, "offers": 600, "reachable": 200}
LONGEST_PLAIN = {"email": 254, "phone": 30, "address": 300, "web": 200}
"""Characters, per field."""
_NEW = re.compile("[0-9a-f]{32}")


@room.in_nav(_l("Diensten"), rare=True)
@room.get("/central/actors", Permission.EDIT_SERVICE)
def listing() -> ResponseReturnValue:
    spoken, day = language(), today()
    actors = list(db.session.scalars(select(Actor).order_by(Actor.position, Actor.code)))
    return render_template(
        "directory/central_actors.html",
        new_url=url_for("central_actors.edit", actor=new_code(new_id())),
        stale=stale_actors(),
        actors=[
            {
                "name": in_language(a.names, spoken),
                "url": url_for("central_actors.edit", actor=a.code),
                "ways": [way for way in (a.email, a.phone, a.address, a.web) if way],
                "state": _state(a, day),
                "confirmed": format_date(a.confirmed_on, "long"),
                "stale": is_stale(a.confirmed_on),
                "confirm_url": url_for("central_actors.confirm", actor=a.code),
            }
            for a in actors
        ],
    )  # fmt: skip


def _state(actor: Actor, day: date) -> tuple[str, str]:
    """A tag and its words: from when it is there, or until when it was."""
    if actor.valid_to is not None and actor.valid_to < day:
        return "off", _("Gestopt op %(day)s", day=format_date(actor.valid_to, "short"))
    if actor.valid_from is not None and actor.valid_from > day:
        return "wait", _("Vanaf %(day)s", day=format_date(actor.valid_from, "short"))
    if actor.valid_to is not None:
        return "half", _("Tot en met %(day)s", day=format_date(actor.valid_to, "short"))
    return "ok", _("Op de wegwijzer")


@room.get("/central/actors/<string:actor>", Permission.EDIT_SERVICE)
def edit(actor: str) -> ResponseReturnValue:
    """What is written of it, or nothing under a code that nobody used yet. Raises NotFound for what is no code."""
    return _form(actor, None, {}, stale=False)


@room.post("/central/actors/<string:actor>", Permission.EDIT_SERVICE)
def save(actor: str) -> ResponseReturnValue:
    there = _there(actor)
    form = Reading()
    texts = {
        name: {
            code: form.text(f"{name}_{code}", longest=longest, required=False, lines=name == "offers")
            for code in LANGUAGES
        }
        for name, longest in LONGEST.items()
    }
    plain = {
        name: form.text(name, longest=longest, required=False, lines=name == "address")
        for name, longest in LONGEST_PLAIN.items()
    }
    kind = there.kind if there else form.one_of("kind", [k.code for k in central_kinds()]) or ""
    given = CentralActor(
        kind, texts["names"], texts["offers"], form.raw("confidential") == "yes", plain["email"], plain["phone"],
        plain["address"], plain["web"], texts["reachable"],
        languages=tuple(request.form.getlist("languages")), regions=tuple(request.form.getlist("regions")),
        valid_from=form.day("valid_from") if form.raw("valid_from") else None,
        valid_to=form.day("valid_to") if form.raw("valid_to") else None,
    )  # fmt: skip
    begun_with = form.number("version", least=0, most=99_999)
    try:
        form.check()
        save_actor(actor, begun_with, given)
    except Invalid as invalid:
        db.session.rollback()
        return _form(actor, _typed(), invalid.errors, stale=False), invalid.status
    except EditedMeanwhile as meanwhile:
        db.session.rollback()
        return _form(actor, _typed(), {}, stale=True), meanwhile.status
    return redirect(url_for("central_actors.listing", done=SAVED), 303)


@room.post("/central/actors/<string:actor>/confirm", Permission.EDIT_SERVICE)
def confirm(actor: str) -> ResponseReturnValue:
    """One click says that all that is written of it is right."""
    confirm_actor(actor)
    return redirect(url_for("central_actors.listing", done=CONFIRMED), 303)


def _there(code: str) -> Actor | None:
    found = db.session.get(Actor, clean(code))
    if found is None and not _NEW.fullmatch(code):
        raise NotFound
    return found


def _typed() -> dict[str, Any]:
    values: dict[str, Any] = {
        name: clean(value, lines=name == "address" or name.startswith("offers_"))
        for name, value in request.form.items()
    }
    return values | {name: request.form.getlist(name) for name in ("languages", "regions")}


def _form(code: str, typed: dict[str, Any] | None, errors: Mapping[str, type_text], *, stale: bool) -> str:
    """`stale`: somebody saved a newer version, with whose number the form goes on, so that saving again wins."""
    there, spoken = _there(code), language()
    version = there.version if there else 0
    return render_template(
        "directory/central_actor.html",
        title=in_language(there.names, spoken) if there else _("Nieuwe dienst"), code=code, exists=there is not None,
        version=version if stale or typed is None else typed.get("version", version), stale=stale,
        values=typed if typed is not None else _values(there), errors=errors, languages=list(LANGUAGES.items()),
        kinds=sorted(((k.code, in_language(k.names, spoken)) for k in central_kinds()), key=lambda k: k[1]),
        spoken=list(SPOKEN_LABELS.items()), regions=list(REGION_LABELS.items()), longest=LONGEST,
        history=[
            {
                "when": format_date(local_date(before.until), "long"),
                "name": in_language(before.was["names"], spoken),
                "ways": [before.was[way] for way in LONGEST_PLAIN if before.was[way]],
                "offers": in_language(before.was["offers"], spoken),
            }
            for before in history_of(code)
        ],
    )  # fmt: skip


def _values(actor: Actor | None) -> dict[str, Any]:
    if actor is None:
        return {"confidential": "yes", "languages": ["nl"]}
    there = written(actor)
    texts = {"names": there.names, "offers": there.offers, "reachable": there.reachable}
    return {
        **{f"{name}_{code}": text for name, by_language in texts.items() for code, text in by_language.items()},
        "kind": there.kind, "email": there.email, "phone": there.phone, "address": there.address, "web": there.web,
        "confidential": "yes" if there.confidential else "", "languages": list(there.languages),
        "regions": list(there.regions), "valid_from": there.valid_from and there.valid_from.isoformat(),
        "valid_to": there.valid_to and there.valid_to.isoformat(),
    }  # fmt: skip
