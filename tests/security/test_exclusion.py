"""Whoever is kept out of a case does not notice it: every address of it answers as if there were none, and every list,
count, search and mail is what it would be without it. The routes are those of the application at this moment."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Uuid

from spreekbuis.actor import Actor, acting_as
from spreekbuis.app import import_models, rooms
from spreekbuis.cases import reminders
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.cases.work_list import View
from spreekbuis.db.base import TenantTable, new_id
from spreekbuis.db.scope import tenant
from spreekbuis.db.security import cases_of, mapped_tables
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import (
    CaseKind,
    Channel,
    DeskKind,
    ExclusionReason,
    Identity,
    ReporterClass,
)
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import new_secret
from spreekbuis.web.access import Audience, Permission, Role
from spreekbuis.web.cookies import SIGN_IN
from spreekbuis.web.room import Route
from tests.security.house import House, Visitor, routes_by_id

import_models()
OF_THE_DESK = routes_by_id(
    [r for room in rooms() for r in room.routes if r.tenant and r.may is Permission.HANDLE_CASES]
)
OF_A_CASE = {name: route for name, route in OF_THE_DESK.items() if "<uuid:case_id>" in route.rule}
LISTS = [r for r in OF_THE_DESK.values() if r.method == "GET" and "_id>" not in r.rule]
RANDOM = re.compile(r'(name="(?:csrf|once|token)" value="|<code>)[^"<]*')
"""What differs between any two answers: the token and the id of a form, the name of a request."""
WORDS = "oranje-paviljoen"


@dataclass
class KeptOut:
    """A handler of the integrity desk, and a case there of which this one is kept out."""

    house: House
    visitor: Visitor
    account_id: UUID

    def arrives(self) -> tuple[UUID, str]:
        """A case comes, urgent, unread, assigned to this very handler, whom a colleague then keeps out."""
        place = self.house.own
        key = ContentKey(place.entity.id, new_id(), new_secret())
        with transaction(tenant(place.entity.id)), acting_as(Actor("account", place.handler.account_id)):
            case = open_case(
                NewCase(
                    id=key.subject_id, secret=key.secret, kind=CaseKind.REPORT, category="fraud",
                    channel=Channel.WEB, identity=Identity.NAMED, reporter_class=ReporterClass.STAFF, language="nl",
                    text=WORDS, reporter={"name": WORDS}, duty_accepted=True,
                )
            )  # fmt: skip
            case.handler_id = self.account_id
            exclude(case_for({case.desk_id}, case.id, lock=True), key, self.account_id, ExclusionReason.NAMED)
            return case.id, f"I-{case.year}-{case.number:03d}"

    def sees(self, number: str) -> dict[str, str]:
        """All that this handler can look at, by address."""
        ovo, found = self.house.own.entity.ovo, {}
        asked = [self.house.url(route, self.visitor) for route in LISTS]
        work_list = f"/desk/{ovo}/cases"
        asked += [f"{work_list}?view={view}" for view in View]
        asked += [f"{work_list}?{filters}" for filters in (f"number={number}", "category=fraud", "state=new")]
        for url in asked:
            found[url] = self.ask("GET", url)
        found["search"] = self.ask("POST", f"/desk/{ovo}/search", {"words": WORDS})
        found["by number"] = self.ask(
            "POST",
            f"/desk/{ovo}/contacts/new",
            {"number": number, "about": "Belde terug", "channel": "phone"},
        )
        return found

    def ask(self, method: str, url: str, data: dict[str, str] | None = None) -> str:
        form = {"csrf": self.house.token(self.visitor), **(data or {})} if method == "POST" else None
        response = self.house.ask(self.visitor, method, url, data=form)
        return RANDOM.sub(r"\1", f"{response.status} {response.location}\n{response.get_data(as_text=True)}")


@pytest.fixture(scope="module")
def kept_out(house: House) -> KeptOut:
    with house.app.app_context():
        account_id = house.world.member(house.own.entity, Role.HANDLER, DeskKind.INTEGRITY)
        cookie = (SIGN_IN, house._session(account_id, complete=True, expires_at=_in_an_hour()))
        visitor = Visitor("somebody kept out", cookie, frozenset({Role.HANDLER}), signed_in=True)
        return KeptOut(house, visitor, account_id)


def _in_an_hour():
    from datetime import timedelta

    from spreekbuis.clock import now

    return now() + timedelta(hours=1)


@pytest.fixture
def unchanged(house: House) -> Iterator[None]:
    house._keep()
    with house.app.app_context():
        yield
    house.restore()


def test_no_list_count_or_search_tells_of_a_case_that_one_is_kept_out_of(kept_out, unchanged):
    before = kept_out.sees("I-2026-099")
    _case_id, number = kept_out.arrives()
    after = kept_out.sees(number)
    assert len(before) > 12
    for (asked, was), (_, now_is) in zip(before.items(), after.items(), strict=True):
        assert was.replace("I-2026-099", number) == now_is, asked
        assert WORDS not in now_is.replace(f'value="{WORDS}"', "")
    assert number in kept_out.house.ask(
        kept_out.house.everybody[-1], "GET", f"/desk/{kept_out.house.own.entity.ovo}/cases"
    ).get_data(as_text=True), "a colleague sees it"


@pytest.mark.parametrize("route", OF_A_CASE.values(), ids=OF_A_CASE)
def test_every_address_of_such_a_case_answers_as_if_it_did_not_exist(
    kept_out: KeptOut, unchanged: None, route: Route
):
    case_id, _number = kept_out.arrives()
    answers = []
    for asked in (case_id, uuid4()):
        place = kept_out.house.own
        values, place.values = place.values, {**place.values, "case_id": str(asked)}
        try:
            url = kept_out.house.url(route, kept_out.visitor)
        finally:
            place.values = values
        answers.append(kept_out.ask(route.method, url).replace(str(asked), "this case"))
    assert answers[0] == answers[1]
    assert answers[0].startswith("404")


def test_no_mail_about_deadlines_counts_such_a_case(kept_out, unchanged, monkeypatch):
    from datetime import timedelta

    from spreekbuis import clock

    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(reminders, "deliver", lambda _t, to, _l, **values: sent.append((to, values["cases"])))
    colleague = kept_out.house.own.handler.account_id
    kept_out.arrives()
    with clock.at(clock.now() + timedelta(days=30)), transaction(tenant(kept_out.house.own.entity.id)):
        reminders.remind_account(str(kept_out.account_id))
    with clock.at(clock.now() + timedelta(days=30)), transaction(tenant(kept_out.house.own.entity.id)):
        reminders.remind_account(str(colleague))
    assert [cases for _, cases in sent] == ["1 dossier", "2 dossiers"]


def test_every_job_that_mails_somebody_about_cases_thinks_of_who_is_kept_out():
    """To an account: it withholds first. To an address that a whole desk reads: it leaves out what not all may know."""
    mailing = {
        job.name: _with_helpers(job.work)
        for job in DEFINED.values()
        if job.work.__module__.startswith("spreekbuis.cases.")
        and {"account_id", "recipient_id", "desk_id"} & set(inspect.signature(job.work).parameters)
    }
    assert {"cases.warn_desk", "cases.warn_handler", "cases.remind_desk", "cases.tell_colleagues"} <= set(
        mailing
    )
    for name, source in mailing.items():
        guards = ("withhold_from(",) if "account" in source else ("for_all=True", "~_somebody_out()")
        assert any(guard in source for guard in guards), name


def _with_helpers(work: Callable[..., object]) -> str:
    """The source of a job and of the functions of its module that it calls."""
    source = inspect.getsource(work)
    module = inspect.getmodule(work)
    helpers = [
        inspect.getsource(one)
        for name, one in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("_") and f"{name}(" in source and one.__module__ == work.__module__
    ]
    return "\n".join([source, *helpers])


def test_everything_that_hangs_on_a_case_is_behind_the_policy(house: House):
    """A table that names a case, or hangs on one that does, is withheld with it."""
    with house.admin.connect() as connection:
        policies = set(
            connection.exec_driver_sql(
                "SELECT tablename FROM pg_policies WHERE policyname = 'withheld' AND permissive = 'RESTRICTIVE'"
            ).scalars()
        )
    tables = {name: t for name, t in mapped_tables().items() if issubclass(t, TenantTable)}
    of_cases = {"case"}
    while (
        more := {
            name
            for name, table in tables.items()
            if {key.referred_table.name for key in table.__table__.foreign_key_constraints} & of_cases
        }
        - of_cases
    ):
        of_cases |= more
    assert of_cases <= policies, f"without case_id: {sorted(of_cases - policies)}"
    assert policies == {name for name, table in tables.items() if cases_of(table)}


def test_every_column_that_holds_the_id_of_a_case_is_behind_the_policy(house: House):
    """Found in the rows themselves, whatever the column is called: also where a case that was erased is named."""
    with house.admin.connect() as connection:
        ask = connection.exec_driver_sql
        opened = "(SELECT subject_id FROM audit_event WHERE kind = 'case.opened')"
        rules = dict(ask("SELECT tablename, qual FROM pg_policies WHERE policyname = 'withheld'").all())
        found = {
            (name, column.name)
            for name, table in mapped_tables().items()
            if issubclass(table, TenantTable)
            for column in table.__table__.columns
            if isinstance(column.type, Uuid)
            and ask(f'SELECT count(*) FROM "{name}" WHERE "{column.name}" IN {opened}').scalar_one()
        }
    assert {("case", "id"), ("erasure_certificate", "case_id"), ("message", "case_id")} <= found
    in_the_open = {(name, column) for name, column in found if f"({column} = ANY" not in rules.get(name, "")}
    assert in_the_open == {("audit_event", "subject_id")}, "the trail, which no page of an entity shows"


def test_an_id_that_a_table_does_not_make_itself_has_the_name_of_what_it_belongs_to():
    for name, table in mapped_tables().items():
        column = table.__table__.columns.get("id")
        if issubclass(table, TenantTable) and column is not None:
            assert column.default is not None, f"{name}.id is the id of something else: call it so"


def test_no_door_of_an_entity_lets_an_account_in_without_asking_what_is_withheld():
    """The door asks it with the roles, for every route with a permission: no other route of an entity may know who
    asks."""
    for room in rooms():
        for route in room.routes:
            without_account = route.may in (Audience.EVERYONE, Audience.DIRECTORY)
            assert not route.tenant or isinstance(route.may, Permission) or without_account, route.rule
