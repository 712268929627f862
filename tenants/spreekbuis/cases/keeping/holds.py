"""A hold: a reason (a court, an audit, a claim) for which nothing of a case may be erased, whatever its term. It is
also one on the duplicates of the case, whose reporters are witnesses of the same."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, or_, select

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.export.data_requests import unanswered
from spreekbuis.cases.keeping.models import CaseHold
from spreekbuis.cases.models import Case, CaseMerge
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict
from spreekbuis.vault.content import ContentKey


class Held(Conflict):
    """Erasing is on hold for this case."""

    title = _l("Het wissen van dit dossier is stilgezet")
    advice = _l(
        "Er is niets gewist. Hef eerst de stilstand op, als de reden ervoor weg is: bij dit dossier, of bij het dossier"
        " waarin het verdergaat."
    )


def hold_on(case_id: UUID) -> CaseHold | None:
    """The hold that was set on this very case of the tenant in scope, and lasts."""
    return db.session.scalar(
        select(CaseHold).where(
            CaseHold.entity_id == current_entity_id(),
            CaseHold.case_id == case_id,
            CaseHold.lifted_at.is_(None),
        )
    )


def refuse_held(case: Case) -> None:
    """Raises Held."""
    if is_held(case):
        raise Held


def is_held(case: Case) -> bool:
    """Whether a hold lasts on the case, or on the one in which it goes on."""
    return _is(held(), case)


def is_stopped(case: Case) -> bool:
    """Whether its term does not erase the case: it is held, or somebody waits for an answer about the data in it."""
    return _is(stopped(), case)


def held() -> ColumnElement[bool]:
    """`is_held`, of a query of cases."""
    main = select(CaseMerge.into_id).where(
        CaseMerge.entity_id == Case.entity_id, CaseMerge.case_id == Case.id
    )
    return exists().where(
        CaseHold.entity_id == Case.entity_id,
        CaseHold.lifted_at.is_(None),
        or_(CaseHold.case_id == Case.id, CaseHold.case_id.in_(main.correlate(Case))),
    )


def stopped() -> ColumnElement[bool]:
    """`is_stopped`, of a query of cases."""
    return or_(held(), unanswered())


def _is(what: ColumnElement[bool], case: Case) -> bool:
    which = (Case.entity_id == case.entity_id, Case.id == case.id)
    return bool(db.session.scalar(select(what).select_from(Case).where(*which)))


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
