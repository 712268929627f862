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
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from spreekbuis.access.models import CaseExclusion
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.deadlines import deadlines, set_state
from spreekbuis.cases.duplicates import duplicates_of, set_duplicates_due
from spreekbuis.cases.finding import case_by_number
from spreekbuis.cases.models import Case, CaseLink, CaseMerge
from spreekbuis.cases.numbers import CaseNumber, number_of
from spreekbuis.cases.procedures import State, Step
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


class MainErased(Conflict):
    """The case in which it went on is there no more, and what became of the matter with it."""

    title = _l("Het dossier waarmee dit samengevoegd was, is gewist")
    advice = _l(
        "Dit dossier blijft afgesloten. Op de pagina Bewaren staat wanneer het andere gewist is, en waarom."
    )


@dataclass(frozen=True, slots=True)
class Related:
    """Another case, as the page of one case points at it. `how`: "link"; "into", where this case went on; "duplicate",
    which went on here. `since`: when. `unread`: its reporter wrote something new. `differs`: not the same members are
    kept out of the two."""

    id: UUID
    number: str
    how: str
    since: datetime
    unread: bool
    differs: bool


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

    The duties to its reporter do not end with it: directive 2019/1937, article 9. It was acknowledged before, and gets
    the feedback of the other one, on the earlier day of the two. Raises CaseClosed, and Invalid when the other is
    closed or will give no feedback any more, when this one is not acknowledged, is on its way elsewhere or has
    duplicates of its own, or when not the same members are kept out of both.
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
    _refuse_duties(case, into)
    db.session.add(
        CaseMerge(
            entity_id=case.entity_id, case_id=case.id, into_id=into.id, state_before=case.state,
            account_id=acting().account_id,
        )
    )  # fmt: skip
    set_state(case, State.CLOSED)
    case.closed_at, case.outcome = now(), Outcome.DUPLICATE
    changed(case, Happened.MERGED, Audited.CASE_MERGED)
    set_duplicates_due(into)
    record(Audited.CASE_MERGED, into.id, {"duplicate": str(case.id)})


def undo_merge(case: Case) -> None:
    """Open the case again as it was before it was merged; what was told its reporter meanwhile stays, and so does who
    is kept out. Twice is once. Raises TooLate after 30 days, MainErased."""
    mine = (CaseMerge.entity_id == case.entity_id, CaseMerge.case_id == case.id)
    row = db.session.scalar(select(CaseMerge).where(*mine))
    if row is None:
        if case.outcome == Outcome.DUPLICATE:
            raise MainErased
        return
    if now() > row.merged_at + UNDO_WITHIN:
        raise TooLate
    _undo(case, row)


def let_go(main: Case) -> None:
    """Open the duplicates of a case again, however long ago they were merged: it goes on elsewhere with the yes of its
    own reporter, which is not theirs."""
    for case in duplicates_of(main):
        mine = (CaseMerge.entity_id == case.entity_id, CaseMerge.case_id == case.id)
        _undo(case, db.session.scalars(select(CaseMerge).where(*mine)).one())


def _undo(case: Case, row: CaseMerge) -> None:
    case.closed_at, case.outcome = None, None
    set_state(case, State(row.state_before))
    db.session.delete(row)
    db.session.flush()
    set_duplicates_due(db.session.get_one(Case, (case.entity_id, row.into_id)))
    changed(case, Happened.UNMERGED, Audited.CASE_UNMERGED)
    record(Audited.CASE_UNMERGED, row.into_id, {"duplicate": str(case.id)})


def related_to(case: Case) -> list[Related]:
    """The other cases that this one has to do with, those that the reader may see. One query."""
    asked = {"entity": case.entity_id, "case": case.id}
    return [
        Related(other_id, number_of(topic, year, number), how, since, unread, out != out_here)
        for other_id, topic, year, number, how, since, unread, out, out_here in rows(_RELATED, asked)
    ]


def _out_of(case_id: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[Any]:
    """Who is kept out of the case, in a fixed order."""
    out = select(CaseExclusion.account_id).where(
        CaseExclusion.entity_id == bindparam("entity"), CaseExclusion.case_id == case_id
    )
    return func.array(out.order_by(CaseExclusion.account_id).scalar_subquery())


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
        select(
            Case.id,
            Case.topic,
            Case.year,
            Case.number,
            found.c.how,
            found.c.since,
            Case.unread_by_desk,
            _out_of(Case.id),
            _out_of(this),
        )
        .join(found, and_(Case.entity_id == here, Case.id == found.c.id))
        .order_by(found.c.how, found.c.since)
    )


_RELATED = _related()


def _refuse_duties(case: Case, into: Case) -> None:
    """Raises Invalid when merging would leave the reporter of `case` without what is owed."""
    owed = {one.step for one in deadlines(case) if one.met_on is None and one.excused is None}
    answered_there = into.feedback_at is None and any(one.step is Step.FEEDBACK for one in deadlines(into))
    first = None
    if Step.ACKNOWLEDGE in owed:
        first = _l(
            "Bevestig eerst de ontvangst aan deze melder. Dat moet bij elke melding, ook bij een dubbele."
        )
    elif owed - {Step.FEEDBACK}:
        first = _l("Doe eerst wat de termijnen van dit dossier nog vragen, behalve de terugkoppeling.")
    elif owed and not answered_there:
        first = _l("In het andere dossier komt geen terugkoppeling meer. Geef ze eerst aan deze melder.")
    if first is not None:
        raise Invalid({"link_how": first})


def _kept_out(case: Case) -> set[UUID]:
    which = (CaseExclusion.entity_id == case.entity_id, CaseExclusion.case_id == case.id)
    return set(db.session.scalars(select(CaseExclusion.account_id).where(*which)))
