"""A case that goes on in another one: it was closed as a duplicate of that one (cases.related), its main case.

The two are handled as one, and each reporter is owed the same as before: directive 2019/1937, article 9 gives the
acknowledgement and the feedback to each report. So the mailbox of a duplicate stays open as long as its main case,
what the main case tells its reporter goes to theirs too, and who is kept out of one is kept out of all.

Whoever locks a duplicate has locked its main case before (`cases.finding`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import aliased

from spreekbuis.access.desk_keys import NoKeyYet
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.deadlines import deadlines, set_next_due
from spreekbuis.cases.models import Case, CaseMerge
from spreekbuis.cases.procedures import Step
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.vault.content import ContentKey

type_keys = Mapping[UUID, ContentKey]
NO_KEYS: type_keys = MappingProxyType({})
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
    """The cases that go on in this one, locked, the oldest first."""
    return db.session.scalars(_duplicates(case).with_for_update(of=Case)).all()


def together_with(case: Case) -> list[Case]:
    """The other cases that are handled as one with this one, locked: its main case, and the duplicates of that one."""
    main = main_of(case) or case
    return [one for one in (main, *duplicates_of(main)) if one.id != case.id]


def with_keys(cases: Sequence[Case], keys: type_keys) -> list[tuple[Case, ContentKey]]:
    """Each of these cases with its key. Raises NoKeyYet when there is one that the actor cannot read."""
    if any(case.id not in keys for case in cases):
        raise NoKeyYet
    return [(case, keys[case.id]) for case in cases]


def ended_at(case: Case) -> datetime | None:
    """When its matter came to an end: of a duplicate, when its main case did; None as long as that one is open."""
    main = main_of(case)
    return case.closed_at if main is None else main.closed_at


def refuse_ended(case: Case) -> None:
    """Raises CaseClosed for a case that is closed and does not go on in another."""
    if ended_at(case) is not None:
        raise CaseClosed


def mark_unread(case: Case) -> None:
    """The reporter did something: the desk sees it at the case, and at the one in which it goes on."""
    case.unread_by_desk = True
    main = main_of(case)
    if main is not None:
        main.unread_by_desk = True


def set_duplicates_due(main: Case) -> None:
    """Write the first day on which a reporter of a duplicate must have feedback, and with it the sort key. The only
    writer of `duplicates_due_on`."""
    owed = [
        deadline.due_on
        for case in db.session.scalars(_duplicates(main))
        for deadline in deadlines(case)
        if deadline.step is Step.FEEDBACK and deadline.met_on is None and deadline.excused is None
    ]
    main.duplicates_due_on = min(owed, default=None)
    set_next_due(main)


def goes_on_elsewhere() -> ColumnElement[bool]:
    """Of a query of cases: those that are duplicates of a case that is open."""
    return exists().where(
        CaseMerge.entity_id == Case.entity_id,
        CaseMerge.case_id == Case.id,
        _Main.entity_id == CaseMerge.entity_id,
        _Main.id == CaseMerge.into_id,
        _Main.closed_at.is_(None),
    )


def _duplicates(case: Case) -> Select[Case]:
    return (
        select(Case)
        .join(CaseMerge, and_(CaseMerge.entity_id == Case.entity_id, CaseMerge.case_id == Case.id))
        .where(CaseMerge.entity_id == case.entity_id, CaseMerge.into_id == case.id)
        .order_by(Case.id)
    )
