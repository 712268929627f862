"""The year 2014, replayed through the operations of the pages, adds up to what was published."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select, text

from spreekbuis.app import load_shared_data
from spreekbuis.cases.models import Case
from spreekbuis.clock import local_date
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.demo import entities, replay, texts, year_2014
from spreekbuis.demo.scripts import Act, CaseScript
from spreekbuis.directory.catalogue import CATEGORIES, CaseKind, Channel, Outcome
from spreekbuis.figures.published import OWN_SOURCE
from spreekbuis.figures.roll_up import roll_up_all, verify
from spreekbuis.subscriptions.entitlement import entitlement
from spreekbuis.web.access import Role
from tests.figures.test_figures_pages import table, words

COUNTED = (
    "account", "entity", "enrolment", "case", "message", "contact", "case_event", "fact", "figure_delta",
    "audit_event", "membership", "affiliation", "contribution", "job",
)  # fmt: skip


@pytest.fixture
def shared(world):
    with transaction(PLATFORM):
        load_shared_data()
    return world


def replay_2014() -> dict:
    team = entities.staff()
    settled = entities.settle_2014(team)
    replay.play_all(year_2014.plan(), settled, team, lambda done, total: None)
    return settled


def final_kind(script: CaseScript) -> CaseKind:
    """The kind once every step was played."""
    return next((step.kind for step in script.steps if step.kind is not None), script.kind)


def test_the_plan_adds_up_to_the_published_year():
    plan = year_2014.plan()
    kinds = Counter(final_kind(script) for script in plan)
    assert kinds == {CaseKind.REPORT: 78, CaseKind.INFORMATION_REQUEST: 9}
    reports = [script for script in plan if final_kind(script) is CaseKind.REPORT]
    assert Counter(CATEGORIES[s.category].topic for s in reports) == {
        "wellbeing": 66,
        "integrity": 10,
        "private": 2,
    }
    contacts = Counter(script.channel for script in plan)
    contacts += Counter(step.channel for script in plan for step in script.steps if step.channel)
    assert contacts == {Channel.PHONE: 91, Channel.EMAIL: 183}
    scores = [step.score for script in plan for step in script.steps if step.act is Act.SCORE]
    assert (len(scores), sum(scores)) == (50, 209)


def test_the_plan_is_the_same_every_time():
    assert year_2014.plan() == year_2014.plan()


def test_every_contact_of_the_plan_takes_place_in_2014():
    moments = [s.at for s in year_2014.plan()]
    moments += [step.at for s in year_2014.plan() for step in s.steps if step.act is Act.CONTACT]
    assert {local_date(moment).year for moment in moments} == {2014}


def test_the_plan_closes_each_report_with_an_outcome_of_a_report():
    for script in year_2014.plan():
        (outcome,) = [step.outcome for step in script.steps if step.act is Act.CLOSE]
        assert (outcome is Outcome.ANSWERED) == (final_kind(script) is CaseKind.INFORMATION_REQUEST)


def test_the_central_dashboard_shows_the_published_totals_beside_the_history(shared):
    replay_2014()
    roll_up_all()
    analyst = shared.browser(shared.platform_member(Role.CENTRAL_ANALYST))
    page = analyst.get("/central/figures?year=2014").text
    for tile in ("Dossiers in 2014 87", "Meldingen 78", "Infovragen 9", "Contacten 274", "Tevredenheid 4,18"):
        assert tile in words(page)
    assert table(page, "Meldingen per thema") == {"Welzijn": ["66"], "Integriteit": ["10"], "Privé": ["2"]}
    assert table(page, "Contacten per kanaal") == {"E-mail": ["183"], "Telefoon": ["91"]}
    assert table(page, "naast de gepubliceerde cijfers") == {
        "Dossiers": ["87", "87", "0"],
        "Infovragen": ["9", "9", "0"],
        "Meldingen": ["78", "78", "0"],
        "Contacten via telefoon": ["91", "91", "0"],
        "Contacten via e-mail": ["183", "183", "0"],
        "Aandeel welzijn in de meldingen": ["84,6 %", "84,6 %", "0,0 %"],
        "Aandeel integriteit in de meldingen": ["12,8 %", "12,8 %", "0,0 %"],
        "Aandeel privé in de meldingen": ["2,6 %", "2,6 %", "0,0 %"],
        "Tevredenheid op 5": ["4,18", "4,18", "0,00"],
    }
    with transaction(PLATFORM) as session:
        compared = session.scalar(
            text("SELECT count(*) FROM published_figure WHERE source = :s AND year = 2014"), {"s": OWN_SOURCE}
        )
    assert compared == 9
    areas = table(page, "Dossiers per beleidsdomein")
    assert sum(int(n) for (n,) in areas.values()) == 87
    assert verify() == []


def test_the_figures_are_those_of_the_cases_themselves(shared):
    for entity_id in replay_2014().values():
        with transaction(tenant(entity_id)) as session:
            cases = session.scalar(select(func.count()).select_from(Case).where(Case.entity_id == entity_id))
            shown = session.scalar(
                text("SELECT sum(n) FROM figure_delta WHERE dimension = 'cases' AND year = 2014")
            )
        assert cases == shown > 0


def counts() -> dict[str, int]:
    """Rows of every table that a replay writes, seen past the tenants."""
    found = {}
    with transaction(PLATFORM) as session:
        ids = [PLATFORM.entity_id, *session.scalars(text("SELECT id FROM entity"))]
    for entity_id in ids:
        with transaction(tenant(entity_id)) as session:
            for name in COUNTED:
                found[name, entity_id] = session.scalar(text(f'SELECT count(*) FROM "{name}"'))
    return found


def test_replaying_twice_changes_nothing(shared):
    replay_2014()
    before = counts()
    assert sum(n for (name, _), n in before.items() if name == "case") == 87
    replay_2014()
    assert counts() == before
    assert verify() == []


def test_a_replay_that_was_cut_off_goes_on_where_it_stopped(shared):
    team = entities.staff()
    settled = entities.settle_2014(team)
    script = next(s for s in year_2014.plan() if len(s.steps) > 5)
    for cut in range(len(script.steps)):
        replay.play(replace(script, steps=script.steps[:cut]), settled[script.ovo_code], team)
    replay_2014()
    before = counts()
    assert sum(n for (name, _), n in before.items() if name == "case") == 87
    assert sum(n for (name, _), n in before.items() if name == "contact") == 274


def test_every_case_of_the_plan_is_opened_in_an_entity_that_is_entitled_that_day(shared):
    settled = replay_2014()
    with transaction(CONTRIBUTIONS):
        for script in year_2014.plan():
            answer = entitlement(settled[script.ovo_code], local_date(script.at))
            assert answer.entitled, (script.key, answer.basis)


def test_a_case_in_an_entity_without_service_is_refused(shared):
    team = entities.staff()
    settled = entities.settle_2014(team)
    script = year_2014.plan()[0]
    with transaction(PLATFORM):
        db.session.execute(text("UPDATE entity SET service_until = NULL"))
    with pytest.raises(replay.NotEntitled):
        replay.play(script, settled[script.ovo_code], team)


def test_nobody_is_named_in_the_plan():
    said = [*texts.QUESTIONS, *texts.CLOSINGS, *texts.ANSWERS, *texts.CONTACT_NOTES, *texts.ACKNOWLEDGEMENTS]
    said += [t for variants in texts.REPORTS.values() for t in variants]
    for sentence in said:
        inside = [w for part in sentence.replace("?", ".").split(". ") for w in part.split()[1:]]
        assert not [w for w in inside if w[:1].isupper()], sentence
