"""1700 is a desk like others, at one entity: the host."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.desk_keys import newest_key, renew_desk_key
from spreekbuis.access.desks import create_citizens_desk
from spreekbuis.access.recovery import kit_in_force
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.citizens.models import CitizensHost
from spreekbuis.db.session import db, within
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.errors import Conflict, NotFound


class OtherHost(Conflict):
    title = _l("1700 is al bij een andere entiteit")
    advice = _l("Er is niets veranderd.")


def host() -> Entity | None:
    """The entity whose desk 1700 is. None while there is none that can read. Its subscription does not matter: 1700 is
    for whoever works nowhere here."""
    return db.session.scalar(
        select(Entity)
        .join(CitizensHost, CitizensHost.tenant_id == Entity.id)
        .where(Entity.status == EntityStatus.ACTIVE)
    )


def make_host(ovo_code: str) -> None:
    """Give the entity the desk of 1700, in platform scope; where there is a recovery kit, with a key. Twice is once.

    Handlers are invited as for each desk. Raises NotFound for no entity, OtherHost: cases of 1700 do not move.
    """
    entity_id: UUID | None = db.session.scalar(select(Entity.id).where(Entity.ovo_code == ovo_code))
    if entity_id is None:
        raise NotFound
    known = db.session.get(CitizensHost, True)
    if known is not None and known.tenant_id != entity_id:
        raise OtherHost
    if known is None:
        db.session.add(CitizensHost(tenant_id=entity_id))
        record(Audited.CITIZENS_HOST_SET, entity_id)
    with within(entity_id):
        desk_id = create_citizens_desk(entity_id)
        if newest_key(desk_id) is None and kit_in_force() is not None:
            renew_desk_key(desk_id, [])
