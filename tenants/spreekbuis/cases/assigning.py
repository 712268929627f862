"""Give several cases of the work list to one handler at once: all of them, or none and why not."""

from collections.abc import Mapping, Set
from typing import NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, Uuid, any_, bindparam, or_, select

from spreekbuis.access.models import CaseExclusion, Membership
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.workflow import hand_over, handlers_of
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import Conflict, NotFound, type_text
from spreekbuis.identity.models import Account

CLOSED = _l("Dit dossier is intussen afgesloten.")
TAKEN = _l("Intussen kreeg dit dossier een andere behandelaar.")
MAY_NOT = _l("Deze collega kan dit dossier niet behandelen.")


class Refused(NamedTuple):
    """A case that cannot be given to this handler."""

    number: str
    why: type_text


class NotAll(Conflict):
    """Some of the cases cannot be given, so none was."""

    title = _l("Er is nog niets toegewezen")
    advice = _l("Haal deze dossiers uit je keuze, of kies een andere behandelaar.")

    def __init__(self, refused: list[Refused]) -> None:
        super().__init__()
        self.refused = refused


def assign_together(desks: Set[UUID], chosen: Mapping[UUID, UUID | None], account_id: UUID) -> int:
    """Give the `chosen` cases to a handler; tells how many changed hands. Those that this handler has already stay so.

    `chosen`: with each case its handler as the list showed it, so that nobody takes away what a colleague took in the
    meantime. Locked in one order, so that two who do this at once follow each other.
    Raises NotFound when one of them is at none of the desks, or withheld; NotAll when one cannot be given. Nothing
    changed then.
    """
    cases = db.session.scalars(
        select(Case)
        .where(Case.entity_id == current_entity_id(), Case.id.in_(chosen), Case.desk_id.in_(desks))
        .order_by(Case.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if len(cases) != len(chosen):
        raise NotFound
    theirs = {desk_id for desk_id in {case.desk_id for case in cases} if account_id in handlers_of(desk_id)}
    kept_out = set(
        db.session.scalars(
            select(CaseExclusion.case_id).where(
                CaseExclusion.entity_id == current_entity_id(),
                CaseExclusion.account_id == account_id,
                CaseExclusion.case_id.in_(chosen),
            )
        )
    )
    todo = [case for case in cases if case.handler_id != account_id]
    refused = []
    for case in todo:
        why = None
        if case.closed_at is not None:
            why = CLOSED
        elif case.handler_id != chosen[case.id]:
            why = TAKEN
        elif case.desk_id not in theirs or case.id in kept_out:
            why = MAY_NOT
        if why is not None:
            refused.append(Refused(number_of(case.topic, case.year, case.number), why))
    if refused:
        raise NotAll(refused)
    for case in todo:
        hand_over(case, account_id)
    return len(todo)


_HANDLERS = (
    select(Account.id, Account.label)
    .join(Membership, Membership.account_id == Account.id)
    .where(
        Membership.entity_id == bindparam("entity"),
        Membership.desk_id == any_(bindparam("desks", type_=ARRAY(Uuid))),
        Membership.since <= bindparam("today"),
        or_(Membership.until.is_(None), Membership.until >= bindparam("today")),
    )
    .distinct()
    .order_by(Account.label, Account.id)
)


def handlers_at(desks: Set[UUID]) -> list[tuple[UUID, str]]:
    """The handlers of these desks today, and how they are called. One query."""
    asked = {"entity": current_entity_id(), "desks": list(desks), "today": today()}
    return [(account_id, label) for account_id, label in rows(_HANDLERS, asked)]
