"""The reporter's answer when a desk wants to hand the case over: yes, no, or first a question."""

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.models import Referral
from spreekbuis.cases.referral import Stage, agree, decline, explanation_of, open_referral
from spreekbuis.cases.referral import take_back as take_case_back
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES, DESK_LABELS, DESK_OF_TOPIC
from spreekbuis.directory.models import Actor, Entity
from spreekbuis.intake.reporters import key_in_session
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Audience
from spreekbuis.web.door import here
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

AGREED = notice_after("referral-agreed", _l("Dank je. Je melding gaat door. Je woorden blijven dezelfde."))
DECLINED = notice_after("referral-declined", _l("Goed. Je melding blijft bij dit loket."))
TAKEN_BACK = notice_after(
    "referral-taken-back", _l("Je melding blijft bij dit loket. Je kunt weer schrijven.")
)

room = Room("referral")


@room.post("/inbox/referral/<uuid:referral_id>/yes", Audience.RETURNING_REPORTER)
def say_yes(referral_id: UUID) -> ResponseReturnValue:
    agree(_case(), key_in_session(), referral_id, named=request.form.get("named") == "yes")
    return _back(AGREED)


@room.post("/inbox/referral/<uuid:referral_id>/no", Audience.RETURNING_REPORTER)
def say_no(referral_id: UUID) -> ResponseReturnValue:
    decline(_case(), referral_id)
    return _back(DECLINED)


@room.post("/inbox/referral/<uuid:referral_id>/take-back", Audience.RETURNING_REPORTER)
def take_back(referral_id: UUID) -> ResponseReturnValue:
    """As long as nobody accepted it."""
    take_case_back(_case(), referral_id)
    return _back(TAKEN_BACK)


def _back(code: str) -> ResponseReturnValue:
    return redirect(url_for("mailbox.inbox", done=code), 303)


def _case() -> Any:
    reporter = here().reporter
    assert reporter is not None, "the door lets only returning reporters in"
    Reading().check()
    return case_of_reporter(reporter.case_id, lock=True)


def referral_box(case_id: UUID, key: ContentKey, *, named: bool) -> dict[str, Any] | None:
    """What the mailbox shows of a referral that waits for the reporter, or for the other desk. `named`: there is a name
    that could go along."""
    going = open_referral(case_id)
    if going is None:
        return None
    asked = going.state == Stage.ASKED
    return {
        "to": _name_of(going),
        "named": named,
        "explanation": explanation_of(key, going),
        "yes_url": url_for("referral.say_yes", referral_id=going.id) if asked else "",
        "no_url": url_for("referral.say_no", referral_id=going.id) if asked else "",
        "back_url": "" if asked else url_for("referral.take_back", referral_id=going.id),
    }


def _name_of(referral: Referral) -> str:
    if referral.to_id is None:
        names = db.session.scalars(select(Actor.names).where(Actor.code == referral.actor_code)).one()
        return str(names.get(language()) or names["nl"])
    assert referral.category is not None, "a desk gets it as something"
    desk = str(DESK_LABELS[DESK_OF_TOPIC[CATEGORIES[referral.category].topic]])
    entity = db.session.scalars(select(Entity.name).where(Entity.id == referral.to_id)).one()
    return _("%(entity)s, %(desk)s", entity=entity, desk=desk)
