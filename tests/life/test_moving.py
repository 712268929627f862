"""Desks with their cases move to another entity: every table by itself, and nothing opens or shuts by it."""

import pytest
from sqlalchemy import delete, func, select

from spreekbuis.access.desk_keys import NoKeyYet, open_shut_desk, renew_desk_key
from spreekbuis.access.desks import DeskIsMoving
from spreekbuis.access.models import CaseKey, Desk, DeskKey, DeskKeyGrant, Membership
from spreekbuis.access.provisioning.models import DirectoryGrant
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.models import Case
from spreekbuis.db.base import Moves, SharedTable, TenantTable
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.entities.moving import (
    Way,
    cases_left,
    close_way,
    move_some,
    open_way,
    tables_that,
    tables_that_lead,
)
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.web.access import Role
from tests.security.rows import RowFactory

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING
TEXT = "Wat alleen het loket mag lezen"
FOLLOWED = {
    "desk_address", "desk_letter", "membership_lookup", "invitation", "job", "receipt", "reporter_session",
}  # fmt: skip
"""Shared tables that name an entity and are brought along: tests/life asks it of each."""
LEFT = {
    "draft_stock": "counts what waits to be sent at the entity itself",
    "saved_draft": "a report that was not sent yet; its page says where to go",
    "training_place": "was asked for and counted in the name of the entity itself",
    "citizens_host": "the host of 1700 is not merged",
}


def test_every_table_says_how_it_moves():
    for name, table in mapped_tables().items():
        if issubclass(table, TenantTable):
            has_case = name == "case" or "case_id" in table.__table__.columns
            assert has_case or table.moves is not None, name


def test_every_shared_table_that_names_a_tenant_follows_or_says_why_not():
    naming = {
        name
        for name, table in mapped_tables().items()
        if issubclass(table, SharedTable) and {"tenant_id", "to_id"} & set(table.__table__.columns.keys())
    }
    assert naming == FOLLOWED | LEFT.keys()
    assert {table.name for table in tables_that_lead()} <= FOLLOWED


def way_of(source, target) -> Way:
    return Way(source.id, target.id, tuple(source.desks.values()))


def move_all(way: Way) -> None:
    with transaction(PLATFORM):
        open_way(way)
    while True:
        with transaction(PLATFORM):
            if not move_some(way, 2):
                break
    with transaction(PLATFORM):
        close_way(way)


def text_of(world, entity, case_id, who) -> str:
    with world.inside(entity):
        return read_dialogue(key_of(case_id, who), internal=True)[0].text


@pytest.fixture
def two(world):
    return world.entity(), world.entity()


def test_a_row_of_every_table_goes_along_and_comes_back_as_it_was(app, engines):
    tables = [*tables_that(Moves.WITH_DESK), *tables_that(Moves.WITH_CASE)]
    with engines.admin.begin() as connection:
        rows = RowFactory(connection)
        source, target = rows.entity(), rows.entity()
        for table in mapped_tables().values():
            if issubclass(table, TenantTable):
                rows.row(table.__table__, source)
        connection.execute(delete(DirectoryGrant))  # a merge waits until no directory gives roles any more
        desk = rows.row(Desk.__table__, source)["id"]
    before = everything(engines.admin, tables)
    assert all(before[source][table.name] for table in tables)
    there, back = Way(source, target, (desk,)), Way(target, source, (desk,))
    move_all(there)
    after = everything(engines.admin, tables)
    assert (after[target], after.get(source)) == (before[source], None)
    move_all(back)
    assert everything(engines.admin, tables) == before


def everything(admin, tables) -> dict:
    """The rows by entity and table, without what a move is meant to change."""
    found: dict = {}
    with admin.connect() as connection:
        for table in tables:
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
                kept = {k: v for k, v in row.items() if k not in ("entity_id", "counted_in_id")}
                found.setdefault(row["entity_id"], {}).setdefault(table.name, []).append(kept)
    return found


def test_whoever_read_goes_on_reading_and_nobody_else_begins(world, two):
    source, target = two
    who = world.reader(world.member(source, Role.HANDLER, INTEGRITY))
    stranger = world.reader(world.member(target, Role.HANDLER, INTEGRITY))
    other_desk = world.reader(world.member(source, Role.HANDLER, WELLBEING))
    cases = [world.case(source, text=f"{TEXT} {number}") for number in range(5)]
    own = world.case(target, text="Van hier")
    move_all(way_of(source, target))
    for number, case_id in enumerate(cases):
        assert text_of(world, target, case_id, who) == f"{TEXT} {number}"
        for nobody in (stranger, other_desk):
            with pytest.raises(NoKeyYet), world.inside(target):
                key_of(case_id, nobody)
    assert text_of(world, target, own, stranger) == "Van hier"
    with pytest.raises(NoKeyYet), world.inside(target):
        key_of(own, who)
    with world.inside(source) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0
        assert session.scalar(select(func.count()).select_from(DeskKey)) == 0
        assert session.scalar(select(func.count()).select_from(DeskKeyGrant)) == 0
        assert session.scalar(select(func.count()).select_from(Membership)) == 0


def test_rows_that_were_copied_to_another_entity_open_for_nobody_there(world, two):
    """Whoever may write in the database makes a desk, a grant and a key look like their own."""
    source, target = two
    stranger = world.reader(world.member(target, Role.HANDLER, INTEGRITY))
    case_id = world.case(source, text=TEXT)
    move_all(way_of(source, target))
    here, there = target.desks[INTEGRITY], source.desks[INTEGRITY]
    with world.inside(target) as session:
        mine = session.scalars(select(DeskKeyGrant).where(DeskKeyGrant.desk_id == here)).one()
        session.add(
            DeskKeyGrant(
                entity_id=target.id, desk_id=there, version=1, account_id=stranger.account_id,
                key_id=mine.key_id, secret_sealed=mine.secret_sealed,
            )
        )  # fmt: skip
    with pytest.raises(CannotOpen), world.inside(target):
        key_of(case_id, stranger)
    with world.inside(
        target
    ) as session:  # nor does the key of the case under the key of the stranger's own desk
        session.scalars(select(CaseKey).where(CaseKey.case_id == case_id)).one().desk_id = here
    with pytest.raises(CannotOpen), world.inside(target):
        key_of(case_id, stranger)


def test_while_it_moves_a_case_is_at_one_of_both_and_access_stands_still(world, two):
    source, target = two
    who = world.reader(world.member(source, Role.HANDLER, INTEGRITY))
    cases = {world.case(source, text=TEXT) for _ in range(5)}
    way = way_of(source, target)
    with transaction(PLATFORM):
        open_way(way)
    with transaction(PLATFORM):
        assert move_some(way, 2) == 2
        assert cases_left(way) == 3
    at: dict = {}
    for entity in two:
        with world.inside(entity) as session:
            at[entity.id] = set(session.scalars(select(Case.id)))
        for case_id in at[entity.id]:
            assert text_of(world, entity, case_id, who) == TEXT
        with pytest.raises(DeskIsMoving), world.inside(entity):
            renew_desk_key(source.desks[INTEGRITY], [])
        with pytest.raises(DeskIsMoving), world.inside(entity):
            open_shut_desk(source.desks[INTEGRITY])
    assert at[source.id] | at[target.id] == cases
    assert not at[source.id] & at[target.id]


def test_a_desk_that_came_takes_no_new_case_and_keeps_its_numbers(world, two):
    source, target = two
    old = world.case(source)
    move_all(way_of(source, target))
    new = world.case(target)
    with world.inside(target) as session:
        desks = dict(session.execute(select(Case.id, Case.desk_id)).all())
        numbers = set(session.scalars(select(Case.number)))
    assert desks == {old: source.desks[INTEGRITY], new: target.desks[INTEGRITY]}
    assert numbers == {1}
    with world.inside(source):
        assert db.session.scalars(select(Desk.went_to_id).distinct()).all() == [target.id]
