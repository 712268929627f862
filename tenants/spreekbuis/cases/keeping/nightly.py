"""Every night: warn of what will be erased, and erase what is due and was warned of."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import Desk
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.duplicates import goes_on_elsewhere
from spreekbuis.cases.keeping.erasure import DROP_CONTENTS, drop_contents, erase
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.keeping.holds import is_stopped, stopped
from spreekbuis.cases.keeping.models import RetentionWarning
from spreekbuis.cases.keeping.terms import WARNED_AHEAD, due_on, shortest_term
from spreekbuis.cases.keeping.warnings import Audience, Mail, ask_mail
from spreekbuis.cases.models import Case
from spreekbuis.clock import BRUSSELS, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.jobs.outbox import enqueue, job, type_arg

AT_ONCE = 500
"""Rows that stand in memory at a time."""


@job("cases.keep_terms", at=time(4, 0))
def keep_terms() -> Mapping[str, type_arg]:
    """Ask every entity, also one that left: its cases are erased all the same."""
    day = today().isoformat()
    entities = db.session.scalars(select(Entity.id)).all()
    for entity_id in entities:
        enqueue(
            "cases.keep_terms_of_entity",
            entity_id=entity_id,
            once_key=f"cases.keep_terms_of_entity {entity_id} {day}",
        )
    return {"entities": len(entities)}


@job("cases.keep_terms_of_entity")
def keep_terms_of_entity() -> Mapping[str, type_arg]:
    """Warn of each case that is due within `WARNED_AHEAD`, and ask to erase those whose warning is that old.

    What is stopped is passed over; when that is over, the warning comes first. So is what nobody can be warned of.
    Cost grows with the cases that were closed longer ago than the shortest term, memory does not.
    """
    day, audience = today(), Audience()
    mails: set[Mail] = set()
    warned = erasing = 0
    for case, warning in _closed_long_ago():
        due = due_on(case)
        if due is None or due > day + WARNED_AHEAD:
            continue
        if warning is None or warning.due_on != due:
            to = audience.of(case)
            if to:
                _warn(case.id, due)
                mails |= to
                warned += 1
        elif _may_go(warning, day):
            erasing += 1
            enqueue("cases.erase_due", case_id=str(case.id), once_key=f"cases.erase_due {case.id} {day}")
    for mail in sorted(mails):
        ask_mail(mail, day)
    return {"warned": warned, "erasing": erasing}


@job("cases.erase_due")
def erase_due(case_id: str) -> Mapping[str, type_arg]:
    """Erase one case, when it is (still) due, was warned of long enough ago, and nothing stops it. Twice is once."""
    entity_id = current_entity_id()
    case = db.session.scalar(
        select(Case).where(Case.entity_id == entity_id, Case.id == UUID(case_id)).with_for_update()
    )
    warning = db.session.get(RetentionWarning, (entity_id, UUID(case_id)))
    if case is None or warning is None or due_on(case) != warning.due_on or not _may_go(warning, today()):
        return {"erased": 0}
    if is_stopped(case):
        return {"erased": 0}
    erase(case, Ground.TERM)
    return {"erased": 1}


@job(DROP_CONTENTS)
def drop_erased_contents() -> Mapping[str, type_arg]:
    """Delete the files of erased cases from the storage."""
    return {"files": drop_contents()}


def _closed_long_ago() -> Iterator[tuple[Case, RetentionWarning | None]]:
    """The cases that may be due soon and that nothing stops, with the last warning, some at a time."""
    before = add_months(today() + WARNED_AHEAD, -shortest_term()) + timedelta(days=1)
    found = db.session.execute(
        select(Case, RetentionWarning)
        .outerjoin(
            RetentionWarning,
            (RetentionWarning.entity_id == Case.entity_id) & (RetentionWarning.case_id == Case.id),
        )
        .where(
            Case.entity_id == current_entity_id(),
            Case.desk_id.in_(select(Desk.id).where(Desk.entity_id == current_entity_id())),
            Case.closed_at < datetime.combine(before, time(), BRUSSELS),
            ~stopped(),
            ~goes_on_elsewhere(),
        )
        .execution_options(yield_per=AT_ONCE)
    )
    return ((row[0], row[1]) for row in found)


def _may_go(warning: RetentionWarning, day: date) -> bool:
    """The day has come, and the warning is old enough, also when it came late."""
    return warning.due_on <= day and warning.warned_on + WARNED_AHEAD <= day


def _warn(case_id: UUID, due: date) -> None:
    """Note that the desk is warned today; an earlier warning, of another day, no longer counts."""
    db.session.execute(
        insert(RetentionWarning)
        .values(entity_id=current_entity_id(), case_id=case_id, warned_on=today(), due_on=due)
        .on_conflict_do_update(
            index_elements=["entity_id", "case_id"], set_={"warned_on": today(), "due_on": due}
        )
    )
    record(Audited.RETENTION_WARNED, case_id, {"due": due.isoformat()})
