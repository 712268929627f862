"""The entity's own actors: whom its people can turn to, as its administrator entered them."""

import re
from dataclasses import asdict, dataclass, replace
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.models import ActorKind
from spreekbuis.entities.models import EntityActor
from spreekbuis.errors import Invalid, type_text
from spreekbuis.identity.accounts import email_address

WITHOUT_ADDRESS = "line_manager"
"""The one kind of actor in an entity that is somebody else for everybody."""
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{1,28}[0-9]")


@dataclass(frozen=True, slots=True)
class OwnActor:
    """A function in the entity with its addresses. What is not known is empty; no names of persons."""

    kind: str
    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    reachable: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing at all is known."""
        return not any((self.name, self.email, self.phone, self.address, self.reachable))


_OWN = (
    select(
        EntityActor.kind, EntityActor.name, EntityActor.email, EntityActor.phone, EntityActor.address,
        EntityActor.reachable,
    )
    .where(EntityActor.entity_id == bindparam("entity"))
    .order_by(EntityActor.kind)
)  # fmt: skip


def own_actors() -> dict[str, OwnActor]:
    """The actors of the entity in scope, by kind. One query."""
    return {row[0]: OwnActor(*row) for row in rows(_OWN, {"entity": current_entity_id()})}


def own_kinds() -> list[ActorKind]:
    """The kinds of which an entity can enter its own."""
    kinds = select(ActorKind).where(ActorKind.central.is_(False), ActorKind.code != WITHOUT_ADDRESS)
    return list(db.session.scalars(kinds))


def set_actor(actor: OwnActor) -> None:
    """Keep how to reach this actor of the entity in scope; an empty one is taken away. Twice is once.

    Raises Invalid for another kind, an address or number that cannot be one, and when there is no way to reach it.
    """
    if actor.kind not in {kind.code for kind in own_kinds()}:
        raise Invalid({"kind": _l("Kies een van de mogelijkheden.")})
    before = own_actors().get(actor.kind)
    if actor.empty:
        if before is not None:
            _remove(actor.kind)
        return
    checked = _checked(actor)
    if checked == before:
        return
    values = {"entity_id": current_entity_id(), **asdict(checked)}
    db.session.execute(
        insert(EntityActor)
        .values(values)
        .on_conflict_do_update(index_elements=["entity_id", "kind"], set_=asdict(checked))
    )
    record(Audited.ACTOR_SET, data={"kind": actor.kind})


def _checked(actor: OwnActor) -> OwnActor:
    errors: dict[str, type_text] = {}
    email = actor.email
    if email:
        try:
            email = email_address(email)
        except Invalid as invalid:
            errors |= invalid.errors
    if actor.phone and not _PHONE.fullmatch(actor.phone):
        errors["phone"] = _l("Vul een telefoonnummer in, bijvoorbeeld 02 553 00 00.")
    if not (actor.email or actor.phone or actor.address):
        errors["email"] = _l("Geef een e-mailadres, een telefoonnummer of een adres.")
    if errors:
        raise Invalid(errors)
    return replace(actor, email=email)


def _remove(kind: str) -> None:
    entity_id: UUID = current_entity_id()
    db.session.execute(
        delete(EntityActor).where(EntityActor.entity_id == entity_id, EntityActor.kind == kind)
    )
    record(Audited.ACTOR_REMOVED, data={"kind": kind})
