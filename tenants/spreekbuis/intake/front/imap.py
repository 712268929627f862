"""Mails of an IMAP folder, brought into the mailbox of the front office (mail_box).

A mail is taken away from the server only when it lies safely in the folder. After a crash in between it is fetched
again under the same name, and its file is the same file. One that is too large to open stays on the server.
"""

import hashlib
import imaplib
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app

from spreekbuis.intake.front.letters import LARGEST
from spreekbuis.intake.front.mail_box import DONE
from spreekbuis.jobs.outbox import job
from spreekbuis.settings import MailServer, Settings

AT_ONCE = 50
"""Mails that one round brings; the next one is a few minutes later."""
SECONDS = 20
"""How long the server may take for each answer."""
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class _Bounded(imaplib.IMAP4):
    """Reads no answer that is much larger than a mail may be: the size is what the server says."""

    def read(self, size: int) -> bytes:
        if size > LARGEST + 1024:
            raise self.abort("an answer was too large")
        return super().read(size)


class _BoundedTls(imaplib.IMAP4_SSL, _Bounded):
    """The same, with TLS and a certificate that holds."""


@job("front.fetch_mails", every=timedelta(minutes=2))
def fetch_mails() -> dict[str, int]:
    """Bring what waits on the server, when the settings name one. Raises OSError or imaplib.IMAP4.error: the next round
    tries again."""
    settings: Settings = current_app.extensions["settings"]
    if settings.incoming_server is None:
        return {"mails": 0, "too_large": 0}
    return fetch(settings.incoming_server, settings.incoming_mail)


def fetch(server: MailServer, box: Path) -> dict[str, int]:
    """Move the oldest mails of the server's folder into the box; gives how many, and how many are too large for it."""
    box.mkdir(mode=0o700, parents=True, exist_ok=True)
    brought = too_large = 0
    with _opened(server) as imap:
        place = f"{server.user}@{server.host}/{server.folder} {imap.response('UIDVALIDITY')[1]}"
        for uid in _answer(imap.uid("SEARCH", "UNDELETED"))[0].split():
            if brought == AT_ONCE:
                break
            found = _SIZE.search(b" ".join(_flat(_answer(imap.uid("FETCH", uid.decode(), "(RFC822.SIZE)")))))
            if found is None:
                continue  # a colleague's program took it
            if int(found[1]) > LARGEST:
                too_large += 1
                continue
            name = hashlib.sha256(f"{place} {uid.decode()}".encode()).hexdigest()[:32] + ".eml"
            if not any((folder / name).exists() for folder in (box, box / DONE)):
                raw = _content(_answer(imap.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{LARGEST + 1}>)")))
                if raw is None:
                    continue
                _keep(box, name, raw)
            _take_away(imap, uid.decode())
            brought += 1
    return {"mails": brought, "too_large": too_large}


@contextmanager
def _opened(server: MailServer) -> Iterator[imaplib.IMAP4]:
    """The folder, to read and to delete from."""
    imap: imaplib.IMAP4
    if server.encrypted:
        imap = _BoundedTls(
            server.host, server.port, ssl_context=ssl.create_default_context(), timeout=SECONDS
        )
    else:
        imap = _Bounded(server.host, server.port, timeout=SECONDS)
    try:
        imap.login(server.user, server.password)
        imap.capabilities = tuple(_answer(imap.capability())[0].decode().upper().split())
        quoted = server.folder.replace("\\", "\\\\").replace('"', '\\"')
        _answer(imap.select(f'"{quoted}"'))
        yield imap
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            imap.logout()


def _answer(told: tuple[str, list[Any]]) -> list[Any]:
    """The data of an answer. Raises imaplib.IMAP4.error when the server refused, without what it said."""
    if told[0] != "OK":
        raise imaplib.IMAP4.error("the mail server refused")
    return [part for part in told[1] if part is not None] or [b""]


def _flat(parts: list[Any]) -> list[bytes]:
    return [piece for part in parts for piece in (part if isinstance(part, tuple) else (part,))]


def _content(parts: list[Any]) -> bytes | None:
    """The mail in the answer to a FETCH; None when it is not there any more."""
    return next((part[1] for part in parts if isinstance(part, tuple)), None)


def _keep(box: Path, name: str, raw: bytes) -> None:
    """Write the file whole or not at all, and see it on the disk: the server forgets it after this."""
    unfinished = box / f".{name}.part"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(box / name)
    folder = os.open(box, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _take_away(imap: imaplib.IMAP4, uid: str) -> None:
    """Delete this one mail; where the server cannot end one alone, it ends all that are marked as deleted."""
    _answer(imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
    if "UIDPLUS" in imap.capabilities:
        _answer(imap.uid("EXPUNGE", uid))
    else:
        _answer(imap.expunge())
