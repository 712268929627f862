"""Builders for tests: entities, people, signed-in browsers. They write rows directly and quickly."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from flask import Flask
from flask.globals import _cv_app
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from spreekbuis.access.case_keys import case_binding
from spreekbuis.access.desk_keys import give_desk_keys, publish_address, recovery_binding
from spreekbuis.access.models import CaseKey, Desk, DeskKey, Membership, MembershipLookup, RecoveryKey
from spreekbuis.cases.citizens.models import CitizensHost
from spreekbuis.cases.keys import Reader
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    CaseKind,
    Channel,
    DeskKind,
    Identity,
    ReporterClass,
    Topic,
)
from spreekbuis.directory.models import Entity, Organisation
from spreekbuis.directory.register import policy_area_on
from spreekbuis.identity.keys import lock_for_session
from spreekbuis.identity.models import Account, AccountKey, PlatformRole, SignInSession
from spreekbuis.intake.models import EntityCategory
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import new_secret, open_sealed, public_key_of, seal
from spreekbuis.web import csrf
from spreekbuis.web.access import Role
from spreekbuis.web.cookies import FORM, SIGN_IN
from spreekbuis.web.door import hash_token


@dataclass
class Tenant:
    id: UUID
    ovo: str
    name: str
    desks: dict[DeskKind, UUID]
    desk_secrets: dict[UUID, bytes] = field(default_factory=dict)
    """Of the first key of each desk, so that tests can grant it to whom they make a handler."""


class Browser:
    """A browser with cookies; `post` brings the form token along."""

    def __init__(self, app: Flask, cookie: tuple[str, str] | None = None) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.cookie = cookie or (FORM, secrets.token_urlsafe(24))
        self.client.set_cookie(*self.cookie)

    @property
    def csrf(self) -> str:
        for name in ("sign-in", "mailbox", "form"):
            cookie = self.client.get_cookie(name)
            if cookie is not None:
                return csrf._token_for(cookie.value)
        raise LookupError("no cookie to bind a token to")

    def get(self, url: str, **kwargs) -> TestResponse:
        return self._apart(lambda: self.client.get(url, buffered=True, **kwargs))

    def post(self, url: str, data: dict | None = None, **kwargs) -> TestResponse:
        form = {"csrf": self.csrf, **(data or {})}
        return self._apart(lambda: self.client.post(url, data=form, buffered=True, **kwargs))

    @staticmethod
    def _apart(ask: Callable[[], TestResponse]) -> TestResponse:
        """Ask outside the test's own application context, so that each request has a `g` of its own."""

        def run() -> TestResponse:
            _cv_app.set(None)
            return ask()

        return copy_context().run(run)


class World:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self._used: set[str] = set()
        self.secrets: dict[UUID, bytes] = {}
        """Of the key pairs of accounts, which a password would open."""
        self.case_secrets: dict[UUID, bytes] = {}
        """Of the keys of cases, which only the desk and the reporter would have."""

    def entity(
        self, ovo: str | None = None, *, entitled: bool = True, name: str | None = None,
        desks: tuple[DeskKind, ...] = (DeskKind.INTEGRITY, DeskKind.WELLBEING),
    ) -> Tenant:  # fmt: skip
        """A tenant with its desks and categories, made of an organisation of the register."""
        with transaction(PLATFORM) as session:
            if ovo is None:
                codes = session.scalars(select(Organisation.ovo_code).order_by(Organisation.ovo_code)).all()
                ovo = next(code for code in codes if code not in self._used)
            self._used.add(ovo)
            organisation = session.get_one(Organisation, ovo)
            entity = Entity(
                ovo_code=ovo, name=name or organisation.name, policy_area=policy_area_on(ovo), headcount=100,
                service_until=date(today().year, 12, 31) if entitled else None,
            )  # fmt: skip
            session.add(entity)
            session.flush()
            made = Tenant(entity.id, ovo, entity.name, {})
        with transaction(tenant(made.id)) as session:
            for kind in desks:
                desk = Desk(entity_id=made.id, kind=kind, name=f"Loket {kind}")
                session.add(desk)
                session.flush()
                made.desks[kind] = desk.id
                made.desk_secrets[desk.id] = new_secret()
            self._make_keys(session, made)
            session.add_all(EntityCategory(entity_id=made.id, category=code) for code in CATEGORIES)
        return made

    def host(self) -> Tenant:
        """An entity that has the desk of 1700 as well."""
        entity = self.entity(desks=tuple(DeskKind))
        with transaction(PLATFORM) as session:
            session.add(CitizensHost(tenant_id=entity.id))
        return entity

    @staticmethod
    def _make_keys(session: Session, made: Tenant) -> None:
        kit = RecoveryKey(entity_id=made.id, public_key=public_key_of(new_secret()))
        session.add(kit)
        session.flush()
        for desk_id, secret in made.desk_secrets.items():
            session.add(
                DeskKey(
                    entity_id=made.id, desk_id=desk_id, version=1, public_key=public_key_of(secret), kit_id=kit.id,
                    secret_sealed=seal(kit.public_key, secret, recovery_binding(desk_id, 1, kit.id)),
                )
            )  # fmt: skip
            session.flush()
            publish_address(desk_id, 1, public_key_of(secret))

    def account(self, email: str | None = None) -> UUID:
        with transaction(PLATFORM) as session:
            account = Account(
                email=email or f"{secrets.token_hex(4)}@voorbeeld.example",
                label="Testaccount",
                totp_confirmed_at=now(),
            )
            session.add(account)
            session.flush()
            secret = self.secrets[account.id] = new_secret()
            session.add(
                AccountKey(account_id=account.id, public_key=public_key_of(secret), locked_by_password=b"")
            )
            return account.id

    def reader(self, account_id: UUID) -> Reader:
        """The account with its secret, as a request of its own would have it."""
        return Reader(account_id, self.secrets[account_id])

    def member(self, entity: Tenant, role: Role, desk: DeskKind | None = None) -> UUID:
        account_id = self.account()
        with transaction(tenant(entity.id)) as session:
            session.add(
                Membership(
                    entity_id=entity.id, account_id=account_id, role=role, desk_id=desk and entity.desks[desk]
                )
            )
            session.add(MembershipLookup(account_id=account_id, tenant_id=entity.id))
            session.flush()
            if desk is not None:
                desk_id = entity.desks[desk]
                if session.get(DeskKey, (entity.id, desk_id, 1)) is not None:
                    give_desk_keys(desk_id, {1: entity.desk_secrets[desk_id]}, [account_id])
        return account_id

    def adviser(self, entity: Tenant) -> UUID:
        """A handler of the wellbeing desk who is a prevention adviser."""
        account_id = self.member(entity, Role.HANDLER, DeskKind.WELLBEING)
        with transaction(tenant(entity.id)) as session:
            session.execute(
                update(Membership).where(Membership.account_id == account_id).values(prevention_adviser=True)
            )
        return account_id

    def platform_member(self, role: Role) -> UUID:
        account_id = self.account()
        with transaction(PLATFORM) as session:
            session.add(PlatformRole(account_id=account_id, role=role))
        return account_id

    def browser(self, account_id: UUID | None = None) -> Browser:
        """A visitor's browser, or one that is signed in (both factors) to the account."""
        if account_id is None:
            return Browser(self.app)
        token = secrets.token_urlsafe(32)
        with transaction(PLATFORM) as session:
            session.add(
                SignInSession(
                    token_hash=hash_token(token), account_id=account_id, complete=True,
                    key_locked=lock_for_session(token, account_id, self.secrets[account_id]),
                    expires_at=now() + timedelta(hours=8),
                )
            )  # fmt: skip
        return Browser(self.app, (SIGN_IN, token))

    def handler(self, entity: Tenant, desk: DeskKind) -> Browser:
        return self.browser(self.member(entity, Role.HANDLER, desk))

    def case(self, entity: Tenant, topic: Topic = Topic.INTEGRITY, text: str = "Een tekst") -> UUID:
        """A case that came through the website, in a transaction of its own."""
        category = next(c.code for c in CATEGORIES.values() if c.topic is topic)
        with self.inside(entity):
            new = NewCase(
                id=new_id(), kind=CaseKind.NEW, category=category, channel=Channel.WEB,
                identity=Identity.ANONYMOUS, reporter_class=ReporterClass.STAFF, language="nl", text=text,
                reporter=None, duty_accepted=False,
            )  # fmt: skip
            self.case_secrets[new.id] = new.secret
            return open_case(new).id

    @staticmethod
    def key(entity: Tenant, case_id: UUID) -> ContentKey:
        """The key of a case, opened with the desk's own secret. Inside a transaction of the entity."""
        row = db.session.scalars(
            select(CaseKey).where(CaseKey.entity_id == entity.id, CaseKey.case_id == case_id)
        ).one()
        binding = case_binding(case_id, row.desk_id, row.version)
        return ContentKey(
            entity.id, case_id, open_sealed(entity.desk_secrets[row.desk_id], row.secret_sealed, binding)
        )

    @contextmanager
    def inside(self, entity: Tenant) -> Iterator[Session]:
        """A transaction in the entity's scope."""
        with transaction(tenant(entity.id)) as session:
            yield session
