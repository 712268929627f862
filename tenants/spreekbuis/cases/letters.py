"""What a desk sends when it passes a report on: all that the reporter said and was told, unmodified, and nothing that
the desk wrote for itself. Sealed to the desk that receives it."""

import base64
import json
from collections.abc import Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Uuid, any_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from spreekbuis.access.models import DeskLetter
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.answers import answers_of
from spreekbuis.cases.dialogue import (
    Author,
    MessageKind,
    Nature,
    attachment_row,
    message_row,
    read_dialogue,
    read_file,
)
from spreekbuis.cases.models import Attachment, Case, Message, Referral
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import now, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import Identity, ReporterClass
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.errors import NotFound
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.questionnaires.answers import Answered, kept_answers
from spreekbuis.questionnaires.published import Version
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import DamagedFile, take_over
from spreekbuis.vault.sealing import context, open_sealed, seal
from spreekbuis.vault.storage import storage

ANSWERED = "cases.referral_answered"
"""The job that tells the sender of a letter."""
MOST_COUNTED = 99
"""Letters that the navigation counts."""


class Answer(StrEnum):
    """What became of a letter."""

    ACCEPTED = "accepted"
    NOT_OURS = "not_ours"
    INVOLVED = "involved"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PassedFile:
    """A file of the sender's; `key` opens its content there. `size` in bytes."""

    name: str
    media_type: str
    size: int
    cleaned: str
    storage_key: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PassedMessage:
    author: Author
    text: str
    at: datetime
    files: tuple[PassedFile, ...]
    id: UUID
    """At the sender's, to tell which minutes a correction is about."""
    nature: Nature
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Letter:
    """An opened letter. The first message is the report itself."""

    from_case: UUID
    from_number: str
    category: str
    channel: str
    identity: str
    reporter_class: str
    language: str
    duty_accepted: bool
    reporter: dict[str, str] | None
    answered: Answered | None
    """To the questionnaire, in the version that the reporter saw."""
    explanation: str
    messages: tuple[PassedMessage, ...]


@dataclass(frozen=True, slots=True)
class Copies:
    """The files of a letter, sealed anew for who receives it: those of each of its messages, and the names of those
    that were there no more or damaged."""

    of_messages: tuple[tuple[NewFile, ...], ...]
    lost: tuple[str, ...]


def receives() -> tuple[ColumnElement[bool], ...]:
    """What makes an entity one that can be sent letters, today."""
    return (Entity.status == EntityStatus.ACTIVE, Entity.service_until >= today())


def write_letter(case: Case, key: ContentKey, category: str, explanation: str, *, named: bool) -> bytes:
    """The letter of a case, as it is sealed. Not `named`: without name, contact data and class of the reporter, who is
    anonymous to who receives it; that it came by 1700 is known, and it stays counted as such."""
    citizen = case.reporter_class == ReporterClass.CITIZEN
    reporter = (
        json.loads(key.open("reporter", case.reporter_sealed)) if named and case.reporter_sealed else None
    )
    answered = answers_of(case, key)
    told = {
        "from_case": str(case.id), "from_number": number_of(case.topic, case.year, case.number),
        "category": category, "channel": case.channel,
        "identity": case.identity if named else Identity.ANONYMOUS,
        "reporter_class": case.reporter_class if named or citizen else ReporterClass.OTHER,
        "language": case.language,
        "duty_accepted": case.duty_accepted_at is not None, "reporter": reporter, "explanation": explanation,
        "answered": answered and [*answered.to.version, answered.as_json()],
        "messages": [
            {
                "author": message.author, "text": message.text, "at": message.at.isoformat(),
                "files": [_file(key, shown.id, shown.cleaned) for shown in message.files],
                "id": str(message.id), "kind": message.kind, "how": message.how,
                "about_id": message.about_id and str(message.about_id),
                "agreed_at": message.agreed_at and message.agreed_at.isoformat(),
            }
            for message in read_dialogue(key, internal=False)
        ],
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()


def _file(key: ContentKey, file_id: UUID, cleaned: str) -> dict[str, Any]:
    stored = read_file(key, file_id, internal=False)
    return {
        "name": stored.name, "media_type": stored.media_type, "size": stored.size, "cleaned": cleaned,
        "storage_key": stored.storage_key, "key": base64.b64encode(stored.key).decode(),
    }  # fmt: skip


def seal_letter(public_key: bytes, letter_id: UUID, to_id: UUID, desk_id: UUID, content: bytes) -> bytes:
    return seal(public_key, content, _binding(letter_id, to_id, desk_id))


def open_letter(letter: DeskLetter, desk_secret: bytes) -> Letter:
    """Raises CannotOpen."""
    binding = _binding(letter.id, letter.to_id, letter.desk_id)
    told = json.loads(open_sealed(desk_secret, letter.contents_sealed or b"", binding))
    messages = tuple(
        PassedMessage(
            message["author"], message["text"], datetime.fromisoformat(message["at"]),
            tuple(PassedFile(**{**file, "key": base64.b64decode(file["key"])}) for file in message["files"]),
            UUID(message["id"]),
            Nature(
                MessageKind(message["kind"]), message["how"],
                UUID(message["about_id"]) if message["about_id"] else None,
            ),
            datetime.fromisoformat(message["agreed_at"]) if message["agreed_at"] else None,
        )
        for message in told["messages"]
    )  # fmt: skip
    answered = None
    if told["answered"]:
        code, number, answers = told["answered"]
        answered = kept_answers(Version(code, number), answers)
    made = {"from_case": UUID(told["from_case"]), "messages": messages, "answered": answered}
    return Letter(**{**told, **made})


def copy_files(letter: Letter) -> Copies:
    """Take the files over. Reads and writes whole contents: nobody may wait for this transaction meanwhile."""
    copied: list[tuple[NewFile, ...]] = []
    lost: list[str] = []
    try:
        for message in letter.messages:
            copied.append(())
            for file in message.files:
                try:
                    storage_key, key = take_over(file.storage_key, file.key)
                except (NotFound, DamagedFile):
                    lost.append(file.name)
                else:
                    fresh = NewFile(file.name, file.media_type, file.size, storage_key, key, file.cleaned)
                    copied[-1] += (fresh,)
    except BaseException:
        discard_copies(Copies(tuple(copied), ()))
        raise
    return Copies(tuple(copied), tuple(lost))


def discard_copies(copies: Copies) -> None:
    """Forget them: nothing came of it."""
    for files in copies.of_messages:
        for file in files:
            storage().delete(file.storage_key)


def write_the_rest(case: Case, key: ContentKey, letter: Letter, copies: Copies) -> None:
    """What was said after the report between the reporter and the desk before, with its moments, on the case that goes
    on here."""
    here: dict[UUID | None, UUID] = {}
    for message, copied in zip(letter.messages[1:], copies.of_messages[1:], strict=True):
        nature = replace(message.nature, about_id=here.get(message.nature.about_id))
        row = message_row(case, key, author=message.author, text=message.text, at=message.at, nature=nature)
        row |= {"account_id": None, "agreed_at": message.agreed_at}  # of its writer the reader knows nothing
        here[message.id] = row["id"]
        db.session.execute(insert(Message).values(row))
        files = [attachment_row(case, key, row["id"], file, message.at) for file in copied]
        if files:
            db.session.execute(insert(Attachment).values(files))


def answer_letter(letter_id: UUID, answer: Answer) -> bool:
    """Answer a letter, once: its contents are gone after that. Gives whether it was open."""
    sender = db.session.scalar(
        update(DeskLetter)
        .where(DeskLetter.id == letter_id, DeskLetter.answered_at.is_(None))
        .values(answered_at=now(), answer=answer, contents_sealed=None)
        .returning(DeskLetter.from_id)
        .execution_options(synchronize_session=False)
    )
    if sender is None:
        return False
    record(Audited.LETTER_ANSWERED, letter_id, {"answer": answer})
    if answer is not Answer.WITHDRAWN:
        enqueue(ANSWERED, entity_id=sender, id=str(letter_id))
    return True


def waiting_letters(desks: Set[UUID]) -> list[DeskLetter]:
    """The letters to these desks of the tenant in scope that nobody answered, the oldest first."""
    asked = _WAITING.order_by(DeskLetter.sent_at, DeskLetter.id)
    return list(db.session.scalars(asked, {"entity": current_entity_id(), "desks": list(desks)}))


def count_waiting(desks: Set[UUID]) -> int:
    """How many `waiting_letters` there are, at most `MOST_COUNTED`. One query, of an index."""
    found = rows(_COUNT_WAITING, {"entity": current_entity_id(), "desks": list(desks)})
    return int(found[0][0])


def not_withheld(entity: UUID | BindParameter[UUID]) -> ColumnElement[bool]:
    """A letter of the own `entity` hangs on a case: where that is withheld (conflict of interest) there is no referral
    to see, and no letter either."""
    own = select(Referral.id).where(Referral.entity_id == entity, Referral.id == DeskLetter.id)
    return or_(DeskLetter.from_id != entity, own.exists())


_ENTITY: BindParameter[UUID] = bindparam("entity", type_=Uuid())
_WAITING = select(DeskLetter).where(
    DeskLetter.to_id == _ENTITY,
    DeskLetter.desk_id == any_(bindparam("desks", type_=ARRAY(Uuid))),
    DeskLetter.answered_at.is_(None),
    not_withheld(_ENTITY),
)
_COUNT_WAITING = select(func.count()).select_from(
    _WAITING.with_only_columns(DeskLetter.id).limit(MOST_COUNTED).subquery()
)


def note_closed(case: Case) -> None:
    """Tell the sender of a case that came by referral that it is closed: not how."""
    db.session.execute(
        update(DeskLetter)
        .where(DeskLetter.id == case.id, DeskLetter.to_id == case.entity_id)
        .values(closed_at=now())
    )


def _binding(letter_id: UUID, to_id: UUID, desk_id: UUID) -> bytes:
    return context("letter to a desk", letter_id, to_id, desk_id)
