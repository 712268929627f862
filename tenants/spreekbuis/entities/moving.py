"""Move desks and their cases from one entity to another, row by row, as they stand.

Nothing is opened or sealed again: what is sealed is bound to its case and its desk, and both keep their id and their
keys. Which tables there are is read from the models, so that a new one goes along by itself (db.base.Moves). Every
statement runs in the scope of the entity whose rows it touches: the policies hold all the way.

First a way is opened: both entities have the desks, their keys and members. Then cases go, some at a time, each in one
transaction with all that hangs on them and all that leads to them. Then the way is closed. A case is at one of the two
at any moment, and whoever stops in between goes on where it stopped.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or

from spreekbuis.access.desk_keys import newest_key, publish_address
from spreekbuis.access.models import (
    CaseKeyForRecovery,
    Desk,
    DeskAddress,
    DeskKey,
    DeskLetter,
    Invitation,
    Membership,
    MembershipLookup,
    RecoveryKey,
    RecoveryShare,
)
from spreekbuis.access.roles import holds_today
from spreekbuis.cases.models import Case, Referral
from spreekbuis.clock import now
from spreekbuis.db.base import Base, Moves, SharedTable, TenantTable
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import db, within
from spreekbuis.jobs.models import Job, JobState

AT_ONCE = 100
"""Cases of one transaction."""
type_rows = dict[str, list[dict[str, Any]]]


class Way(NamedTuple):
    """From which entity to which, and which desks."""

    source: UUID
    target: UUID
    desks: tuple[UUID, ...]


def tables_that(moves: Moves) -> list[Table]:
    """The tables of tenants whose rows move so, each after those to which it refers."""
    declared = mapped_tables()
    found = []
    for table in Base.metadata.sorted_tables:
        kind = declared[table.name]
        if issubclass(kind, TenantTable) and (kind.moves or Moves.WITH_CASE) is moves:
            found.append(table)
    return found


def tables_that_lead() -> list[Table]:
    """The shared tables that say at which entity a case is."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if issubclass(mapped_tables()[table.name], SharedTable)
        and {"tenant_id", "case_id"} <= set(table.c.keys())
    ]


def open_way(way: Way) -> None:
    """Give the target the desks with their keys and members as they are. From here on these stand still on both sides,
    until the way is closed; and the source is told to nobody any more as a place to send to."""
    at_source = (Desk.entity_id == way.source, Desk.id.in_(way.desks))
    with within(way.source):
        db.session.execute(
            update(Desk)
            .where(*at_source)
            .values(went_to_id=way.target, moving=True)
            .execution_options(synchronize_session=False)
        )
        desks = _rows(select(Desk.__table__).where(*at_source))
        kits = _kits_of(way)
        keys = _rows(
            select(RecoveryKey.__table__).where(RecoveryKey.entity_id == way.source, RecoveryKey.id.in_(kits))
        )
        shares = _rows(
            select(RecoveryShare.__table__).where(
                RecoveryShare.entity_id == way.source, RecoveryShare.kit_id.in_(kits)
            )
        )
        along = {table.name: _rows(_of_desks(table, way)) for table in tables_that(Moves.WITH_DESK)}
    with within(way.target):
        _desks_arrive(way, desks)
        # a kit that came along is none in force here: its papers open what is under it, as those of an older kit
        _insert_new(
            RecoveryKey.__table__, way, [{**key, "ended_at": key["ended_at"] or now()} for key in keys]
        )
        _insert_new(RecoveryShare.__table__, way, shares)
        _insert(way, along)
    people = {row["account_id"] for row in along[Membership.__tablename__]}
    if people:
        lookups = [{"account_id": account_id, "tenant_id": way.target} for account_id in people]
        db.session.execute(insert_or(MembershipLookup).values(lookups).on_conflict_do_nothing())
    db.session.execute(
        delete(DeskAddress).where(DeskAddress.tenant_id == way.source, DeskAddress.desk_id.in_(way.desks))
    )
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.tenant_id == way.source,
            Invitation.desk_id.in_(way.desks),
            Invitation.accepted_at.is_(None),
        )
        .values(tenant_id=way.target)
    )


def move_some(way: Way, at_most: int = AT_ONCE) -> int:
    """Move the next cases, with those that are linked to them; gives how many. 0: none is left."""
    tables = tables_that(Moves.WITH_CASE)
    with within(way.source):
        cases = _next_cases(way, at_most, tables)
        if not cases:
            return 0
        moved: type_rows = {}
        for table in tables:
            moved[table.name] = _rows(
                select(table).where(table.c.entity_id == way.source, _of_cases(table, cases))
            )
    for case in moved[Case.__tablename__]:
        counted_in = case["counted_in_id"] or way.source
        case["counted_in_id"] = None if counted_in == way.target else counted_in
    with within(way.target):
        _insert(way, moved)
    with within(way.source):
        for table in reversed(tables):
            db.session.execute(delete(table).where(table.c.entity_id == way.source, _of_cases(table, cases)))
    _lead_there(way, cases, moved)
    return len(cases)


def cases_left(way: Way) -> int:
    """How many cases are still at the source."""
    with within(way.source):
        counted = select(func.count()).where(Case.entity_id == way.source, Case.desk_id.in_(way.desks))
        return db.session.scalar(counted) or 0


def close_way(way: Way) -> None:
    """All cases are at the target: the source keeps neither the keys of the desks nor their members."""
    with within(way.source):
        people = set(
            db.session.scalars(
                select(Membership.account_id).where(
                    Membership.entity_id == way.source, Membership.desk_id.in_(way.desks)
                )
            )
        )
        for table in reversed(tables_that(Moves.WITH_DESK)):
            db.session.execute(delete(table).where(table.c.entity_id == way.source, _at_desks(table, way)))
        db.session.execute(
            delete(MembershipLookup).where(
                MembershipLookup.tenant_id == way.source,
                MembershipLookup.account_id.in_(people),
                ~exists().where(holds_today(), Membership.account_id == MembershipLookup.account_id),
            )
        )
        _stand_still(way.source, way.desks, moving=False)
    with within(way.target):
        _stand_still(way.target, way.desks, moving=False)
        for desk_id in way.desks:
            newest = newest_key(desk_id)
            if newest is not None:
                publish_address(desk_id, *newest)  # says nothing of a desk that takes no new cases


def _stand_still(entity_id: UUID, desks: Collection[UUID], *, moving: bool) -> None:
    db.session.execute(
        update(Desk)
        .where(Desk.entity_id == entity_id, Desk.id.in_(desks))
        .values(moving=moving)
        .execution_options(synchronize_session=False)
    )


def _kits_of(way: Way) -> set[UUID]:
    """The recovery kits whose papers open something of these desks."""
    return {
        kit_id
        for table in (DeskKey, CaseKeyForRecovery)
        for kit_id in db.session.scalars(
            select(table.kit_id).where(table.entity_id == way.source, table.desk_id.in_(way.desks))
        )
    }


def _desks_arrive(way: Way, desks: Iterable[dict[str, Any]]) -> None:
    """A desk that comes finishes what it has. One that comes back is what it was."""
    for desk in desks:
        arrived = insert_or(Desk).values(
            {**desk, "entity_id": way.target, "came_from_id": way.source, "went_to_id": None, "moving": True}
        )
        db.session.execute(
            arrived.on_conflict_do_update(
                index_elements=["entity_id", "id"], set_={"went_to_id": None, "moving": True}
            )
        )


def _next_cases(way: Way, at_most: int, tables: Collection[Table]) -> set[UUID]:
    """The oldest cases, held against everybody who writes on them, with all that is linked to them: a link between two
    cases refers to both."""
    mine = (Case.entity_id == way.source, Case.desk_id.in_(way.desks))
    asked = select(Case.id).where(*mine).order_by(Case.id).limit(at_most).with_for_update()
    cases: set[UUID] = set()
    fresh = set(db.session.scalars(asked))
    while fresh:
        cases |= fresh
        fresh = {
            other
            for table in tables
            for one, two in _links_in(table)
            for this, that in ((one, two), (two, one))
            for other in db.session.scalars(
                select(that).where(table.c.entity_id == way.source, this.in_(cases))
            )
        } - cases
        if fresh:
            db.session.execute(select(Case.id).where(*mine, Case.id.in_(fresh)).with_for_update())
    return cases


def _links_in(table: Table) -> list[tuple[Any, Any]]:
    """Where a row of the table refers to a second case."""
    if "case_id" not in table.c:
        return []
    return [
        (table.c.case_id, element.parent)
        for key in table.foreign_key_constraints
        for element in key.elements
        if element.column.table.name == Case.__tablename__
        and element.column.name == "id"
        and element.parent.name != "case_id"
    ]


def _of_cases(table: Table, cases: Collection[UUID]) -> ColumnElement[bool]:
    column = table.c.id if table.name == Case.__tablename__ else table.c.case_id
    return column.in_(cases)


def _of_desks(table: Table, way: Way) -> Select[Any]:
    return select(table).where(table.c.entity_id == way.source, _at_desks(table, way))


def _at_desks(table: Table, way: Way) -> ColumnElement[bool]:
    return table.c.desk_id.in_(way.desks)


def _rows(wanted: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in db.session.connection().execute(wanted).mappings()]


def _insert(way: Way, moved: type_rows) -> None:
    """In the order of the tables, each row as it was."""
    for name, found in moved.items():
        if found:
            table = Base.metadata.tables[name]
            db.session.connection().execute(
                insert(table), [{**row, "entity_id": way.target} for row in found]
            )


def _insert_new(table: Any, way: Way, found: Sequence[dict[str, Any]]) -> None:
    if found:
        here = [{**row, "entity_id": way.target} for row in found]
        db.session.connection().execute(insert_or(table).on_conflict_do_nothing(), here)


def _lead_there(way: Way, cases: Collection[UUID], moved: type_rows) -> None:
    """Whatever leads to these cases leads to the target: receipts, open mailboxes, letters to others, promised work."""
    for table in tables_that_lead():
        db.session.execute(
            update(table)
            .where(table.c.tenant_id == way.source, table.c.case_id.in_(cases))
            .values(tenant_id=way.target)
        )
    referrals = [row["id"] for row in moved[Referral.__tablename__]]
    for column, letters in ((DeskLetter.from_id, referrals), (DeskLetter.to_id, list(cases))):
        db.session.execute(
            update(DeskLetter)
            .where(column == way.source, DeskLetter.id.in_(letters))
            .values({column.key: way.target})
            .execution_options(synchronize_session=False)
        )
    _work_goes_along(way, {str(row["id"]) for found in moved.values() for row in found if "id" in row})


def _work_goes_along(way: Way, ids: set[str]) -> None:
    """Work that waits, runs or is tried again, and names one of these, is done at the target."""
    waiting = db.session.execute(
        select(Job.id, Job.tenant_id, Job.args)
        .where(
            Job.state.in_((JobState.WAITING, JobState.QUEUED, JobState.RUNNING)),
            or_(Job.tenant_id == way.source, Job.args["at_id"].astext == str(way.source)),
        )
        .with_for_update()
    ).all()
    for job_id, tenant_id, args in waiting:
        if ids.isdisjoint(map(str, args.values())):
            continue
        there = {**args, "at_id": str(way.target)} if args.get("at_id") == str(way.source) else args
        db.session.execute(
            update(Job)
            .where(Job.id == job_id)
            .values(tenant_id=way.target if tenant_id == way.source else tenant_id, args=there)
            .execution_options(synchronize_session=False)
        )
