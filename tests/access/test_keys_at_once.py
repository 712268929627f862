"""Two changes of the keys at the same moment: one waits for the other, and nobody gets more or less than alone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import delete, event, select, text

from spreekbuis.access import recovery
from spreekbuis.access.desk_keys import (
    DeskIsOpen,
    desk_secrets,
    end_unused_keys,
    grant_desk_keys,
    newest_key,
    open_shut_desk,
    readers_of,
    renew_desk_key,
    take_desk_keys,
)
from spreekbuis.access.models import (
    CaseKey,
    Desk,
    DeskKey,
    DeskKeyGrant,
    Membership,
    RecoveryKey,
)
from spreekbuis.cases import opening
from spreekbuis.cases.opening import open_case
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.web.access import Role
from tests.at_once import PATIENCE, begin, beside, one_then_other, until_it_waits
from tests.cases.conftest import a_new_case

INTEGRITY = DeskKind.INTEGRITY
GATE = 4711


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def desk(entity):
    return entity.desks[INTEGRITY]


@pytest.fixture
def reader(world, entity):
    return world.member(entity, Role.HANDLER, INTEGRITY)


@pytest.fixture
def newcomer(world, entity):
    """A handler to whom nobody granted the key yet."""
    account = world.member(entity, Role.HANDLER, INTEGRITY)
    with world.inside(entity) as session:
        session.execute(delete(DeskKeyGrant).where(DeskKeyGrant.account_id == account))
    return account


def renew(desk):
    renew_desk_key(desk, readers_of(desk))


def versions(world, entity, desk):
    with world.inside(entity) as session:
        wanted = select(DeskKey.version).where(DeskKey.desk_id == desk).order_by(DeskKey.version)
        return session.scalars(wanted).all()


def read_by(world, entity, desk, account):
    with world.inside(entity):
        return set(desk_secrets(desk, account, world.secrets[account]))


def test_two_renewals_at_once_follow_each_other(world, entity, desk, reader):
    world.case(entity)
    one_then_other(world, entity, lambda: renew(desk), lambda: renew(desk))
    assert versions(world, entity, desk) == [1, 3]
    assert read_by(world, entity, desk, reader) == {1, 3}


def test_a_desk_that_two_open_at_once_is_opened_once(world, entity, desk, newcomer):
    world.case(entity)
    with pytest.raises(DeskIsOpen):
        one_then_other(world, entity, lambda: open_shut_desk(desk), lambda: open_shut_desk(desk))
    assert versions(world, entity, desk) == [1, 2]


def test_who_is_granted_the_keys_during_a_renewal_gets_the_new_one_too(world, entity, desk, reader, newcomer):
    world.case(entity)
    one_then_other(
        world, entity, lambda: renew(desk),
        lambda: grant_desk_keys(desk, reader, world.secrets[reader], [newcomer]),
    )  # fmt: skip
    assert read_by(world, entity, desk, newcomer) == {1, 2}


def test_who_leaves_during_a_renewal_keeps_none_of_its_keys(world, entity, desk, reader, newcomer):
    world.case(entity)
    leaver = world.member(entity, Role.HANDLER, INTEGRITY)

    def renew_and_report():
        renew(desk)
        open_case(a_new_case())

    def leave():
        db.session.execute(delete(Membership).where(Membership.account_id == leaver))
        take_desk_keys(desk, [leaver])

    one_then_other(world, entity, renew_and_report, leave)
    with world.inside(entity) as session:
        assert not session.scalars(
            select(DeskKeyGrant.version).where(DeskKeyGrant.account_id == leaver)
        ).all()
    assert read_by(world, entity, desk, reader) == {1, 2, 3}


def test_two_first_kits_at_once_are_one_and_then_another(world):
    """Also where no desk stands in the way of the second."""
    entity = world.entity()
    officers = [world.member(entity, Role.ENTITY_ADMINISTRATOR) for _ in range(2)]
    with world.inside(entity) as session:
        for table in (DeskKey, RecoveryKey, Desk):
            session.execute(delete(table))
    made = [0, 0]

    def make(place):
        made[place] = recovery.make_kit(officers)

    one_then_other(world, entity, lambda: make(0), lambda: make(1))
    with world.inside(entity) as session:
        in_force = session.scalars(select(RecoveryKey.id).where(RecoveryKey.ended_at.is_(None))).all()
        assert in_force == [made[1]]
        assert recovery.kits_in_use() == in_force


def test_who_is_granted_the_keys_while_a_kit_is_made_keeps_reading(world, entity, desk, reader, newcomer):
    world.case(entity)
    one_then_other(
        world, entity, lambda: grant_desk_keys(desk, reader, world.secrets[reader], [newcomer]),
        lambda: recovery.make_kit([reader, newcomer]),
    )  # fmt: skip
    assert read_by(world, entity, desk, newcomer) == {1, 2}


# -- what is chosen stays until it is used -----------------------------------------------------------------------------


def test_a_key_that_somebody_chose_stays_until_they_are_done(world, entity, desk, reader):
    with world.inside(entity):
        chosen = newest_key(desk)
        beside(world, entity, lambda: renew(desk))
        assert beside(world, entity, lambda: db.session.get(DeskKey, (entity.id, desk, chosen[0])))
    beside(world, entity, lambda: end_unused_keys(desk))
    assert versions(world, entity, desk) == [2]


def test_a_renewal_between_choosing_a_key_and_writing_a_case_harms_no_report(
    world, entity, desk, reader, monkeypatch
):
    sealed = opening.sealed_to_desk

    def renewed_meanwhile(*given):
        beside(world, entity, lambda: renew(desk))
        return sealed(*given)

    monkeypatch.setattr(opening, "sealed_to_desk", renewed_meanwhile)
    with world.inside(entity):
        open_case(a_new_case())
    with world.inside(entity) as session:
        assert session.scalars(select(CaseKey.version)).all() == [1]
    assert versions(world, entity, desk) == [1, 2]


def test_a_report_that_waits_for_a_key_that_is_ended_takes_the_next(world, entity, desk, reader):
    """The renewal ends the first key, which nothing needs, while the report waits to take it."""
    chosen = one_then_other(world, entity, lambda: renew(desk), lambda: newest_key(desk)[0])
    assert chosen == 2


def test_a_key_that_is_taken_up_while_the_unused_are_sought_is_not_ended(world, entity, desk, reader):
    """The report commits after the look at which keys are needed, and before the key could be held."""
    with ThreadPoolExecutor(1) as pool, gate_in_the_look_for_free_keys(), world.inside(entity):
        # this transaction holds the gate, so that the renewal looks and then waits
        db.session.execute(text("SELECT pg_advisory_xact_lock(:gate)"), {"gate": GATE})
        with ThreadPoolExecutor(1) as reporting:
            looked, reported = _report_that_waits(world, entity, reporting)
            renewing = begin(pool, world, entity, lambda: renew(desk))
            until_it_waits(renewing)
            looked.set()
            reported.result(PATIENCE)
        db.session.commit()
        renewing.result(PATIENCE)
    assert versions(world, entity, desk) == [1, 2]
    with world.inside(entity) as session:
        assert session.scalars(select(CaseKey.version)).all() == [1]


def _report_that_waits(world, entity, pool):
    """A report that took the key; it commits when the event is set."""
    taken, may_end = Event(), Event()

    def report():
        open_case(a_new_case())
        db.session.flush()
        taken.set()
        assert may_end.wait(PATIENCE)

    reporting = begin(pool, world, entity, report)
    assert taken.wait(PATIENCE)
    return may_end, reporting


@contextmanager
def gate_in_the_look_for_free_keys() -> Iterator[None]:
    """The look for keys that nobody needs waits at GATE after its snapshot was taken, before it holds any."""

    def with_gate(_connection, _cursor, statement, parameters, _context, _many):
        if "FOR UPDATE SKIP LOCKED" in statement and "FROM desk_key" in statement:
            statement = statement.replace(
                "FOR UPDATE SKIP LOCKED",
                f"AND (SELECT pg_advisory_xact_lock_shared({GATE})::text) IS NOT NULL FOR UPDATE SKIP LOCKED",
            )
        return statement, parameters

    event.listen(db.engine, "before_cursor_execute", with_gate, retval=True)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", with_gate)
