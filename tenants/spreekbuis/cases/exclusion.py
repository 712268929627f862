"""Conflict of interest: who is kept out of a case, and what that does at once.

Nobody who is named in a report, or stands in that reporting line, may see, be assigned to or even notice the case, also
not in counts or search. The door reads with the roles which cases are withheld from an account; from there on a
row-level policy on everything that hangs on a case keeps them out of every statement (db.security), so that no list,
count, search or page has to think of it. Mails to one account about cases call `withhold_from` first.

When nobody of the desk may see a case, it goes nowhere by itself: wellbeing is a compartment of its own, and a referral
takes the reporter's yes. The reporter's mailbox names the authorities outside that can help, and the administrators who
are not kept out themselves get a mail that there is such a case, so that they can invite another handler. It is counted
on no page for them: an administrator may be the one whom it is about.
"""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.case_keys import seal_to_readers
from spreekbuis.access.desk_keys import readers_of
from spreekbuis.access.models import CaseExclusion, Membership
from spreekbuis.access.roles import excluded_from, holds_today
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited
from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.duplicates import NO_KEYS, together_with, type_keys, with_keys
from spreekbuis.cases.keeping.early import forget_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.workflow import handlers_for
from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows, withhold
from spreekbuis.directory.catalogue import ExclusionReason
from spreekbuis.errors import NotFound
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Role

TELL_COLLEAGUES = "cases.tell_colleagues"
TELL_ADMINISTRATORS = "cases.tell_administrators"


class KeptOut(NamedTuple):
    """Somebody who may not see the case, as whoever may sees it."""

    account_id: UUID
    label: str
    reason: ExclusionReason


class Colleague(NamedTuple):
    """A member who could be kept out: who `handles` cases at the desk, or an administrator of the entity."""

    account_id: UUID
    label: str
    email: str
    handles: bool


def exclude(
    case: Case, key: ContentKey, account_id: UUID, reason: ExclusionReason, also: type_keys = NO_KEYS
) -> None:
    """From the next request on the case does not exist for this member, nor those that are handled as one with it
    (cases.duplicates), of which `also` has the keys. Its handler no more, if that is who it was.
    The key of the case is sealed anew, so that the key of the desk, which this member has, opens nothing of it.

    Also for a closed case. Twice is once. Raises NotFound for whoever is no member that could see or be told of it, and
    NoKeyYet when a key is missing in `also`.
    When nobody is left who reads at the desk, the administrators who may know of it are told by mail, and the
    reporter's mailbox says where else to go (`cases.finding.shown_to_reporter`).
    """
    if account_id not in {one.account_id for one in colleagues(case)}:
        raise NotFound
    for one, its_key in [(case, key), *with_keys(together_with(case), also)]:
        _exclude(one, its_key, account_id, reason)


def _exclude(case: Case, key: ContentKey, account_id: UUID, reason: ExclusionReason) -> None:
    made = db.session.scalar(
        insert(CaseExclusion)
        .values(
            entity_id=case.entity_id, case_id=case.id, account_id=account_id, reason=reason.value, since=now(),
            by_account_id=acting().account_id,
        )
        .on_conflict_do_nothing()
        .returning(CaseExclusion.account_id)
    )  # fmt: skip
    if made is None:
        return
    forget_of(case, account_id)
    was_handler = case.handler_id == account_id
    if was_handler:
        case.handler_id = None
    changed(
        case, Happened.EXCLUDED, Audited.CASE_MEMBER_EXCLUDED, account=str(account_id), reason=reason.value
    )
    if was_handler:
        for colleague in handlers_for(case):
            enqueue(TELL_COLLEAGUES, case_id=str(case.id), account_id=str(colleague))
    seal_to_readers(key, case.desk_id)
    if not readers_for(case):
        for administrator in administrators():
            enqueue(TELL_ADMINISTRATORS, case_id=str(case.id), account_id=str(administrator))


def declare_conflict(case: Case, key: ContentKey, also: type_keys = NO_KEYS) -> None:
    """The acting member may not handle the case, and says so. From the next request on it does not exist for them."""
    account_id = acting().account_id
    assert account_id is not None, "only an account handles cases"
    exclude(case, key, account_id, ExclusionReason.DECLARED, also)


def admit(case: Case, key: ContentKey, account_id: UUID, also: type_keys = NO_KEYS) -> None:
    """End an exclusion that was a mistake: somebody else's than one's own, of all cases that are handled as one.
    Twice is once. Raises NoKeyYet as `exclude`."""
    for one, its_key in [(case, key), *with_keys(together_with(case), also)]:
        _admit(one, its_key, account_id)


def _admit(case: Case, key: ContentKey, account_id: UUID) -> None:
    ended = db.session.scalar(
        delete(CaseExclusion)
        .where(
            CaseExclusion.entity_id == case.entity_id,
            CaseExclusion.case_id == case.id,
            CaseExclusion.account_id == account_id,
        )
        .returning(CaseExclusion.account_id)
    )
    if ended is not None:
        changed(case, Happened.ADMITTED, Audited.CASE_MEMBER_ADMITTED, account=str(account_id))
        seal_to_readers(key, case.desk_id)


def carry_over(from_case_id: UUID, case: Case, key: ContentKey) -> None:
    """A case that goes on at the other desk of the entity: whoever of that desk was kept out, stays out."""
    there = {one.account_id for one in colleagues(case)}
    for one in kept_out(from_case_id):
        if one.account_id in there:
            exclude(case, key, one.account_id, one.reason)


def kept_out(case_id: UUID) -> list[KeptOut]:
    """Who may not see the case, by label."""
    found = rows(_KEPT_OUT, {"entity": current_entity_id(), "case": case_id})
    return [KeptOut(account_id, label, ExclusionReason(reason)) for account_id, label, reason in found]


def colleagues(case: Case) -> list[Colleague]:
    """The members who could see the case or be told of it: handlers of its desk and administrators, by label."""
    asked = {"entity": current_entity_id(), "desk": case.desk_id, "today": today()}
    return [Colleague(*row) for row in rows(_COLLEAGUES, asked)]


def readers_for(case: Case) -> set[UUID]:
    """Who reads at the desk of the case and may see it."""
    return {holder.account_id for holder in readers_of(case.desk_id)} & handlers_for(case)


_KEPT_OUT = (
    select(CaseExclusion.account_id, Account.label, CaseExclusion.reason)
    .join(Account, Account.id == CaseExclusion.account_id)
    .where(CaseExclusion.entity_id == bindparam("entity"), CaseExclusion.case_id == bindparam("case"))
    .order_by(Account.label, Account.id)
)
_COLLEAGUES = (
    select(Account.id, Account.label, Account.email, func.bool_or(Membership.role == Role.HANDLER))
    .join(Membership, Membership.account_id == Account.id)
    .where(
        Membership.entity_id == bindparam("entity"),
        Membership.since <= bindparam("today"),
        or_(Membership.until.is_(None), Membership.until >= bindparam("today")),
        or_(Membership.desk_id == bindparam("desk"), Membership.role == Role.ENTITY_ADMINISTRATOR),
    )
    .group_by(Account.id)
    .order_by(Account.label, Account.email)
)


def withhold_from(account_id: UUID) -> None:
    """For the rest of this transaction: what this account may not see does not exist. For mails to one account."""
    withhold(excluded_from(account_id))


def administrators() -> set[UUID]:
    """Who administers the entity today."""
    return set(
        db.session.scalars(
            select(Membership.account_id).where(holds_today(), Membership.role == Role.ENTITY_ADMINISTRATOR)
        )
    )
