"""Rooms and their doors: each route says who may enter, and does not exist without saying so.

A room is a Flask blueprint that only takes routes through `get` and `post`. The composition root opens it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from flask_babel import LazyString

from spreekbuis.web.access import Audience, Dangerous, Permission
from spreekbuis.web.door import enter

View = Callable[..., ResponseReturnValue]
V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class Route:
    """One declared door. `tenant`: the address names an entity (`<ovo:ovo>`), whose rows alone are served.
    `dangerous`: behind it something is done for which one proves again to be oneself. `from_server`: another server
    posts there, which proves by what it sends who it is; there is no form of ours."""

    endpoint: str
    rule: str
    method: str
    may: Audience | Permission
    tenant: bool
    transactional: bool
    dangerous: Dangerous | None = None
    from_server: bool = False


@dataclass(frozen=True, slots=True)
class NavEntry:
    """An entry of the main navigation, shown to whoever has the permission, in or outside an entity.

    What is `rare` stands under "Meer", so that the bar stays short on a telephone. `waits` counts what waits there for
    whoever asks, in the tenant in scope.
    """

    label: LazyString
    endpoint: str
    may: Permission
    tenant: bool
    rare: bool = False
    waits: Callable[[], int] | None = None


class Room:
    """A blueprint whose routes declare their audience."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._blueprint = Blueprint(name, __name__)
        self.routes: list[Route] = []
        self.nav: list[NavEntry] = []

    def get(
        self, rule: str, may: Audience | Permission, dangerous: Dangerous | None = None
    ) -> Callable[[V], V]:
        return self._declare("GET", rule, may, dangerous)

    def post(
        self, rule: str, may: Audience | Permission, dangerous: Dangerous | None = None
    ) -> Callable[[V], V]:
        return self._declare("POST", rule, may, dangerous)

    def message(self, rule: str) -> Callable[[V], V]:
        """A POST by another server, which carries its own proof and no token of a form."""
        return self._declare("POST", rule, Audience.EVERYONE, None, from_server=True)

    def put(self, rule: str, may: Audience | Permission) -> Callable[[V], V]:
        return self._declare("PUT", rule, may, None)

    def patch(self, rule: str, may: Audience | Permission) -> Callable[[V], V]:
        return self._declare("PATCH", rule, may, None)

    def delete(self, rule: str, may: Audience | Permission) -> Callable[[V], V]:
        return self._declare("DELETE", rule, may, None)

    def probe(self, rule: str) -> Callable[[V], V]:
        """A GET for everyone that touches neither session nor transaction (health)."""
        return self._declare("GET", rule, Audience.EVERYONE, None, transactional=False)

    def in_nav(
        self, label: LazyString, *, rare: bool = False, waits: Callable[[], int] | None = None
    ) -> Callable[[V], V]:
        """Decorate a declared GET view (above `@room.get`) to show it in the main navigation."""

        def mark(view: V) -> V:
            route = self.routes[-1]
            assert isinstance(route.may, Permission), "only what asks a permission stands in the navigation"
            self.nav.append(NavEntry(label, route.endpoint, route.may, route.tenant, rare, waits))
            return view

        return mark

    def _declare(
        self, method: str, rule: str, may: Audience | Permission, dangerous: Dangerous | None,
        *, transactional: bool = True, from_server: bool = False,
    ) -> Callable[[V], V]:  # fmt: skip
        assert dangerous is None or isinstance(may, Permission) or may is Audience.SIGNED_IN, "nobody to ask"

        def declare(view: V) -> V:
            name = view.__name__
            route = Route(
                f"{self.name}.{name}", rule, method, may, "<ovo:ovo>" in rule, transactional, dangerous,
                from_server,
            )  # fmt: skip
            self.routes.append(route)

            def door(**kwargs: object) -> ResponseReturnValue:
                return enter(route, view, kwargs)

            self._blueprint.add_url_rule(rule, name, door, methods=[method])
            return view

        return declare

    def open(self, app: Flask) -> None:
        app.register_blueprint(self._blueprint)
        app.extensions.setdefault("routes", []).extend(self.routes)
        app.extensions.setdefault("nav", []).extend(self.nav)


def routes_of(app: Flask) -> list[Route]:
    """Every declared route of the application."""
    routes: list[Route] = app.extensions["routes"]
    return routes


def refuse_undeclared(app: Flask) -> None:
    """Deny by default: raises RuntimeError when a route came in past the rooms."""
    declared = {route.endpoint for route in routes_of(app)} | {"static"}
    stray = sorted({rule.endpoint for rule in app.url_map.iter_rules()} - declared)
    if stray:
        raise RuntimeError(f"routes without declared access: {', '.join(stray)}")
