"""The daily sweep of deadlines and tasks: how many cases are late or nearly so, never which ones.

Before a term ends, the desk is reminded; when it was missed, everybody of the desk is told, and again later. How many
days before and after, the procedure says (cases.definition). Administrators of the entity are told nothing: they must
not see cases, and wellbeing is a compartment (Codex, book I title 3).

Three steps, so that each mail is retried by itself: the platform asks each entity, the entity asks each recipient.
Counting is the database's work and stops at `CAP`, so that neither memory nor time grows with the cases.

Nobody gets a number that counts a case of which they are kept out (cases.exclusion). An address that a whole desk reads
counts no case of which anybody is kept out: those are told to the colleagues one by one.
"""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, ngettext
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    Integer,
    Select,
    TableValuedAlias,
    Text,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import CaseExclusion, Desk, Membership
from spreekbuis.cases.exclusion import withhold_from
from spreekbuis.cases.models import Case
from spreekbuis.cases.procedure_models import DeadlineSweep
from spreekbuis.cases.procedure_versions import procedure, published
from spreekbuis.cases.work_list import urgency
from spreekbuis.cases.workflow import handlers_of
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows, type_select
from spreekbuis.directory.models import Entity
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web.access import Role

CAP = 999
LONGEST_ABSENCE = timedelta(days=31)
"""When no worker ran for longer, what was missed before is not told any more: the work list shows it."""


@job("cases.remind", at=time(7, 0))
def remind() -> Mapping[str, type_arg]:
    """Ask every entity: open cases are finished whatever became of its subscription, also when it left."""
    day = today().isoformat()
    entities = db.session.scalars(select(Entity.id)).all()
    for entity_id in entities:
        enqueue(
            "cases.remind_entity",
            entity_id=entity_id,
            once_key=f"cases.remind_entity {entity_id} {day}",
            day=day,
        )
    return {"entities": len(entities)}


@job("cases.remind_entity")
def remind_entity(day: str) -> Mapping[str, type_arg]:
    """Ask for the mails of the day: a reminder per desk that has an address, else per handler of the desk; and for
    terms that were missed since the last sweep one to the desk's address and to each handler."""
    until = date.fromisoformat(day)
    since = _swept(until)
    emails: dict[UUID, str | None] = {}
    for desk_id, email in db.session.execute(
        select(Desk.id, Desk.email).where(Desk.entity_id == current_entity_id())
    ):
        emails[desk_id] = email
    asked: set[tuple[str, UUID]] = set()
    nearly, for_all = _nearly_due(emails), _nearly_due(emails, for_all=True)
    for desk_id, count in nearly.items():
        asked |= {("remind_desk", desk_id)} if emails[desk_id] else set()
        if not emails[desk_id] or count > for_all.get(desk_id, 0):
            asked |= _handlers("remind_account", desk_id)
    for desk_id in _missed(emails, since, until):
        asked |= _handlers("escalate_account", desk_id)
        asked |= {("escalate_desk", desk_id)} if emails[desk_id] else set()
    for what, recipient_id in sorted(asked):
        _ask(what, recipient_id, since, day)
    return {"mails": len(asked)}


def _ask(what: str, recipient_id: UUID, since: date, day: str) -> None:
    key = f"cases.{what} {current_entity_id()} {recipient_id} {day}"
    if what.startswith("remind"):
        enqueue(f"cases.{what}", once_key=key, recipient_id=str(recipient_id))
    else:
        enqueue(
            f"cases.{what}",
            once_key=key,
            recipient_id=str(recipient_id),
            after_day=since.isoformat(),
            day=day,
        )


@job("cases.remind_desk")
def remind_desk(recipient_id: str) -> Mapping[str, type_arg] | None:
    """Mail the desk's own address."""
    desk = _desk(recipient_id)
    if desk is None or desk.email is None:
        return None
    return _mail(desk.email, "nl", _nearly_due([desk.id], for_all=True))


@job("cases.remind_account")
def remind_account(recipient_id: str) -> Mapping[str, type_arg] | None:
    """Mail a handler about the desks that have no address of their own, and what such an address is not told."""
    account = _account(recipient_id)
    if account is None:
        return None
    withhold_from(account.id)
    nearly = _nearly_due(_desks_of(account.id))
    told = _nearly_due(_desks_of(account.id, Desk.email.is_not(None)), for_all=True)
    left = {desk_id: count - told.get(desk_id, 0) for desk_id, count in nearly.items()}
    return _mail(account.email, account.language, left)


@job("cases.escalate_desk")
def escalate_desk(recipient_id: str, after_day: str, day: str) -> Mapping[str, type_arg] | None:
    """Tell the desk's own address how many terms were missed."""
    desk = _desk(recipient_id)
    if desk is None or desk.email is None:
        return None
    return _mail(desk.email, "nl", _missed([desk.id], *_days(after_day, day), for_all=True), missed=True)


@job("cases.escalate_account")
def escalate_account(recipient_id: str, after_day: str, day: str) -> Mapping[str, type_arg] | None:
    """Tell a handler how many terms were missed at the handler's desks, whoever handles the cases."""
    account = _account(recipient_id)
    if account is None:
        return None
    withhold_from(account.id)
    missed = _missed(_desks_of(account.id), *_days(after_day, day))
    return _mail(account.email, account.language, missed, missed=True)


def _swept(until: date) -> date:
    """The day up to which missed terms were told before; from now on that is `until`."""
    entity_id = current_entity_id()
    before = db.session.scalar(select(DeadlineSweep.swept_until).where(DeadlineSweep.entity_id == entity_id))
    db.session.execute(
        insert(DeadlineSweep)
        .values(entity_id=entity_id, swept_until=until)
        .on_conflict_do_update(
            index_elements=["entity_id"],
            set_={"swept_until": func.greatest(DeadlineSweep.swept_until, until)},
        )
    )
    return until - timedelta(days=1) if before is None else max(before, until - LONGEST_ABSENCE)


def _nearly_due(desks: Iterable[UUID], *, for_all: bool = False) -> dict[UUID, int]:
    """Cases per desk of which a term is late, or ends within the days of their procedure, or a check or task is due.
    `for_all`: only those of which nobody is kept out."""
    days = [(one.code, one.version, procedure(one.code, one.version).remind_before) for one in published()]
    longest = max(before for _, _, before in days)
    dates = {"today": today(), "latest": today() + timedelta(days=longest)}
    return _counted(desks, _NEARLY_DUE, days, dates, for_all=for_all)


def _missed(desks: Iterable[UUID], since: date, until: date, *, for_all: bool = False) -> dict[UUID, int]:
    """Open cases per desk of which a missed term is to be told on a day after `since`, up to and with `until`;
    `for_all` as with `_nearly_due`."""
    days = [
        (one.code, one.version, after)
        for one in published()
        for after in procedure(one.code, one.version).escalate_after
    ]
    if not days:
        return {}
    first = since + timedelta(days=1)
    earliest = first - timedelta(days=max(after for _, _, after in days))
    latest = until - timedelta(days=1)
    dates = {"first": first, "last": until, "earliest": earliest, "latest": latest}
    return _counted(desks, _MISSED, days, dates, for_all=for_all)


def _counted(
    desks: Iterable[UUID],
    statement: type_select,
    days: Iterable[tuple[str, int, int]],
    dates: Mapping[str, date],
    *,
    for_all: bool,
) -> dict[UUID, int]:
    """Cases per desk, counted to `CAP`; desks without any are left out."""
    codes, versions, numbers = zip(*days, strict=True)
    given = {
        "codes": list(codes),
        "versions": list(versions),
        "days": list(numbers),
        "for_all": for_all,
        **dates,
    }
    found = {}
    for desk_id in desks:
        [(count,)] = rows(statement, {"entity": current_entity_id(), "desk": desk_id, **given})
        if count:
            found[desk_id] = count
    return found


_KEPT_OUT = select(CaseExclusion.case_id).where(
    CaseExclusion.entity_id == Case.entity_id, CaseExclusion.case_id == Case.id
)


def _some(*which: ColumnElement[bool]) -> Select[Any]:
    """At most `CAP` cases of the desk."""
    return (
        select(Case.id)
        .where(
            Case.entity_id == bindparam("entity"),
            Case.desk_id == bindparam("desk"),
            *which,
            ~and_(bindparam("for_all", type_=Boolean), _KEPT_OUT.correlate(Case).exists()),
        )
        .limit(CAP)
    )


def _with_term(rules: TableValuedAlias, *which: ColumnElement[bool]) -> type_select:
    under = and_(rules.c.code == Case.procedure, rules.c.version == Case.procedure_version)
    return _some(Case.closed_at.is_(None), *which).join(rules, under)


def _count(*parts: type_select) -> type_select:
    """How many cases any of these finds, to `CAP`."""
    found = union(*(select(part.subquery()) for part in parts)).limit(CAP) if len(parts) > 1 else parts[0]
    return select(func.count()).select_from(found.subquery())


def _date(name: str) -> BindParameter[date]:
    return bindparam(name, type_=Date())


# Made once, with parameters: a sweep asks them for every desk there is. `_RULES`: days per version of a procedure.
_RULES = func.unnest(
    bindparam("codes", type_=ARRAY(Text)),
    bindparam("versions", type_=ARRAY(Integer)),
    bindparam("days", type_=ARRAY(Integer)),
).table_valued(column("code", Text), column("version", Integer), column("days", Integer), name="rules")
_RULES = _RULES.render_derived()
_NEARLY_DUE = _count(
    _with_term(_RULES, urgency <= _date("latest"), urgency <= _date("today") + _RULES.c.days),
    _some(Case.next_task_on <= _date("today")),
)
_MISSED = _count(
    _with_term(
        _RULES,
        urgency.between(_date("earliest"), _date("latest")),
        (urgency + _RULES.c.days).between(_date("first"), _date("last")),
    )
)


def _days(after_day: str, day: str) -> tuple[date, date]:
    return date.fromisoformat(after_day), date.fromisoformat(day)


def _handlers(what: str, desk_id: UUID) -> set[tuple[str, UUID]]:
    return {(what, account_id) for account_id in handlers_of(desk_id)}


def _desk(desk_id: str) -> Desk | None:
    return db.session.get(Desk, (current_entity_id(), UUID(desk_id)))


def _account(account_id: str) -> Account | None:
    account = db.session.get(Account, UUID(account_id))
    return None if account is None or account.disabled_at is not None else account


def _desks_of(account_id: UUID, *which: ColumnElement[bool]) -> set[UUID]:
    found = db.session.scalars(
        select(Desk.id)
        .join(Membership, (Desk.entity_id == Membership.entity_id) & (Desk.id == Membership.desk_id))
        .where(
            Membership.entity_id == current_entity_id(),
            Membership.account_id == account_id,
            Membership.role == Role.HANDLER,
            or_(Membership.until.is_(None), Membership.until >= today()),
            *which,
        )
    )
    return set(found)


def _mail(
    address: str, language: str, counted: Mapping[UUID, int], *, missed: bool = False
) -> Mapping[str, type_arg]:
    """One mail, with a number and a link; nothing that says what a case is about, nor which."""
    count = sum(counted.values())
    if count == 0:
        return {"cases": 0}
    settings: Settings = current_app.extensions["settings"]
    entity = db.session.get_one(Entity, current_entity_id())
    with force_locale(language):
        words = ngettext("%(num)s dossier", "%(num)s dossiers", count)
    said = {
        "cases": words, "entity": entity.name, "link": f"{settings.base_url}/desk/{entity.ovo_code}/cases",
    }  # fmt: skip
    if missed:
        deliver("deadline_missed", address, language, **said)
    else:
        deliver("deadline_reminder", address, language, **said)
    return {"cases": count}
