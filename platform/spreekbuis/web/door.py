"""The life of a request, in one place: who, where, may, then the view in one transaction, then the commit.

Nothing is sent before the commit succeeded. An answer of 400 or more leaves nothing in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Flask, current_app, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin
from sqlalchemy import Connection, bindparam, func, select, update
from werkzeug.wrappers import Response

from spreekbuis.actor import REPORTER, VISITOR, Actor, acting_as
from spreekbuis.clock import now
from spreekbuis.db import scope as scopes
from spreekbuis.db.session import db, finish
from spreekbuis.directory.models import Entity
from spreekbuis.errors import NotAllowed, NotFound
from spreekbuis.identity.models import Account, PlatformRole, SignInSession
from spreekbuis.web import csrf
from spreekbuis.web.access import Audience, Permission, Role, permissions_of
from spreekbuis.web.cookies import MAILBOX, SIGN_IN, read_cookie

if TYPE_CHECKING:
    from spreekbuis.web.room import Route, View

SEEN_EVERY = timedelta(minutes=1)
IDLE_LIMIT = timedelta(minutes=30)
"""A session that did nothing for this long has ended."""


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
    platform_roles: frozenset[Role]

    def get_id(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class ReporterHere:
    """The case that a reporter opened with the receipt code."""

    entity_id: UUID
    case_id: UUID


@dataclass(frozen=True, slots=True)
class EntityRoles:
    """What an account may do in the tenant of the address. `desks` are those whose cases it handles."""

    roles: frozenset[Role] = frozenset()
    desks: frozenset[UUID] = frozenset()


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
    returning_reporter: Callable[[Connection, bytes], ReporterHere | None]
    """The case that a mailbox token (its SHA-256) opens."""


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
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(lambda _request: g.here.account if "here" in g else None)


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
    scope, actor = _scope_and_actor(g.here)
    session = db.session
    with acting_as(actor), scopes.entering(scope):
        try:
            if isinstance(route.may, Permission):
                _admit(route, scope)
            if request.method == "POST":
                csrf.check()
            response: Response = make_response(view(**kwargs))
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


def _identify(route: Route, kwargs: dict[str, Any]) -> Here:
    """Look up, without a tenant, who asks and which entity the address names: shared tables only."""
    ovo = kwargs.pop("ovo", None)
    sign_in, mailbox = read_cookie(SIGN_IN), read_cookie(MAILBOX)
    needs_reporter = route.may is Audience.RETURNING_REPORTER
    if ovo is None and not sign_in and not (needs_reporter and mailbox):
        return Here(route)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        entity = _entity(connection, cast(str, ovo)) if ovo is not None else None
        if ovo is not None and entity is None:
            raise NotFound
        account = _account(connection, hash_token(sign_in)) if sign_in else None
        reporter = None
        if needs_reporter and mailbox:
            doors: Doors = current_app.extensions["doors"]
            reporter = doors.returning_reporter(connection, hash_token(mailbox))
    return Here(route, entity, account, reporter)


_ENTITY = select(
    Entity.id, Entity.ovo_code, Entity.name, Entity.policy_area, Entity.status, Entity.service_until
).where(Entity.ovo_code == bindparam("ovo"))


def _entity(connection: Connection, ovo: str) -> EntityHere | None:
    row = connection.execute(_ENTITY, {"ovo": ovo}).one_or_none()
    return None if row is None else EntityHere(*row)


# Built once: putting a statement together costs more than running it.
_ACCOUNT = (
    select(
        Account.id, Account.email, Account.label, Account.language, SignInSession.complete,
        SignInSession.token_hash, SignInSession.last_seen_at,
        func.array(select(PlatformRole.role).where(PlatformRole.account_id == Account.id).scalar_subquery()),
    )
    .join(SignInSession, SignInSession.account_id == Account.id)
    .where(
        SignInSession.token_hash == bindparam("token"),
        SignInSession.expires_at > bindparam("moment"),
        SignInSession.last_seen_at > bindparam("idle_since"),
        Account.disabled_at.is_(None),
    )
)  # fmt: skip


def _account(connection: Connection, token_hash: bytes) -> SignedIn | None:
    moment = now()
    row = connection.execute(
        _ACCOUNT, {"token": token_hash, "moment": moment, "idle_since": moment - IDLE_LIMIT}
    ).one_or_none()
    if row is None:
        return None
    *fields, last_seen, roles = row
    if _long_ago(last_seen, moment):
        connection.execute(
            update(SignInSession).where(SignInSession.token_hash == token_hash).values(last_seen_at=moment)
        )
    return SignedIn(*fields, platform_roles=frozenset(Role(role) for role in roles))


def _long_ago(last_seen: datetime, moment: datetime) -> bool:
    return moment - last_seen > SEEN_EVERY


def _turn_away(route: Route, here: Here) -> ResponseReturnValue | None:
    """Send whoever must first sign in, or give the receipt code, to that page; POSTed text is kept for them."""
    if route.may is Audience.EVERYONE:
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
    return redirect(f"{where}?next={_quoted_path()}", 303)


def _quoted_path() -> str:
    from urllib.parse import quote

    return quote(request.path)


def _scope_and_actor(here: Here) -> tuple[scopes.Scope, Actor]:
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
    if not g.here.may(route.may):
        raise NotAllowed


__all__ = [
    "Doors",
    "EntityHere",
    "EntityRoles",
    "Here",
    "Mapping",
    "ReporterHere",
    "SignedIn",
    "enter",
    "here",
    "install",
]
