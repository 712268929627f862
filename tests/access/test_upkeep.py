"""Keys of a desk follow the roles, also when a role ends by its date or an account is closed."""

from datetime import timedelta

from sqlalchemy import select, update

from spreekbuis.access.models import DeskKey, DeskKeyGrant, Membership
from spreekbuis.access.upkeep import look_for_former_handlers, take_keys_of_former_handlers
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.accounts import disable_account
from spreekbuis.jobs.models import Job
from spreekbuis.web.access import Role

INTEGRITY = DeskKind.INTEGRITY


def readers(world, entity) -> dict[object, list[int]]:
    with world.inside(entity) as session:
        rows = session.execute(select(DeskKeyGrant.account_id, DeskKeyGrant.version)).all()
    return {account: sorted(v for a, v in rows if a == account) for account, _ in rows}


def test_whose_role_ended_by_date_and_whose_account_was_closed_lose_the_keys(world):
    entity = world.entity()
    stays, dated, closed = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(3))
    world.case(entity)
    with world.inside(entity) as session:
        yesterday = today() - timedelta(days=1)
        session.execute(
            update(Membership).where(Membership.account_id == dated).values(since=yesterday, until=yesterday)
        )
    with transaction(PLATFORM):
        disable_account(closed)
    with world.inside(entity):
        assert take_keys_of_former_handlers() == {"handlers": 2}
    assert readers(world, entity) == {stays: [1, 2]}
    with world.inside(entity) as session:
        versions = session.scalars(
            select(DeskKey.version).where(DeskKey.desk_id == entity.desks[INTEGRITY])
        ).all()
        assert sorted(versions) == [1, 2], "one new key, however many left"
        assert take_keys_of_former_handlers() == {"handlers": 0}


def test_nothing_changes_where_everybody_stays(world):
    entity = world.entity()
    stays = world.member(entity, Role.HANDLER, INTEGRITY)
    with world.inside(entity):
        assert take_keys_of_former_handlers() == {"handlers": 0}
    assert readers(world, entity) == {stays: [1]}


def test_every_entity_is_asked_once_a_day(world):
    one, two = world.entity(), world.entity()
    for _ in range(2):
        with transaction(PLATFORM):
            assert look_for_former_handlers() == {"entities": 2}
    with transaction(PLATFORM) as session:
        assert set(session.scalars(select(Job.tenant_id))) == {one.id, two.id}
        assert len(session.scalars(select(Job.id)).all()) == 2
