"""Roles in an entity: who has them, how they end."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from spreekbuis.access.desks import create_default_desks
from spreekbuis.access.members import (
    LastAdministrator,
    NotForThisRole,
    OwnRights,
    end_membership,
    join,
    members,
    name_prevention_adviser,
)
from spreekbuis.access.models import Desk, DeskKey, Membership, MembershipLookup
from spreekbuis.access.roles import roles_in_entity, workplaces_of
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import NotFound
from spreekbuis.web.access import Role

DAY = timedelta(days=1)


def membership_of(world, entity, account_id, role=None):
    with world.inside(entity) as session:
        wanted = select(Membership.id).where(Membership.account_id == account_id)
        return session.scalars(wanted if role is None else wanted.where(Membership.role == role)).one()


def administrator(world, entity):
    account_id = world.member(entity, Role.ENTITY_ADMINISTRATOR)
    return account_id, membership_of(world, entity, account_id)


def roles(world, entity, account_id):
    with world.inside(entity):
        return roles_in_entity(account_id).roles


def test_a_role_holds_in_its_own_entity_only(world):
    one, other = world.entity(), world.entity()
    account_id = world.member(one, Role.HANDLER, DeskKind.WELLBEING)
    with world.inside(one):
        found = roles_in_entity(account_id)
        assert found.roles == {Role.HANDLER}
        assert found.desks == {one.desks[DeskKind.WELLBEING]}
    with world.inside(other):
        assert roles_in_entity(account_id).roles == frozenset()


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [(0, None, True), (-1, 0, True), (-5, -1, False), (1, None, False), (0, 0, True), (-9, 9, True)],
)
def test_a_role_holds_from_its_first_to_its_last_day(world, since, until, holds):
    entity, account_id = world.entity(), world.account()
    with world.inside(entity) as session:
        session.add(
            Membership(
                entity_id=entity.id, account_id=account_id, role=Role.HANDLER,
                desk_id=entity.desks[DeskKind.INTEGRITY], since=today() + since * DAY,
                until=None if until is None else today() + until * DAY,
            )
        )  # fmt: skip
        session.add(MembershipLookup(account_id=account_id, tenant_id=entity.id))
    with world.inside(entity):
        found = roles_in_entity(account_id)
        assert bool(found.roles) is bool(found.desks) is bool(members()) is holds
    with transaction(PLATFORM):
        assert bool(workplaces_of(account_id)) is holds


def test_a_handler_without_a_desk_and_an_administrator_with_one_do_not_exist(world):
    entity, account_id = world.entity(), world.account()
    for role, desk in ((Role.HANDLER, None), (Role.ENTITY_ADMINISTRATOR, entity.desks[DeskKind.WELLBEING])):
        with pytest.raises(IntegrityError), world.inside(entity):
            join(account_id, role, desk)


def test_a_desk_of_another_entity_is_no_desk(world):
    one, other, account_id = world.entity(), world.entity(), world.account()
    with pytest.raises(IntegrityError), world.inside(one):
        join(account_id, Role.HANDLER, other.desks[DeskKind.WELLBEING])


def test_joining_twice_is_joining_once(world):
    entity, account_id = world.entity(), world.account()
    for _ in range(2):
        with world.inside(entity):
            join(account_id, Role.ENTITY_ADMINISTRATOR, None)
    with world.inside(entity) as session:
        assert len(members()) == 1
        kinds = session.scalars(select(AuditEvent.kind).where(AuditEvent.entity_id == entity.id)).all()
        assert kinds == ["member.joined"]


def test_an_ended_member_is_out_at_the_next_request_of_an_open_session(world):
    entity = world.entity()
    me, _ = administrator(world, entity)
    account_id, membership_id = administrator(world, entity)
    browser = world.browser(account_id)
    path = f"/entity/{entity.ovo}/members"
    assert browser.get(path).status_code == 200
    ended = world.browser(me).post(f"{path}/{membership_id}/end")
    assert ended.location == f"{path}?done=member-ended"
    assert browser.get(path).status_code == 403
    with transaction(PLATFORM) as session:
        assert session.get(MembershipLookup, (account_id, entity.id)) is None
        assert workplaces_of(account_id) == []


def test_who_keeps_another_role_keeps_the_workplace(world):
    entity = world.entity()
    me, _ = administrator(world, entity)
    account_id = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with world.inside(entity):
        join(account_id, Role.HANDLER, entity.desks[DeskKind.INTEGRITY])
    with world.inside(entity) as session:
        first = session.scalars(select(Membership.id).where(Membership.account_id == account_id)).first()
        with acting_as(Actor("account", me)):
            end_membership(first)
    with transaction(PLATFORM):
        (place,) = workplaces_of(account_id)
        assert (place.ovo_code, place.roles) == (entity.ovo, {Role.HANDLER})


def test_an_ended_member_can_join_again(world):
    entity = world.entity()
    account_id = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with world.inside(entity):
        end_membership(membership_of(world, entity, account_id))
    assert roles(world, entity, account_id) == frozenset()
    with world.inside(entity):
        join(account_id, Role.HANDLER, entity.desks[DeskKind.WELLBEING])
    assert roles(world, entity, account_id) == {Role.HANDLER}


def test_the_last_administrator_stays(world):
    entity = world.entity()
    account_id, membership_id = administrator(world, entity)
    with pytest.raises(LastAdministrator), world.inside(entity):
        end_membership(membership_id)
    administrator(world, entity)
    with world.inside(entity):
        end_membership(membership_id)
    assert roles(world, entity, account_id) == frozenset()


def test_nobody_ends_their_own_role(world):
    entity = world.entity()
    me, membership_id = administrator(world, entity)
    administrator(world, entity)
    with pytest.raises(OwnRights), world.inside(entity), acting_as(Actor("account", me)):
        end_membership(membership_id)
    assert world.browser(me).post(f"/entity/{entity.ovo}/members/{membership_id}/end").status_code == 403


def test_two_administrators_who_end_each_other_at_once_leave_one(world):
    for _ in range(5):
        entity = world.entity()
        people = [administrator(world, entity) for _ in range(2)]

        def end(pair, entity=entity, people=people):
            (me, _), (_, theirs) = people[pair], people[1 - pair]
            with world.app.app_context():
                try:
                    with transaction(tenant(entity.id)), acting_as(Actor("account", me)):
                        end_membership(theirs)
                except LastAdministrator:
                    return 0
                return 1

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(end, (0, 1))) == 1
        with world.inside(entity):
            assert len(members()) == 1


def test_a_member_of_another_entity_is_not_found(world):
    one, other = world.entity(), world.entity()
    me, _ = administrator(world, one)
    _, theirs = administrator(world, other)
    administrator(world, other)
    browser = world.browser(me)
    assert browser.get(f"/entity/{one.ovo}/members/{theirs}/end").status_code == 404
    assert browser.post(f"/entity/{one.ovo}/members/{theirs}/end").status_code == 404
    assert browser.get(f"/entity/{other.ovo}/members").status_code == 403
    assert browser.post(f"/entity/{other.ovo}/members/{theirs}/end").status_code == 403
    with pytest.raises(NotFound), world.inside(one):
        end_membership(theirs)
    with world.inside(other):
        assert len(members()) == 2


@pytest.mark.parametrize("who", ["handler", "visitor", "central"])
def test_only_the_administrator_of_the_entity_sees_its_members(world, who):
    entity = world.entity()
    browser = {
        "handler": lambda: world.handler(entity, DeskKind.WELLBEING),
        "visitor": world.browser,
        "central": lambda: world.browser(world.platform_member(Role.CENTRAL_ANALYST)),
    }[who]()
    assert browser.get(f"/entity/{entity.ovo}/members").status_code == (303 if who == "visitor" else 403)


def test_the_page_shows_the_members_of_this_entity_and_no_button_for_oneself(world):
    entity, other = world.entity(), world.entity()
    me, mine = administrator(world, entity)
    theirs = membership_of(world, entity, world.member(entity, Role.HANDLER, DeskKind.WELLBEING))
    stranger = membership_of(world, other, world.member(other, Role.HANDLER, DeskKind.WELLBEING))
    page = world.browser(me).get(f"/entity/{entity.ovo}/members").text
    assert str(theirs) in page
    assert str(mine) not in page
    assert str(stranger) not in page
    assert "Behandelaar, loket Welzijn" in page


def test_workplaces_name_every_entity_with_its_roles(world):
    one, other = world.entity(), world.entity()
    account_id = world.member(one, Role.ENTITY_ADMINISTRATOR)
    with world.inside(other):
        join(account_id, Role.HANDLER, other.desks[DeskKind.INTEGRITY])
    with transaction(PLATFORM):
        places = {p.ovo_code: p.roles for p in workplaces_of(account_id)}
    assert places == {one.ovo: {Role.ENTITY_ADMINISTRATOR}, other.ovo: {Role.HANDLER}}
    page = world.browser(account_id).get("/workplaces").text
    assert f"/entity/{one.ovo}/members" in page
    assert f"/entity/{other.ovo}/members" not in page


def test_every_entity_starts_with_a_desk_for_each_mandate_once(world):
    entity = world.entity()
    with world.inside(entity) as session:
        session.execute(delete(DeskKey))
        session.execute(delete(Desk))
    for _ in range(2):
        with world.inside(entity) as session:
            create_default_desks(entity.id)
            assert sorted(session.scalars(select(Desk.kind)).all()) == ["integrity", "wellbeing"]


def advisers(world, entity):
    with world.inside(entity):
        return {m.account_id for m in members() if m.prevention_adviser}


def test_a_handler_of_the_wellbeing_desk_is_named_prevention_adviser_and_it_stands_in_the_trail(world):
    entity = world.entity()
    handler = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    membership_id = membership_of(world, entity, handler)
    for named in (True, True, False, True):
        with world.inside(entity):
            name_prevention_adviser(membership_id, named)
        assert advisers(world, entity) == ({handler} if named else set())
    with world.inside(entity) as session:
        kinds = session.scalars(select(AuditEvent.kind)).all()
    assert kinds.count("member.adviser_named") == 3


def test_nobody_else_can_be_named_prevention_adviser(world):
    entity, other = world.entity(), world.entity()
    elsewhere = world.member(other, Role.HANDLER, DeskKind.WELLBEING)
    of_integrity = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
    _account, administrators = administrator(world, entity)
    refused = {
        membership_of(world, other, elsewhere): NotFound,
        membership_of(world, entity, of_integrity): NotForThisRole,
        administrators: NotForThisRole,
    }
    for membership_id, error in refused.items():
        with pytest.raises(error), world.inside(entity):
            name_prevention_adviser(membership_id, True)
    own = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    with pytest.raises(OwnRights), acting_as(Actor("account", own)), world.inside(entity):
        name_prevention_adviser(membership_of(world, entity, own), True)
    assert advisers(world, entity) == set()


def test_the_administrator_names_a_prevention_adviser_with_one_button(world):
    entity = world.entity()
    handler = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    administrator_id, _ = administrator(world, entity)
    browser = world.browser(administrator_id)
    assert "Is preventieadviseur" in browser.get(f"/entity/{entity.ovo}/members").text
    membership_id = membership_of(world, entity, handler)
    done = browser.post(f"/entity/{entity.ovo}/members/{membership_id}/adviser", {"named": "yes"})
    assert done.status_code == 303
    assert "Niet langer preventieadviseur" in browser.get(f"/entity/{entity.ovo}/members").text
    assert advisers(world, entity) == {handler}
