"""Proposing to hand a case over, and what became of it."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.cases import shown
from spreekbuis.cases.consent import knows_who, may_name
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.letters import receives
from spreekbuis.cases.models import Case, Referral
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.referral import (
    WHY_LABELS,
    Destination,
    Stage,
    Why,
    closed_there,
    explanation_of,
    has_mailbox,
    may_go_at_once,
    open_referral,
    propose,
    referrals_of,
    sharing_of,
    withdraw,
)
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES, DESK_LABELS, DESK_OF_TOPIC, Topic
from spreekbuis.directory.central_actors import there_today
from spreekbuis.directory.models import Actor, Entity, Organisation
from spreekbuis.directory.register import holds_words
from spreekbuis.errors import Invalid, type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import language, notice_after

ASKED = notice_after("referral-asked", _l("De melder leest je vraag met de toegangscode, en beslist."))
GONE = notice_after(
    "referral-sent", _l("De melding is doorgestuurd. Je leest hier of het andere loket ze aanneemt.")
)
WITHDRAWN = notice_after(
    "referral-withdrawn", _l("De doorverwijzing is ingetrokken. Het dossier blijft bij jullie.")
)
AGREED = notice_after(
    "referral-passed-on", _l("Het akkoord van de melder is vastgelegd. Geef het nu zelf door.")
)
_NOTICES = {Stage.ASKED: ASKED, Stage.SENT: GONE, Stage.PASSED_ON: AGREED}
LONGEST = 4000
MOST_FOUND = 8
OTHER_DESK = "desk"
STAGES: dict[Stage, LazyString] = {
    Stage.ASKED: _l("Wacht op het antwoord van de melder"),
    Stage.DECLINED: _l("De melder wil het niet"),
    Stage.WITHDRAWN: _l("Ingetrokken"),
    Stage.TAKEN_BACK: _l("De melder haalde de melding terug"),
    Stage.SENT: _l("Doorgestuurd, nog geen antwoord"),
    Stage.ACCEPTED: _l("Aangenomen"),
    Stage.REFUSED: _l("Niet aangenomen"),
    Stage.UNANSWERED: _l("Niet op tijd beantwoord"),
    Stage.PASSED_ON: _l("De melder gaat akkoord. Geef het nu zelf door"),
}


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/refer", Permission.HANDLE_CASES)
def refer(case_id: UUID) -> ResponseReturnValue:
    return _page(case_for(my_desks(), case_id), {}, {"once": str(new_id())})


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/refer", Permission.HANDLE_CASES)
def refer_post(case_id: UUID) -> ResponseReturnValue:
    """Ask the reporter, or pass it on where the law says so. With the button that searches: look for an entity."""
    case = case_for(my_desks(), case_id, lock=True)
    if "find" in request.form:
        return _page(case, {}, request.form)
    form = Reading()
    once = form.once()
    form.require(
        {
            "to": _l("Kies naar wie."), "why": _l("Kies waarom."),
            "explanation": _l("Leg uit waarom. De melder en het andere loket lezen dit."),
        }
    )  # fmt: skip
    why = form.choice("why", Why)
    explanation = form.text("explanation", longest=LONGEST, lines=True)
    try:
        form.check()
        assert why is not None
        to = _destination(clean(form.raw("to")), clean(form.raw("category")))
        agreed = bool(form.raw("agreed"))
        named = bool(form.raw("named"))
        made = propose(
            case, my_key(case.id), to, why, explanation, once, agreed_in_talk=agreed, named_in_talk=named
        )
    except Invalid as invalid:
        return _page(case, invalid.errors, request.form), invalid.status
    return _back(case, _NOTICES[Stage(made.state)])


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/refer/withdraw", Permission.HANDLE_CASES)
def withdraw_referral(case_id: UUID) -> ResponseReturnValue:
    case = case_for(my_desks(), case_id, lock=True)
    going = open_referral(case.id)
    if going is not None:  # a second press finds nothing to withdraw
        withdraw(case, going.id)
    return _back(case, WITHDRAWN)


def _back(case: Case, code: str) -> ResponseReturnValue:
    return redirect(url_for("cases.refer", ovo=door.the_entity().ovo_code, case_id=case.id, done=code), 303)


def _destination(to: str, category: str) -> Destination:
    """What was chosen: the other desk, an entity by its OVO code, or an actor."""
    kind, _, code = to.partition(":")
    if to == OTHER_DESK:
        return Destination(door.the_entity().id, category)
    if kind == "actor":
        return Destination(actor_code=code)
    entity_id = (
        db.session.scalar(select(Entity.id).where(Entity.ovo_code == code)) if kind == "entity" else None
    )
    if entity_id is None:
        raise Invalid({"to": _l("Kies een van de mogelijkheden.")})
    return Destination(entity_id, category)


def _page(case: Case, errors: dict[str, type_text], given: Any) -> str:
    ovo, key = door.the_entity().ovo_code, my_key(case.id)
    going = open_referral(case.id)
    other = next(desk for desk in DESK_LABELS if desk is not DESK_OF_TOPIC[Topic(case.topic)])
    found = _found(clean(given.get("query", "")))
    to = clean(given.get("to", ""))
    if to.startswith("entity:") and to not in {value for value, *_ in found}:
        found += _chosen(to.removeprefix("entity:"))
    names = _names()
    return render_template(
        "cases/refer.html",
        number=number_of(case.topic, case.year, case.number),
        case_url=url_for("cases.show", ovo=ovo, case_id=case.id),
        post_url=url_for("cases.refer_post", ovo=ovo, case_id=case.id),
        withdraw_url=url_for("cases.withdraw_referral", ovo=ovo, case_id=case.id),
        closed=case.closed_at is not None,
        going=going is not None,
        at_once=may_go_at_once(case),
        has_mailbox=has_mailbox(case),
        places=[
            (OTHER_DESK, gettext("Het andere loket van je entiteit: %(desk)s", desk=str(DESK_LABELS[other]))),
            *found,
            *((f"actor:{code}", names[code]) for code in db.session.scalars(_TODAY.where(there_today()))),
        ],
        found_nothing=bool(given.get("query")) and not found,
        categories=[(c.code, str(c.label)) for c in CATEGORIES.values()],
        category=given.get("category", case.category),
        whys=[(why.value, str(label)) for why, label in WHY_LABELS.items()],
        given=given,
        errors=errors,
        knows_who=knows_who(case),
        past=[_shown(case, one, key, names) for one in referrals_of(case.id)],
    )


def _found(query: str) -> list[tuple[str, str]]:
    """Other entities with service whose name or code holds these words."""
    if not query.strip():
        return []
    rows = db.session.execute(
        select(Entity.ovo_code, Entity.name)
        .join(Organisation, Organisation.ovo_code == Entity.ovo_code)
        .where(
            *holds_words(query),
            Entity.id != door.the_entity().id,
            *receives(),
        )
        .order_by(Entity.name)
        .limit(MOST_FOUND)
    )
    return [(f"entity:{row.ovo_code}", row.name) for row in rows]


def _chosen(ovo: str) -> list[tuple[str, str]]:
    name = db.session.scalar(select(Entity.name).where(Entity.ovo_code == ovo))
    return [] if name is None else [(f"entity:{ovo}", name)]


_TODAY = select(Actor.code).order_by(Actor.position)


def _names() -> dict[str, str]:
    return {
        actor.code: actor.names.get(language()) or actor.names["nl"]
        for actor in db.session.scalars(select(Actor).order_by(Actor.position))
    }


def _shown(case: Case, referral: Referral, key: Any, actors: dict[str, str]) -> dict[str, str]:
    stage, now = Stage(referral.state), today()
    to = actors.get(referral.actor_code or "", "")
    if referral.to_id is not None and referral.category is not None:
        desk = str(DESK_LABELS[DESK_OF_TOPIC[CATEGORIES[referral.category].topic]])
        name = db.session.scalars(select(Entity.name).where(Entity.id == referral.to_id)).one()
        to = gettext("%(entity)s, %(desk)s", entity=name, desk=desk)
    closed = closed_there(referral.id) if stage is Stage.ACCEPTED else None
    return {
        "to": to,
        "when": gettext("Gevraagd op %(day)s", day=shown.day(referral.asked_at, now)),
        "stage": str(STAGES[stage]),
        "after": gettext("Daar afgesloten op %(day)s", day=shown.day(closed, now)) if closed else "",
        "name": _name_goes(case, referral) if stage in (Stage.ASKED, Stage.SENT, Stage.PASSED_ON) else "",
        "explanation": explanation_of(key, referral),
    }


def _name_goes(case: Case, referral: Referral) -> str:
    """Whether the reporter lets who gets it know who they are."""
    if not knows_who(case):
        return ""
    if may_name(case, sharing_of(case, referral)):
        return gettext("De naam van de melder mag mee.")
    return gettext("Zonder naam, contactgegevens en band van de melder: daar is geen toestemming voor.")
