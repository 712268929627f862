"""The signpost: to whom one can turn, besides Spreekbuis."""

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.directory.cards import Card, as_csv, as_vcards, central_cards, in_language
from spreekbuis.directory.models import ActorKind
from spreekbuis.web.access import Audience
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

room = Room("directory")


@room.get("/actors", Audience.EVERYONE)
def actors() -> ResponseReturnValue:
    """Central actors with what they do and how to reach them; kinds of actors in each entity."""
    lang = language()
    nearby = [
        Card(row.code, in_language(row.names, lang), in_language(row.offers, lang), bool(row.confidential))
        for row in db.session.execute(
            select(ActorKind.code, ActorKind.names, ActorKind.offers, ActorKind.confidential)
            .where(ActorKind.central.is_(False))
        )
    ]  # fmt: skip
    nearby.sort(key=lambda kind: kind.name)
    page = render_template(
        "directory/actors.html", central=_central(), nearby=nearby,
        card_url=url_for("directory.address_cards"), table_url=url_for("directory.address_table"),
    )  # fmt: skip
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "all"
    return response


@room.get("/actors/cards.vcf", Audience.EVERYONE)
def address_cards() -> ResponseReturnValue:
    """The central actors for an address book."""
    return as_vcards((_("Vlaamse overheid"), _central()))


@room.get("/actors/table.csv", Audience.EVERYONE)
def address_table() -> ResponseReturnValue:
    """The central actors for a spreadsheet."""
    return as_csv(_central())


def _central() -> list[Card]:
    return [card for _kind, card in central_cards(language())]
