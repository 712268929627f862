"""The register through the years: what was on a day, and giving its tables another history."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import today
from spreekbuis.db.base import Base
from spreekbuis.db.session import db, within
from spreekbuis.directory.models import (
    Entity,
    Organisation,
    OrganisationPeriod,
    PolicyArea,
    PolicyAreaPeriod,
    PolicyAreaSuccession,
    RegisterVersion,
)
from spreekbuis.directory.register import searchable
from spreekbuis.directory.timeline import AreaState, History, OrganisationState, Period, on
from spreekbuis.errors import Conflict
from spreekbuis.jobs.outbox import enqueue, job

REGISTER_LOCK = 7_311_730_000_000_007
"""Advisory lock: changes of the register follow each other."""
BATCH = 500
Histories = dict[str, History]
Report = Callable[[int, int], None]


class StillInUse(Conflict):
    title = _l("Er hangt al iets van deze import af")
    advice = _l(
        "Een organisatie die de import toevoegde, heeft al een aanvraag of is een entiteit. Er is niets veranderd."
    )


def lock_register() -> None:
    """Wait until nobody else changes the register, and keep others waiting until this transaction ends."""
    db.session.execute(select(func.pg_advisory_xact_lock(REGISTER_LOCK)))


def register_version() -> UUID | None:
    """Which state the register is in; None when nothing was ever imported."""
    return db.session.scalar(select(RegisterVersion.version))


def set_register_version(version: UUID | None) -> None:
    """Say that the register is in another state; None: that of before any import."""
    db.session.execute(delete(RegisterVersion))
    if version is not None:
        db.session.execute(insert(RegisterVersion).values(only=1, version=version))


# --- what is known ---------------------------------------------------------------------------------------------


def organisation_history(ovo_code: str) -> History:
    """All that is known of one organisation; empty when there is none."""
    return organisations([ovo_code]).get(ovo_code, History())


def organisation_on(ovo_code: str, day: date) -> OrganisationState | None:
    """What the organisation was on `day` (Belgian calendar); None when it did not exist."""
    found = on(organisation_history(ovo_code).periods, day)
    assert found is None or isinstance(found, OrganisationState)
    return found


def organisations(only: Sequence[str] | None = None) -> Histories:
    """The histories of these organisations, or of all, by code. Two queries."""
    table = OrganisationPeriod
    wanted = select(
        table.ovo_code, table.valid_from, table.valid_to, table.name, table.also_known_as, table.kbo,
        table.policy_area,
    ).order_by(table.ovo_code, table.valid_from)  # fmt: skip
    real = select(Organisation.ovo_code, Organisation.code_is_real)
    if only is not None:
        wanted, real = wanted.where(table.ovo_code.in_(only)), real.where(Organisation.ovo_code.in_(only))
    periods: dict[str, list[Period]] = {}
    for code, first, last, name, also_known_as, kbo, area in db.session.execute(wanted):
        state = OrganisationState(name, also_known_as, kbo, area)
        periods.setdefault(code, []).append(Period(first, last, state))
    is_real = {row.ovo_code: row.code_is_real for row in db.session.execute(real)}
    return {code: History(tuple(found), code_is_real=is_real[code]) for code, found in periods.items()}


def areas() -> Histories:
    """The histories of all policy areas, by code."""
    table = PolicyAreaPeriod
    periods: dict[str, list[Period]] = {}
    rows = select(table.code, table.valid_from, table.valid_to, table.name).order_by(
        table.code, table.valid_from
    )
    for code, first, last, name in db.session.execute(rows):
        periods.setdefault(code, []).append(Period(first, last, AreaState(name)))
    heirs: dict[str, list[str]] = {}
    for row in db.session.execute(
        select(PolicyAreaSuccession).order_by(PolicyAreaSuccession.successor)
    ).scalars():
        heirs.setdefault(row.code, []).append(row.successor)
    return {code: History(tuple(found), tuple(heirs.get(code, ()))) for code, found in periods.items()}


# --- giving it another history ---------------------------------------------------------------------------------


def put_areas(histories: Mapping[str, History]) -> None:
    """Replace the histories of these policy areas. Raises StillInUse when one that goes is referred to."""
    codes = list(histories)
    kept = {code: history for code, history in histories.items() if history.periods}
    db.session.execute(delete(PolicyAreaSuccession).where(PolicyAreaSuccession.code.in_(codes)))
    db.session.execute(delete(PolicyAreaPeriod).where(PolicyAreaPeriod.code.in_(codes)))
    add_rows(PolicyArea, [{"code": code, "name": code} for code in kept])
    _delete(PolicyArea, PolicyArea.code, [code for code in codes if code not in kept])
    add_rows(PolicyAreaPeriod, [
        {"code": code, "valid_from": p.first, "valid_to": p.last, "name": p.state.name}
        for code, history in kept.items() for p in history.periods
    ])  # fmt: skip
    add_rows(PolicyAreaSuccession, [
        {"code": code, "successor": successor}
        for code, history in kept.items() for successor in history.successors
    ])  # fmt: skip


def put_organisations(histories: Mapping[str, History], report: Report) -> None:
    """Replace the histories of these organisations; `report` hears how many are done, of how many.

    Raises StillInUse when one that goes is referred to.
    """
    every = list(histories)
    for start in range(0, len(every), BATCH):
        codes = every[start : start + BATCH]
        some = {code: histories[code] for code in codes}
        kept = {code: history for code, history in some.items() if history.periods}
        db.session.execute(delete(OrganisationPeriod).where(OrganisationPeriod.ovo_code.in_(codes)))
        add_rows(Organisation, [
            {"ovo_code": code, "name": code, "search_text": "", "code_is_real": history.code_is_real}
            for code, history in kept.items()
        ])  # fmt: skip
        _delete(Organisation, Organisation.ovo_code, [code for code in codes if code not in kept])
        add_rows(OrganisationPeriod, [
            _row(code, p) for code, history in kept.items() for p in history.periods
        ])  # fmt: skip
        report(start + len(codes), len(every))


def _row(code: str, period: Period) -> dict[str, Any]:
    state = period.state
    assert isinstance(state, OrganisationState)
    words = searchable(f"{state.name} {state.also_known_as} {code}")
    return {
        "ovo_code": code, "valid_from": period.first, "valid_to": period.last, "search_text": words,
        **state._asdict(),
    }  # fmt: skip


def add_rows(table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Add rows of the same columns, but those that are there already; one statement, however many."""
    if not rows:
        return
    columns = ", ".join(rows[0])
    name = table.__tablename__
    statement = text(
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{name}, CAST(:rows AS jsonb))"  # noqa: S608, E501 (our own names)
        " ON CONFLICT DO NOTHING"
    )
    db.session.execute(statement, {"rows": json.dumps(rows, default=str)})


def _delete(table: type[Any], key: Any, codes: list[str]) -> None:
    if not codes:
        return
    try:
        with db.session.begin_nested():
            db.session.execute(delete(table).where(key.in_(codes)))
    except IntegrityError:
        raise StillInUse from None


# --- today -----------------------------------------------------------------------------------------------------

# Islands: periods that follow each other without a gap have the same number.
_TODAY = """
WITH followed AS (
    SELECT *, CASE WHEN lag(valid_to) OVER (PARTITION BY {key} ORDER BY valid_from) = valid_from - 1
        THEN 0 ELSE 1 END AS begins FROM {table}_period
), islands AS (
    SELECT *, sum(begins) OVER (PARTITION BY {key} ORDER BY valid_from) AS island FROM followed
), whole AS (
    SELECT *, min(valid_from) OVER (PARTITION BY {key}, island) AS since,
        max(valid_to) OVER (PARTITION BY {key}, island) AS until FROM islands
), shown AS (
    SELECT DISTINCT ON ({key}) * FROM whole
    ORDER BY {key}, valid_from <= :day DESC, CASE WHEN valid_from <= :day THEN valid_from END DESC, valid_from
)
UPDATE {table} SET valid_from = shown.since, valid_to = shown.until, {columns}
FROM shown WHERE shown.{key} = {table}.{key}
    AND ({now}, {table}.valid_from, {table}.valid_to) IS DISTINCT FROM ({then}, shown.since, shown.until)
RETURNING {table}.{key}"""


def _today_of(table: str, key: str, *columns: str) -> str:
    return _TODAY.format(
        table=table, key=key, columns=", ".join(f"{c} = shown.{c}" for c in columns),
        now=", ".join(f"{table}.{c}" for c in columns), then=", ".join(f"shown.{c}" for c in columns),
    )  # fmt: skip


_AREAS_TODAY = text(_today_of("policy_area", "code", "name"))
_ORGANISATIONS_TODAY = text(
    _today_of("organisation", "ovo_code", "name", "kbo", "policy_area", "search_text")
)
_ENTITIES = select(
    Entity.id, Entity.name, Entity.policy_area,
    Organisation.name.label("name_now"), Organisation.policy_area.label("area_now"),
).join(Organisation, Organisation.ovo_code == Entity.ovo_code)  # fmt: skip
_OTHERWISE = or_(Entity.name != Organisation.name, Entity.policy_area != Organisation.policy_area)


def follow_register() -> bool:
    """Bring the columns of today, and the names and policy areas of entities, to what the register says of today.

    Nobody's service ends by it. Gives whether anything changed; then the figures follow. Costs the register once.
    """
    day = {"day": today()}
    db.session.flush()
    changed = [db.session.execute(columns, day).all() for columns in (_AREAS_TODAY, _ORGANISATIONS_TODAY)]
    to = _present_areas()
    for row in db.session.execute(_ENTITIES.where(or_(_OTHERWISE, Entity.policy_area.in_(to)))).all():
        area = to.get(row.area_now, row.area_now) or row.policy_area
        if (row.name, row.policy_area) != (row.name_now, area):
            _rename(row.id, row.name_now, area)
            _tell(row.id, renamed=row.name != row.name_now, area_before=row.policy_area, area=area)
    db.session.expire_all()
    if any(changed):
        enqueue("figures.restructure")
    return any(changed)


def _rename(entity_id: UUID, name: str, area: str) -> None:
    db.session.execute(
        update(Entity).where(Entity.id == entity_id).values(name=name, policy_area=area),
        execution_options={"synchronize_session": False},
    )


def _tell(entity_id: UUID, *, renamed: bool, area_before: str, area: str) -> None:
    """The entity's own trail says that its name or policy area followed the register."""
    with within(entity_id):
        if renamed:
            record(Audited.ENTITY_RENAMED, entity_id)
        if area_before != area:
            record(Audited.ENTITY_MOVED, entity_id, {"from": area_before, "to": area})


def _present_areas() -> dict[str, str]:
    """For each policy area that ended and went over into one other: the area in which what was in it is now.

    An area that was split stays itself: nobody knows for all of it where it went.
    """
    known = areas()
    heir = {
        code: history.successors[0]
        for code, history in known.items()
        if len(history.successors) == 1 and history.periods[-1].last < today()
    }
    found = {}
    for code in heir:
        now, seen = code, {code}
        while now in heir and heir[now] not in seen:
            now = heir[now]
            seen.add(now)
        found[code] = now
    return found


@job("directory.follow_register", at=time(0, 5))
def _follow_register() -> None:
    """What the register knew beforehand comes true on its day."""
    lock_register()
    follow_register()
