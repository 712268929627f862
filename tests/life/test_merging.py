"""A merge as the central office does it: what stops it, what goes on working, what is undone, and killed workers."""

import os
import signal
import subprocess
import sys
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from spreekbuis.access.models import DeskAddress, DeskLetter, MembershipLookup
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited, first_break, holds_at, taken_over
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.related import link
from spreekbuis.cases.workflow import acknowledge
from spreekbuis.clock import now
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.entities.merging import (
    CannotMerge,
    NotNow,
    Obstacle,
    SamePerson,
    begin,
    confirm,
    plan,
    undo,
)
from spreekbuis.entities.models import EntityMerge, MergeState
from spreekbuis.figures.models import Fact, FigureCell
from spreekbuis.figures.roll_up import roll_up_all, verify
from spreekbuis.intake.models import Receipt
from spreekbuis.jobs import worker
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.web.access import Role
from tests.conftest import SECRET
from tests.intake.flow import STORY, Reporter, words

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


@pytest.fixture
def two(world):
    return world.entity(), world.entity()


@pytest.fixture
def office(world):
    return world.platform_member(Role.CENTRAL_ANALYST), world.platform_member(Role.CENTRAL_ANALYST)


def begun(source, target, account_id) -> UUID:
    with acting_as(Actor("account", account_id)), transaction(PLATFORM):
        return begin(source.id, target.id).id


def at_work(merge_id: UUID) -> None:
    """Do the job of the merge, as the worker would; what it left lying first."""
    with transaction(PLATFORM) as session:
        job_id = session.get_one(EntityMerge, merge_id).job_id
        session.execute(
            update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(state=JobState.WAITING)
        )
    worker.do(job_id)
    with transaction(PLATFORM) as session:
        row = session.get_one(Job, job_id)
        assert row.state == JobState.DONE, row.error


def merged(source, target, account_id) -> UUID:
    merge_id = begun(source, target, account_id)
    at_work(merge_id)
    return merge_id


def state_of(merge_id: UUID) -> str:
    with transaction(PLATFORM) as session:
        return session.get_one(EntityMerge, merge_id).state


def totals() -> list:
    """All that the figures count, over all entities."""
    with transaction(PLATFORM):
        roll_up_all()
        assert verify() == []
    found: dict = {}
    with transaction(PLATFORM) as session:
        ids = session.scalars(select(Entity.id)).all()
    for entity_id in ids:
        with transaction(tenant(entity_id)) as session:
            for cell in session.scalars(select(FigureCell)):
                place = (cell.year, cell.dimension, cell.value)
                n, total = found.get(place, (0, 0))
                found[place] = (n + cell.n, total + cell.total)
    return sorted((place, value) for place, value in found.items() if value != (0, 0))


def test_receipts_and_open_mailboxes_go_on_working(world, two, office):
    source, target = two
    before, inside = Reporter(world.browser(), source), Reporter(world.browser(), source)
    code, other = (" ".join(words(one.report(text=f"{STORY} {n}"))) for n, one in enumerate((before, inside)))
    inside.open_mailbox(other)
    assert STORY in inside.browser.get("/inbox").text
    merged(source, target, office[0])
    assert f"{STORY} 1" in inside.browser.get("/inbox").text
    before.open_mailbox(code)
    assert f"{STORY} 0" in before.browser.get("/inbox").text
    with transaction(PLATFORM) as session:
        assert set(session.scalars(select(Receipt.tenant_id))) == {target.id}


def test_totals_stay_equal_and_later_changes_correct_the_year_in_which_it_was_counted(world, two, office):
    source, target = two
    account = world.member(source, Role.HANDLER, INTEGRITY)
    cases = [world.case(source) for _ in range(4)]
    world.case(target)
    before = totals()
    merged(source, target, office[0])
    assert totals() == before
    with acting_as(Actor("account", account)), world.inside(target) as session:
        case = session.get_one(Case, (target.id, cases[0]))
        acknowledge(case, key_of(case.id, world.reader(account)), "Dank je")
    do_all("cases.correct_fact")
    for entity, facts in ((source, 4), (target, 1)):
        with world.inside(entity) as session:
            assert session.scalar(select(func.count()).select_from(Fact)) == facts
    with world.inside(source) as session:
        assert session.scalar(select(func.count()).where(Fact.days_to_acknowledge == 0)) == 1
    assert dict(totals())[now().year, "cases", "all"] == (5, 0)


def do_all(name: str) -> None:
    with transaction(PLATFORM) as session:
        waiting = session.scalars(select(Job.id).where(Job.name == name, Job.state == JobState.WAITING)).all()
    assert waiting
    for job_id in waiting:
        worker.do(job_id)


def test_the_trail_of_each_is_whole_and_names_the_other(world, two, office):
    source, target = two
    world.case(source)
    merged(source, target, office[0])
    with world.inside(source) as session:
        assert first_break() is None
        last = session.scalars(select(AuditEvent).order_by(AuditEvent.sequence.desc()).limit(1)).one()
        assert (last.kind, last.data["into"]) == (Audited.ENTITY_WENT_OVER, str(target.id))
        hash_, sequence = last.hash, last.sequence
    with world.inside(target):
        assert first_break() is None
        assert taken_over() == [(source.id, sequence, hash_)]
    with world.inside(source):
        assert holds_at(sequence, hash_)
        assert not holds_at(sequence - 1, hash_)


def test_a_plan_says_what_would_happen_and_changes_nothing(world, two):
    source, target = two
    world.member(source, Role.HANDLER, INTEGRITY)
    world.case(source)
    with transaction(PLATFORM):
        found = plan(source.id, target.id)
    assert (found.desks, found.cases, found.open_cases, found.members) == (2, 1, 1, 1)
    assert found.obstacles == ()
    with transaction(PLATFORM) as session:
        assert session.get_one(Entity, source.id).status == EntityStatus.ACTIVE


def test_what_stands_in_the_way_is_said_and_refused(world, two, office):
    source, target = two
    with transaction(PLATFORM) as session:
        desk = session.scalars(select(DeskAddress).where(DeskAddress.tenant_id == source.id).limit(1)).one()
        session.add(
            DeskLetter(
                id=UUID(int=7),
                from_id=target.id,
                to_id=source.id,
                desk_id=desk.desk_id,
                version=1,
                sent_at=now(),
            )
        )
    with transaction(PLATFORM):
        assert plan(source.id, target.id).obstacles == (Obstacle.LETTERS,)
        assert plan(source.id, source.id).obstacles == (Obstacle.SAME, Obstacle.LETTERS)
    with pytest.raises(CannotMerge):
        begun(source, target, office[0])
    begun(target, source, office[0])
    with transaction(PLATFORM):
        assert Obstacle.MERGING in plan(source.id, target.id).obstacles


def test_a_second_person_confirms_and_then_nothing_is_undone(world, two, office):
    source, target = two
    merge_id = merged(source, target, office[0])
    with pytest.raises(SamePerson), acting_as(Actor("account", office[0])), transaction(PLATFORM):
        confirm(merge_id)
    with acting_as(Actor("account", office[1])), transaction(PLATFORM):
        confirm(merge_id)
    for act in (undo, confirm):
        with pytest.raises(NotNow), acting_as(Actor("account", office[1])), transaction(PLATFORM):
            act(merge_id)


def test_until_it_is_confirmed_all_comes_back_with_what_was_written_meanwhile(world, two, office):
    source, target = two
    reporter = Reporter(world.browser(), source)
    code = " ".join(words(reporter.report()))
    account = world.member(source, Role.HANDLER, INTEGRITY)
    case_id, own = world.case(source), world.case(target)
    before = totals()
    merge_id = merged(source, target, office[0])
    with acting_as(Actor("account", account)), world.inside(target) as session:
        case = session.get_one(Case, (target.id, case_id))
        acknowledge(case, key_of(case_id, world.reader(account)), "Dank je")
    with acting_as(Actor("account", office[0])), transaction(PLATFORM):
        undo(merge_id)
    at_work(merge_id)
    do_all("cases.correct_fact")
    assert state_of(merge_id) == MergeState.UNDONE
    with world.inside(source) as session:
        case = session.get_one(Case, (source.id, case_id))
        assert (case.acknowledged_at is not None, case.counted_in_id) == (True, None)
        key_of(case_id, world.reader(account))
    with world.inside(target) as session:
        assert session.scalars(select(Case.id)).all() == [own]
    reporter.open_mailbox(code)
    assert STORY in reporter.browser.get("/inbox").text
    with transaction(PLATFORM) as session:
        entity = session.get_one(Entity, source.id)
        assert (entity.status, entity.succeeded_by_id) == (EntityStatus.ACTIVE, None)
        lookups = session.scalars(
            select(MembershipLookup.tenant_id).where(MembershipLookup.account_id == account)
        ).all()
        assert lookups == [source.id]
        assert session.scalar(select(func.count()).where(DeskAddress.tenant_id == source.id)) == 2
    assert Reporter(world.browser(), source).report().status_code == 200
    assert dict(totals())[now().year, "cases", "all"][0] == dict(before)[now().year, "cases", "all"][0] + 1
    begun(source, target, office[0])  # and it can be done again


KILLED = """
import os, signal, sys
from uuid import UUID
from spreekbuis.app import create_app
from spreekbuis.entities import merging, moving
from spreekbuis.jobs import worker
from spreekbuis.settings import Settings

steps, at = iter(range(1000)), int(sys.argv[2])
moving.move_some.__defaults__ = (5,)
def dying(real):
    def step(*args, **kwargs):
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return step
for name in ("_insert", "_lead_there", "close_way"):
    setattr(moving, name, dying(getattr(moving, name)))
merging.close_way = moving.close_way
app = create_app(Settings.from_environment(os.environ), pool_size=2)
with app.app_context():
    worker.do(UUID(sys.argv[1]))
"""


def test_a_merge_whose_worker_is_killed_five_times_completes_exactly_once(
    app, world, two, office, database, tmp_path
):
    source, target = two
    who = world.reader(world.member(source, Role.HANDLER, INTEGRITY))
    cases = [world.case(source, text=f"Verhaal {number}") for number in range(50)]
    for one, another in zip(cases[::7], cases[20::7], strict=False):
        with acting_as(Actor("account", who.account_id)), world.inside(source) as session:
            link(session.get_one(Case, (source.id, one)), session.get_one(Case, (source.id, another)))
    reporters = [Reporter(world.browser(), source) for _ in range(3)]
    codes = [" ".join(words(reporter.report(category="fraud"))) for reporter in reporters]
    before = totals()
    merge_id = begun(source, target, office[0])
    with transaction(PLATFORM) as session:
        job_id = session.get_one(EntityMerge, merge_id).job_id
    env = {
        **os.environ, "SPREEKBUIS_ENV": "test", "SECRET_KEY": SECRET, "DATABASE_URL": database["app"],
        "DATABASE_FIGURES_URL": database["figures"], "REDIS_URL": os.environ["SPREEKBUIS_TEST_REDIS_URL"],
        "SPREEKBUIS_DATA": str(tmp_path), "BASE_URL": "http://localhost",
    }  # fmt: skip
    seen = set()
    for at in (0, 1, 4, 5, 7):
        with transaction(PLATFORM) as session:
            session.execute(update(Job).where(Job.id == job_id).values(state=JobState.WAITING))
        ended = subprocess.run([sys.executable, "-c", KILLED, str(job_id), str(at)], env=env, check=False)
        assert ended.returncode == -signal.SIGKILL
        there = {}
        for entity in two:
            with world.inside(entity) as session:
                there[entity.id] = set(session.scalars(select(Case.id)))
        assert set(cases) <= there[source.id] | there[target.id]
        assert not there[source.id] & there[target.id]
        seen.add(len(there[target.id]))
    assert len(seen) > 2
    at_work(merge_id)
    assert state_of(merge_id) == MergeState.MOVED
    assert totals() == before
    with world.inside(target) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 53
        took = session.scalars(select(AuditEvent).where(AuditEvent.kind == Audited.ENTITY_TOOK_OVER)).all()
        assert len(took) == 1
        assert first_break() is None
        for case_id in cases:
            key_of(case_id, who)
    for reporter, code in zip(reporters, codes, strict=True):
        reporter.open_mailbox(code)
        assert STORY in reporter.browser.get("/inbox").text
