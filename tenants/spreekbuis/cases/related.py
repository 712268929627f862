"""Cases of one desk that belong together: linked, or one of them closed because it tells of the same thing.

Nothing is copied from one to the other: each keeps its key, its dialogue and its reporter. What one case has with
another stands in neither's course, so that whoever is kept out of the other one does not notice it.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import BindParameter, Select, and_, bindparam, delete, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import CaseExclusion
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.finding import case_by_number
from spreekbuis.cases.models import Case, CaseLink, CaseMerge
from spreekbuis.cases.numbers import CaseNumber, number_of
from spreekbuis.cases.procedures import State
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import Outcome
from spreekbuis.errors import Conflict, Invalid, NotFound

UNDO_WITHIN = timedelta(days=30)
"""A merge by mistake can be undone so long."""


class TooLate(Conflict):
    """The merge stays."""

    title = _l("Dit kan niet meer ongedaan gemaakt worden")
    advice = _l("Dat kan tot 30 dagen na het samenvoegen. Er is niets veranderd.")


@dataclass(frozen=True, slots=True)
class Related:
    """Another case, as the page of one case points at it. `how`: "link"; "into", where this case went on; "duplicate",
    which went on here. `since`: when."""

    id: UUID
    number: str
    how: str
    since: datetime


def lock_in_order(desks: Set[UUID], case_id: UUID, number: CaseNumber | None) -> None:
    """Lock the case and what the number may mean, always in the same order: two who name each other's case wait."""
    which = [Case.id == case_id]
    if number is not None:
        which.append(and_(Case.year == number.year, Case.number == number.number))
    asked = select(Case.id).where(Case.entity_id == current_entity_id(), Case.desk_id.in_(desks), or_(*which))
    db.session.execute(asked.order_by(Case.id).with_for_update()).all()


def other_case(case: Case, number: CaseNumber | None) -> Case:
    """The case of the same desk with this number, locked. Raises Invalid, also for the case itself."""
    try:
        if number is None:
            raise NotFound
        other = case_by_number({case.desk_id}, number, lock=True)
    except NotFound:
        raise Invalid({"link_number": _l("Jouw loket heeft geen dossier met dat nummer.")}) from None
    if other.id == case.id:
        raise Invalid({"link_number": _l("Dat is dit dossier zelf.")})
    return other


def link(case: Case, other: Case) -> None:
    """Show each of the two cases on the page of the other. Twice is once."""
    made = db.session.scalars(
        insert(CaseLink)
        .values(
            [
                {
                    "entity_id": case.entity_id,
                    "case_id": one,
                    "other_id": two,
                    "account_id": acting().account_id,
                }
                for one, two in ((case.id, other.id), (other.id, case.id))
            ]
        )
        .on_conflict_do_nothing()
        .returning(CaseLink.case_id)
    ).all()
    if made:
        record(Audited.CASE_LINKED, case.id, {"other": str(other.id)})


def unlink(case: Case, other_id: UUID) -> None:
    """Take the link away on both sides. Twice is once."""
    gone = db.session.scalars(
        delete(CaseLink)
        .where(
            CaseLink.entity_id == case.entity_id,
            or_(
                and_(CaseLink.case_id == case.id, CaseLink.other_id == other_id),
                and_(CaseLink.case_id == other_id, CaseLink.other_id == case.id),
            ),
        )
        .returning(CaseLink.case_id)
    ).all()
    if gone:
        record(Audited.CASE_UNLINKED, case.id, {"other": str(other_id)})


def merge(case: Case, into: Case) -> None:
    """Close the case as a duplicate of `into`, where its matter goes on. Its reporter reads that it is handled together
    with another one, and nothing of that one. Figures count the two once.

    Raises CaseClosed, and Invalid when the other is closed, when this one is on its way elsewhere or has duplicates of
    its own, or when not the same members are kept out of both.
    """
    refuse_closed(case)
    if into.closed_at is not None:
        raise Invalid({"link_number": _l("Dat dossier is afgesloten.")})
    if case.state == State.REFERRED:
        raise Invalid({"link_how": _l("Dit dossier is onderweg naar een ander loket.")})
    into_this = (CaseMerge.entity_id == case.entity_id, CaseMerge.into_id == case.id)
    if db.session.scalar(select(CaseMerge.case_id).where(*into_this).limit(1)) is not None:
        raise Invalid({"link_how": _l("Met dit dossier is al een ander samengevoegd. Doe het omgekeerd.")})
    if _kept_out(case) != _kept_out(into):
        raise Invalid({"link_how": _l("Sluit eerst dezelfde collega’s uit bij de twee dossiers.")})
    db.session.add(
        CaseMerge(
            entity_id=case.entity_id, case_id=case.id, into_id=into.id, state_before=case.state,
            account_id=acting().account_id,
        )
    )  # fmt: skip
    set_state(case, State.CLOSED)
    case.closed_at, case.outcome, case.unread_by_desk = now(), Outcome.DUPLICATE, False
    changed(case, Happened.MERGED, Audited.CASE_MERGED)
    record(Audited.CASE_MERGED, into.id, {"duplicate": str(case.id)})


def undo_merge(case: Case) -> None:
    """Open the case again as it was before it was merged. Twice is once. Raises TooLate after 30 days."""
    mine = (CaseMerge.entity_id == case.entity_id, CaseMerge.case_id == case.id)
    row = db.session.scalar(select(CaseMerge).where(*mine))
    if row is None:
        return
    if now() > row.merged_at + UNDO_WITHIN:
        raise TooLate
    case.closed_at, case.outcome = None, None
    set_state(case, State(row.state_before))
    db.session.delete(row)
    changed(case, Happened.UNMERGED, Audited.CASE_UNMERGED)
    record(Audited.CASE_UNMERGED, row.into_id, {"duplicate": str(case.id)})


def related_to(case: Case) -> list[Related]:
    """The other cases that this one has to do with, those that the reader may see. One query."""
    asked = {"entity": case.entity_id, "case": case.id}
    return [
        Related(other_id, number_of(topic, year, number), how, since)
        for other_id, topic, year, number, how, since in rows(_RELATED, asked)
    ]


def _related() -> Select[Any]:
    here: BindParameter[UUID] = bindparam("entity")
    this: BindParameter[UUID] = bindparam("case")
    links = select(CaseLink.other_id.label("id"), literal("link").label("how"), CaseLink.since).where(
        CaseLink.entity_id == here, CaseLink.case_id == this
    )
    into = select(CaseMerge.into_id, literal("into"), CaseMerge.merged_at).where(
        CaseMerge.entity_id == here, CaseMerge.case_id == this
    )
    duplicates = select(CaseMerge.case_id, literal("duplicate"), CaseMerge.merged_at).where(
        CaseMerge.entity_id == here, CaseMerge.into_id == this
    )
    found = union_all(links, into, duplicates).subquery()
    return (
        select(Case.id, Case.topic, Case.year, Case.number, found.c.how, found.c.since)
        .join(found, and_(Case.entity_id == here, Case.id == found.c.id))
        .order_by(found.c.how, found.c.since)
    )


_RELATED = _related()


def _kept_out(case: Case) -> set[UUID]:
    which = (CaseExclusion.entity_id == case.entity_id, CaseExclusion.case_id == case.id)
    return set(db.session.scalars(select(CaseExclusion.account_id).where(*which)))
