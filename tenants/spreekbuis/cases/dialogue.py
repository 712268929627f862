"""The dialogue of a case: the report, messages to and fro, and internal notes that the reporter never
sees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.cases.procedures import State
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import NotFound
from spreekbuis.vault.content import Keyring, Place, open_sealed, seal

if TYPE_CHECKING:
    from spreekbuis.cases.opening import NewFile

Author = Literal["reporter", "handler"]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """An attachment as the page shows it. `size` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message that was opened for a reader. `account_id` is the handler who wrote it."""

    id: UUID
    author: str
    internal: bool
    text: str
    at: datetime
    files: tuple[ShownFile, ...]
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An attachment that may be read by whoever asked, and where its content lies."""

    name: str
    media_type: str
    size: int
    storage_key: str


def write_message(
    case: Case,
    *,
    author: Author,
    text: str,
    files: Sequence["NewFile"] = (),
    once: UUID | None = None,
    internal: bool = False,
) -> Message:
    """Add a message to the case. The same `once` again gives the message that it made and changes nothing.

    A message of the reporter marks the case unread, and takes it back into progress when it waited for one.
    Raises CaseClosed.
    """
    if once is not None and (made := message_made_by(case, once)) is not None:
        return made
    refuse_closed(case)
    moment = now()
    message = db.session.scalars(
        insert(Message)
        .values(message_row(case, author=author, text=text, at=moment, once=once, internal=internal))
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(Message)
    ).one_or_none()
    if message is None:
        made = message_made_by(case, once) if once is not None else None
        assert made is not None, "only the same form can stand in the way of a message"
        return made
    if files:
        rows = [attachment_row(case, message.id, file, moment) for file in files]
        db.session.execute(insert(Attachment).values(rows))
    what = Happened.NOTE if internal else Happened.MESSAGE
    changed(case, what, at=moment, author=author, files=len(files))
    if author == "reporter":
        case.unread_by_desk = True
        if case.state == State.WAITING_FOR_REPORTER:
            case.state = State.IN_PROGRESS
            changed(case, Happened.STATE, at=moment, state=State.IN_PROGRESS.value)
    return message


def message_made_by(case: Case, once: UUID) -> Message | None:
    """The message that the form with this `once` made before, if any."""
    return db.session.scalar(
        select(Message).where(
            Message.entity_id == current_entity_id(), Message.case_id == case.id, Message.once == once
        )
    )


_ALL_MESSAGES = (
    select(
        Message.id,
        Message.author,
        Message.internal,
        Message.body_sealed,
        Message.created_at,
        Message.account_id,
    )
    .where(Message.entity_id == bindparam("entity"), Message.case_id == bindparam("case"))
    .order_by(Message.created_at, Message.id)
)
_MESSAGES = {True: _ALL_MESSAGES, False: _ALL_MESSAGES.where(Message.internal.is_(False))}
_FILES = (
    select(
        Attachment.id, Attachment.message_id, Attachment.name_sealed, Attachment.media_type, Attachment.size
    )
    .where(Attachment.entity_id == bindparam("entity"), Attachment.case_id == bindparam("case"))
    .order_by(Attachment.id)
)


def read_dialogue(case_id: UUID, keyring: Keyring, *, internal: bool) -> list[ShownMessage]:
    """The messages of a case in the order of writing, opened. `internal`: with the notes of the desk.

    Two queries. Raises CannotOpen when the keyring does not fit.
    """
    entity_id = current_entity_id()
    asked = {"entity": entity_id, "case": case_id}
    files: dict[UUID, list[ShownFile]] = defaultdict(list)
    for file_id, message_id, sealed, media_type, size in rows(_FILES, asked):
        name = open_sealed(keyring, _name_place(entity_id, case_id, file_id), sealed)
        files[message_id].append(ShownFile(file_id, name, media_type, size))
    return [
        ShownMessage(
            id=message_id,
            author=author,
            internal=is_note,
            text=open_sealed(keyring, _body_place(entity_id, case_id, message_id), sealed),
            at=at,
            files=tuple(files[message_id]),
            account_id=account_id,
        )
        for message_id, author, is_note, sealed, at, account_id in rows(_MESSAGES[internal], asked)
    ]


def read_file(case_id: UUID, file_id: UUID, keyring: Keyring, *, internal: bool) -> StoredFile:
    """An attachment of the case, audited. `internal`: also those of notes. Raises NotFound."""
    entity_id = current_entity_id()
    asked = (
        select(Attachment.name_sealed, Attachment.media_type, Attachment.size, Attachment.storage_key)
        .join(Message, (Message.entity_id == Attachment.entity_id) & (Message.id == Attachment.message_id))
        .where(Attachment.entity_id == entity_id, Attachment.id == file_id, Attachment.case_id == case_id)
    )
    if not internal:
        asked = asked.where(Message.internal.is_(False))
    row = db.session.execute(asked).one_or_none()
    if row is None:
        raise NotFound
    record(Audited.ATTACHMENT_READ, file_id, {"case": str(case_id)})
    name = open_sealed(keyring, _name_place(entity_id, case_id, file_id), row.name_sealed)
    return StoredFile(name, row.media_type, row.size, row.storage_key)


def message_row(
    case: Case, *, author: Author, text: str, at: datetime, once: UUID | None = None, internal: bool = False
) -> dict[str, Any]:
    """The columns of a new message; its text is sealed here."""
    message_id = new_id()
    return {
        "entity_id": case.entity_id,
        "id": message_id,
        "case_id": case.id,
        "author": author,
        "internal": internal,
        "account_id": acting().account_id,
        "body_sealed": seal(_body_place(case.entity_id, case.id, message_id), text),
        "once": once,
        "created_at": at,
    }


def attachment_row(case: Case, message_id: UUID, file: "NewFile", at: datetime) -> dict[str, Any]:
    """The columns of a new attachment; its name is sealed here."""
    file_id = new_id()
    return {
        "entity_id": case.entity_id,
        "id": file_id,
        "case_id": case.id,
        "message_id": message_id,
        "name_sealed": seal(_name_place(case.entity_id, case.id, file_id), file.name),
        "media_type": file.media_type,
        "size": file.size,
        "storage_key": file.storage_key,
        "created_at": at,
    }


def _body_place(entity_id: UUID, case_id: UUID, message_id: UUID) -> Place:
    return Place(entity_id, case_id, f"message/{message_id}")


def _name_place(entity_id: UUID, case_id: UUID, file_id: UUID) -> Place:
    return Place(entity_id, case_id, f"attachment/{file_id}")
