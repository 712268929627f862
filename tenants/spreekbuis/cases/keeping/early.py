"""Erasing before the term has passed takes two people of the desk: one asks, another confirms."""

from datetime import date, datetime, timedelta
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import BindParameter, ColumnElement, Date, and_, cast, delete, exists, func, or_, select

from spreekbuis.access.models import Membership
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.duplicates import ended_at
from spreekbuis.cases.keeping.erasure import erase
from spreekbuis.cases.keeping.grounds import EARLY, Ground
from spreekbuis.cases.keeping.holds import refuse_held
from spreekbuis.cases.keeping.models import ErasureRequest
from spreekbuis.cases.models import Case
from spreekbuis.clock import BRUSSELS, now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.identity.models import Account
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Role

LAPSES_AFTER = timedelta(days=14)
"""Nobody confirmed within this time: the question no longer counts."""


class StillOpen(Conflict):
    """Only a case that ended is erased, also where it goes on: figures and the reporter have its end first."""

    title = _l("Dit dossier is nog niet afgesloten")
    advice = _l("Er is niets gewist. Sluit eerst het dossier af, of het dossier waarin het verdergaat.")


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
        select(ErasureRequest)
        .join(Case, (Case.entity_id == ErasureRequest.entity_id) & (Case.id == ErasureRequest.case_id))
        .where(Case.entity_id == current_entity_id(), Case.id == case.id, still_counts())
    )


def still_counts(
    since: datetime | BindParameter[datetime] | None = None, day: date | BindParameter[date] | None = None
) -> ColumnElement[bool]:
    """Of a query of cases with their question to erase: it did not lapse, and whoever asked it is still a handler of
    the desk, without a break. (Who is kept out of the case meanwhile loses the question: `forget_of`.)

    `since`: after which moment it was asked, and `day`: today; for a statement that is made once.
    """
    asked_on = cast(func.timezone(BRUSSELS.key, ErasureRequest.asked_at), Date)
    return and_(
        ErasureRequest.asked_at > (now() - LAPSES_AFTER if since is None else since),
        exists().where(
            Account.id == ErasureRequest.asked_by,
            Account.disabled_at.is_(None),
            Membership.entity_id == ErasureRequest.entity_id,
            Membership.account_id == ErasureRequest.asked_by,
            Membership.role == Role.HANDLER,
            Membership.desk_id == Case.desk_id,
            Membership.since <= asked_on,
            or_(Membership.until.is_(None), Membership.until >= (today() if day is None else day)),
        ),
    )


def forget_of(case: Case, account_id: UUID) -> None:
    """Withdraw what this account asked: it is kept out of the case."""
    request = open_request(case)
    if request is not None and request.asked_by == account_id:
        withdraw_erasure(case)


def ask_erasure(case: Case, key: ContentKey, ground: Ground, reason: str) -> None:
    """Ask a colleague to erase the case, which is locked. A question that still counts stays as it is.

    Raises Invalid for a ground that people cannot choose, StillOpen, Held.
    """
    if ground not in EARLY:
        raise Invalid({"ground": _l("Kies een van de mogelijkheden.")})
    if ended_at(case) is None:
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


def confirm_erasure(case: Case, key: ContentKey, asked_at: datetime) -> None:
    """Erase the case as a colleague asked at `asked_at`. The case is locked. Takes its key: two people who know what
    goes decide, so whoever cannot read the reason confirms nothing.

    Raises NothingAsked, SamePerson, StillOpen, Held, CannotOpen; then nothing is erased.
    """
    request = open_request(case)
    if request is None or request.asked_at != asked_at:
        raise NothingAsked
    if request.asked_by == acting().account_id:
        raise SamePerson
    if ended_at(case) is None:
        raise StillOpen
    reason_of(request, key)
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
