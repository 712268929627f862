"""The dialogue of a case: the report, messages to and fro, and internal notes that the reporter never
sees."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.duplicates import mark_unread, refuse_ended
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.cases.procedures import Mover, State, may_move
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.vault.content import ContentKey

if TYPE_CHECKING:
    from spreekbuis.cases.opening import NewFile

Author = Literal["reporter", "handler"]


class OnItsWay(Conflict):
    """What is written now would not arrive where the case is going (cases.referral)."""

    title = _l("Deze melding is onderweg naar een ander loket")
    advice = _l(
        "Zodra dat loket antwoordt, kun je weer schrijven. Kopieer je tekst als je hem nog nodig hebt."
    )


class MessageKind(StrEnum):
    """What a message is, besides what it says."""

    SAID = "said"
    MEETING = "meeting"
    """The reporter asks to talk with the desk."""
    MINUTES = "minutes"
    """The desk's record of a conversation, for the reporter to check."""
    CORRECTION = "correction"
    """What the reporter corrects in minutes."""
    AFTERCARE = "aftercare"
    """The reporter asks for aftercare once the case is closed."""
    REPRISALS = "reprisals"
    """The reporter suffers for having reported."""
    LEGAL_DUTY = "legal_duty"
    """The desk says why the law obliges it to name the reporter."""


_HAPPENED = {
    MessageKind.SAID: Happened.MESSAGE, MessageKind.MEETING: Happened.MEETING_ASKED,
    MessageKind.MINUTES: Happened.MINUTES, MessageKind.CORRECTION: Happened.MINUTES_CORRECTED,
    MessageKind.AFTERCARE: Happened.AFTERCARE_ASKED, MessageKind.REPRISALS: Happened.REPRISALS_TOLD,
    MessageKind.LEGAL_DUTY: Happened.MESSAGE,
}  # fmt: skip
ALWAYS = frozenset({MessageKind.AFTERCARE, MessageKind.REPRISALS, MessageKind.LEGAL_DUTY})
"""What may be written on a closed case too."""


@dataclass(frozen=True, slots=True)
class Nature:
    """What a new message is: its kind, how somebody wants to talk (a code), which minutes it is about."""

    kind: MessageKind = MessageKind.SAID
    how: str | None = None
    about_id: UUID | None = None


PLAIN = Nature()


@dataclass(frozen=True, slots=True)
class ShownFile:
    """An attachment as the page shows it. `size` in bytes."""

    id: UUID
    name: str
    media_type: str
    size: int
    cleaned: str
    """What became of hidden data (vault.cleaning.Cleaned)."""


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
    kind: str = MessageKind.SAID
    how: str | None = None
    about_id: UUID | None = None
    agreed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An attachment that may be read by whoever asked, and where its content lies."""

    name: str
    media_type: str
    size: int
    storage_key: str
    key: bytes = field(repr=False)


def write_message(
    case: Case,
    key: ContentKey,
    *,
    author: Author,
    text: str,
    files: Sequence["NewFile"] = (),
    once: UUID | None = None,
    internal: bool = False,
    nature: Nature = PLAIN,
) -> Message:
    """Add a message to the case, sealed with its key. The same `once` again gives the message that it made and
    changes nothing.

    A message of the reporter marks the case unread, and takes it back into progress when it waited for one.
    Raises CaseClosed, but for what may `ALWAYS` be written; OnItsWay while another desk has it, but for notes.
    """
    if once is not None and (made := message_made_by(case, once)) is not None:
        return made
    if nature.kind not in ALWAYS:
        refuse_ended(case)
    if case.state == State.REFERRED and not internal:
        raise OnItsWay
    moment = now()
    message = db.session.scalars(
        insert(Message)
        .values(
            message_row(
                case, key, author=author, text=text, at=moment, once=once, internal=internal, nature=nature
            )
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(Message)
    ).one_or_none()
    if message is None:
        made = message_made_by(case, once) if once is not None else None
        assert made is not None, "only the same form can stand in the way of a message"
        return made
    if files:
        rows = [attachment_row(case, key, message.id, file, moment) for file in files]
        db.session.execute(insert(Attachment).values(rows))
    what = Happened.NOTE if internal else _HAPPENED[nature.kind]
    if nature.how is None:
        changed(case, what, at=moment, author=author, files=len(files))
    else:
        changed(case, what, at=moment, author=author, files=len(files), how=nature.how)
    if author == "reporter":
        mark_unread(case)
        waited = case.state == State.WAITING_FOR_REPORTER
        if waited and may_move(case, State.IN_PROGRESS, frozenset({Mover.REPORTER})):
            set_state(case, State.IN_PROGRESS)
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
        Message.kind,
        Message.how,
        Message.about_id,
        Message.agreed_at,
    )
    .where(Message.entity_id == bindparam("entity"), Message.case_id == bindparam("case"))
    .order_by(Message.created_at, Message.id)
)
_MESSAGES = {True: _ALL_MESSAGES, False: _ALL_MESSAGES.where(Message.internal.is_(False))}
_FILES = (
    select(
        Attachment.id,
        Attachment.message_id,
        Attachment.name_sealed,
        Attachment.media_type,
        Attachment.size,
        Attachment.cleaned,
    )
    .where(Attachment.entity_id == bindparam("entity"), Attachment.case_id == bindparam("case"))
    .order_by(Attachment.id)
)


def read_dialogue(key: ContentKey, *, internal: bool) -> list[ShownMessage]:
    """The messages of the case of this key, in the order of writing, opened. `internal`: with the desk's notes.

    Two queries. Raises CannotOpen when a message was not sealed with this key, by this author or for these readers.
    """
    asked = {"entity": current_entity_id(), "case": key.subject_id}
    files: dict[UUID, list[ShownFile]] = defaultdict(list)
    for file_id, message_id, sealed, media_type, size, cleaned in rows(_FILES, asked):
        name = key.open(_name_of(message_id, file_id), sealed)
        files[message_id].append(ShownFile(file_id, name, media_type, size, cleaned))
    return [
        ShownMessage(
            id=message_id,
            author=author,
            internal=is_note,
            text=key.open(body_of(message_id, author, internal=is_note, kind=kind), sealed),
            at=at,
            files=tuple(files[message_id]),
            account_id=account_id,
            kind=kind,
            how=how,
            about_id=about_id,
            agreed_at=agreed_at,
        )
        for message_id, author, is_note, sealed, at, account_id, kind, how, about_id, agreed_at in rows(
            _MESSAGES[internal], asked
        )
    ]


_TEXTS = select(
    Message.case_id, Message.id, Message.author, Message.internal, Message.kind, Message.body_sealed
).where(
    Message.entity_id == bindparam("entity"), Message.case_id == any_(bindparam("cases", type_=ARRAY(Uuid)))
)
_NAMES = select(Attachment.case_id, Attachment.message_id, Attachment.id, Attachment.name_sealed).where(
    Attachment.entity_id == bindparam("entity"),
    Attachment.case_id == any_(bindparam("cases", type_=ARRAY(Uuid))),
)


def texts_of(keys: Mapping[UUID, ContentKey]) -> Iterator[tuple[UUID, str | None]]:
    """Every message and every name of a file of these cases, opened, with its case: notes as well. Two queries.

    What does not open gives None: the damage of one case is no reason to stop at the others.
    """
    asked = {"entity": current_entity_id(), "cases": list(keys)}
    for case_id, message_id, author, internal, kind, sealed in rows(_TEXTS, asked):
        field = body_of(message_id, author, internal=internal, kind=kind)
        yield case_id, keys[case_id].open_or_none(field, sealed)
    for case_id, message_id, file_id, sealed in rows(_NAMES, asked):
        yield case_id, keys[case_id].open_or_none(_name_of(message_id, file_id), sealed)


def read_files(key: ContentKey, *, internal: bool) -> list[tuple[UUID, StoredFile]]:
    """Every attachment of the case of this key with the message it is on, in the order of the dialogue. Two queries.

    For taking all of a case out, which is audited as one thing. `internal`: also those of notes. Raises CannotOpen,
    also when a message is not as it was written.
    """
    written = {message.id: place for place, message in enumerate(read_dialogue(key, internal=internal))}
    found = db.session.execute(
        select(Attachment).where(
            Attachment.entity_id == current_entity_id(),
            Attachment.case_id == key.subject_id,
            Attachment.message_id.in_(written),
        )
    ).scalars()
    return [
        (
            file.message_id,
            StoredFile(
                key.open(_name_of(file.message_id, file.id), file.name_sealed), file.media_type, file.size,
                file.storage_key, key.open_key(_content_of(file.message_id, file.id), file.key_sealed),
            ),
        )
        for file in sorted(found, key=lambda file: (written[file.message_id], file.id))
    ]  # fmt: skip


def read_file(key: ContentKey, file_id: UUID, *, internal: bool) -> StoredFile:
    """An attachment of the case of this key, audited. `internal`: also those of notes.

    Raises NotFound, and CannotOpen as well when the message is not as it was written: only its text tells whose it is.
    """
    entity_id, case_id = current_entity_id(), key.subject_id
    asked = (
        select(
            Attachment.name_sealed,
            Attachment.media_type,
            Attachment.size,
            Attachment.storage_key,
            Attachment.key_sealed,
            Message.id.label("message_id"),
            Message.author,
            Message.internal,
            Message.kind,
            Message.body_sealed,
        )
        .join(Message, (Message.entity_id == Attachment.entity_id) & (Message.id == Attachment.message_id))
        .where(Attachment.entity_id == entity_id, Attachment.id == file_id, Attachment.case_id == case_id)
    )
    if not internal:
        asked = asked.where(Message.internal.is_(False))
    row = db.session.execute(asked).one_or_none()
    if row is None:
        raise NotFound
    field = body_of(row.message_id, row.author, internal=row.internal, kind=row.kind)
    key.open(field, row.body_sealed)
    record(Audited.ATTACHMENT_READ, file_id, {"case": str(case_id)})
    return StoredFile(
        key.open(_name_of(row.message_id, file_id), row.name_sealed), row.media_type, row.size, row.storage_key,
        key.open_key(_content_of(row.message_id, file_id), row.key_sealed),
    )  # fmt: skip


def message_row(
    case: Case,
    key: ContentKey,
    *,
    author: Author,
    text: str,
    at: datetime,
    once: UUID | None = None,
    internal: bool = False,
    nature: Nature = PLAIN,
) -> dict[str, Any]:
    """The columns of a new message; its text is sealed here."""
    message_id = new_id()
    return {
        "entity_id": case.entity_id,
        "id": message_id,
        "case_id": case.id,
        "author": author,
        "internal": internal,
        "kind": nature.kind.value,
        "how": nature.how,
        "about_id": nature.about_id,
        "account_id": acting().account_id,
        "body_sealed": key.seal(body_of(message_id, author, internal=internal, kind=nature.kind), text),
        "once": once,
        "created_at": at,
    }


def attachment_row(
    case: Case, key: ContentKey, message_id: UUID, file: "NewFile", at: datetime
) -> dict[str, Any]:
    """The columns of a new attachment; its name and the key of its content are sealed here."""
    file_id = new_id()
    return {
        "entity_id": case.entity_id,
        "id": file_id,
        "case_id": case.id,
        "message_id": message_id,
        "name_sealed": key.seal(_name_of(message_id, file_id), file.name),
        "media_type": file.media_type,
        "size": file.size,
        "storage_key": file.storage_key,
        "key_sealed": key.seal_key(_content_of(message_id, file_id), file.key),
        "cleaned": file.cleaned,
        "created_at": at,
    }


def body_of(message_id: UUID, author: str, *, internal: bool, kind: str = MessageKind.SAID) -> str:
    """The field of a message's text. It says who wrote what for whom, so that a note whose row was changed does not
    open for the reporter, nor a message under the name of the other, nor an ordinary one as minutes."""
    return f"message/{message_id}/{author}/{'note' if internal else kind}"


def _name_of(message_id: UUID, file_id: UUID) -> str:
    return f"attachment/{message_id}/{file_id}/name"


def _content_of(message_id: UUID, file_id: UUID) -> str:
    return f"attachment/{message_id}/{file_id}/content"
