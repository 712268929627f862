"""Contacts that the front office adds to a case: it writes, and reads nothing.

It has no key of a case. So the note is sealed to the newest key of the case's desk, and waits; while somebody of the
desk is kept out of the case, who has that key too, it is sealed to the case itself. The first handler who opens the
case, and has what opens the note, moves it under the key of the case; from then on it is a note like others.
"""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.case_keys import address_of, secret_for_notes
from spreekbuis.access.desk_keys import NoRecoveryKit, desk_secrets, newest_key
from spreekbuis.access.models import LeftNote
from spreekbuis.actor import acting
from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.contacts import note_of
from spreekbuis.cases.duplicates import mark_unread
from spreekbuis.cases.keys import left_binding, open_left
from spreekbuis.cases.models import Case, Contact
from spreekbuis.clock import local_date, now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Channel
from spreekbuis.figures.facts import ContactFact, record_contact
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import seal


def leave_contact(
    case: Case, channel: Channel, note: str, once: UUID, script: tuple[UUID, int] | None = None
) -> bool:
    """Register a contact of this moment on a case, open or closed, with a note that the desk alone reads.

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
    bound_to = left_binding(case.entity_id, contact_id, case.desk_id, version)
    db.session.add(
        LeftNote(
            entity_id=case.entity_id, contact_id=contact_id, case_id=case.id, desk_id=case.desk_id, version=version,
            note_sealed=seal(public_key, note.encode(), bound_to),
        )
    )  # fmt: skip
    mark_unread(case)
    changed(case, Happened.CONTACT, channel=channel.value)
    day = local_date(moment)
    record_contact(fact_id, ContactFact(day.year, day.month, channel), new=True)
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
        sealed = key.seal(note_of(note.contact_id), open_left(note, opens).decode())
        db.session.execute(
            update(Contact)
            .where(Contact.entity_id == note.entity_id, Contact.id == note.contact_id)
            .values(note_sealed=sealed)
        )
        db.session.delete(note)
    db.session.flush()
