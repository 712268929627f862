"""Files that people send: which we take, checked by content and not by name, and how they go back out.

A file is always sent back as a download, never shown in the page.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from uuid import UUID

import filetype
from flask import current_app, send_file
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from spreekbuis.errors import NotFound
from spreekbuis.settings import Settings
from spreekbuis.vault.storage import storage
from spreekbuis.web.forms import clean

MOST_FILES = 10
LONGEST_NAME = 120
_HEAD = 8192
_BLOCK = 1 << 18
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_MSG, _EML, _TEXT = "application/vnd.ms-outlook", "message/rfc822", "text/plain"

TYPES: dict[str, str] = {
    "pdf": "application/pdf", "txt": _TEXT, "eml": _EML, "msg": _MSG,
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp", "heic": "image/heic",
    "docx": f"{_OFFICE}wordprocessingml.document", "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "odt": f"{_ODF}text", "ods": f"{_ODF}spreadsheet", "odp": f"{_ODF}presentation",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/x-wav", "mp4": "video/mp4",
}  # fmt: skip
"""Media type by extension: the kinds that we take."""
ACCEPT = ",".join(f".{extension}" for extension in TYPES)
"""For the `accept` of a file input."""

_SAME = {"m4a": {"audio/mp4", "video/mp4"}, "txt": {_TEXT, _EML}}
"""Extensions whose content may look like another type: a text that begins with `Word:` looks like a mail,
recorders of phones write m4a as mp4."""
_OFFICE_PARTS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_MSG_MARK = "__properties_version1.0".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that passed the checks and lies in the storage. `size` in bytes."""

    name: str
    media_type: str
    size: int
    storage_key: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of files that were sent: the accepted ones, and a sentence for each refused one."""

    files: Mapping[UUID, AcceptedFile]
    refusals: tuple[str, ...]


def most_megabytes() -> int:
    """How much the files of one report or message may weigh together."""
    settings: Settings = current_app.extensions["settings"]
    return settings.max_upload >> 20


def accept(uploads: Mapping[UUID, FileStorage], *, count: int = 0, size: int = 0) -> Acceptance:
    """Check each file and keep the good ones, one by one: a bad file does not cost the others.

    The caller's ids come back with the accepted files. `count` and `size` (bytes) are of the files that the
    same report or message has already.
    """
    settings: Settings = current_app.extensions["settings"]
    kept: dict[UUID, AcceptedFile] = {}
    refusals: list[str] = []
    for id_, upload in uploads.items():
        name = clean_name(upload.filename or "")
        length = _length(upload.stream)
        refusal = _refusal(name, upload.stream, length) or _too_much(
            name, count + len(kept), size + length, settings.max_upload
        )
        if refusal is not None:
            refusals.append(refusal)
            continue
        key, size_kept = storage().put(cast(BinaryIO, upload.stream))
        size += size_kept
        kept[id_] = AcceptedFile(name, TYPES[_extension(name)], size_kept, key)
    return Acceptance(kept, tuple(refusals))


def discard(files: Iterable[AcceptedFile]) -> None:
    """Forget files that were accepted for something that was refused after all."""
    for file in files:
        storage().delete(file.storage_key)


def print_of(upload: FileStorage) -> str:
    """What makes a file the same file: its name and the SHA-256 of its content, read in blocks."""
    content = hashlib.sha256()
    upload.stream.seek(0)
    while block := upload.stream.read(_BLOCK):
        content.update(block)
    upload.stream.seek(0)
    return f"{content.hexdigest()}/{clean_name(upload.filename or '')}"


def clean_name(name: str) -> str:
    """The last part of the name without what a file system or a screen trips over, at most 120 characters."""
    name = clean(name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    name = "".join(c for c in name if c not in '<>:"|?*' and c not in _TURNS)
    path = PurePosixPath(name or "bestand")
    return (
        path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix
        if len(path.suffix) < 10
        else path.name[:LONGEST_NAME]
    )


_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that turn the direction of writing: they make `exe.fdp` read as `pdf.exe`."""


def download(storage_key: str, name: str, media_type: str) -> Response:
    """The file as a download. Raises NotFound when the storage has its content no more."""
    try:
        stream = storage().open(storage_key)
    except FileNotFoundError:
        raise NotFound(
            _("Dit bestand is er niet meer"),
            _("Heb je het bestand nog? Stuur het dan opnieuw. Anders vraag je het aan wie het stuurde."),
        ) from None
    response = send_file(stream, mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _length(stream: object) -> int:
    opened = cast(BinaryIO, stream)
    opened.seek(0, io.SEEK_END)
    length = opened.tell()
    opened.seek(0)
    return length


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.removeprefix(".").lower()


def _refusal(name: str, stream: object, length: int) -> str | None:
    """Why the file is not taken, and what to do about it; None when it is."""
    extension = _extension(name)
    refusal: str | None = None
    if extension not in TYPES:
        refusal = _(
            "‘%(name)s’ is een soort bestand dat we niet aannemen. Maak er een pdf, een foto of een "
            "Word-bestand van.",
            name=name,
        )
    elif length == 0:
        refusal = _("‘%(name)s’ is leeg. Kijk het bestand na en kies het opnieuw.", name=name)
    elif _sniff(cast(BinaryIO, stream)) not in _SAME.get(extension, {TYPES[extension]}):
        refusal = _(
            "‘%(name)s’ is geen echt %(kind)s-bestand: de inhoud past niet bij de naam. Sla het opnieuw op "
            "en kies het nog eens.",
            name=name,
            kind=extension,
        )
    return refusal


def _too_much(name: str, count: int, size: int, most: int) -> str | None:
    """Why this file comes on top of too many or too large ones. Sizes in bytes."""
    refusal: str | None = None
    if count >= MOST_FILES:
        refusal = _(
            "‘%(name)s’ is niet bewaard: je kunt hoogstens %(most)s bestanden meesturen.",
            name=name,
            most=MOST_FILES,
        )
    elif size > most:
        refusal = _(
            "‘%(name)s’ is niet bewaard: samen zijn je bestanden groter dan %(most)s MB. Kies een kleiner "
            "bestand.",
            name=name,
            most=most >> 20,
        )
    return refusal


def _sniff(stream: BinaryIO) -> str | None:
    """The media type that the content itself shows, or None. Leaves the stream at its start."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        found = _inside_zip(stream)
    elif head.startswith(_OLE_MAGIC):
        found = _MSG if _contains(stream, _MSG_MARK) else None
    else:
        guess = filetype.guess(head)
        found = guess.mime if guess is not None else _kind_of_text(head)
    stream.seek(0)
    return found


def _inside_zip(stream: BinaryIO) -> str | None:
    """Office files are zip archives: their parts tell which. One with macros is none of them."""
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            if names and names[0] == "mimetype":
                with archive.open("mimetype") as declared:
                    return declared.read(100).decode("ascii", "replace").strip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None
    if "[Content_Types].xml" in names:
        for folder, extension in _OFFICE_PARTS.items():
            if any(name.startswith(folder) for name in names):
                return TYPES[extension]
    return None


def _contains(stream: BinaryIO, mark: bytes) -> bool:
    tail = b""
    while block := stream.read(_BLOCK):
        if mark in tail + block:
            return True
        tail = block[-len(mark) :]
    return False


def _kind_of_text(head: bytes) -> str | None:
    """Text has no NUL (but in UTF-16, where a byte order mark leads); a mail begins with a header."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _TEXT
    if b"\x00" in head:
        return None
    name, colon, _rest = head.partition(b"\n")[0].partition(b":")
    if colon and name and all(33 <= c < 127 for c in name):
        return _EML
    return _TEXT
