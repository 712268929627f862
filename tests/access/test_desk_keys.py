"""Who can read at a desk: granted by whoever can, gone with the role, renewed without anybody reading."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from spreekbuis.access.desk_keys import (
    DeskIsOpen,
    Holder,
    NoKeyYet,
    NoRecoveryKit,
    desk_secrets,
    desk_states,
    grant_binding,
    grant_desk_keys,
    open_shut_desk,
    readers_of,
    recovery_binding,
    renew_desk_key,
)
from spreekbuis.access.members import end_membership, join
from spreekbuis.access.models import CaseKey, DeskKey, DeskKeyGrant, Membership, RecoveryKey
from spreekbuis.access.recovery import share_binding
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases.keys import case_binding
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import NotFound
from spreekbuis.identity.keys import make_key
from spreekbuis.identity.models import Account, AccountKey
from spreekbuis.jobs.models import Job
from spreekbuis.vault.sealing import CannotOpen, public_key_of
from spreekbuis.web.access import Role

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


@pytest.fixture
def entity(world):
    return world.entity()


def waiting(world, entity, desk=INTEGRITY):
    """A handler to whom nobody granted the key yet."""
    account = world.member(entity, Role.HANDLER, desk)
    with world.inside(entity) as session:
        for grant in session.scalars(select(DeskKeyGrant).where(DeskKeyGrant.account_id == account)):
            session.delete(grant)
    return account


def state(world, entity, desk=INTEGRITY):
    with world.inside(entity):
        return next(s for s in desk_states() if s.kind is desk)


def secrets_of(world, entity, account, desk=INTEGRITY):
    with world.inside(entity):
        return desk_secrets(entity.desks[desk], account, world.secrets[account])


def test_whoever_joins_waits_until_a_colleague_grants_the_key(world, entity):
    reader, newcomer = world.member(entity, Role.HANDLER, INTEGRITY), waiting(world, entity)
    assert [m.account_id for m in state(world, entity).waiting] == [newcomer]
    assert secrets_of(world, entity, newcomer) == {}
    with world.inside(entity):
        assert grant_desk_keys(entity.desks[INTEGRITY], reader, world.secrets[reader], [newcomer]) == 1
    assert secrets_of(world, entity, newcomer) == secrets_of(world, entity, reader) != {}
    assert state(world, entity).waiting == ()


def test_many_are_granted_at_once_and_every_key_with_it(world, entity):
    reader = world.member(entity, Role.HANDLER, INTEGRITY)
    desk = entity.desks[INTEGRITY]
    world.case(entity)
    with world.inside(entity):
        renew_desk_key(desk, _holders(reader))
    newcomers = [waiting(world, entity) for _ in range(3)]
    with world.inside(entity):
        assert grant_desk_keys(desk, reader, world.secrets[reader], newcomers) == 3
    for account in newcomers:
        assert secrets_of(world, entity, account).keys() == {1, 2}


def _holders(*accounts):
    rows = db.session.execute(
        select(AccountKey.account_id, AccountKey.key_id, AccountKey.public_key).where(
            AccountKey.account_id.in_(accounts)
        )
    )
    return [Holder(*row) for row in rows]


def test_whoever_waits_can_grant_nothing(world, entity):
    one, two = waiting(world, entity), waiting(world, entity)
    with pytest.raises(NoKeyYet), world.inside(entity):
        grant_desk_keys(entity.desks[INTEGRITY], one, world.secrets[one], [two])


def test_the_key_goes_to_handlers_of_the_desk_alone(world, entity):
    reader = world.member(entity, Role.HANDLER, INTEGRITY)
    others = [
        world.member(entity, Role.HANDLER, WELLBEING),
        world.member(entity, Role.ENTITY_ADMINISTRATOR),
        world.platform_member(Role.CENTRAL_ANALYST),
        world.member(world.entity(), Role.HANDLER, INTEGRITY),
    ]
    with world.inside(entity):
        assert grant_desk_keys(entity.desks[INTEGRITY], reader, world.secrets[reader], others) == 0


def test_a_secret_of_another_account_opens_no_grant(world, entity):
    reader, thief = world.member(entity, Role.HANDLER, INTEGRITY), world.account()
    with pytest.raises(CannotOpen), world.inside(entity):
        desk_secrets(entity.desks[INTEGRITY], reader, world.secrets[thief])


def test_a_grant_that_was_moved_to_another_account_opens_nothing(world, entity):
    reader, thief = world.member(entity, Role.HANDLER, INTEGRITY), waiting(world, entity)
    with world.inside(entity) as session:
        session.scalars(
            select(DeskKeyGrant).where(DeskKeyGrant.account_id == reader)
        ).one().account_id = thief
        # even with the key pair's name forged in the row
        key_id = session.scalars(select(AccountKey.key_id).where(AccountKey.account_id == thief)).one()
        session.scalars(select(DeskKeyGrant)).one().key_id = key_id
    with pytest.raises(CannotOpen), world.inside(entity):
        desk_secrets(entity.desks[INTEGRITY], thief, world.secrets[thief])


def test_with_a_new_key_pair_the_old_grants_count_no_more(world, entity):
    reader = world.member(entity, Role.HANDLER, INTEGRITY)
    with transaction(PLATFORM):
        world.secrets[reader] = make_key(reader, "een heel ander wachtwoord dan voorheen")
    assert secrets_of(world, entity, reader) == {}
    assert state(world, entity).is_shut
    colleague = world.member(entity, Role.HANDLER, INTEGRITY)
    with world.inside(entity):
        grant_desk_keys(entity.desks[INTEGRITY], colleague, world.secrets[colleague], [reader])
    assert secrets_of(world, entity, reader).keys() == {1}


def test_whoever_has_a_new_key_pair_is_no_reader_and_gets_no_new_key_unasked(world, entity):
    reader, colleague = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(2))
    with transaction(PLATFORM):
        world.secrets[reader] = make_key(reader, "een heel ander wachtwoord dan voorheen")
    with world.inside(entity):
        desk = entity.desks[INTEGRITY]
        assert [holder.account_id for holder in readers_of(desk)] == [colleague]
        renew_desk_key(desk, readers_of(desk))
    assert secrets_of(world, entity, reader) == {}


def test_a_grant_is_put_in_the_place_of_one_for_an_earlier_key_pair(world, entity):
    reader, colleague = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(2))
    with transaction(PLATFORM):
        world.secrets[reader] = make_key(reader, "een heel ander wachtwoord dan voorheen")
    for _ in range(2):
        with world.inside(entity):
            grant_desk_keys(entity.desks[INTEGRITY], colleague, world.secrets[colleague], [reader])
    assert secrets_of(world, entity, reader) == secrets_of(world, entity, colleague)


def test_whoever_has_a_closed_account_gets_no_key(world, entity):
    reader, closed = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(2))
    with transaction(PLATFORM) as session:
        session.get_one(Account, closed).disabled_at = now()
    assert [member.account_id for member in state(world, entity).members] == [reader]
    with world.inside(entity):
        assert [holder.account_id for holder in readers_of(entity.desks[INTEGRITY])] == [reader]
        assert grant_desk_keys(entity.desks[INTEGRITY], reader, world.secrets[reader], [closed]) == 0


def test_whoever_leaves_has_no_key_and_new_cases_get_one_that_they_never_had(world, entity):
    stays, leaves = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(2))
    late = waiting(world, entity)
    world.case(entity)
    administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    before = secrets_of(world, entity, leaves)
    with acting_as(Actor("account", administrator)), world.inside(entity) as session:
        end_membership(session.scalars(select(Membership.id).where(Membership.account_id == leaves)).one())
    assert secrets_of(world, entity, leaves) == {}
    after = secrets_of(world, entity, stays)
    assert after.keys() == {1, 2}
    assert after[2] not in before.values()
    assert secrets_of(world, entity, late) == {}, "who waited still waits for a colleague"
    with world.inside(entity) as session:
        newest = session.get_one(DeskKey, (entity.id, entity.desks[INTEGRITY], 2))
        assert newest.public_key == public_key_of(after[2])


def test_ending_a_role_of_another_desk_leaves_the_key_as_it_is(world, entity):
    world.member(entity, Role.HANDLER, INTEGRITY)
    other = world.member(entity, Role.HANDLER, WELLBEING)
    administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    with acting_as(Actor("account", administrator)), world.inside(entity) as session:
        end_membership(session.scalars(select(Membership.id).where(Membership.account_id == other)).one())
        versions = session.execute(select(DeskKey.desk_id, DeskKey.version)).all()
    assert set(versions) == {(entity.desks[INTEGRITY], 1), (entity.desks[WELLBEING], 2)}


def test_a_desk_without_a_reader_is_shut_and_can_be_opened_for_what_comes(world, entity):
    one, two = waiting(world, entity), waiting(world, entity)
    world.case(entity)
    assert state(world, entity).is_shut
    with world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
    assert secrets_of(world, entity, one).keys() == secrets_of(world, entity, two).keys() == {2}
    assert state(world, entity).is_shut, "nobody reads what came before"


def test_a_shut_desk_without_cases_is_simply_open_again(world, entity):
    one = waiting(world, entity)
    with world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
    assert secrets_of(world, entity, one).keys() == {2}
    assert not state(world, entity).is_shut


def test_a_desk_with_a_reader_is_not_opened_by_others(world, entity):
    world.member(entity, Role.HANDLER, INTEGRITY)
    waiting(world, entity)
    with pytest.raises(DeskIsOpen), world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
    assert state(world, entity).keys == 1


def test_the_desk_of_another_entity_is_not_there(world, entity):
    other = world.entity()
    with pytest.raises(NotFound), world.inside(other):
        open_shut_desk(entity.desks[INTEGRITY])
    assert state(world, entity).keys == 1


def test_without_a_recovery_kit_a_desk_gets_no_key(world, entity):
    with world.inside(entity) as session:
        kit = session.scalars(select(RecoveryKey)).one()
        kit.ended_at = kit.made_at
    with pytest.raises(NoRecoveryKit), world.inside(entity):
        renew_desk_key(entity.desks[INTEGRITY], [])


def test_a_member_without_a_password_is_told_apart_and_passed_over(world, entity):
    reader, fresh = world.member(entity, Role.HANDLER, INTEGRITY), waiting(world, entity)
    with transaction(PLATFORM) as session:
        session.delete(session.get_one(AccountKey, fresh))
    found = state(world, entity)
    assert [m.has_key for m in found.members if m.account_id == fresh] == [False]
    assert found.waiting == ()
    with world.inside(entity):
        assert grant_desk_keys(entity.desks[INTEGRITY], reader, world.secrets[reader], [fresh]) == 0
        assert db.session.scalar(select(func.count()).select_from(DeskKeyGrant)) == 1


def test_nothing_of_a_desk_key_is_stored_as_it_is(world, entity):
    secret = entity.desk_secrets[entity.desks[INTEGRITY]]
    world.member(entity, Role.HANDLER, INTEGRITY)
    with world.inside(entity) as session:
        stored = [k.secret_sealed + k.public_key for k in session.scalars(select(DeskKey))]
        stored += session.scalars(select(DeskKeyGrant.secret_sealed)).all()
    assert stored
    assert not any(secret in value for value in stored)


def leave(world, entity, account):
    administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    with acting_as(Actor("account", administrator)), world.inside(entity) as session:
        end_membership(session.scalars(select(Membership.id).where(Membership.account_id == account)).one())


def test_the_last_way_to_a_case_is_never_thrown_away(world, entity):
    """The only reader leaves and no kit is on paper: invited again, the cases open again."""
    last = world.member(entity, Role.HANDLER, INTEGRITY)
    world.case(entity)
    leave(world, entity, last)
    assert state(world, entity).is_shut
    assert secrets_of(world, entity, last).keys() == {1}, "worthless without the role, and not gone"
    newcomer = waiting(world, entity)
    with world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
        join(last, Role.HANDLER, entity.desks[INTEGRITY])
        assert grant_desk_keys(entity.desks[INTEGRITY], last, world.secrets[last], [newcomer]) == 1
    assert 1 in secrets_of(world, entity, newcomer)


def test_without_cases_the_last_reader_leaves_nothing_behind(world, entity):
    last = world.member(entity, Role.HANDLER, INTEGRITY)
    leave(world, entity, last)
    assert secrets_of(world, entity, last) == {}


def test_whoever_left_last_does_not_get_the_key_of_what_comes(world, entity):
    last = world.member(entity, Role.HANDLER, INTEGRITY)
    world.case(entity)
    leave(world, entity, last)
    world.case(entity)
    assert secrets_of(world, entity, last).keys() == {1}
    with world.inside(entity) as session:
        assert sorted(session.scalars(select(CaseKey.version))) == [1, 2]


def test_a_colleague_with_a_new_key_pair_is_no_other_way_to_a_case(world, entity):
    last, colleague = (world.member(entity, Role.HANDLER, INTEGRITY) for _ in range(2))
    world.case(entity)
    with transaction(PLATFORM):
        world.secrets[colleague] = make_key(colleague, "een heel ander wachtwoord dan voorheen")
    leave(world, entity, last)
    assert secrets_of(world, entity, last).keys() == {1}


def test_everybody_is_told_that_a_desk_was_opened(world, entity):
    members = {waiting(world, entity), world.member(entity, Role.ENTITY_ADMINISTRATOR)}
    with world.inside(entity):
        open_shut_desk(entity.desks[INTEGRITY])
    with transaction(PLATFORM) as session:
        told = session.scalars(select(Job.args).where(Job.name == "access.mail_keys_changed")).all()
    assert {(job["kind"], UUID(job["account_id"])) for job in told} == {
        ("desk_opened", one) for one in members
    }


ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("binding", "parts"),
    [
        (grant_binding, [(ONE, OTHER), (1, 2), (ONE, OTHER)]),
        (recovery_binding, [(ONE, OTHER), (1, 2), (ONE, OTHER)]),
        (share_binding, [(ONE, OTHER), ("A", "B"), (ONE, OTHER)]),
        (case_binding, [(ONE, OTHER), (ONE, OTHER), (1, 2)]),
    ],
)
def test_a_ciphertext_is_bound_to_each_part_of_its_place(binding, parts):
    usual = [part[0] for part in parts]
    found = {binding(*usual)}
    for place, part in enumerate(parts):
        found.add(binding(*usual[:place], part[1], *usual[place + 1 :]))
    assert len(found) == 1 + len(parts)
