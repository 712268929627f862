"""Open a case: the one way in for reporters and for handlers. The hot path, so it counts its round trips."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.case_keys import sealed_to_desk
from spreekbuis.access.desk_keys import NoRecoveryKit, newest_key
from spreekbuis.access.desks import takes_new
from spreekbuis.access.models import CaseKey, Desk
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, record_fact
from spreekbuis.cases.checks import set_first_task
from spreekbuis.cases.deadlines import set_next_due
from spreekbuis.cases.dialogue import attachment_row, message_row
from spreekbuis.cases.models import Attachment, Case, CaseCounter, CaseEvent, Contact, Message
from spreekbuis.cases.numbers import step
from spreekbuis.cases.procedure_versions import of_citizens, usual
from spreekbuis.cases.procedures import State
from spreekbuis.clock import local_date, now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current, current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import (
    DESK_OF_TOPIC,
    EVERY_CATEGORY,
    CaseKind,
    Channel,
    Identity,
    ReporterClass,
)
from spreekbuis.errors import NotFound
from spreekbuis.figures.facts import ContactFact, record_contact
from spreekbuis.questionnaires.answers import Answered
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import AcceptedFile
from spreekbuis.vault.sealing import new_secret

SPOKEN = frozenset({Channel.PHONE, Channel.CHAT, Channel.VISIT})
"""Channels in which the reporter is spoken with."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that lies in the storage. `size` in bytes; `key` opens the content."""

    name: str
    media_type: str
    size: int
    storage_key: str
    key: bytes = field(repr=False)
    cleaned: str

    @classmethod
    def of(cls, file: AcceptedFile) -> "NewFile":
        return cls(file.name, file.media_type, file.size, file.storage_key, file.key, file.cleaned)


@dataclass(frozen=True, slots=True)
class NewCase:
    """What is needed to open a case. `id` is made with the form: the same id twice is one case.

    `secret` is the key of the case, which the caller can seal to the reporter as well.
    """

    id: UUID
    kind: CaseKind
    category: str
    channel: Channel
    identity: Identity
    reporter_class: ReporterClass
    language: str
    text: str
    reporter: Mapping[str, str] | None
    """Name and contact data, when given: {"name": …, "email": …, "phone": …}."""
    duty_accepted: bool
    submission_digest: bytes | None = None
    answered: Answered | None = None
    """What was answered to the questionnaire of the category."""
    received_at: datetime | None = None
    """When another desk passed it on here; what the reporter does at this moment has none."""
    said_at: datetime | None = None
    """When the reporter wrote it, when that was before."""
    files: tuple[NewFile, ...] = ()
    through_front_office: bool = False
    """Then nobody of the desk has spoken with the reporter yet, whatever the channel."""
    script: tuple[UUID, int] | None = None
    """Id and version of the answer text that was read out."""
    secret: bytes = field(default_factory=new_secret, repr=False)


class _DeskNow(NamedTuple):
    """The desk of a new case and its newest key."""

    id: UUID
    version: int
    public_key: bytes


def open_case(new: NewCase) -> Case:
    """Open a case in the tenant in scope, at the desk of its category's topic. Gives the case.

    An id that was opened before gives that case as it is, unchanged: the caller compares `submission_digest`.
    Raises KeyError for an unknown category (the caller has checked it), NoRecoveryKit while the desk has no key.
    """
    return open_or_find(new)[0]


def open_or_find(new: NewCase) -> tuple[Case, bool]:
    """`open_case`, with whether this call made the case. Raises NotFound for one that is withheld from who asks."""
    if new.id in current().withheld:  # the same form again, from who was kept out meanwhile
        raise NotFound
    moment = new.received_at or now()
    year = local_date(moment).year
    desk = _desk_of(new)
    distance = step()
    number = _next_number(desk.id, year, distance)
    key = ContentKey(current_entity_id(), new.id, new.secret)
    values = _values(new, key, year, number, desk.id, moment)
    opened = db.session.scalars(
        insert(Case).values(values).on_conflict_do_nothing(index_elements=["entity_id", "id"]).returning(Case)
    ).one_or_none()
    if opened is None:
        _give_back(desk.id, year, distance)
        return db.session.get_one(Case, (current_entity_id(), new.id)), False
    contact_fact_id = uuid4() if new.channel is not Channel.WEB and new.received_at is None else None
    _write_first_rows(opened, new, key, desk, contact_fact_id)
    record_fact(opened, new=True)
    if contact_fact_id is not None:
        day = local_date(moment)
        record_contact(contact_fact_id, ContactFact(day.year, day.month, new.channel), new=True)
    record(
        Audited.CASE_OPENED,
        opened.id,
        {
            "category": new.category,
            "channel": new.channel.value,
            "kind": new.kind.value,
            "files": len(new.files),
        },
    )
    return opened, True


def _desk_of(new: NewCase) -> _DeskNow:
    """The desk of the case's category. Its key stays until this transaction ends, also when it is renewed now."""
    kind = DESK_OF_TOPIC[EVERY_CATEGORY[new.category].topic].value
    ((desk_id,),) = rows(_DESK, {"entity": current_entity_id(), "kind": kind})
    key = newest_key(desk_id)
    if key is None:
        raise NoRecoveryKit
    return _DeskNow(desk_id, *key)


_DESK = select(Desk.id).where(
    Desk.entity_id == bindparam("entity"), Desk.kind == bindparam("kind"), takes_new()
)


def _next_number(desk_id: UUID, year: int, distance: int) -> int:
    """The next number of the desk in the year, so far from the last. Openers of one desk wait here for each other."""
    asked = {"entity": current_entity_id(), "desk": desk_id, "year": year, "distance": distance}
    ((number,),) = rows(_NEXT, asked)
    return int(number)


_NEXT = (
    insert(CaseCounter)
    .values(
        entity_id=bindparam("entity"),
        desk_id=bindparam("desk"),
        year=bindparam("year"),
        last=bindparam("distance"),
    )
    .on_conflict_do_update(
        index_elements=["entity_id", "desk_id", "year"],
        set_={"last": CaseCounter.last + bindparam("distance")},
    )
    .returning(CaseCounter.last)
)


def _give_back(desk_id: UUID, year: int, distance: int) -> None:
    """The number was not needed; the counter's row is still ours alone, so that no two get the same."""
    db.session.execute(
        update(CaseCounter)
        .where(
            CaseCounter.entity_id == current_entity_id(),
            CaseCounter.desk_id == desk_id,
            CaseCounter.year == year,
        )
        .values(last=CaseCounter.last - distance)
        .execution_options(synchronize_session=False)
    )


def _values(
    new: NewCase, key: ContentKey, year: int, number: int, desk_id: UUID, moment: datetime
) -> dict[str, Any]:
    """The columns of the new case, its sort key computed by the rules for deadlines."""
    entity_id = current_entity_id()
    topic = EVERY_CATEGORY[new.category].topic
    day = local_date(moment)
    citizen = new.reporter_class is ReporterClass.CITIZEN
    rules = of_citizens(day) if citizen else usual(new.kind, topic, new.identity, day)
    case = Case(
        entity_id=entity_id,
        id=new.id,
        year=year,
        number=number,
        kind=new.kind.value,
        topic=topic.value,
        category=new.category,
        channel=new.channel.value,
        identity=new.identity.value,
        reporter_class=new.reporter_class.value,
        language=new.language,
        desk_id=desk_id,
        state=State.NEW.value,
        procedure=rules.code,
        procedure_version=rules.version,
        waited_days=0,
        term_changes={},
        received_at=moment,
        last_activity_at=moment,
        conversation_at=moment
        if new.channel in SPOKEN and not new.through_front_office and new.received_at is None
        else None,
        duty_accepted_at=moment if new.duty_accepted else None,
        reporter_sealed=_sealed_reporter(new, key),
        submission_digest=new.submission_digest,
        **_answers(new, key),
    )
    set_next_due(case)
    set_first_task(case)
    return {name: value for name, value in vars(case).items() if not name.startswith("_")}


def _sealed_reporter(new: NewCase, key: ContentKey) -> bytes | None:
    if not new.reporter:
        return None
    return key.seal("reporter", json.dumps(dict(new.reporter), ensure_ascii=False))


def _answers(new: NewCase, key: ContentKey) -> dict[str, Any]:
    """The answers sealed, with the version that they answer; nothing when there are none."""
    if new.answered is None or not new.answered.answers:
        return {}
    version = new.answered.to.version
    return {
        "questionnaire": version.code, "questionnaire_version": version.number,
        "answers_sealed": key.seal("answers", new.answered.as_json()),
    }  # fmt: skip


def _write_first_rows(
    case: Case, new: NewCase, key: ContentKey, desk: _DeskNow, contact_fact_id: UUID | None
) -> None:
    """The key, the first message with its files, the event and the contact: one statement."""
    moment, account_id = case.received_at, acting().account_id
    message = message_row(case, key, author="reporter", text=new.text, at=new.said_at or moment)
    key_row = {
        "entity_id": case.entity_id, "case_id": case.id, "desk_id": desk.id, "version": desk.version,
        "secret_sealed": sealed_to_desk(key, desk.id, desk.version, desk.public_key),
    }  # fmt: skip
    parts = [insert(CaseKey).values(key_row).cte("key"), insert(Message).values(message).cte("first_message")]
    if new.files:
        files = [attachment_row(case, key, message["id"], file, moment) for file in new.files]
        parts.append(insert(Attachment).values(files).cte("first_files"))
    if contact_fact_id is not None:
        contact = {
            "entity_id": case.entity_id, "id": new_id(), "case_id": case.id, "channel": case.channel,
            "at": moment, "account_id": account_id, "fact_id": contact_fact_id,
            "script_id": new.script and new.script[0], "script_version": new.script and new.script[1],
        }  # fmt: skip
        parts.append(insert(Contact).values(contact).cte("first_contact"))
    event = {
        "entity_id": case.entity_id, "id": new_id(), "case_id": case.id, "kind": Happened.RECEIVED.value,
        "at": moment, "account_id": account_id,
        "data": {"channel": case.channel, "duty_accepted": new.duty_accepted},
    }  # fmt: skip
    db.session.execute(insert(CaseEvent).values(event).add_cte(*parts))
