"""The mailbox of the front office: a folder of .eml files, which `front.imap` fills, or a mail program.

Decided: a mail stays in that box and nowhere else until an agent registers it. The front office has no key, so a copy
of ours could be sealed to nobody; and what was sent by mail lies readable in a mail server anyhow. Registered, its text
and attachments go to the desk of the entity, sealed as any report. Kept here is only a keyed mark of each mail that was
handled, so that the same one does not come twice.
"""

import hashlib
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now, today
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.intake.front.letters import LARGEST, Apart, Envelope, Letter, read_envelope, read_letter
from spreekbuis.intake.front.models import HandledMail
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings

MOST = 100
"""Mails that a list shows, the oldest first."""
_HEAD = 1 << 16
DONE = "done"
"""The folder in the box for mails that were handled."""
KEPT = timedelta(days=30)
"""How long they stay there: until then an attachment that was refused can be asked for."""
PUT_AWAY = "front.put_mail_away"


class HandledMeanwhile(Conflict):
    """A colleague handled the mail, or it left the box."""

    title = _l("Deze mail is al verwerkt")
    advice = _l("Een collega was je voor. Er is niets dubbel vastgelegd.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail in the box. `key` names it in addresses: it follows from the name of its file."""

    key: str
    envelope: Envelope


def waiting_mails() -> list[Waiting]:
    """The mails that nobody handled, the oldest `MOST`; those with `envelope.apart` need no answer. Heads only."""
    own, found = _own_addresses(), []
    for file in _files()[:MOST]:
        with suppress(FileNotFoundError), file.open("rb") as mail:  # moved at this moment
            envelope = read_envelope(mail.read(_HEAD), own)
            if os.fstat(mail.fileno()).st_size > LARGEST:
                envelope = _set_apart(envelope, Apart.TOO_LARGE)
            found.append(Waiting(_key(file), envelope))
    handled = _handled({_mark_of_id(mail.envelope.message_id) for mail in found})
    return [
        Waiting(m.key, _set_apart(m.envelope, Apart.HANDLED))
        if _mark_of_id(m.envelope.message_id) in handled
        else m
        for m in found
    ]


def open_mail(key: str) -> Letter:
    """A mail of the box. Raises NotFound. One that was handled, by its id or its content, is set apart."""
    file = _file(key)
    with file.open("rb") as mail:
        letter = read_letter(mail.read(LARGEST + 1), _own_addresses())
    if _handled({_mark_of_id(letter.envelope.message_id), _mark(letter.digest)}):
        return Letter(_set_apart(letter.envelope, Apart.HANDLED), letter.text, letter.files, letter.digest)
    return letter


def put_away(key: str, letter: Letter, *, answer: bool) -> None:
    """Say that the mail was handled, in this transaction; the file goes to the folder `done` after the commit.

    `answer`: the sender gets a mail that it arrived, which says nothing else. Of two agents at once the second waits
    for the first. Raises HandledMeanwhile.
    """
    marks = {_mark_of_id(letter.envelope.message_id), _mark(letter.digest)} - {b""}
    fresh = db.session.scalars(
        insert(HandledMail)
        .values([{"mark": mark, "day": today()} for mark in sorted(marks)])
        .on_conflict_do_nothing()
        .returning(HandledMail.mark)
    ).all()
    if answer and not fresh:
        raise HandledMeanwhile
    enqueue(PUT_AWAY, mail_key=key, kind="answered" if answer else "apart")


@job(PUT_AWAY)
def put_mail_away(mail_key: str, kind: str) -> None:
    """Move the file; acknowledge it first. The address of the sender is read from the mail, and stands nowhere else."""
    try:
        file = _file(mail_key)
    except NotFound:
        return  # moved by an attempt before this one
    with file.open("rb") as mail:
        envelope = read_envelope(mail.read(_HEAD), _own_addresses())
    if kind == "answered" and envelope.apart is None:
        deliver("mail_received", envelope.address, "nl")
    done = file.parent / DONE
    done.mkdir(mode=0o700, exist_ok=True)
    file.touch()  # it stays for `KEPT` from now
    file.rename(done / file.name)


@job("front.empty_done", every=timedelta(days=1))
def empty_done() -> dict[str, int]:
    """Delete what was handled long enough ago: the desk has it sealed, and here it lies readable."""
    done, old = _settings().incoming_mail / DONE, []
    if done.is_dir():
        before = (now() - KEPT).timestamp()
        old = [file for file in done.glob("*.eml") if file.lstat().st_mtime < before]
    for file in old:
        file.unlink(missing_ok=True)
    return {"mails": len(old)}


def _set_apart(envelope: Envelope, apart: Apart) -> Envelope:
    return envelope if envelope.apart is not None else replace(envelope, apart=apart)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _files() -> list[Path]:
    """The mails in the box, the oldest first; no links, no folders."""
    box = _settings().incoming_mail
    if not box.is_dir():
        return []
    with os.scandir(box) as entries:
        found = [
            (entry.stat().st_mtime, entry.name)
            for entry in entries
            if entry.name.endswith(".eml") and entry.is_file(follow_symlinks=False)
        ]
    return [box / name for _, name in sorted(found)]


def _file(key: str) -> Path:
    for file in _files():
        if hmac.compare_digest(_key(file).encode(), key.encode()):
            return file
    raise NotFound


def _key(file: Path) -> str:
    return hashlib.sha256(os.fsencode(file.name)).hexdigest()[:32]


def _own_addresses() -> frozenset[str]:
    return frozenset({parseaddr(_settings().mail_sender)[1].lower()})


def _mark_of_id(message_id: str) -> bytes:
    """Mails without an id of their own have a mark that nothing has."""
    return _mark(message_id.encode()) if message_id else b""


def _mark(what: bytes) -> bytes:
    return hmac.digest(_settings().secret_key.encode(), b"handled mail " + what, hashlib.sha256)


def _handled(marks: set[bytes]) -> set[bytes]:
    return set(db.session.scalars(select(HandledMail.mark).where(HandledMail.mark.in_(marks - {b""}))))
