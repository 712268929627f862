"""A handler leaves in mid-case: the open cases go back to the desk, and the colleagues are told.

Terms run on, and reminders go to every handler of the desk anyway (cases.reminders).
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.exclusion import administrators, withhold_from
from spreekbuis.cases.exclusion_mails import address_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.workflow import handlers_of
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver

TELL_DESK = "cases.tell_of_cases_left_behind"
TELL_ADMINISTRATORS = "cases.tell_of_desk_without_handlers"


def free_cases(desk_id: UUID, accounts: Collection[UUID]) -> None:
    """The open cases that these accounts handled at the desk have no handler any more. Each colleague gets one mail;
    when none is left, the administrators do, who can invite somebody."""
    cases = db.session.scalars(
        select(Case)
        .where(
            Case.entity_id == current_entity_id(),
            Case.desk_id == desk_id,
            Case.handler_id.in_(accounts),
            Case.closed_at.is_(None),
        )
        .order_by(Case.id)
        .with_for_update()
    ).all()
    for case in cases:
        case.handler_id = None
        changed(case, Happened.ASSIGNED, handler="")
    colleagues = handlers_of(desk_id) - set(accounts)
    what, whom = (TELL_DESK, colleagues) if colleagues else (TELL_ADMINISTRATORS, administrators())
    if cases or not colleagues:
        for account_id in sorted(whom):
            key = f"{what} {desk_id} {account_id} {today()}"
            enqueue(what, once_key=key, desk_id=str(desk_id), account_id=str(account_id))


@job(TELL_DESK)
def tell_of_cases_left_behind(desk_id: str, account_id: str) -> None:
    """Nothing is sent when every open case of the desk that this colleague may see has a handler by now."""
    to = address_of(UUID(account_id), "/desk/{ovo}/cases?view=free")
    if to is not None and _any_is_free(desk_id, account_id):
        deliver("cases_left_behind", to.email, to.language, entity=to.entity, link=to.link)


@job(TELL_ADMINISTRATORS)
def tell_of_desk_without_handlers(desk_id: str, account_id: str) -> None:
    """Nothing is sent when the desk has a handler by now, or no open case that is not withheld from who is told."""
    to = address_of(UUID(account_id), "/entity/{ovo}/members")
    if to is not None and not handlers_of(UUID(desk_id)) and _any_is_free(desk_id, account_id):
        deliver("desk_without_handlers", to.email, to.language, entity=to.entity, link=to.link)


def _any_is_free(desk_id: str, account_id: str) -> bool:
    withhold_from(UUID(account_id))
    free = (Case.entity_id == current_entity_id(), Case.desk_id == UUID(desk_id), Case.handler_id.is_(None))
    return db.session.scalar(select(Case.id).where(*free, Case.closed_at.is_(None)).limit(1)) is not None
