"""The central actors: kept by the central office, with the days between which they are there, and their history."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Region, Spoken
from spreekbuis.directory.models import Actor, ActorBefore, ActorKind
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text
from spreekbuis.identity.accounts import email_address

STALE_AFTER = timedelta(days=365)
"""An entry that nobody confirmed for longer is marked, and its keeper is reminded."""
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{1,28}[0-9]")


class EditedMeanwhile(Conflict):
    """Somebody saved a newer version than the one that this form began with."""

    title = _l("Iemand anders paste deze dienst net aan")
    advice = _l("Wat jij invulde staat nog in het formulier. Kijk eerst naar wat er nu staat.")


@dataclass(frozen=True, slots=True)
class CentralActor:
    """A central actor as it is written down. Texts by language code; what is not known is empty."""

    kind: str
    names: Mapping[str, str]
    offers: Mapping[str, str]
    confidential: bool
    email: str = ""
    phone: str = ""
    address: str = ""
    web: str = ""
    reachable: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


def there_today() -> ColumnElement[bool]:
    """The central actors of today."""
    day = today()
    return or_(Actor.valid_from.is_(None), Actor.valid_from <= day) & or_(
        Actor.valid_to.is_(None), Actor.valid_to >= day
    )


def is_stale(confirmed_on: date) -> bool:
    return confirmed_on < today() - STALE_AFTER


def stale_actors() -> int:
    """How many central actors of today or later nobody confirmed for a year."""
    counted = select(func.count()).where(
        or_(Actor.valid_to.is_(None), Actor.valid_to >= today()), Actor.confirmed_on < today() - STALE_AFTER
    )
    return db.session.scalar(counted) or 0


def central_kinds() -> list[ActorKind]:
    """The kinds that the central office keeps, which the signpost knows."""
    return list(db.session.scalars(select(ActorKind).where(ActorKind.central)))


def written(actor: Actor) -> CentralActor:
    """What is written down of it."""
    return CentralActor(
        actor.kind, actor.names, actor.offers, actor.confidential, actor.email, actor.phone, actor.address, actor.web,
        actor.reachable, tuple(actor.languages), tuple(actor.regions), actor.valid_from, actor.valid_to,
    )  # fmt: skip


def history_of(code: str) -> list[ActorBefore]:
    """What it was before each change, the latest first."""
    before = select(ActorBefore).where(ActorBefore.code == code).order_by(ActorBefore.version.desc())
    return list(db.session.scalars(before))


def save_actor(code: str, begun_with: int, given: CentralActor) -> None:
    """Keep a change, or a new actor when `begun_with` is 0; what is saved is confirmed. The same again changes
    nothing.

    Raises Invalid, and EditedMeanwhile when `begun_with` is not the present version any more.
    """
    given = checked(given)
    values = asdict(given) | {"languages": list(given.languages), "regions": list(given.regions)}
    actor = db.session.scalar(select(Actor).where(Actor.code == code).with_for_update())
    if actor is None:
        _add(code, begun_with, values)
    elif written(actor) == given:
        confirm_actor(code)
        return
    elif actor.version != begun_with:
        raise EditedMeanwhile
    else:
        db.session.add(ActorBefore(code=code, version=actor.version, was=_as_json(written(actor))))
        for name, value in values.items():
            setattr(actor, name, value)
        actor.version, actor.confirmed_on = begun_with + 1, today()
    record(Audited.CENTRAL_ACTOR_CHANGED, data={"actor": code, "version": begun_with + 1})


def _add(code: str, begun_with: int, values: Mapping[str, Any]) -> None:
    last = select(func.coalesce(func.max(Actor.position), 0) + 1).scalar_subquery()
    made = insert(Actor).values(code=code, position=last, confirmed_on=today(), version=1, **values)
    if begun_with or db.session.scalar(made.on_conflict_do_nothing().returning(Actor.code)) is None:
        raise EditedMeanwhile


def confirm_actor(code: str) -> None:
    """Say that all that is written of it is right. Twice on a day is once. Raises NotFound."""
    actor = db.session.scalar(select(Actor).where(Actor.code == code).with_for_update())
    if actor is None:
        raise NotFound
    if actor.confirmed_on != today():
        actor.confirmed_on = today()
        record(Audited.CENTRAL_ACTOR_CONFIRMED, data={"actor": code})


def checked(given: CentralActor) -> CentralActor:
    """In the form in which it is kept: only texts that say something. Raises Invalid with all that is wrong."""
    errors: dict[str, type_text] = {}
    if given.kind not in {kind.code for kind in central_kinds()}:
        errors["kind"] = _l("Kies een van de mogelijkheden.")
    for name, texts in (("names_nl", given.names), ("offers_nl", given.offers)):
        if not texts.get("nl"):
            errors[name] = _l("Schrijf dit minstens in het Nederlands.")
    email, wrong = addresses(given.email, given.phone)
    errors |= wrong
    if given.web and (urlsplit(given.web).scheme != "https" or not urlsplit(given.web).hostname):
        errors["web"] = _l("Vul een adres in dat met https:// begint.")
    if not (given.email or given.phone or given.address or given.web):
        errors.setdefault("email", _l("Geef minstens een manier om deze dienst te bereiken."))
    errors |= wrong_days(given.valid_from, given.valid_to)
    if not set(given.languages) <= set(Spoken):
        errors["languages"] = _l("Kies een van de mogelijkheden.")
    if not set(given.regions) <= set(Region):
        errors["regions"] = _l("Kies een van de mogelijkheden.")
    if errors:
        raise Invalid(errors)
    return replace(
        given, email=email, names=_said(given.names), offers=_said(given.offers), reachable=_said(given.reachable),
    )  # fmt: skip


def addresses(email: str, phone: str) -> tuple[str, dict[str, type_text]]:
    """The address in its plain form, and what is wrong with it or with the number. Empty ones are right."""
    errors: dict[str, type_text] = {}
    if email:
        try:
            email = email_address(email)
        except Invalid as invalid:
            errors |= invalid.errors
    if phone and not _PHONE.fullmatch(phone):
        errors["phone"] = _l("Vul een telefoonnummer in, bijvoorbeeld 02 553 00 00.")
    return email, errors


def wrong_days(valid_from: date | None, valid_to: date | None) -> dict[str, type_text]:
    """What is wrong with a first and a last day."""
    if valid_from and valid_to and valid_to < valid_from:
        return {"valid_to": _l("De laatste dag valt voor de eerste.")}
    return {}


def _said(texts: Mapping[str, str]) -> dict[str, str]:
    return {code: text for code, text in texts.items() if text}


def _as_json(actor: CentralActor) -> dict[str, Any]:
    days = {"valid_from": actor.valid_from, "valid_to": actor.valid_to}
    return asdict(actor) | {name: day.isoformat() if day else None for name, day in days.items()}


def new_code(once: UUID) -> str:
    """The code of an actor that was made here."""
    return once.hex
