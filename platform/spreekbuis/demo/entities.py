"""The entities of the demo: they ask, are approved and pay through the operations of the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select

from spreekbuis.access.acceptance import accept_with_new_account
from spreekbuis.access.jobs import LINK
from spreekbuis.access.members import join, members, name_prevention_adviser
from spreekbuis.access.models import Desk, Invitation
from spreekbuis.access.recovery import kit_in_force, make_kit, possible_officers
from spreekbuis.actor import COMMAND, VISITOR, Actor, acting_as
from spreekbuis.cases.citizens.host import make_host
from spreekbuis.cases.keys import Reader
from spreekbuis.clock import BRUSSELS, at, today
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.demo import people
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.entities.actors import OwnActor, set_actor
from spreekbuis.entities.approval import approve_enrolment
from spreekbuis.entities.enrolment import Request, request_enrolment, verify_enrolment
from spreekbuis.entities.models import Enrolment
from spreekbuis.identity.models import Account
from spreekbuis.subscriptions.contributions import end_affiliation, set_contribution_status
from spreekbuis.subscriptions.models import ContributionStatus
from spreekbuis.web import links
from spreekbuis.web.access import Role

FIRST_WORKING_DAY = datetime(2014, 1, 2, 9, tzinfo=BRUSSELS)
DUE, PAID, WAIVED = ContributionStatus.DUE, ContributionStatus.PAID, ContributionStatus.WAIVED


@dataclass(frozen=True, slots=True)
class DemoEntity:
    """An organisation of the register and how it stands. `since_2014`: False enrols in the present.

    `now`: its contribution for the present year; `lapsed`: its affiliation ended last year.
    """

    ovo_code: str
    badge: str
    headcount: int
    affiliated: bool
    since_2014: bool = True
    in_2014: ContributionStatus | None = None
    now: ContributionStatus | None = None
    reason: str = ""
    lapsed: bool = False

    @property
    def administrator(self) -> str:
        """The address of whoever asked to enrol and was invited to administer the entity."""
        return f"beheerder@{self.badge}.voorbeeld.example"


ENTITIES = (
    DemoEntity("OVO990001", "omg", 980, True),
    DemoEntity("OVO000100", "delijn", 7900, False, in_2014=PAID, now=DUE),
    DemoEntity("OVO990006", "opgroeien", 4200, True),
    DemoEntity("OVO990002", "zorg", 840, False, in_2014=PAID, now=PAID),
    DemoEntity("OVO990004", "onderwijs", 730, True),
    DemoEntity("OVO990007", "awv", 1450, True),
    DemoEntity("OVO990003", "fb", 310, True),
    DemoEntity("OVO000096", "mow", 560, True),
    DemoEntity(
        "OVO990009", "vmm", 1010, False, in_2014=PAID, now=WAIVED,
        reason="Een jaar lang gedeelde dienstverlening met een andere entiteit.",
    ),
    DemoEntity("OVO990008", "anb", 740, True, lapsed=True),
    DemoEntity("OVO990012", "sport", 620, False, since_2014=False),
)  # fmt: skip
WAITING = DemoEntity("OVO990010", "ovam", 380, True, since_2014=False)
"""Asked to enrol; the central office has not decided yet."""
HOST = DemoEntity("OVO002949", "dv", 900, True, since_2014=False)
"""Has the desk of 1700."""

ACTORS = (
    OwnActor(
        "confidential_counsellor", email="vertrouwenspersonen@omg.voorbeeld.example", phone="02 553 80 10",
        reachable="Elke werkdag van 9 tot 17 uur, ook buiten het kantoor",
    ),
    OwnActor("integrity_contact", email="integriteit@omg.voorbeeld.example", phone="02 553 80 11"),
    OwnActor("hr_partner", "Personeelsdienst", email="personeel@omg.voorbeeld.example"),
    OwnActor(
        "desk_integrity", email="loket.integriteit@omg.voorbeeld.example",
        address="Loket Integriteit, vertrouwelijk\nVoorbeeldlaan 1\n1000 Brussel",
    ),
    OwnActor(
        "desk_wellbeing", email="loket.welzijn@omg.voorbeeld.example",
        address="Loket Welzijn, vertrouwelijk\nVoorbeeldlaan 1\n1000 Brussel",
    ),
)  # fmt: skip
"""Whom people of the first entity can turn to."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who does the work in the demo."""

    handlers: dict[DeskKind, Reader]
    citizens: Reader
    """The handler of 1700."""
    colleague: UUID
    """A second handler for integrity, in the entity of the demo's own administrator."""
    analyst: UUID
    treasurer: UUID


def staff() -> Staff:
    """Make the accounts that work for more than one entity. Twice is once."""
    people.settings_of_demo()
    return Staff(
        {
            kind: Reader(people.make_account(account), people.secret_of(account))
            for kind, account in people.HANDLERS.items()
        },
        Reader(people.make_account(people.CITIZENS_HANDLER), people.secret_of(people.CITIZENS_HANDLER)),
        people.make_account(people.COLLEAGUE),
        people.make_account(people.ANALYST),
        people.make_account(people.TREASURER),
    )


def settle_2014(team: Staff) -> dict[str, UUID]:
    """The entities as they were in 2014, by OVO code. Twice is once."""
    with at(FIRST_WORKING_DAY):
        entities = {e.ovo_code: enrol(e, team) for e in ENTITIES if e.since_2014}
        for entity in ENTITIES:
            if entity.in_2014 is not None:
                _pay(entities[entity.ovo_code], 2014, entity.in_2014, "", team)
    return entities


def settle_present(team: Staff) -> dict[str, UUID]:
    """The entities as they stand now, by OVO code, and one request that waits. Twice is once."""
    entities = {e.ovo_code: enrol(e, team) for e in ENTITIES}
    for entity in ENTITIES:
        entity_id = entities[entity.ovo_code]
        if entity.now is not None:
            _pay(entity_id, today().year, entity.now, entity.reason, team)
        if entity.lapsed:
            last_day = date(today().year - 1, 12, 31)
            _as_treasurer(team, partial(end_affiliation, entity_id, last_day))
    with acting_as(VISITOR), transaction(tenant(entities[ENTITIES[0].ovo_code])):
        for actor in ACTORS:
            set_actor(actor)
    _ask(WAITING)
    people.make_account(people.FRONT_DESK)
    people.make_account(people.OPERATOR)
    return entities


def enrol(entity: DemoEntity, team: Staff) -> UUID:
    """Ask, confirm, approve, and let the handlers work for it; gives the entity's id. Twice is once."""
    with transaction(PLATFORM):
        found = entity_id_of(entity.ovo_code)
    entity_id = found or _approve(_ask(entity), team)
    if entity.administrator == people.ENTITY_ADMINISTRATOR.email:
        _accept_first_invitation(entity_id)
    if entity is HOST:
        with acting_as(COMMAND), transaction(PLATFORM):
            make_host(entity.ovo_code)
    with acting_as(Actor("account", team.analyst)), transaction(tenant(entity_id)) as session:
        for kind, handler in {**team.handlers, DeskKind.CITIZENS: team.citizens}.items():
            desk = session.scalar(select(Desk.id).where(Desk.entity_id == entity_id, Desk.kind == kind))
            if desk is None:  # 1700 is at the host alone
                continue
            join(handler.account_id, Role.HANDLER, desk)
            if kind is DeskKind.INTEGRITY and entity.administrator == people.ENTITY_ADMINISTRATOR.email:
                join(team.colleague, Role.HANDLER, desk)
        for member in members():
            if member.desk is DeskKind.WELLBEING:
                name_prevention_adviser(member.membership_id, True)
        if kit_in_force() is None:
            officers = sorted(possible_officers(), key=lambda o: o.email != entity.administrator)
            make_kit([officer.account_id for officer in officers[:2]])
    return entity_id


def entity_id_of(ovo_code: str) -> UUID | None:
    return db.session.scalar(select(Entity.id).where(Entity.ovo_code == ovo_code))


def _ask(entity: DemoEntity) -> UUID:
    once = uuid5(NAMESPACE_URL, f"https://demo.spreekbuis.example/enrolment/{entity.ovo_code}")
    request = Request(
        entity.ovo_code, "Dienst Personeel", "Personeelsdienst", entity.administrator, entity.headcount,
        entity.affiliated, "nl",
    )  # fmt: skip
    with acting_as(VISITOR):
        with transaction(PLATFORM) as session:
            known = session.get(Enrolment, once) is not None
            if not known:
                request_enrolment(once, request)
        with transaction(PLATFORM):
            verify_enrolment(once)
    return once


def _approve(enrolment_id: UUID, team: Staff) -> UUID:
    with acting_as(Actor("account", team.analyst)), transaction(PLATFORM):
        return approve_enrolment(enrolment_id).id


def _accept_first_invitation(entity_id: UUID) -> None:
    """The administrator of the demo follows the link of the mail."""
    account = people.ENTITY_ADMINISTRATOR
    with acting_as(VISITOR), transaction(PLATFORM) as session:
        if session.scalar(select(Account.id).where(Account.email == account.email)) is not None:
            return
        invitation = session.scalars(
            select(Invitation.id).where(Invitation.tenant_id == entity_id, Invitation.email == account.email)
        ).one()
        made = accept_with_new_account(links.sign(LINK, invitation), account.label, people.PASSWORD, "nl").id
        people.confirm_second_factor(made, account)


def _pay(entity_id: UUID, year: int, status: ContributionStatus, reason: str, team: Staff) -> None:
    _as_treasurer(team, partial(set_contribution_status, entity_id, year, status, reason))


def _as_treasurer(team: Staff, change: Callable[[], None]) -> None:
    with acting_as(Actor("account", team.treasurer)), transaction(CONTRIBUTIONS):
        change()
