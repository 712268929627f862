"""Contacts that the front office adds to a case, with the files of a mail: it writes, and reads nothing.

It has no key of a case. So the note is sealed to the newest key of the case's desk, and waits; while somebody of the
desk is kept out of the case, who has that key too, it is sealed to the case itself. The first handler who opens the
case, and has what opens the note, moves it under the key of the case; from then on it is a note like others, and its
files are those of an internal note of the desk.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale, gettext
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.case_keys import address_of, secret_for_notes
from spreekbuis.access.desk_keys import NoRecoveryKit, desk_secrets, newest_key
from spreekbuis.access.models import LeftFile, LeftNote
from spreekbuis.actor import acting
from spreekbuis.cases.changes import Happened, changed, count_contact
from spreekbuis.cases.contacts import note_of
from spreekbuis.cases.dialogue import attachment_row, message_row
from spreekbuis.cases.duplicates import mark_unread
from spreekbuis.cases.keys import left_binding, open_left
from spreekbuis.cases.models import Attachment, Case, Contact, Message
from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Channel
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import seal


def leave_contact(
    case: Case,
    channel: Channel,
    note: str,
    once: UUID,
    script: tuple[UUID, int] | None = None,
    files: Sequence[NewFile] = (),
) -> bool:
    """Register a contact of this moment on a case, open or closed, with a note and files that the desk alone reads.

    It is no first conversation: the front office has not the mandate of the desk. The desk sees the case as unread.
    The same `once` again changes nothing; gives whether it was new. Raises NoRecoveryKit while the desk has no key.
    """
    version, public_key = _address(case)
    moment, contact_id = now(), new_id()
    fact_id = db.session.scalar(
        insert(Contact)
        .values(
            entity_id=case.entity_id, id=contact_id, case_id=case.id, channel=channel.value, at=moment,
            account_id=acting().account_id, once=once,
            script_id=script and script[0], script_version=script and script[1],
        )
        .on_conflict_do_nothing(index_elements=["entity_id", "case_id", "once"])
        .returning(Contact.fact_id)
    )  # fmt: skip
    if fact_id is None:
        return False
    bound_to = left_binding(contact_id, case.desk_id, version)
    told = json.dumps({"note": note, "files": [_as_json(file) for file in files]}).encode()
    db.session.add(
        LeftNote(
            entity_id=case.entity_id, contact_id=contact_id, case_id=case.id, desk_id=case.desk_id, version=version,
            note_sealed=seal(public_key, told, bound_to),
        )
    )  # fmt: skip
    db.session.add_all(
        LeftFile(
            entity_id=case.entity_id, storage_key=file.storage_key, contact_id=contact_id, case_id=case.id
        )
        for file in files
    )
    mark_unread(case)
    changed(case, Happened.CONTACT, channel=channel.value)
    count_contact(case, fact_id, channel, moment)
    return True


def _address(case: Case) -> tuple[int | None, bytes]:
    """To what the note is sealed: a version of the desk's key, or None and what only readers of the case open."""
    own = address_of(case.id)
    newest = newest_key(case.desk_id)
    if newest is None:
        raise NoRecoveryKit
    return newest if own is None else (None, own)


def take_in_notes(key: ContentKey, account_id: UUID, secret: bytes) -> None:
    """Move the notes that wait on the case of this key under that key, as far as the account can open them.

    `secret` is that of the account. Two at once: the second waits, and finds nothing left. Raises CannotOpen.
    """
    waiting = db.session.scalars(
        select(LeftNote)
        .where(LeftNote.entity_id == current_entity_id(), LeftNote.case_id == key.subject_id)
        .order_by(LeftNote.contact_id)
        .with_for_update()
    ).all()
    own = secret_for_notes(key)
    for_desk = {note.desk_id for note in waiting if note.version is not None}
    secrets = {desk: desk_secrets(desk, account_id, secret) for desk in for_desk}
    for note in waiting:
        opens = own if note.version is None else secrets[note.desk_id].get(note.version)
        if opens is None:
            continue
        told = json.loads(open_left(note, opens))
        at = db.session.scalars(
            update(Contact)
            .where(Contact.entity_id == note.entity_id, Contact.id == note.contact_id)
            .values(note_sealed=key.seal(note_of(note.contact_id), told["note"]))
            .returning(Contact.at)
        ).one()
        if told["files"]:
            _attach(key, note.contact_id, [_from_json(file) for file in told["files"]], at)
        db.session.delete(note)
    db.session.flush()


def _attach(key: ContentKey, contact_id: UUID, files: Sequence[NewFile], at: datetime) -> None:
    """Put the files that came with the note on the case, on an internal note of that moment."""
    case = db.session.get_one(Case, (key.entity_id, key.subject_id))
    with force_locale("nl"):  # kept as it is written, in the language of the administration
        text = gettext("Bijlagen die het onthaal doorgaf, bij een contact.")
    row = message_row(case, key, author="handler", text=text, at=at, internal=True) | {"account_id": None}
    db.session.execute(insert(Message).values(row))
    rows = [attachment_row(case, key, row["id"], file, at) for file in files]
    db.session.execute(insert(Attachment).values(rows))
    db.session.execute(
        delete(LeftFile).where(LeftFile.entity_id == key.entity_id, LeftFile.contact_id == contact_id)
    )


def _as_json(file: NewFile) -> dict[str, Any]:
    return {**asdict(file), "key": base64.b64encode(file.key).decode()}


def _from_json(told: dict[str, Any]) -> NewFile:
    return NewFile(**{**told, "key": base64.b64decode(told["key"])})
