"""Who may see which case. Every page and every operation of a handler starts here."""

from collections.abc import Mapping, Set
from datetime import timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.models import Case, CaseReading
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, Topic
from spreekbuis.errors import Invalid, NotFound

SITTING = timedelta(hours=1)
"""Opening the same case again within this time is the same reading."""


def case_for(desks: Set[UUID], case_id: UUID, *, lock: bool = False) -> Case:
    """The case, if it is at one of the handler's desks. `lock` it to change it.

    Raises NotFound for a case of another desk, of another entity, or of nobody: the three look the same.
    Wellbeing is its own compartment: the employer must not read psychosocial files (Codex, book I title 3).
    """
    return _one(select(Case).where(Case.id == case_id, Case.desk_id.in_(desks)), lock=lock)


def case_by_number(desks: Set[UUID], number: CaseNumber, *, lock: bool = False) -> Case:
    """The case with this number, if it is at one of the handler's desks.

    Raises NotFound, and Invalid when two of the desks have the number and it does not say which one is meant.
    """
    ids = db.session.execute(
        select(Case.id, Case.topic).where(
            Case.entity_id == current_entity_id(),
            Case.desk_id.in_(desks),
            Case.year == number.year,
            Case.number == number.number,
        )
    ).all()
    meant = [row.id for row in ids if number.desk in (None, DESK_OF_TOPIC[Topic(row.topic)])]
    if not meant:
        raise NotFound
    if len(meant) > 1:
        raise Invalid({"number": _l("Twee loketten hebben dit nummer. Schrijf het met de letter ervoor.")})
    return case_for(desks, meant[0], lock=lock)


def case_of_reporter(case_id: UUID, *, lock: bool = False) -> Case:
    """The case that a receipt code opened: the door has checked the code. Raises NotFound."""
    return _locked_or_not(_BY_ID, {"entity": current_entity_id(), "case": case_id}, lock=lock)


def note_reading(case: Case, account_id: UUID) -> None:
    """Write into the trail that this account reads the case: one row per sitting."""
    moment = now()
    fresh = db.session.execute(
        insert(CaseReading)
        .values(entity_id=case.entity_id, case_id=case.id, account_id=account_id, read_at=moment)
        .on_conflict_do_update(
            index_elements=["entity_id", "case_id", "account_id"],
            set_={"read_at": moment},
            where=CaseReading.read_at < moment - SITTING,
        )
        .returning(CaseReading.case_id)
    ).one_or_none()
    if fresh is not None:
        record(Audited.CASE_READ, case.id)


# Made once: the mailbox asks it at every page.
_BY_ID = select(Case).where(Case.entity_id == bindparam("entity"), Case.id == bindparam("case"))


def _one(asked: Select[Case], *, lock: bool) -> Case:
    return _locked_or_not(asked.where(Case.entity_id == current_entity_id()), {}, lock=lock)


def _locked_or_not(asked: Select[Case], values: Mapping[str, UUID], *, lock: bool) -> Case:
    if lock:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    case = db.session.scalar(asked, values)
    if case is None:
        raise NotFound
    return case
