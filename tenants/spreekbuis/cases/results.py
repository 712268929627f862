"""What came of a case: measures and recommendations, damage and what was recovered, what a central actor did with it.

Directive (EU) 2019/1937, article 27: each year the number of reports, of investigations and their outcome, the
estimated damage and the amounts recovered.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.models import Case, CaseMeasure
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import FollowUp
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.vault.content import ContentKey

MOST_CENTS = 10**12


class MeasureKind(StrEnum):
    MEASURE = "measure"
    RECOMMENDATION = "recommendation"


class MeasureState(StrEnum):
    PROPOSED = "proposed"
    DECIDED = "decided"
    DONE = "done"


MEASURE_KIND_LABELS: dict[MeasureKind, LazyString] = {
    MeasureKind.MEASURE: _l("Maatregel"),
    MeasureKind.RECOMMENDATION: _l("Aanbeveling"),
}
MEASURE_STATE_LABELS: dict[MeasureState, LazyString] = {
    MeasureState.PROPOSED: _l("Voorgesteld"),
    MeasureState.DECIDED: _l("Beslist"),
    MeasureState.DONE: _l("Uitgevoerd"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure or recommendation that was opened for a reader."""

    id: UUID
    kind: MeasureKind
    text: str
    state: MeasureState
    due_on: date | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Result:
    """Amounts in cents, None when nobody knows; what a central actor did and on which day."""

    damage_cents: int | None = None
    recovered_cents: int | None = None
    follow_up: FollowUp | None = None
    follow_up_on: date | None = None


def result_of(case: Case) -> Result:
    follow_up = FollowUp(case.follow_up) if case.follow_up is not None else None
    return Result(case.damage_cents, case.recovered_cents, follow_up, case.follow_up_on)


def record_result(case: Case, result: Result) -> None:
    """Keep what came of the case, also once it is closed: money comes back later. The same again changes nothing.

    Raises Invalid for an amount below 0 or above ten thousand million euro, and for a day that is missing or to come.
    """
    wrong: dict[str, LazyString] = {}
    for name, cents in (("damage", result.damage_cents), ("recovered", result.recovered_cents)):
        if cents is not None and not 0 <= cents <= MOST_CENTS:
            wrong[name] = _l("Vul een bedrag in van 0 tot 10.000.000.000 euro.")
    day = result.follow_up_on
    if (result.follow_up is None) != (day is None) or (day is not None and day > today()):
        wrong["follow_up_on"] = _l("Vul bij een gevolg ook de dag in. Die ligt niet in de toekomst.")
    if wrong:
        raise Invalid(wrong)
    if result == result_of(case):
        return
    case.damage_cents, case.recovered_cents = result.damage_cents, result.recovered_cents
    case.follow_up, case.follow_up_on = result.follow_up, day
    changed(case, Happened.RESULT, follow_up=result.follow_up)


def add_measure(
    case: Case, key: ContentKey, kind: MeasureKind, text: str, due_on: date | None, *, once: UUID
) -> None:
    """Propose a measure or recommendation, also once the case is closed. The same `once` again changes nothing."""
    measure_id = new_id()
    made = db.session.scalar(
        insert(CaseMeasure)
        .values(
            entity_id=case.entity_id, id=measure_id, case_id=case.id, kind=kind.value, due_on=due_on,
            state=MeasureState.PROPOSED.value, text_sealed=key.seal(_text_of(measure_id), text), once=once,
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(CaseMeasure.id)
    )  # fmt: skip
    if made is not None:
        changed(case, Happened.MEASURE, state=MeasureState.PROPOSED.value)


def move_measure(case: Case, measure_id: UUID, state: MeasureState) -> None:
    """Say how far a measure is. Twice is once. Raises NotFound."""
    row = db.session.get(CaseMeasure, (case.entity_id, measure_id), populate_existing=True)
    if row is None or row.case_id != case.id:
        raise NotFound
    if row.state == state:
        return
    row.state, row.done_at = state, now() if state is MeasureState.DONE else None
    changed(case, Happened.MEASURE, state=state.value)


def measure_made_by(case: Case, once: UUID) -> bool:
    mine = (CaseMeasure.entity_id == case.entity_id, CaseMeasure.case_id == case.id)
    return db.session.scalar(select(CaseMeasure.id).where(*mine, CaseMeasure.once == once)) is not None


def measures_in(case: Case, key: ContentKey) -> list[Measure]:
    """The measures of the case in the order of adding. One query. Raises CannotOpen."""
    rows = db.session.scalars(
        select(CaseMeasure)
        .where(CaseMeasure.entity_id == case.entity_id, CaseMeasure.case_id == case.id)
        .order_by(CaseMeasure.created_at, CaseMeasure.id)
    )
    return [
        Measure(
            row.id, MeasureKind(row.kind), key.open(_text_of(row.id), row.text_sealed), MeasureState(row.state),
            row.due_on, row.done_at,
        )
        for row in rows
    ]  # fmt: skip


def _text_of(measure_id: UUID) -> str:
    return f"measure/{measure_id}"
