from sqlalchemy import select

from spreekbuis.access.models import Desk
from spreekbuis.db.scope import NOBODY
from spreekbuis.db.session import db, transaction


def test_an_entity_sees_its_own_desks_only_and_nobody_sees_none(world):
    one, other = world.entity(), world.entity()
    with world.inside(one):
        assert {d.entity_id for d in db.session.scalars(select(Desk))} == {one.id}
    with world.inside(other):
        assert {d.entity_id for d in db.session.scalars(select(Desk))} == {other.id}
    with transaction(NOBODY):
        assert db.session.scalars(select(Desk)).all() == []
