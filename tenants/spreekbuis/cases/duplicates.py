"""A case that goes on in another one: it was closed as a duplicate of that one (cases.related), its main case."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from spreekbuis.cases.models import Case, CaseMerge
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Outcome

_Main = aliased(Case, name="main_case")


def main_of(case: Case) -> Case | None:
    """The case in which this one goes on; None for a case that is no duplicate, or whose main case was erased."""
    if case.outcome != Outcome.DUPLICATE:
        return None
    return db.session.scalar(
        select(Case)
        .join(CaseMerge, and_(CaseMerge.entity_id == Case.entity_id, CaseMerge.into_id == Case.id))
        .where(CaseMerge.entity_id == case.entity_id, CaseMerge.case_id == case.id)
    )


def duplicates_of(case: Case) -> Sequence[Case]:
    """The cases that go on in this one, the oldest first."""
    return db.session.scalars(
        select(Case)
        .join(CaseMerge, and_(CaseMerge.entity_id == Case.entity_id, CaseMerge.case_id == Case.id))
        .where(CaseMerge.entity_id == case.entity_id, CaseMerge.into_id == case.id)
        .order_by(Case.id)
    ).all()


def ended_at(case: Case) -> datetime | None:
    """When its matter came to an end: of a duplicate, when its main case did; None as long as that one is open."""
    main = main_of(case)
    return case.closed_at if main is None else main.closed_at


def goes_on_elsewhere() -> ColumnElement[bool]:
    """Of a query of cases: those that are duplicates of a case that is open."""
    return exists().where(
        CaseMerge.entity_id == Case.entity_id,
        CaseMerge.case_id == Case.id,
        _Main.entity_id == CaseMerge.entity_id,
        _Main.id == CaseMerge.into_id,
        _Main.closed_at.is_(None),
    )
