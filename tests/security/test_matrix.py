"""Every route, asked by everybody: who gets in is what the route declares, and who does not changes nothing.

The routes are those of the application at this moment: a new one is tested without anybody thinking of it.
"""

import re
from html import unescape
from uuid import uuid4

import pytest
from sqlalchemy import update

from spreekbuis.app import ROOMS, import_models, rooms
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.identity.confirming import what_waited
from spreekbuis.identity.models import SignInSession
from spreekbuis.web.access import ENTITY_ROLES, Audience, Dangerous, Permission, permissions_of
from spreekbuis.web.limits import CONFIRMED
from spreekbuis.web.matrix import access_matrix
from spreekbuis.web.room import Route
from tests.security.house import House, refused, routes_by_id

import_models()
ROUTES = routes_by_id([route for room in rooms() for route in room.routes])
every_route = pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
DANGEROUS = {name: route for name, route in ROUTES.items() if route.dangerous}
NAMING = {name: r for name, r in ROUTES.items() if r.tenant and "_id>" in name}
"""Routes whose address names something inside an entity."""
ANY_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@every_route
def test_whom_a_route_does_not_declare_is_turned_away_and_changes_nothing(house: House, route: Route):
    outsiders = [visitor for visitor in house.everybody if not visitor.may(route)]
    urls = {visitor.name: house.url(route, visitor) for visitor in outsiders}
    before = house.state()
    for visitor in outsiders:
        data = {"csrf": house.token(visitor)} if route.method == "POST" else None
        response = house.ask(visitor, route.method, urls[visitor.name], data=data)
        assert refused(response), f"{visitor.name} got {response.status}"
    assert house.changed_since(before) <= {"sign_in_session", "reporter_session"}


@every_route
def test_whom_a_route_declares_gets_in_and_sees_no_crash(house: House, route: Route):
    insiders = [visitor for visitor in house.everybody if visitor.may(route)]
    if isinstance(route.may, Permission):
        assert insiders, "somebody has to be able to open this door"
    if route.may is Audience.EVERYONE:
        insiders = [insiders[0], insiders[1], *(v for v in insiders if v.reporter), insiders[-1]]
    for visitor in insiders:
        with house.as_it_was(route.method == "POST"):
            response = house.visit(visitor, route)
        assert response.status_code < 500 or route.rule == "/readyz", f"{visitor.name} got {response.status}"
        if route.may is Audience.EVERYONE and route.method == "POST" and response.status_code in (403, 404):
            continue  # not the door: an empty form asks for what does not exist, a link is for somebody else
        assert not refused(response), f"{visitor.name} got {response.status}"


@pytest.mark.parametrize("route", NAMING.values(), ids=NAMING)
def test_what_stands_in_another_entity_cannot_be_reached_through_the_own_one(house: House, route: Route):
    """An address that names the own entity, and then a case, a file, a member of another."""
    before = house.state()
    for visitor in house.everybody:
        if not (visitor.may(route) or (visitor.other_desk and route.may is Permission.HANDLE_CASES)):
            continue
        url = house.url(route, visitor, house.other).replace(house.other.entity.ovo, house.own.entity.ovo)
        data = {"csrf": house.token(visitor)} if route.method == "POST" else None
        response = house.ask(visitor, route.method, url, data=data)
        nothing = house.ask(visitor, route.method, ANY_ID.sub(str(uuid4()), url), data=data)
        assert response.status_code == nothing.status_code, "it looks other than what does not exist"
        assert response.status_code in (404, 409), f"{visitor.name} got {response.status}"
    assert house.changed_since(before) <= {"sign_in_session", "reporter_session"}


@pytest.mark.parametrize("route", DANGEROUS.values(), ids=DANGEROUS)
def test_behind_a_dangerous_door_one_proves_again_to_be_oneself(house: House, route: Route):
    """The second factor was given ten minutes ago: nothing happens, and what was typed stands in the page."""
    insiders = [visitor for visitor in house.everybody if visitor.may(route)]
    assert insiders
    for visitor in insiders:
        with house.as_it_was():
            with house.app.app_context(), transaction(PLATFORM) as session:
                session.execute(update(SignInSession).values(confirmed_at=now() - CONFIRMED.lasts))
            url, before = house.url(route, visitor), house.state()
            data = {"csrf": house.token(visitor), "typed": "Dit blijft"} if route.method == "POST" else None
            asked = house.ask(visitor, route.method, url, data=data)
            assert house.changed_since(before) <= {"sign_in_session"}
        if route.method == "GET":
            assert asked.location.startswith("/account/confirm?next=")
        else:
            assert asked.status_code == 401
            assert "Bevestig dat jij het bent" in asked.text
            kept = re.search('name="kept" value="([^"]+)"', asked.text)
            assert kept, "what was typed waits in the page"
            with house.app.app_context():
                assert visitor.account_id is not None
                assert what_waited(visitor.account_id, url, unescape(kept[1])) == [("typed", "Dit blijft")]


def test_what_is_dangerous_is_declared_where_keys_rights_and_sign_in_change():
    """Each kind of act has a door, and nobody is asked again at a door that makes things safer."""
    assert {route.dangerous for route in DANGEROUS.values()} == set(Dangerous)
    for safer in ("stop", "withdraw", "sessions/end", "hold", "sign-out"):
        assert not [name for name in DANGEROUS if name.endswith(safer)]


def test_a_permission_in_an_entity_is_asked_only_where_the_address_names_one():
    in_an_entity = permissions_of(ENTITY_ROLES)
    for name, route in ROUTES.items():
        if route.may in in_an_entity:
            assert route.tenant, name


def test_the_matrix_names_every_route_and_opens_each_for_somebody(application):
    table = access_matrix(application)
    for name in ROUTES:
        row = next(line for line in table.splitlines() if f"`{name}`" in line)
        assert "✓" in row
    assert len([line for line in table.splitlines() if line.startswith("| `")]) == len(ROUTES)


def test_every_room_of_the_list_has_doors():
    assert len(rooms()) == len(ROOMS)
    assert all(room.routes for room in rooms())


def test_a_mailbox_shows_the_case_of_its_own_receipt_alone(house: House):
    """The returning reporter asks for a file of another entity's case."""
    reporter = next(visitor for visitor in house.everybody if visitor.reporter)
    for name, route in ROUTES.items():
        if route.may is Audience.RETURNING_REPORTER and "_id>" in route.rule:
            response = house.visit(reporter, route, house.other)
            assert response.status_code == 404, name
