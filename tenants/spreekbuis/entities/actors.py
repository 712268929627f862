"""The entity's own actors: whom its people can turn to, as its administrator entered them."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.cards import Card, in_language
from spreekbuis.directory.catalogue import Spoken
from spreekbuis.directory.central_actors import STALE_AFTER, addresses, wrong_days
from spreekbuis.directory.models import ActorKind
from spreekbuis.entities.models import EntityActor
from spreekbuis.errors import Conflict, Invalid, type_text

WITHOUT_ADDRESS = "line_manager"
"""The one kind of actor in an entity that is somebody else for everybody."""


@dataclass(frozen=True, slots=True)
class OwnActor:
    """A function in the entity with its addresses. What is not known is empty; no names of persons.

    The first and the last day are Belgian days, both inclusive; None is open.
    """

    kind: str
    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    reachable: str = ""
    languages: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing at all is known."""
        return not any((self.name, self.email, self.phone, self.address, self.reachable))

    @property
    def there_today(self) -> bool:
        day = today()
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class Kept(NamedTuple):
    """An actor as it stands, whether shown today or not, and when it was last confirmed."""

    actor: OwnActor
    confirmed_on: date


_OWN = (
    select(
        EntityActor.kind, EntityActor.name, EntityActor.email, EntityActor.phone, EntityActor.address,
        EntityActor.reachable, EntityActor.languages, EntityActor.valid_from, EntityActor.valid_to,
        EntityActor.confirmed_on,
    )
    .where(EntityActor.entity_id == bindparam("entity"))
    .order_by(EntityActor.kind)
)  # fmt: skip


def kept_actors() -> dict[str, Kept]:
    """All that the entity in scope entered, by kind. One query."""
    kept = {}
    for kind, name, email, phone, address, reachable, spoken, first, last, confirmed_on in rows(
        _OWN, {"entity": current_entity_id()}
    ):
        actor = OwnActor(kind, name, email, phone, address, reachable, tuple(spoken), first, last)
        kept[kind] = Kept(actor, confirmed_on)
    return kept


def own_actors() -> dict[str, OwnActor]:
    """The actors of the entity in scope that are there today, by kind. One query."""
    return {kind: kept.actor for kind, kept in kept_actors().items() if kept.actor.there_today}


def own_card(
    actor: OwnActor, name: str, offers: str, confidential: bool, confirmed_on: date | None = None
) -> Card:
    """What everybody sees of it; `name` and `offers` are those of its kind, in the reader's language."""
    return Card(
        f"{current_entity_id()} {actor.kind}", name, offers, confidential, actor.name, actor.email, actor.phone,
        actor.address, "", actor.reachable, actor.languages, confirmed_on=confirmed_on,
    )  # fmt: skip


def own_cards(language: str) -> list[Card]:
    """The actors of the entity in scope that are there today, by name."""
    kept = kept_actors()
    cards = [
        own_card(
            kept[kind.code].actor, in_language(kind.names, language), in_language(kind.offers, language),
            bool(kind.confidential), kept[kind.code].confirmed_on,
        )
        for kind in own_kinds()
        if kind.code in kept and kept[kind.code].actor.there_today
    ]  # fmt: skip
    return sorted(cards, key=lambda card: card.name)


def own_kinds() -> list[ActorKind]:
    """The kinds of which an entity can enter its own."""
    kinds = select(ActorKind).where(ActorKind.central.is_(False), ActorKind.code != WITHOUT_ADDRESS)
    return list(db.session.scalars(kinds))


def set_actor(actor: OwnActor) -> None:
    """Keep how to reach this actor of the entity in scope; an empty one is taken away. Twice is once. What is kept is
    confirmed.

    Raises Invalid for another kind, an address or number that cannot be one, and when there is no way to reach it.
    """
    if actor.kind not in {kind.code for kind in own_kinds()}:
        raise Invalid({"kind": _l("Kies een van de mogelijkheden.")})
    before = kept_actors().get(actor.kind)
    if actor.empty:
        if before is not None:
            _remove(actor.kind)
        return
    checked = _checked(actor)
    if before is not None and checked == before.actor:
        confirm_actor(actor.kind)
        return
    values = asdict(checked) | {"languages": list(checked.languages), "confirmed_on": today()}
    db.session.execute(
        insert(EntityActor)
        .values(entity_id=current_entity_id(), **values)
        .on_conflict_do_update(index_elements=["entity_id", "kind"], set_=values)
    )
    record(Audited.ACTOR_SET, data={"kind": actor.kind})


def confirm_actor(kind: str) -> None:
    """Say that all that stands there of it is right. Twice on a day is once. Raises Conflict when nothing does."""
    there = (EntityActor.entity_id == current_entity_id()) & (EntityActor.kind == kind)
    confirmed_on = db.session.scalar(select(EntityActor.confirmed_on).where(there).with_for_update())
    if confirmed_on is None:
        raise Conflict
    if confirmed_on != today():
        db.session.execute(update(EntityActor).where(there).values(confirmed_on=today()))
        record(Audited.ACTOR_CONFIRMED, data={"kind": kind})


def stale_own_actors() -> int:
    """How many actors of the entity in scope nobody confirmed for a year. Those that have ended do not count."""
    counted = select(func.count()).where(
        EntityActor.entity_id == current_entity_id(),
        EntityActor.confirmed_on < today() - STALE_AFTER,
        or_(EntityActor.valid_to.is_(None), EntityActor.valid_to >= today()),
    )
    return db.session.scalar(counted) or 0


def _checked(actor: OwnActor) -> OwnActor:
    email, errors = addresses(actor.email, actor.phone)
    missing: dict[str, type_text] = {}
    if not (actor.email or actor.phone or actor.address):
        missing["email"] = _l("Geef een e-mailadres, een telefoonnummer of een adres.")
    if not set(actor.languages) <= set(Spoken):
        missing["languages"] = _l("Kies een van de mogelijkheden.")
    errors = missing | errors | wrong_days(actor.valid_from, actor.valid_to)
    if errors:
        raise Invalid(errors)
    return replace(actor, email=email)


def _remove(kind: str) -> None:
    entity_id: UUID = current_entity_id()
    db.session.execute(
        delete(EntityActor).where(EntityActor.entity_id == entity_id, EntityActor.kind == kind)
    )
    record(Audited.ACTOR_REMOVED, data={"kind": kind})
