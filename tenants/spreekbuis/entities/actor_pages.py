"""The page on which an entity's administrator enters its own actors for the signpost."""

from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.views import in_language
from spreekbuis.entities.actors import OwnActor, own_actors, own_kinds, set_actor
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web.access import Permission
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("entity_actors")

KEPT = notice_after("actor-kept", _l("De wegwijzer van je entiteit is bijgewerkt."))
LONGEST = {"name": 120, "email": 254, "phone": 30, "address": 300, "reachable": 200}
"""Characters, per field."""


@room.in_nav(_l("Wegwijzer"))
@room.get("/entity/<ovo:ovo>/actors", Permission.MANAGE_ENTITY)
def actor_list() -> ResponseReturnValue:
    """All of them; with `?kind=` the form of that one."""
    return _page(own_actors().get(_asked(), OwnActor(_asked())), {})


@room.post("/entity/<ovo:ovo>/actors", Permission.MANAGE_ENTITY)
def keep() -> ResponseReturnValue:
    """Keep one kind of actor; left empty it goes."""
    form = Reading()
    texts = {
        name: form.text(name, longest=longest, required=False, lines=name == "address")
        for name, longest in LONGEST.items()
    }
    given = OwnActor(form.raw("kind"), **texts)
    try:
        form.check()
        set_actor(given)
    except Invalid as invalid:
        return _page(given, invalid.errors), invalid.status
    return redirect(url_for("entity_actors.actor_list", ovo=the_entity().ovo_code, done=KEPT), 303)


def _asked() -> str:
    return request.args.get("kind", "")


def _page(chosen: OwnActor, errors: Mapping[str, type_text]) -> str:
    """The list, and the form of the chosen kind, if it is one."""
    known, lang, ovo = own_actors(), language(), the_entity().ovo_code
    kinds = sorted(own_kinds(), key=lambda kind: in_language(kind.names, lang))
    titles = {kind.code: in_language(kind.names, lang) for kind in kinds}
    return render_template(
        "entities/actors.html",
        rows=[
            {
                "title": titles[kind.code], "actor": known.get(kind.code),
                "url": url_for("entity_actors.actor_list", ovo=ovo, kind=kind.code, _anchor="edit"),
            }
            for kind in kinds
        ],
        chosen=chosen, chosen_title=titles.get(chosen.kind, ""), errors=errors,
        list_url=url_for("entity_actors.actor_list", ovo=ovo), signpost_url=url_for("signpost.of_entity", ovo=ovo),
    )  # fmt: skip
