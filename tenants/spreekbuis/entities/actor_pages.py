"""The page on which an entity's administrator enters its own actors for the signpost."""

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.cards import in_language
from spreekbuis.directory.catalogue import SPOKEN_LABELS
from spreekbuis.directory.central_actors import is_stale
from spreekbuis.entities import reminders
from spreekbuis.entities.actors import Kept, OwnActor, confirm_actor, kept_actors, own_kinds, set_actor
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web.access import Permission
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("entity_actors")
__all__ = ["reminders", "room"]

KEPT = notice_after("actor-kept", _l("De wegwijzer van je entiteit is bijgewerkt."))
CONFIRMED = notice_after("actor-confirmed", _l("Deze gegevens zijn nagekeken."))
LONGEST = {"name": 120, "email": 254, "phone": 30, "address": 300, "reachable": 200}
"""Characters, per field."""


@room.in_nav(_l("Wegwijzer"))
@room.get("/entity/<ovo:ovo>/actors", Permission.MANAGE_ENTITY)
def actor_list() -> ResponseReturnValue:
    """All of them; with `?kind=` the form of that one."""
    there = kept_actors().get(_asked())
    return _page(there.actor if there else OwnActor(_asked()), {})


@room.post("/entity/<ovo:ovo>/actors", Permission.MANAGE_ENTITY)
def keep() -> ResponseReturnValue:
    """Keep one kind of actor; left empty it goes."""
    form = Reading()
    texts = {
        name: form.text(name, longest=longest, required=False, lines=name == "address")
        for name, longest in LONGEST.items()
    }
    given = OwnActor(
        form.raw("kind"), **texts, languages=tuple(request.form.getlist("languages")),
        valid_from=form.day("valid_from") if form.raw("valid_from") else None,
        valid_to=form.day("valid_to") if form.raw("valid_to") else None,
    )  # fmt: skip
    try:
        form.check()
        set_actor(given)
    except Invalid as invalid:
        return _page(given, invalid.errors), invalid.status
    return redirect(url_for("entity_actors.actor_list", ovo=the_entity().ovo_code, done=KEPT), 303)


@room.post("/entity/<ovo:ovo>/actors/confirm", Permission.MANAGE_ENTITY)
def confirm() -> ResponseReturnValue:
    """One click says that all that stands there of one kind is right."""
    confirm_actor(clean(Reading().raw("kind")))
    return redirect(url_for("entity_actors.actor_list", ovo=the_entity().ovo_code, done=CONFIRMED), 303)


def _asked() -> str:
    return request.args.get("kind", "")


def _page(chosen: OwnActor, errors: Mapping[str, type_text]) -> str:
    """The list, and the form of the chosen kind, if it is one."""
    known, lang, ovo = kept_actors(), language(), the_entity().ovo_code
    kinds = sorted(own_kinds(), key=lambda kind: in_language(kind.names, lang))
    titles = {kind.code: in_language(kind.names, lang) for kind in kinds}
    return render_template(
        "entities/actors.html",
        rows=[_row(ovo, kind.code, titles[kind.code], known.get(kind.code)) for kind in kinds],
        chosen=chosen, chosen_title=titles.get(chosen.kind, ""), errors=errors, spoken=list(SPOKEN_LABELS.items()),
        stale=any(is_stale(kept.confirmed_on) for kept in known.values()),
        list_url=url_for("entity_actors.actor_list", ovo=ovo), signpost_url=url_for("signpost.of_entity", ovo=ovo),
        confirm_url=url_for("entity_actors.confirm", ovo=ovo),
    )  # fmt: skip


def _row(ovo: str, kind: str, title: str, kept: Kept | None) -> dict[str, object]:
    row: dict[str, object] = {
        "title": title, "kind": kind,
        "url": url_for("entity_actors.actor_list", ovo=ovo, kind=kind, _anchor="edit"),
    }  # fmt: skip
    if kept is not None:
        row |= {
            "actor": kept.actor, "there": kept.actor.there_today, "stale": is_stale(kept.confirmed_on),
            "confirmed": format_date(kept.confirmed_on, "long"),
        }  # fmt: skip
    return row
