"""Erasing before the term has passed takes two people of the desk: one asks, another confirms."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.keeping.erasure import erase
from spreekbuis.cases.keeping.grounds import EARLY, Ground
from spreekbuis.cases.keeping.holds import refuse_held
from spreekbuis.cases.keeping.models import ErasureRequest
from spreekbuis.cases.models import Case
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.vault.content import ContentKey

LAPSES_AFTER = timedelta(days=14)
"""Nobody confirmed within this time: the question no longer counts."""


class StillOpen(Conflict):
    """Only a closed case is erased: figures and the reporter have its end first."""

    title = _l("Dit dossier is nog niet afgesloten")
    advice = _l("Er is niets gewist. Sluit het dossier eerst af.")


class SamePerson(Conflict):
    """Whoever asked cannot confirm."""

    title = _l("Een collega moet dit bevestigen")
    advice = _l("Er is niets gewist. Jij vroeg het wissen zelf: vroegtijdig wissen doen twee mensen samen.")


class NothingAsked(Conflict):
    """There is no such question (any more): withdrawn, lapsed, or another one."""

    title = _l("Die vraag om te wissen is er niet meer")
    advice = _l("Er is niets gewist. Ze is ingetrokken, vervallen of vervangen. Kijk naar de huidige stand.")


def open_request(case: Case) -> ErasureRequest | None:
    """The question to erase this case that still counts."""
    return db.session.scalar(
        select(ErasureRequest).where(
            ErasureRequest.entity_id == current_entity_id(),
            ErasureRequest.case_id == case.id,
            ErasureRequest.asked_at > now() - LAPSES_AFTER,
        )
    )


def ask_erasure(case: Case, key: ContentKey, ground: Ground, reason: str) -> None:
    """Ask a colleague to erase the case, which is locked. A question that still counts stays as it is.

    Raises Invalid for a ground that people cannot choose, StillOpen, Held.
    """
    if ground not in EARLY:
        raise Invalid({"ground": _l("Kies een van de mogelijkheden.")})
    if case.closed_at is None:
        raise StillOpen
    refuse_held(case)
    if open_request(case) is not None:
        return
    account_id = acting().account_id
    assert account_id is not None, "a handler asks"
    _forget(case)
    db.session.add(
        ErasureRequest(
            entity_id=case.entity_id, case_id=case.id, asked_at=now(), asked_by=account_id, ground=ground,
            reason_sealed=key.seal("erasure/reason", reason),
        )
    )  # fmt: skip
    record(Audited.ERASURE_ASKED, case.id, {"ground": ground.value})


def withdraw_erasure(case: Case) -> None:
    """Take the question back, or refuse it: every handler of the desk may. None: nothing happens."""
    if open_request(case) is not None:
        _forget(case)
        record(Audited.ERASURE_WITHDRAWN, case.id)


def confirm_erasure(case: Case, asked_at: datetime) -> None:
    """Erase the case as a colleague asked at `asked_at`. The case is locked.

    Raises NothingAsked, SamePerson, StillOpen, Held; then nothing is erased.
    """
    request = open_request(case)
    if request is None or request.asked_at != asked_at:
        raise NothingAsked
    if request.asked_by == acting().account_id:
        raise SamePerson
    if case.closed_at is None:
        raise StillOpen
    erase(case, Ground(request.ground), request)


def reason_of(request: ErasureRequest, key: ContentKey) -> str:
    """Why it was asked. Raises CannotOpen."""
    return key.open("erasure/reason", request.reason_sealed)


def _forget(case: Case) -> None:
    db.session.execute(
        delete(ErasureRequest).where(
            ErasureRequest.entity_id == case.entity_id, ErasureRequest.case_id == case.id
        )
    )
