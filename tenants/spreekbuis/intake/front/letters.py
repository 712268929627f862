"""Read an e-mail that anybody can have made: bounded, without running or fetching anything, and never failing."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from enum import StrEnum
from html import unescape

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.intake.story import LONGEST_STORY
from spreekbuis.web.forms import clean

LARGEST = 40 * 1024 * 1024
"""Bytes of a mail that is read: attachments of 25 MB, as mail writes them."""
MOST_PARTS = 200
LONGEST_HTML = 500_000
_WRONG = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library raises over mails that break the rules of mail."""
_NUMBER = re.compile(r"\b([IWB])-(\d{4})-(\d{1,6})\b", re.IGNORECASE)
_OVO = re.compile(r"\bOVO\d{6}\b", re.IGNORECASE)
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "table"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_PIECES = re.compile(r"<[^<>]*>|[^<]+|<")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)|<[!?]")


class Apart(StrEnum):
    """Why a mail waits for nobody."""

    AUTOMATIC = "automatic"
    OWN = "own"
    BOUNCE = "bounce"
    HANDLED = "handled"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"


APART_LABELS: dict[Apart, LazyString] = {
    Apart.AUTOMATIC: _l("Automatisch bericht"),
    Apart.OWN: _l("Van ons eigen adres"),
    Apart.BOUNCE: _l("Een mail die niet aankwam"),
    Apart.HANDLED: _l("Al verwerkt"),
    Apart.TOO_LARGE: _l("Te groot om te openen"),
    Apart.UNREADABLE: _l("Niet leesbaar"),
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the head of a mail says. `apart`: why nobody has to answer it, or None.

    `reference` and `ovo` are a case number and an OVO code in the subject or in the address that it was sent to, or "".
    """

    message_id: str
    name: str
    address: str
    subject: str
    sent_at: datetime | None
    apart: Apart | None
    reference: str
    ovo: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A whole mail: its text without mark-up, its attachments as they were sent, and the SHA-256 of all of it."""

    envelope: Envelope
    text: str
    files: tuple[tuple[str, bytes], ...]
    digest: bytes


def read_envelope(head: bytes, own: frozenset[str]) -> Envelope:
    """The head of a mail. `own`: our own addresses, in lower case."""
    try:
        return _envelope(BytesHeaderParser(policy=policy.default).parsebytes(head), own)
    except _WRONG:
        return Envelope("", "", "", "", None, Apart.UNREADABLE, "", "")


def read_letter(raw: bytes, own: frozenset[str]) -> Letter:
    """The whole mail; what cannot be read is left out. A mail that is too large, or not a mail, is only an envelope."""
    digest = hashlib.sha256(raw).digest()
    envelope = read_envelope(raw[: 1 << 16], own)
    if len(raw) > LARGEST:
        return Letter(envelope, "", (), digest)
    try:
        mail = BytesParser(policy=policy.default).parsebytes(raw)
        text, files = _parts(mail)
    except _WRONG:
        return Letter(envelope, "", (), digest)
    return Letter(envelope, text, files, digest)


def _envelope(mail: EmailMessage, own: frozenset[str]) -> Envelope:
    name, address = parseaddr(_header(mail, "From"))
    subject, address = _header(mail, "Subject"), address.lower()
    about = f"{subject} {_header(mail, 'To')} {_header(mail, 'Delivered-To')}"
    number, ovo = _NUMBER.search(about), _OVO.search(about)
    return Envelope(
        message_id=_header(mail, "Message-ID"), name=name[:200], address=address[:200], subject=subject[:300],
        sent_at=_moment(_header(mail, "Date")), apart=_apart(mail, address, own),
        reference=f"{number[1].upper()}-{number[2]}-{int(number[3]):03d}" if number else "",
        ovo=ovo[0].upper() if ovo else "",
    )  # fmt: skip


def _header(mail: EmailMessage, name: str) -> str:
    try:
        return clean(str(mail.get(name, "")))[:2000]
    except _WRONG:
        return ""


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except _WRONG:
        return None
    return moment if moment.tzinfo is not None else None


def _apart(mail: EmailMessage, address: str, own: frozenset[str]) -> Apart | None:
    """RFC 3834: whoever answers automatically says so, and nobody answers that. Lists and bounces as well."""
    if address in own:
        return Apart.OWN
    if _header(mail, "Return-Path").strip() == "<>" or _header(mail, "Content-Type").startswith(
        "multipart/report"
    ):
        return Apart.BOUNCE
    submitted = _header(mail, "Auto-Submitted").lower() or "no"
    told = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id")
    if submitted != "no" or any(_header(mail, name) for name in told) or not address:
        return Apart.AUTOMATIC
    if _header(mail, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply"):
        return Apart.AUTOMATIC
    return None


def _parts(mail: EmailMessage) -> tuple[str, tuple[tuple[str, bytes], ...]]:
    """The text, plain when there is one, and everything else that is no container."""
    body = mail.get_body(("plain", "html"))
    files = []
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            break
        beside = part.get_content_type() == "text/html" and part.get_filename() is None
        if part is body or part.is_multipart() or beside:
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            files.append((_file_name(part), content))
    return (_text_of(body) if body is not None else ""), tuple(files)


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except _WRONG:
        name = None
    return name or ("bijlage.txt" if part.get_content_maintype() == "text" else "bijlage")


def _text_of(body: Message) -> str:
    content = body.get_payload(decode=True)
    raw = content if isinstance(content, bytes) else b""
    try:
        text = raw[: LONGEST_HTML * 4].decode(body.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        text = raw[: LONGEST_HTML * 4].decode("utf-8", "replace")
    if body.get_content_type() == "text/html":
        text = text_of_html(text)
    return clean(text, lines=True)[:LONGEST_STORY]


def text_of_html(html: str) -> str:
    """What a person would read of the page: no mark-up, no script, no addresses of pictures.

    Not with the parser of the standard library: over open comments or brackets it works for minutes. Here each
    character is looked at a fixed number of times, whatever stands there.
    """
    read: list[str] = []
    unseen = ""
    for piece in _PIECES.findall(_without_comments(html[:LONGEST_HTML])):
        tag = _TAG.match(piece)
        if tag is None:
            if not unseen:
                read.append(piece)
            continue
        closes, name = tag[1], (tag[2] or "").lower()
        if unseen:
            unseen = "" if closes and name == unseen else unseen
        elif name in _UNSEEN and not closes:
            unseen = name
        elif name in _BREAKS:
            read.append("\n")
    lines = (" ".join(line.split()) for line in unescape("".join(read)).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (opens := html.find("<!--", at)) >= 0 and (closes := html.find("-->", opens)) >= 0:
        kept.append(html[at:opens])
        at = closes + 3
    return "".join((*kept, html[at:]))
