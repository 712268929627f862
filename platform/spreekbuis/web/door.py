"""The life of a request, in one place: who, where, may, then the view in one transaction, then the commit.

Nothing is sent before the commit succeeded. An answer of 400 or more leaves nothing in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote
from uuid import UUID

from flask import Flask, Request, current_app, g, make_response, redirect, request, url_for
from flask.sessions import SessionInterface
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin
from psycopg import Connection as PlainConnection
from werkzeug.wrappers import Response

from spreekbuis.actor import DIRECTORY, REPORTER, VISITOR, Actor, acting_as
from spreekbuis.clock import now
from spreekbuis.db import scope as scopes
from spreekbuis.db.pool import bare_connection
from spreekbuis.db.session import db, finish, withhold
from spreekbuis.errors import NotAllowed, NotFound
from spreekbuis.web import csrf
from spreekbuis.web.access import Audience, Permission, Role, permissions_of
from spreekbuis.web.cookies import MAILBOX, SIGN_IN, read_cookie
from spreekbuis.web.limits import IDLE

if TYPE_CHECKING:
    from spreekbuis.web.room import Route, View

SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class EntityHere:
    """The tenant that the address names."""

    id: UUID
    ovo_code: str
    name: str
    badge: str
    status: str
    service_until: date | None


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The account behind this request. `complete` after the second factor."""

    id: UUID
    email: str
    label: str
    language: str
    complete: bool
    token_hash: bytes
    confirmed_at: datetime
    """When this browser last gave a second factor."""
    platform_roles: frozenset[Role]

    def get_id(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class ReporterHere:
    """The case that a reporter opened with the receipt code, and its key, which the cookie opens."""

    entity_id: UUID
    case_id: UUID
    secret_locked: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class EntityRoles:
    """What an account may do in the tenant of the address. `desks` are those whose cases it handles, without the cases
    that are `withheld`: for this account they do not exist."""

    roles: frozenset[Role] = frozenset()
    desks: frozenset[UUID] = frozenset()
    withheld: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Here:
    """Who stands where in this request."""

    route: Route
    entity: EntityHere | None = None
    account: SignedIn | None = None
    reporter: ReporterHere | None = None
    in_entity: EntityRoles = EntityRoles()

    @property
    def roles(self) -> frozenset[Role]:
        platform = self.account.platform_roles if self.account and self.account.complete else frozenset()
        return self.in_entity.roles | platform

    def may(self, what: Permission) -> bool:
        return what in permissions_of(self.roles)


@dataclass(frozen=True, slots=True)
class Doors:
    """What the upper floors tell the door. Set by the composition root."""

    roles_in_entity: Callable[[UUID], EntityRoles]
    """Roles of an account in the tenant in scope."""
    returning_reporter: Callable[[PlainConnection[tuple[Any, ...]], bytes], ReporterHere | None]
    """The case that a mailbox token (its SHA-256) opens."""
    ask_again: Callable[[Here], ResponseReturnValue | None]
    """Asks whoever stands before a dangerous act for the second factor again: the page for it, or None when it was
    given just now, and what that page kept is the form of this request again."""
    admit_directory: Callable[[UUID, str], None]
    """Raises a DomainError unless the `Authorization` header is that of this entity's directory. Commits by itself."""


def here() -> Here:
    return cast(Here, g.here)


def the_entity() -> EntityHere:
    """The tenant of this request's address."""
    entity = here().entity
    assert entity is not None, "this route names no entity"
    return entity


def the_account() -> SignedIn:
    """The signed-in account of this request."""
    account = here().account
    assert account is not None, "this route asks for no account"
    return account


def install(app: Flask, doors: Doors) -> None:
    app.extensions["doors"] = doors
    app.session_interface = NoCookieSession()
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = None
    manager.request_loader(lambda _request: g.here.account if "here" in g else None)


class NoCookieSession(SessionInterface):
    """Flask's own session stays closed: what is remembered of a browser stands in the database."""

    def open_session(self, app: Flask, request: Request) -> None:  # noqa: ARG002 (Flask gives them)
        return None


def hash_token(token: str) -> bytes:
    """What the database keeps of a bearer token."""
    return hashlib.sha256(token.encode()).digest()


def enter(route: Route, view: View, kwargs: dict[str, Any]) -> ResponseReturnValue:
    g.here = Here(route)
    if not route.transactional:
        return view(**kwargs)
    g.here = _identify(route, kwargs)
    turned_away = _turn_away(route, g.here)
    if turned_away is not None:
        return turned_away
    if route.may is Audience.DIRECTORY:
        doors: Doors = current_app.extensions["doors"]
        doors.admit_directory(the_entity().id, request.headers.get("Authorization", ""))
    scope, actor = _scope_and_actor(g.here)
    session = db.session
    with acting_as(actor), scopes.entering(scope):
        try:
            if isinstance(route.may, Permission):
                _admit(route, scope)
            by_form = not route.from_server and route.may is not Audience.DIRECTORY
            if by_form and request.method not in ("GET", "HEAD"):
                csrf.check()  # another server shows a token that no browser sends by itself
            asked = _ask_again(route)
            response: Response = make_response(view(**kwargs) if asked is None else asked)
            if response.status_code >= 400:
                session.rollback()
            else:
                finish()
            return response
        except BaseException:
            session.rollback()
            raise
        finally:
            session.remove()


@contextmanager
def outside() -> Iterator[None]:
    """Inside the block no transaction is open: for work in a request that takes seconds, such as scanning files.

    What was changed before does not remain, and what was read is old: come back to it. Who asks and what they may do
    is looked up again after the block. Raises NotAllowed.
    """
    db.session.rollback()
    yield
    if isinstance(here().route.may, Permission):
        _admit(here().route, scopes.current())


def _identify(route: Route, kwargs: dict[str, Any]) -> Here:
    """Look up, without a tenant, who asks and which entity the address names: shared tables only."""
    ovo = kwargs.pop("ovo", None)
    sign_in, mailbox = read_cookie(SIGN_IN), read_cookie(MAILBOX)
    needs_reporter = route.may is Audience.RETURNING_REPORTER
    if ovo is None and not sign_in and not (needs_reporter and mailbox):
        return Here(route)
    with bare_connection(db.engine) as connection:
        entity, account = None, None
        if ovo is not None or sign_in:
            entity, account = _look_up(connection, ovo, hash_token(sign_in) if sign_in else None)
        if ovo is not None and entity is None:
            raise NotFound
        reporter = None
        if needs_reporter and mailbox:
            doors: Doors = current_app.extensions["doors"]
            reporter = doors.returning_reporter(connection, hash_token(mailbox))
    return Here(route, entity, account, reporter)


# One statement for every request, in SQL as it is sent: the door is in front of all pages.
_WHO_AND_WHERE = """
SELECT entity.id, entity.ovo_code, entity.name, entity.policy_area, entity.status, entity.service_until,
    account.id, account.email, account.label, account.language, session.complete, session.token_hash,
    session.confirmed_at,
    ARRAY(SELECT role FROM platform_role WHERE account_id = account.id), session.last_seen_at
FROM (VALUES (1)) AS request
LEFT JOIN entity ON entity.ovo_code = %(ovo)s
LEFT JOIN (sign_in_session AS session JOIN account ON account.id = session.account_id)
    ON session.token_hash = %(token)s AND session.expires_at > %(moment)s AND session.last_seen_at > %(idle_since)s
    AND account.disabled_at IS NULL"""
_SEEN = "UPDATE sign_in_session SET last_seen_at = %(moment)s WHERE token_hash = %(token)s"


def _look_up(
    connection: PlainConnection[tuple[Any, ...]], ovo: str | None, token_hash: bytes | None
) -> tuple[EntityHere | None, SignedIn | None]:
    moment = now()
    asked = {"ovo": ovo, "token": token_hash, "moment": moment, "idle_since": moment - IDLE.lasts}
    row = connection.execute(_WHO_AND_WHERE, asked).fetchone()
    assert row is not None, "the request itself is a row"
    entity, (*person, roles, last_seen) = row[:6], row[6:]
    if person[0] is not None and moment - last_seen > SEEN_EVERY:
        connection.execute(_SEEN, {"moment": moment, "token": token_hash})
    return (
        None if entity[0] is None else EntityHere(*entity),
        None if person[0] is None else SignedIn(*person, platform_roles=frozenset(map(Role, roles))),
    )


def _turn_away(route: Route, here: Here) -> ResponseReturnValue | None:
    """Send whoever must first sign in, or give the receipt code, to that page; POSTed text is kept for them."""
    if route.may in (Audience.EVERYONE, Audience.DIRECTORY):
        return None
    if route.may is Audience.RETURNING_REPORTER:
        return None if here.reporter else _ask(url_for("mailbox.open_form"))
    if here.account is None:
        return _ask(url_for("identity.sign_in"))
    if not here.account.complete:
        return _ask(url_for("identity.second_factor"))
    return None


def _ask(where: str) -> ResponseReturnValue:
    if request.method == "POST":
        return csrf.keep_and_ask(where)
    return redirect(f"{where}?next={quote(request.path)}", 303)


def _ask_again(route: Route) -> ResponseReturnValue | None:
    """The page that asks for the second factor again, before a dangerous act."""
    if route.dangerous is None:
        return None
    doors: Doors = current_app.extensions["doors"]
    return doors.ask_again(g.here)


def _scope_and_actor(here: Here) -> tuple[scopes.Scope, Actor]:
    if here.route.may is Audience.DIRECTORY and here.entity is not None:
        return scopes.tenant(here.entity.id), DIRECTORY
    actor = Actor("account", here.account.id) if here.account and here.account.complete else VISITOR
    if here.reporter is not None:
        return scopes.tenant(here.reporter.entity_id), REPORTER
    if here.entity is not None:
        return scopes.tenant(here.entity.id), actor if isinstance(here.route.may, Permission) else REPORTER
    if here.route.may is Permission.MANAGE_CONTRIBUTIONS:
        return scopes.CONTRIBUTIONS, actor
    return scopes.PLATFORM, actor


def _admit(route: Route, scope: scopes.Scope) -> None:
    """Check the declared permission; roles in an entity are read behind that entity's own policies."""
    assert isinstance(route.may, Permission)
    if route.tenant and scope.entity_id is not None:
        doors: Doors = current_app.extensions["doors"]
        g.here = replace(g.here, in_entity=doors.roles_in_entity(g.here.account.id))
        withhold(g.here.in_entity.withheld)
    if not g.here.may(route.may):
        raise NotAllowed
