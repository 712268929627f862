"""The demo of the present: entities in every standing, an account per role, open cases of every urgency."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from spreekbuis.access.desk_keys import NoKeyYet
from spreekbuis.access.models import Desk
from spreekbuis.audit.trail import first_break
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.keys import Reader, key_of
from spreekbuis.cases.models import Case
from spreekbuis.clock import BRUSSELS, at, now, today
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.demo import commands, entities, people, present, texts, year_2014
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.figures.roll_up import verify
from spreekbuis.identity import second_factor, sign_in
from spreekbuis.identity.models import Account
from spreekbuis.intake.reporters import find_receipt
from spreekbuis.settings import Environment
from spreekbuis.subscriptions.entitlement import Basis, standings
from spreekbuis.vault import receipt_code
from tests.demo.test_replay_2014 import counts


@pytest.fixture
def short_2014(monkeypatch):
    """The replay of 2014 has its own tests: here a few of its cases will do."""
    few = year_2014.plan()[:3]
    monkeypatch.setattr(year_2014, "plan", lambda: few)


pytestmark = pytest.mark.usefixtures("short_2014")


def run(world, *words: str):
    answer = CliRunner().invoke(commands.demo, words, obj=lambda: world.app)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


def entity_id(ovo_code: str):
    with transaction(PLATFORM):
        return entities.entity_id_of(ovo_code)


def test_the_demo_loads_once_and_twice_changes_nothing(world):
    assert run(world).exit_code == 0
    before = counts()
    assert run(world).exit_code == 0
    assert counts() == before
    assert verify() == []


def test_entities_stand_in_every_way_and_one_request_waits(world):
    run(world)
    with transaction(PLATFORM) as session:
        ids = [entities.entity_id_of(e.ovo_code) for e in entities.ENTITIES]
        waiting = session.scalars(
            select(Enrolment.ovo_code).where(Enrolment.status == EnrolmentStatus.WAITING)
        ).all()
    assert waiting == [entities.WAITING.ovo_code]
    with transaction(CONTRIBUTIONS):
        found = Counter(standing.on(today()).basis for standing in standings(ids).values())
    assert found == {Basis.AFFILIATED: 6, Basis.PAID: 1, Basis.WAIVED: 1, Basis.DUE: 3}


def test_the_trail_of_every_entity_is_whole(world):
    run(world)
    for entity in entities.ENTITIES:
        with transaction(tenant(entity_id(entity.ovo_code))):
            assert first_break() is None


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_two_entities_have_open_cases_that_are_late_due_today_and_soon(world, hour):
    with at(datetime(2026, 11, 22, hour, 14, tzinfo=BRUSSELS)):
        run(world)
        _is_of_every_urgency()


def _is_of_every_urgency():
    due = []
    for ovo_code in (present.OMG, present.ZORG):
        with transaction(tenant(entity_id(ovo_code))) as session:
            due += session.scalars(select(Case.next_due_on).where(Case.closed_at.is_(None))).all()
    assert len(due) == 25
    days = [(day - today()).days for day in due if day]
    assert len([d for d in days if d < 0]) >= 3
    assert len([d for d in days if d == 0]) >= 3
    assert len([d for d in days if 0 < d <= 3]) >= 3


def test_every_role_signs_in_with_the_printed_password_and_code(world):
    output = run(world).output
    for account in people.ACCOUNTS:
        shown = people.sign_in_of(account.email)
        assert account.email in output
        assert shown.totp_secret in output
        with transaction(PLATFORM) as session:
            sign_in.give_password(account.email, shown.password)
            found = session.scalars(select(Account.id).where(Account.email == account.email)).one()
            second_factor.check(found, shown.code)
        world.secrets[found] = people.secret_of(account)
        assert world.browser(found).get(account.start).status_code == 200


def test_the_handlers_read_the_cases_of_their_own_desk_in_every_entity(world):
    run(world)
    told = {story for stories in (*texts.REPORTS.values(), texts.QUESTIONS) for story in stories}
    read = Counter()
    for kind, account in people.HANDLERS.items():
        with transaction(PLATFORM) as session:
            found = session.scalars(select(Account.id).where(Account.email == account.email)).one()
        who = Reader(found, people.secret_of(account))
        for entity in entities.ENTITIES:
            with transaction(tenant(entity_id(entity.ovo_code))) as session:
                for case_id, desk in session.execute(
                    select(Case.id, Desk.kind).join(Desk, Desk.id == Case.desk_id)
                ).all():
                    if desk == kind:
                        assert read_dialogue(key_of(case_id, who), internal=True)[0].text in told
                        read[kind] += 1
                    else:
                        with pytest.raises(NoKeyYet):
                            key_of(case_id, who)
    assert all(read[kind] > 10 for kind in people.HANDLERS)


def test_a_reporter_returns_to_a_closed_case_with_the_printed_code(world):
    words = run(world).output.strip().splitlines()[-1].strip()
    receipt = find_receipt(receipt_code.parse(words))
    with transaction(tenant(receipt.tenant_id)) as session:
        case = session.get_one(Case, (receipt.tenant_id, receipt.case_id))
        assert case.closed_at is not None
        assert case.score is None


def test_the_code_of_an_account_is_that_of_this_moment(world):
    shown = people.sign_in_of("BEHEERDER@omg.voorbeeld.example ")
    assert run(world, "code", shown.email).output.strip() in {
        pyotp.TOTP(shown.totp_secret).at(now() - timedelta(seconds=30)), pyotp.TOTP(shown.totp_secret).now(),
    }  # fmt: skip
    assert run(world, "code", "nobody@voorbeeld.example").exit_code == 1


def test_the_demo_of_one_year_loads_no_case_of_the_present(world):
    assert run(world, "--year", "2014").exit_code == 0
    years = set()
    for ovo_code in {script.ovo_code for script in year_2014.plan()}:
        with transaction(tenant(entity_id(ovo_code))) as session:
            years |= set(session.scalars(select(Case.year)))
    assert years == {2014}
    with transaction(tenant(entity_id(present.OMG))) as session:
        assert session.scalars(select(Case.id).where(Case.year > 2014)).all() == []


@pytest.mark.parametrize("words", [(), ("--year", "2014"), ("code", people.ANALYST.email)])
def test_the_demo_is_refused_where_real_people_are_served(world, monkeypatch, words):
    real = replace(world.app.extensions["settings"], environment=Environment.PRODUCTION)
    monkeypatch.setitem(world.app.extensions, "settings", real)
    answer = run(world, *words)
    assert answer.exit_code == 1
    assert "Refused" in answer.output
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Account.id)).all() == []


def test_the_plan_of_the_present_lies_in_the_past_whenever_it_is_made():
    moment = now()
    plan = present.plan(moment)
    assert all(script.at < moment for script in plan)
    assert all(script.at <= step.at < moment for script in plan for step in script.steps)


def test_the_present_loads_on_the_first_day_of_a_year(world):
    with at(now().replace(month=1, day=1, hour=12)):
        assert run(world).exit_code == 0
    assert verify() == []
