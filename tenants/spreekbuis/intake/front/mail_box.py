"""The mailbox of the front office: a folder of .eml files, which `front.imap` fills, or a mail program.

Decided: a mail stays in that box and nowhere else until an agent registers it. The front office has no key, so a copy
of ours could be sealed to nobody; and what was sent by mail lies readable in a mail server anyhow. Registered, its text
and attachments go to the desk of the entity, sealed as any report. Kept here is only a keyed mark of each mail that was
handled, so that the same one does not come twice.
"""

import hashlib
import hmac
import os
import smtplib
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
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.identity.accounts import email_address
from spreekbuis.intake.front.letters import (
    LARGEST,
    Apart,
    Envelope,
    Letter,
    read_envelope,
    read_letter,
    same_mail,
)
from spreekbuis.intake.front.models import HandledMail
from spreekbuis.intake.front.parts import LONGEST_HEAD
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings

MOST = 100
"""Mails that a list shows, the oldest first."""
NEW_BYTES = 64 * 1024 * 1024
"""Of mails that this process did not see before, one list reads so much, and the next list goes on."""
_SMALL = 1 << 18
"""Bytes of a mail of which the list looks at all, to know whether it came before; of a larger one at its head."""
DONE = "done"
"""The folder in the box for mails that were handled."""
KEPT = timedelta(days=30)
"""How long they stay there: until then an attachment that was refused can be asked for."""
PUT_AWAY = "front.put_mail_away"
ANSWER = "front.answer_mail"
_UNANSWERED = ".unanswered.eml"
"""How the file of a mail ends whose sender could not be told that it came."""


class HandledMeanwhile(Conflict):
    """A colleague handled the mail, or it left the box."""

    title = _l("Deze mail is al verwerkt")
    advice = _l("Een collega was je voor. Er is niets dubbel vastgelegd.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail in the box. `key` names it in addresses: it follows from the name of its file."""

    key: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Box:
    """The oldest mails that wait, and the oldest that nobody has to answer, `MOST` of each; how many there are of both,
    and whether there are more that no list has looked at yet."""

    waiting: tuple[Waiting, ...]
    apart: tuple[Waiting, ...]
    counts: tuple[int, int]
    unseen: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is remembered of a file, as long as it is in the box. `stamp` tells whether it is still the same."""

    stamp: tuple[int, int]
    envelope: Envelope
    same: bytes | None


def look_in_box() -> Box:
    """What is in the box. Each mail is read once by each process, its head or little more, however often one looks."""
    seen, unseen = _seen()
    handled = _handled({_mark(one.same) for one in seen.values() if one.same})
    of: dict[bool, list[Waiting]] = {False: [], True: []}
    for file, one in seen.items():
        again = one.same is not None and _mark(one.same) in handled
        envelope = _set_apart(one.envelope, Apart.HANDLED) if again else one.envelope
        of[envelope.apart is not None].append(Waiting(_key(file), envelope))
    counts = len(of[False]), len(of[True])
    return Box(tuple(of[False][:MOST]), tuple(of[True][:MOST]), counts, unseen)


def unanswered_mails() -> list[Envelope]:
    """Mails that were handled and whose sender could not be told, the last `MOST`."""
    done, found = _settings().incoming_mail / DONE, []
    files = sorted(done.glob(f"*{_UNANSWERED}"), key=lambda file: file.lstat().st_mtime)
    for file in files[-MOST:]:
        with suppress(FileNotFoundError), file.open("rb") as mail:  # deleted at this moment
            found.append(read_envelope(mail.read(LONGEST_HEAD), _own_addresses()))
    return found[::-1]


def open_mail(key: str) -> Letter:
    """A mail of the box. Raises NotFound. One that was handled is set apart."""
    with _file(key).open("rb") as mail:
        letter = read_letter(mail.read(LARGEST + 1), _own_addresses())
    if _handled(_marks(letter)):
        return replace(letter, envelope=_set_apart(letter.envelope, Apart.HANDLED))
    return letter


def put_away(key: str, letter: Letter, *, answer: bool) -> None:
    """Say that the mail was handled, in this transaction; the file goes to the folder `done` after the commit.

    `answer`: the sender gets a mail that it arrived, which says nothing else. Of two agents at once the second waits
    for the first. Raises HandledMeanwhile.
    """
    fresh = db.session.scalars(
        insert(HandledMail)
        .values([{"mark": mark, "day": today()} for mark in sorted(_marks(letter))])
        .on_conflict_do_nothing()
        .returning(HandledMail.mark)
    ).all()
    if answer and not fresh:
        raise HandledMeanwhile
    answers = answer and letter.envelope.apart is None
    enqueue(PUT_AWAY, mail_key=key, answer_id=str(new_id()) if answers else None)


@job(PUT_AWAY)
def put_mail_away(mail_key: str, answer_id: str | None) -> None:
    """Move the file, whatever becomes of the answer: that is a job of its own, one for `answer_id`."""
    with suppress(NotFound):  # moved by an attempt before this one
        file = _file(mail_key)
        done = file.parent / DONE
        done.mkdir(mode=0o700, exist_ok=True)
        file.touch()  # it stays for `KEPT` from now
        file.rename(done / file.name)
    if answer_id is not None:
        enqueue(ANSWER, mail_key=mail_key, once_key=f"{ANSWER}:{answer_id}")


@job(ANSWER)
def answer_mail(mail_key: str) -> None:
    """Tell the sender that the mail came. The address is read from the mail, and stands nowhere else.

    An address that cannot be, or that its server refuses for good, is not tried again: the agents read it in the list.
    Raises OSError or smtplib.SMTPException for what may pass: the job is retried.
    """
    done = _settings().incoming_mail / DONE
    file = next((file for file in done.glob("*.eml") if _key(file) == mail_key), None)
    if file is None:
        return  # deleted meanwhile, or it was tried
    with file.open("rb") as mail:
        envelope = read_envelope(mail.read(LONGEST_HEAD), _own_addresses())
    try:
        deliver("mail_received", email_address(envelope.address), "nl")
    except (Invalid, ValueError, smtplib.SMTPException) as refused:
        if isinstance(refused, smtplib.SMTPException) and not _for_good(refused, envelope.address):
            raise
        file.rename(file.with_name(f"{file.stem}{_UNANSWERED}"))


def _for_good(refused: smtplib.SMTPException, address: str) -> bool:
    """Whether a mail server refuses this address for good (5xx), or ours cannot write it."""
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in refused.recipients.values())
    if isinstance(refused, smtplib.SMTPDataError):
        return refused.smtp_code >= 500
    return isinstance(refused, smtplib.SMTPNotSupportedError) and not address.isascii()


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


def _seen() -> tuple[dict[Path, _Seen], bool]:
    """The mails of the box, the oldest first; and whether there are more, for the next time."""
    remembered: dict[Path, _Seen] = current_app.extensions.get("mails seen", {})
    own, seen, left, unseen = _own_addresses(), dict[Path, _Seen](), NEW_BYTES, False
    for file in _files():
        with suppress(FileNotFoundError):  # moved at this moment
            state = file.lstat()
            stamp, before = (state.st_mtime_ns, state.st_size), remembered.get(file)
            if before is not None and before.stamp == stamp:
                seen[file] = before
            elif left > 0:
                small = state.st_size <= _SMALL
                with file.open("rb") as mail:
                    raw = mail.read(_SMALL if small else LONGEST_HEAD)
                envelope = read_envelope(raw, own)
                if state.st_size > LARGEST:
                    envelope = _set_apart(envelope, Apart.TOO_LARGE)
                seen[file] = _Seen(stamp, envelope, same_mail(raw) if small else None)
                left -= max(len(raw), 4096)
            else:
                unseen = True
    current_app.extensions["mails seen"] = seen
    return seen, unseen


def _marks(letter: Letter) -> set[bytes]:
    return {_mark(what) for what in (letter.digest, letter.same) if what is not None}


def _mark(what: bytes) -> bytes:
    return hmac.digest(_settings().secret_key.encode(), b"handled mail " + what, hashlib.sha256)


def _handled(marks: set[bytes]) -> set[bytes]:
    return set(db.session.scalars(select(HandledMail.mark).where(HandledMail.mark.in_(marks))))
