"""Read an e-mail that anybody can have made: bounded, without running or fetching anything, and never failing."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.intake.front.parts import WRONG, LeftOut, Parts, in_words, read_head, read_parts
from spreekbuis.web.forms import clean

LARGEST = 40 * 1024 * 1024
"""Bytes of a mail that is read: attachments of 25 MB, as mail writes them."""
_NUMBER = re.compile(r"\b([IWB])-(\d{4})-(\d{1,6})\b", re.IGNORECASE)
_OVO = re.compile(r"\bOVO\d{6}\b", re.IGNORECASE)


class Apart(StrEnum):
    """Why a mail waits for nobody."""

    AUTOMATIC = "automatic"
    OWN = "own"
    BOUNCE = "bounce"
    HANDLED = "handled"
    TOO_LARGE = "too_large"


APART_LABELS: dict[Apart, LazyString] = {
    Apart.AUTOMATIC: _l("Automatisch bericht"),
    Apart.OWN: _l("Van ons eigen adres"),
    Apart.BOUNCE: _l("Een mail die niet aankwam"),
    Apart.HANDLED: _l("Al verwerkt"),
    Apart.TOO_LARGE: _l("Te groot om te openen"),
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the head of a mail says. `apart`: why nobody has to answer it, or None.

    `reference` and `ovo` are a case number and an OVO code in the subject or in the address that it was sent to, or "".
    """

    name: str
    address: str
    subject: str
    sent_at: datetime | None
    apart: Apart | None
    reference: str
    ovo: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole mail. `digest`: the SHA-256 of all of it. `same`: of what stays the same when it comes a second time, by
    another way: its id, sender, date and body; None when it has no id."""

    envelope: Envelope
    parts: Parts
    digest: bytes
    same: bytes | None

    @property
    def text(self) -> str:
        return self.parts.text

    @property
    def files(self) -> list[tuple[str, bytes]]:
        return self.parts.files

    @property
    def left_out(self) -> list[LeftOut]:
        return sorted(self.parts.left_out)


def read_envelope(raw: bytes, own: frozenset[str]) -> Envelope:
    """What its head says; the first bytes of the mail are enough. `own`: our own addresses, in lower case."""
    head = read_head(raw)[0]
    name, address = _sender(head)
    subject, address = in_words(head, "Subject"), address.lower()
    about = f"{subject} {in_words(head, 'To')} {in_words(head, 'Delivered-To')}"
    number, ovo = _NUMBER.search(about), _OVO.search(about)
    return Envelope(
        name=name[:200], address=address[:320], subject=subject[:300],
        sent_at=_moment(in_words(head, "Date")), apart=_apart(head, address, own),
        reference=f"{number[1].upper()}-{number[2]}-{int(number[3]):03d}" if number else "",
        ovo=ovo[0].upper() if ovo else "",
    )  # fmt: skip


def read_letter(raw: bytes, own: frozenset[str]) -> Letter:
    """The whole mail. One that is too large is only an envelope."""
    parts = Parts() if len(raw) > LARGEST else read_parts(raw)
    return Letter(read_envelope(raw, own), parts, hashlib.sha256(raw).digest(), same_mail(raw))


def same_mail(raw: bytes) -> bytes | None:
    """See Letter. An id alone does not do: whoever writes another mail chooses it."""
    head, body = read_head(raw)
    if not head.get("message-id"):
        return None
    told = "\n".join(str(head.get(name, "")) for name in ("message-id", "from", "date"))
    return hashlib.sha256(told.encode() + b"\n" + hashlib.sha256(raw[body:]).digest()).digest()


def _sender(head: Message) -> tuple[str, str]:
    """Name and address of the sender, "" for what is not there."""
    try:
        name, address = parseaddr(str(head.get("from", "")))
        if "@" not in address:  # some encode all of it
            name, address = parseaddr(in_words(head, "From"))
    except WRONG:
        return "", ""
    told = Message()
    told["name"] = name
    return in_words(told, "name"), clean(address)


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except WRONG:
        return None
    return moment if moment.tzinfo is not None else None


def _apart(head: Message, address: str, own: frozenset[str]) -> Apart | None:
    """RFC 3834: whoever answers automatically says so, and nobody answers that. Lists and bounces as well."""
    if address in own:
        return Apart.OWN
    if in_words(head, "Return-Path") == "<>" or head.get_content_type() == "multipart/report":
        return Apart.BOUNCE
    submitted = in_words(head, "Auto-Submitted").lower() or "no"
    told = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id")
    if submitted != "no" or any(in_words(head, name) for name in told) or not address:
        return Apart.AUTOMATIC
    if in_words(head, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return Apart.AUTOMATIC
    return None
