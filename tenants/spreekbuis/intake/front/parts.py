"""The parts of a mail that anybody can have made, in time that grows with its size and no faster.

Not with the parser of the standard library: it looks at each line once for every level of nesting, and at a hostile
head for minutes. Here a head is cut before it is read, and each byte is looked at a fixed number of times at most.
What stays out because of a bound is said: a report must not lose a word that nobody knows of.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from enum import StrEnum
from html import unescape

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.intake.story import LONGEST_STORY
from spreekbuis.web.forms import clean

MOST_PARTS = 200
DEEPEST = 10
"""Parts within parts, and mails within mails. A mail that was forwarded three times has six levels."""
LONGEST_TEXT = LONGEST_STORY - 500
"""Characters of text; what is over is for the subject."""
LONGEST_HTML = 500_000
"""Characters of all HTML of a mail together."""
LONGEST_HEAD = 1 << 16
"""Bytes at the beginning of a mail, or of a part, in which its head is read."""
WRONG = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the standard library raises over mails that break the rules of mail."""
_LONGEST_LINE = 1000
"""Bytes of one line of a head, folded ones together: RFC 5322 allows 998."""
_MOST_MARKS = 2000
"""Lines in a whole mail that could be a boundary. Each is work, also when it is none."""
_FIELD = re.compile(
    rb"^(from|to|delivered-to|subject|date|message-id|return-path|content-type|content-disposition"
    rb"|content-transfer-encoding|auto-submitted|x-auto-response-suppress|x-autoreply|x-autorespond|list-id|precedence)"
    rb"[ \t]{0,20}:([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_IS_OVER = re.compile(rb"^(?:\r?\n|(?![!-9;-~]{1,80}[ \t]{0,20}:|[ \t]|>?From ))", re.MULTILINE)
"""The empty line, or a line that cannot stand in a head: then the text begins without one."""
_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]{0,80}(?:\r?\n|\Z)")
_SLOW = frozenset({"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"})
"""What Python calls a charset, and no mail is written in."""
_BREAKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "blockquote", "table"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_PIECES = re.compile(r"<[^<>]*>|[^<]+|<")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)|<[!?]")


class LeftOut(StrEnum):
    """What of a mail is not shown, and does not go along."""

    DEEP = "deep"
    PARTS = "parts"
    TEXT = "text"


LEFT_OUT_LABELS: dict[LeftOut, LazyString] = {
    LeftOut.DEEP: _l("Wat te diep in andere mails of onderdelen zit."),
    LeftOut.PARTS: _l("De laatste onderdelen: het zijn er te veel."),
    LeftOut.TEXT: _l("Het einde van de tekst: hij is te lang."),
}


@dataclass(slots=True)
class Parts:
    """The text of a mail without mark-up, its attachments as they were sent, and what was left out."""

    text: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    left_out: set[LeftOut] = field(default_factory=set)


def read_parts(raw: bytes) -> Parts:
    """Everything that the mail brings. Never fails: what breaks the rules of mail is read as text, or as a file."""
    return _Reading(raw).whole()


def read_head(raw: bytes, at: int = 0, end: int | None = None) -> tuple[Message, int]:
    """The head that begins at `at`: of what is of use the first of each name, cut. And where its body begins."""
    end = len(raw) if end is None else end
    last = min(end, at + LONGEST_HEAD)
    over = _HEAD_IS_OVER.search(raw, at, last)
    if over is not None and (
        last == end or b"\n" in raw[over.start() : last]
    ):  # not a line that was cut in two
        last, body = over.span()
    else:
        breaks = (raw.find(empty, last - 2, end) for empty in (b"\n\r\n", b"\n\n"))
        ends = [found for found in breaks if found >= 0] if last < end else []
        body = raw.find(b"\n", min(ends) + 1, end) + 1 if ends else end
    head = Message()
    for found in _FIELD.finditer(raw, at, last):
        name = found[1].decode().lower()
        if name not in head:
            head[name] = b" ".join(found[2][:_LONGEST_LINE].split()).decode("utf-8", "replace")
    return head, body


def in_words(head: Message, name: str) -> str:
    """What stands there, decoded, on one line; "" when nothing does."""
    value = head.get(name, "")
    try:
        return clean(str(make_header(decode_header(value))))
    except WRONG:
        return clean(value)


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


class _Reading:
    """One mail that is being read. A part is the bytes from `at` to `end`."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._found, self._texts = raw, Parts(), list[str]()
        self._parts = self._marks = 0
        self._html_left = LONGEST_HTML

    def whole(self) -> Parts:
        self._part(0, len(self._raw), 0, twin=False)
        text = clean("\n\n".join(text.strip() for text in self._texts if text.strip()), lines=True)
        if len(text) > LONGEST_TEXT:
            self._found.left_out.add(LeftOut.TEXT)
        self._found.text = text[:LONGEST_TEXT]
        return self._found

    def _part(self, at: int, end: int, depth: int, *, twin: bool) -> None:
        """`twin`: the same stands beside it as plain text."""
        if depth > DEEPEST or self._parts >= MOST_PARTS:
            self._found.left_out.add(LeftOut.DEEP if depth > DEEPEST else LeftOut.PARTS)
            return
        self._parts += 1
        head, body = read_head(self._raw, at, end)
        kind = head.get_content_type()
        inner = self._inner(head, body, end) if head.get_content_maintype() == "multipart" else []
        if inner:
            twin = twin or (kind == "multipart/alternative" and any(self._is_plain(*one) for one in inner))
            for one in inner:
                self._part(*one, depth + 1, twin=twin)
        elif kind == "message/rfc822":
            self._forwarded(head, body, end, depth)
        elif kind == "text/html" and _name(head) is None:
            if not twin:
                self._texts.append(self._read_text(head, body, end))
        elif head.get_content_maintype() in ("text", "multipart") and not _is_file(head):
            self._texts.append(self._read_text(head, body, end))
        elif content := _decoded(head, self._raw[body:end]):
            usual = "bijlage.txt" if head.get_content_maintype() in ("text", "message") else "bijlage"
            self._found.files.append((_name(head) or usual, content))

    def _forwarded(self, head: Message, body: int, end: int, depth: int) -> None:
        """A mail in the mail: its text, under the lines of its head that say whose it is."""
        if str(head.get("content-transfer-encoding", "")).lower() in ("base64", "quoted-printable"):
            inside = _Reading(
                _decoded(head, self._raw[body:end])
            )  # against the rules of mail, and it happens
            inside._parts, inside._marks, inside._html_left = self._parts, self._marks, self._html_left
            inside._found, inside._texts = self._found, self._texts
            inside._mail(0, len(inside._raw), depth)
            self._parts, self._marks, self._html_left = inside._parts, inside._marks, inside._html_left
        else:
            self._mail(body, end, depth)

    def _mail(self, at: int, end: int, depth: int) -> None:
        head = read_head(self._raw, at, end)[0]
        told = ((name, in_words(head, name)) for name in ("From", "Subject", "Date"))
        self._texts.append("\n".join(f"{name}: {words}" for name, words in told if words))
        self._part(at, end, depth + 1, twin=False)

    def _inner(self, head: Message, at: int, end: int) -> list[tuple[int, int]]:
        """Where the parts of a multipart are; none when it does not say, or its boundary stands nowhere."""
        try:
            boundary = (head.get_boundary() or "").encode("utf-8", "replace")
        except WRONG:
            return []
        found: list[tuple[int, int]] = []
        begun = -1
        for mark, after, last in self._boundaries(b"--" + boundary, at, end) if boundary else ():
            if begun >= 0:
                found.append((begun, self._before_break(begun, mark)))
            begun = -1 if last else after
            if last or len(found) > MOST_PARTS:
                break
        if begun >= 0:
            found.append((begun, end))
        return found

    def _boundaries(self, boundary: bytes, at: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Where each boundary begins and ends, and whether it is the last."""
        while (mark := self._raw.find(boundary, at, end)) >= 0:
            self._marks += 1
            if self._marks > _MOST_MARKS:
                self._found.left_out.add(LeftOut.PARTS)
                return
            at = mark + len(boundary)
            rest = _AFTER_BOUNDARY.match(self._raw, at, end)
            if rest and self._raw[mark - 1 : mark] in (b"\n", b""):
                at = rest.end()
                yield mark, at, rest[1] is not None

    def _before_break(self, at: int, end: int) -> int:
        """The line break before a boundary belongs to the boundary."""
        for broken in (b"\r\n", b"\n"):
            if self._raw.endswith(broken, at, end):
                return end - len(broken)
        return end

    def _is_plain(self, at: int, end: int) -> bool:
        head, body = read_head(self._raw, at, end)
        if head.get_content_type() != "text/plain" or _is_file(head):
            return False
        return bool(
            _in_charset(head, _decoded(head, self._raw[body : min(end, body + LONGEST_HEAD)])).strip()
        )

    def _read_text(self, head: Message, at: int, end: int) -> str:
        is_html = head.get_content_type() == "text/html"
        most = self._html_left if is_html else LONGEST_TEXT
        if end - at > most * 4:  # bytes of one character, in the widest code
            self._found.left_out.add(LeftOut.TEXT)
        text = _in_charset(head, _decoded(head, self._raw[at : min(end, at + most * 4)]))
        if len(text) > most:
            self._found.left_out.add(LeftOut.TEXT)
        if not is_html:
            return text[:most]
        self._html_left -= min(most, len(text))
        return text_of_html(text[:most])


def _decoded(head: Message, body: bytes) -> bytes:
    part = Message()
    part["content-transfer-encoding"] = str(head.get("content-transfer-encoding", ""))
    part.set_payload(body.decode("ascii", "surrogateescape"))
    try:
        content = part.get_payload(decode=True)
    except WRONG:
        return body
    return content if isinstance(content, bytes) else body


def _in_charset(head: Message, raw: bytes) -> str:
    try:
        charset = codecs.lookup(str(head.get_content_charset("utf-8"))).name
        return raw.decode("utf-8" if charset in _SLOW else charset, "replace")
    except WRONG:  # a charset that nobody knows
        return raw.decode("utf-8", "replace")


def _is_file(head: Message) -> bool:
    return _name(head) is not None or head.get_content_disposition() == "attachment"


def _name(head: Message) -> str | None:
    try:
        name = head.get_filename()
        return str(make_header(decode_header(name))) if name else None
    except WRONG:
        return None


def _without_comments(html: str) -> str:
    kept, at = [], 0
    while (opens := html.find("<!--", at)) >= 0 and (closes := html.find("-->", opens)) >= 0:
        kept.append(html[at:opens])
        at = closes + 3
    return "".join((*kept, html[at:]))
