"""A hold: a reason (a court, an audit, a claim) for which nothing of a case may be erased, whatever its term."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.keeping.models import CaseHold
from spreekbuis.cases.models import Case
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.vault.content import ContentKey


class Held(Conflict):
    """Erasing is on hold for this case."""

    title = _l("Het wissen van dit dossier is stilgezet")
    advice = _l("Er is niets gewist. Hef eerst de stilstand op, als de reden ervoor weg is.")


def hold_on(case_id: UUID) -> CaseHold | None:
    """The hold that lasts on a case of the tenant in scope."""
    return db.session.scalar(
        select(CaseHold).where(
            CaseHold.entity_id == current_entity_id(),
            CaseHold.case_id == case_id,
            CaseHold.lifted_at.is_(None),
        )
    )


def refuse_held(case: Case) -> None:
    """Raises Held."""
    if hold_on(case.id) is not None:
        raise Held


def set_hold(case: Case, key: ContentKey, reason: str) -> CaseHold:
    """Let nothing erase the case until the hold is lifted. The case is locked. Held already: that hold stays."""
    lasting = hold_on(case.id)
    if lasting is not None:
        return lasting
    account_id = acting().account_id
    assert account_id is not None, "a handler sets a hold"
    hold = CaseHold(entity_id=case.entity_id, id=new_id(), case_id=case.id, set_at=now(), set_by=account_id)
    hold.reason_sealed = key.seal(_reason_of(hold.id), reason)
    db.session.add(hold)
    record(Audited.CASE_HELD, case.id)
    return hold


def lift_hold(case: Case, key: ContentKey, reason: str) -> None:
    """End the hold. The term counts again, and the desk is warned before anything goes. No hold: nothing happens."""
    hold = hold_on(case.id)
    if hold is None:
        return
    hold.lifted_at, hold.lifted_by = now(), acting().account_id
    hold.lift_reason_sealed = key.seal(_lift_reason_of(hold.id), reason)
    record(Audited.CASE_RELEASED, case.id)


def holds_of(case: Case) -> list[CaseHold]:
    """Every hold that there is or was on the case, the oldest first."""
    found = db.session.scalars(
        select(CaseHold)
        .where(CaseHold.entity_id == case.entity_id, CaseHold.case_id == case.id)
        .order_by(CaseHold.set_at)
    )
    return list(found)


def reason_of(hold: CaseHold, key: ContentKey) -> str:
    """Why it was set. Raises CannotOpen."""
    return key.open(_reason_of(hold.id), hold.reason_sealed)


def lift_reason_of(hold: CaseHold, key: ContentKey) -> str:
    """Why it was lifted; empty while it lasts. Raises CannotOpen."""
    return key.open(_lift_reason_of(hold.id), hold.lift_reason_sealed) if hold.lift_reason_sealed else ""


def _reason_of(hold_id: UUID) -> str:
    return f"hold/{hold_id}/set"


def _lift_reason_of(hold_id: UUID) -> str:
    return f"hold/{hold_id}/lifted"
