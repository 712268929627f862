"""Who may see which case. Every page and every operation of a handler starts here."""

from collections.abc import Collection, Mapping, Set
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, DateTime, Select, Uuid, and_, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import CaseExclusion, Membership
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.duplicates import goes_on_elsewhere
from spreekbuis.cases.models import Case, CaseMerge, CaseReading, Referral
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import DESK_OF_TOPIC, Topic
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Invalid, NotFound

SITTING = timedelta(hours=1)
"""Opening the same case again within this time is the same reading."""


def case_for(desks: Set[UUID], case_id: UUID, *, lock: bool = False) -> Case:
    """The case, if it is at one of the handler's desks. `lock` it to change it.

    Raises NotFound for a case of another desk, of another entity, or of nobody: the three look the same.
    Wellbeing is its own compartment: the employer must not read psychosocial files (Codex, book I title 3).
    """
    asked = {"entity": current_entity_id(), "case": case_id, "desks": list(desks)}
    return _locked_or_not(_AT_DESKS, asked, lock=lock)


def case_by_number(desks: Set[UUID], number: CaseNumber, *, lock: bool = False) -> Case:
    """The case with this number, if it is at one of the handler's desks.

    Raises NotFound, and Invalid when two of the desks have the number and it does not say which one is meant.
    """
    ids = db.session.execute(
        select(Case.id, Case.topic).where(
            Case.entity_id == current_entity_id(),
            Case.desk_id.in_(desks),
            Case.year == number.year,
            Case.number == number.number,
        )
    ).all()
    meant = [row.id for row in ids if number.desk in (None, DESK_OF_TOPIC[Topic(row.topic)])]
    if not meant:
        raise NotFound
    if len(meant) > 1:
        raise Invalid({"number": _l("Twee loketten hebben dit nummer. Schrijf het met de letter ervoor.")})
    return case_for(desks, meant[0], lock=lock)


def case_of_reporter(case_id: UUID, *, lock: bool = False) -> Case:
    """The case that a receipt code opened: the door has checked the code. Raises NotFound."""
    return _locked_or_not(_BY_ID, {"entity": current_entity_id(), "case": case_id}, lock=lock)


class ShownToReporter(NamedTuple):
    """What the mailbox shows of a case, beside its dialogue; with the entity's name, policy area and code.

    `nobody_may`: for conflict of interest no handler of the desk may see it; the reporter is told where else to go.
    `being_referred`: a referral waits for the reporter, or for the other desk. `goes_on`: it was closed as a duplicate
    of a case that is open."""

    kind: str
    topic: str
    category: str
    identity: str
    state: str
    procedure: str
    procedure_version: int
    procedure_at: datetime | None
    received_at: datetime
    acknowledged_at: datetime | None
    conversation_at: datetime | None
    decided_at: datetime | None
    feedback_at: datetime | None
    closed_at: datetime | None
    waiting_since: datetime | None
    waited_days: int
    term_changes: Mapping[str, Any]
    outcome: str | None
    score: int | None
    contact_preference_sealed: bytes | None
    shares_with: list[str]
    questionnaire: str | None
    questionnaire_version: int | None
    answers_sealed: bytes | None
    entity_name: str
    policy_area: str
    ovo_code: str
    nobody_may: bool
    being_referred: bool
    goes_on: bool

    @property
    def duplicates_due_on(self) -> None:
        """What other reports make due is not told to this reporter."""
        return


def shown_to_reporter(case_id: UUID) -> ShownToReporter:
    """`case_of_reporter`, to be read only. Raises NotFound."""
    found = rows(_SHOWN, {"entity": current_entity_id(), "case": case_id, "today": today()})
    if not found:
        raise NotFound
    return ShownToReporter(*found[0])


def note_reading(case: Case, account_id: UUID) -> None:
    """Write into the trail that this account reads the case: one row per sitting."""
    note_readings([case.id], account_id)


def note_readings(cases: Collection[UUID], account_id: UUID) -> None:
    """`note_reading` of several cases of the tenant in scope."""
    if not cases:
        return
    moment = now()
    fresh = rows(
        _READ,
        {
            "entity": current_entity_id(), "cases": sorted(cases), "account": account_id, "moment": moment,
            "sat_down": moment - SITTING,
        },
    )  # fmt: skip
    for (case_id,) in fresh:
        record(Audited.CASE_READ, case_id)


# Made once: every page of a case writes it.
_READ = (
    insert(CaseReading)
    .from_select(
        ["entity_id", "case_id", "account_id", "read_at"],
        select(
            bindparam("entity", type_=Uuid), func.unnest(bindparam("cases", type_=ARRAY(Uuid))),
            bindparam("account", type_=Uuid), bindparam("moment", type_=DateTime(timezone=True)),
        ),
        include_defaults=False,
    )
    .on_conflict_do_update(
        index_elements=["entity_id", "case_id", "account_id"],
        set_={"read_at": bindparam("moment")},
        where=CaseReading.read_at < bindparam("sat_down"),
    )
    .returning(CaseReading.case_id)
)  # fmt: skip
_KEPT_OUT = select(CaseExclusion.case_id).where(
    CaseExclusion.entity_id == Case.entity_id, CaseExclusion.case_id == Case.id
)
_WHO_MAY = select(Membership.id).where(
    Membership.entity_id == Case.entity_id,
    Membership.desk_id == Case.desk_id,
    Membership.since <= bindparam("today"),
    or_(Membership.until.is_(None), Membership.until >= bindparam("today")),
    ~_KEPT_OUT.where(CaseExclusion.account_id == Membership.account_id).correlate(Case, Membership).exists(),
)
_UNDER_WAY = select(Referral.id).where(
    Referral.entity_id == Case.entity_id, Referral.case_id == Case.id, Referral.ended_at.is_(None)
)
# Made once: the mailbox asks it at every page.
_SHOWN = (
    select(
        *(getattr(Case, name) for name in ShownToReporter._fields[:-6]),
        Entity.name,
        Entity.policy_area,
        Entity.ovo_code,
        and_(_KEPT_OUT.correlate(Case).exists(), ~_WHO_MAY.correlate(Case).exists()),
        _UNDER_WAY.correlate(Case).exists(),
        goes_on_elsewhere(),
    )
    .join(Entity, Entity.id == Case.entity_id)
    .where(Case.entity_id == bindparam("entity"), Case.id == bindparam("case"))
)  # fmt: skip
_BY_ID = select(Case).where(Case.entity_id == bindparam("entity"), Case.id == bindparam("case"))
_AT_DESKS = _BY_ID.where(Case.desk_id == any_(bindparam("desks", type_=ARRAY(Uuid))))


_MAIN_FIRST = (
    select(Case.id)
    .join(CaseMerge, and_(CaseMerge.entity_id == Case.entity_id, CaseMerge.into_id == Case.id))
    .where(CaseMerge.entity_id == bindparam("entity"), CaseMerge.case_id == bindparam("case"))
    .with_for_update(of=Case)
)


def _locked_or_not(asked: Select[Case], values: Mapping[str, Any], *, lock: bool) -> Case:
    """The main case of a duplicate is locked before it, always: what happens to one of them reaches the other."""
    if lock:
        rows(_MAIN_FIRST, values)
        asked = asked.with_for_update().execution_options(populate_existing=True)
    case = db.session.scalar(asked, values)
    if case is None:
        raise NotFound
    return case
