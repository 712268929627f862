"""The pages of the signpost: a form that asks by GET, and who can help. Nothing is stored, no cookie is set."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.directory.cards import Card, as_csv, as_vcards, in_language
from spreekbuis.directory.cards import central_cards as central_of_today
from spreekbuis.directory.catalogue import TOPIC_LABELS, Topic
from spreekbuis.directory.models import ActorKind
from spreekbuis.entities.actors import OwnActor, own_actors, own_card, own_cards
from spreekbuis.entities.service import accepts_reports
from spreekbuis.intake.signpost import (
    PLACE_LABELS,
    WISH_LABELS,
    Answers,
    Directions,
    Place,
    Wish,
    directions,
)
from spreekbuis.intake.topics import TOPIC_WORDS
from spreekbuis.web.access import Audience
from spreekbuis.web.door import here, the_entity
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

room = Room("signpost")
E = TypeVar("E", bound=StrEnum)


@room.get("/signpost", Audience.EVERYONE)
def general() -> ResponseReturnValue:
    """For whoever does not say where they work."""
    response = _asked_or_shown(url_for("signpost.general"), {}, url_for("home.choose_entity"))
    response.headers["X-Robots-Tag"] = "all"
    return response


@room.get("/o/<ovo:ovo>/signpost", Audience.EVERYONE)
def of_entity() -> ResponseReturnValue:
    """With the entity's own actors and their addresses."""
    entity = the_entity()
    report = url_for("report.topic", ovo=entity.ovo_code, topic=_topic())
    return _asked_or_shown(
        url_for("signpost.of_entity", ovo=entity.ovo_code),
        own_actors(),
        report if accepts_reports(entity) else "",
    )


@room.get("/o/<ovo:ovo>/actors/cards.vcf", Audience.EVERYONE)
def address_cards() -> ResponseReturnValue:
    """The entity's own actors and the central ones, for an address book."""
    return as_vcards((the_entity().name, own_cards(language())), (_("Vlaamse overheid"), central_cards()))


@room.get("/o/<ovo:ovo>/actors/table.csv", Audience.EVERYONE)
def address_table() -> ResponseReturnValue:
    """The entity's own actors and the central ones, for a spreadsheet."""
    return as_csv([*own_cards(language()), *central_cards()])


def central_cards() -> list[Card]:
    """Every central actor, in its order."""
    return [card for _kind, card in central_of_today(language())]


def _asked_or_shown(action: str, own: Mapping[str, OwnActor], report_url: str) -> Response:
    """The questions; the answer as well once they were answered."""
    topic, wish = _topic(), _choice("wish", Wish)
    sent = "place" in request.args
    errors = {}
    if sent and topic is None:
        errors["topic"] = _("Kies waarover het gaat.")
    if sent and wish is None:
        errors["wish"] = _("Kies wat je zoekt.")
    marked = request.args.getlist("also")
    found = None
    if sent and topic is not None and wish is not None:
        answers = Answers(
            topic, wish, _choice("place", Place) or Place.ANYWHERE,
            confidential="confidential" in marked, about_manager="manager" in marked, danger="danger" in marked,
        )  # fmt: skip
        found = _cards(answers, own)
    page = render_template(
        "intake/signpost.html",
        action=action, report_url=report_url, errors=errors, found=found, danger="danger" in marked,
        general=here().entity is None, choose_url=url_for("home.choose_entity"), all_url=url_for("directory.actors"),
        protection_url=url_for("protection.ask"), card_url=_same_place("address_cards"),
        table_url=_same_place("address_table"),
        topics=list(TOPIC_WORDS.items()), wishes=list(WISH_LABELS.items()), places=list(PLACE_LABELS.items()),
        also=[
            ("confidential", _("Niemand mag weten dat ik erover sprak")),
            ("manager", _("Het gaat (ook) over mijn leidinggevende")),
            ("danger", _("Er is nu gevaar voor mij of voor iemand anders")),
        ],
        topic=topic or "", wish=wish or "", place=request.args.get("place", ""), marked=marked,
    )  # fmt: skip
    return make_response(page, 422 if errors else 200)


def _same_place(export: str) -> str:
    """The address of an export: of the entity of this page, or of the central actors."""
    entity = here().entity
    return url_for(f"signpost.{export}", ovo=entity.ovo_code) if entity else url_for(f"directory.{export}")


def _cards(answers: Answers, own: Mapping[str, OwnActor]) -> dict[str, list[Card]]:
    """Who can help, under `near` and `central`."""
    kinds = {kind.code: kind for kind in db.session.scalars(select(ActorKind))}
    central = central_of_today(language())
    confidential = {code: bool(kind.confidential) for code, kind in kinds.items()}
    for kind, card in central:
        confidential[kind] = confidential[kind] or card.confidential
    near = {code for code, kind in kinds.items() if not kind.central}
    found: Directions = directions(answers, confidential, near, own)
    order = {kind: place for place, kind in enumerate(found.central)}
    fitting = sorted(((order[kind], card) for kind, card in central if kind in order), key=lambda one: one[0])
    return {
        "near": [_near(kinds[code], own.get(code)) for code in found.near],
        "central": [card for _place, card in fitting if card.confidential or not answers.confidential],
    }


def _near(kind: ActorKind, own: OwnActor | None) -> Card:
    lang = language()
    name, offers = in_language(kind.names, lang), in_language(kind.offers, lang)
    if own is None:
        return Card(kind.code, name, offers, bool(kind.confidential))
    return own_card(own, name, offers, bool(kind.confidential))


def _topic() -> Topic | None:
    """A topic of staff: 1700 has its own pages."""
    topic = _choice("topic", Topic)
    return topic if topic in TOPIC_LABELS else None


def _choice(name: str, options: type[E]) -> E | None:
    """What the address says; None for nothing and for what is no choice."""
    try:
        return options(request.args.get(name, ""))
    except ValueError:
        return None
