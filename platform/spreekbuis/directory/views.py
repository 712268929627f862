"""The signpost: to whom one can turn, besides Spreekbuis."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.directory.models import Actor, ActorKind
from spreekbuis.web.access import Audience
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

room = Room("directory")


@dataclass(frozen=True, slots=True)
class Shown:
    """An actor, or a kind of actor, in the reader's language."""

    code: str
    name: str
    offers: str
    confidential: bool = False
    email: str | None = None
    phone: str | None = None


def in_language(texts: Mapping[str, str] | None, code: str) -> str:
    """The text in this language, else in Dutch, else nothing."""
    return (texts or {}).get(code) or (texts or {}).get("nl", "")


@room.get("/actors", Audience.EVERYONE)
def actors() -> ResponseReturnValue:
    """Central actors with what they do and how to reach them; kinds of actors in each entity."""
    lang = language()
    central = [
        Shown(
            row.code, in_language(row.names, lang), in_language(row.offers, lang),
            row.confidential, row.email, row.phone,
        )
        for row in db.session.execute(
            select(Actor.code, Actor.names, Actor.offers, Actor.confidential, Actor.email, Actor.phone)
            .order_by(Actor.position)
        )
    ]  # fmt: skip
    nearby = [
        Shown(
            row.code, in_language(row.names, lang), in_language(row.offers, lang), bool(row.confidential)
        )
        for row in db.session.execute(
            select(ActorKind.code, ActorKind.names, ActorKind.offers, ActorKind.confidential)
            .where(ActorKind.central.is_(False))
        )
    ]  # fmt: skip
    nearby.sort(key=lambda kind: kind.name)
    response = make_response(render_template("directory/actors.html", central=central, nearby=nearby))
    response.headers["X-Robots-Tag"] = "all"
    return response
