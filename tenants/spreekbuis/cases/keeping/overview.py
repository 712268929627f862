"""What will be erased, what waits for a colleague, and what was erased, of some desks."""

from collections.abc import Set
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, tuple_

from spreekbuis.cases.keeping.early import still_counts
from spreekbuis.cases.keeping.holds import stopped
from spreekbuis.cases.keeping.models import ErasureCertificate, ErasureRequest, RetentionWarning
from spreekbuis.cases.keeping.terms import WARNED_AHEAD, first_night
from spreekbuis.cases.models import Case
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import NotFound

PAGE = 50
"""Rows of a list; what was erased goes on on a next page."""


class Coming(NamedTuple):
    """A case whose term ended, or ends soon; it is gone from `first_night` on."""

    case_id: UUID
    topic: str
    year: int
    number: int
    first_night: date


class Waiting(NamedTuple):
    """A case that somebody asked to erase."""

    case_id: UUID
    topic: str
    year: int
    number: int
    asked_at: datetime
    ground: str


def coming(desks: Set[UUID]) -> list[Coming]:
    """The cases that were warned of and that nothing stops, the first to go first."""
    found = db.session.execute(
        select(
            Case.id, Case.topic, Case.year, Case.number, RetentionWarning.due_on, RetentionWarning.warned_on
        )
        .join(Case, (Case.entity_id == RetentionWarning.entity_id) & (Case.id == RetentionWarning.case_id))
        .where(RetentionWarning.entity_id == current_entity_id(), Case.desk_id.in_(desks), ~stopped())
        .order_by(func.greatest(RetentionWarning.due_on, RetentionWarning.warned_on + WARNED_AHEAD), Case.id)
        .limit(PAGE)
    )
    return [
        Coming(row.id, row.topic, row.year, row.number, first_night(row.due_on, row.warned_on))
        for row in found
    ]


def waiting(desks: Set[UUID]) -> list[Waiting]:
    """The questions to erase that still count, the oldest first."""
    found = db.session.execute(
        select(Case.id, Case.topic, Case.year, Case.number, ErasureRequest.asked_at, ErasureRequest.ground)
        .join(Case, (Case.entity_id == ErasureRequest.entity_id) & (Case.id == ErasureRequest.case_id))
        .where(
            ErasureRequest.entity_id == current_entity_id(),
            Case.desk_id.in_(desks),
            still_counts(),
        )
        .order_by(ErasureRequest.asked_at)
        .limit(PAGE)
    )
    return [Waiting(*row) for row in found]


def erased(desks: Set[UUID], before: UUID | None = None) -> list[ErasureCertificate]:
    """Certificates of these desks, the last one first; `before` the one of this case. One more than a page at most."""
    asked = select(ErasureCertificate).where(
        ErasureCertificate.entity_id == current_entity_id(), ErasureCertificate.desk_id.in_(desks)
    )
    if before is not None:
        last = certificate_of(desks, before)
        asked = asked.where(
            tuple_(ErasureCertificate.erased_at, ErasureCertificate.case_id) < (last.erased_at, last.case_id)
        )
    newest = asked.order_by(ErasureCertificate.erased_at.desc(), ErasureCertificate.case_id.desc())
    return list(db.session.scalars(newest.limit(PAGE + 1)))


def certificate_of(desks: Set[UUID], case_id: UUID) -> ErasureCertificate:
    """The certificate of an erased case. Raises NotFound, also for a case of another desk."""
    found = db.session.get(ErasureCertificate, (current_entity_id(), case_id))
    if found is None or found.desk_id not in desks:
        raise NotFound
    return found
