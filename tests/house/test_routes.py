"""Every door has a clear address, an endpoint after its function, and a declared audience."""

import re

import pytest
from flask import Flask

from spreekbuis.app import import_models, rooms
from spreekbuis.web.access import Audience, Permission
from spreekbuis.web.room import Route, refuse_undeclared, routes_of
from tests.security.house import routes_by_id

import_models()
ROUTES = routes_by_id([route for room in rooms() for route in room.routes])
every_route = pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)

WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]{2,5})?")
OF_SCIM = {"Users", "Groups", "ServiceProviderConfig", "Schemas", "ResourceTypes"}
"""Words of RFC 7644, 3.2."""
TYPED = re.compile(r"<(ovo|uuid|int|string):[a-z]+(?:_[a-z]+)*>")


@every_route
def test_an_address_is_of_small_words_and_typed_values(route: Route):
    for part in route.rule.strip("/").split("/") if route.rule != "/" else []:
        assert WORD.fullmatch(part) or TYPED.fullmatch(part) or part in OF_SCIM, part


@every_route
def test_an_identifier_in_an_address_is_a_uuid_and_an_entity_is_its_ovo_code(route: Route):
    for kind, value in re.findall(r"<(?:(\w+):)?(\w+)>", route.rule):
        assert value.endswith("_id") == (kind == "uuid"), value
        assert (value == "ovo") == (kind == "ovo"), value


@every_route
def test_an_endpoint_is_named_after_its_room_and_function(route: Route):
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", route.endpoint)
    assert isinstance(route.may, Audience | Permission)


def test_no_two_doors_have_one_address():
    routes = [f"{r.method} {re.sub('<[^>]+>', '<>', r.rule)}" for room in rooms() for r in room.routes]
    assert len(routes) == len(set(routes))


def test_no_door_is_lost_and_none_came_in_past_the_rooms(application: Flask):
    """What the rooms declare is what the application serves."""
    served = {
        (rule.endpoint, rule.rule, method)
        for rule in application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert served == {(r.endpoint, r.rule, r.method) for r in routes_of(application)}


def test_an_application_with_an_undeclared_door_does_not_start():
    app = Flask("open")
    app.extensions["routes"] = []
    app.add_url_rule("/back-door", "back_door", lambda: "")
    with pytest.raises(RuntimeError, match="back_door"):
        refuse_undeclared(app)
