"""Files that people send: which we take, checked by content and not by name, and how they go back out.

On the way in a file loses its hidden data, passes the virus scanner and is sealed under a key of its own before it is
stored. A file is always sent back as a download, never shown in the page.
"""

import hashlib
import io
import logging
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from uuid import UUID

from flask import current_app, send_file
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from spreekbuis.db.scope import current_entity_id
from spreekbuis.errors import DomainError, NotFound
from spreekbuis.settings import Settings
from spreekbuis.vault.cleaning import Cleaned, CleanersBusy, Cleaning, clean
from spreekbuis.vault.kinds import ACCEPT as ACCEPT
from spreekbuis.vault.kinds import TYPES as TYPES
from spreekbuis.vault.kinds import is_kind
from spreekbuis.vault.scanning import NotScanned, scanner
from spreekbuis.vault.sealing import CannotOpen, context, new_secret
from spreekbuis.vault.spool import Spool, spool
from spreekbuis.vault.storage import new_key, storage
from spreekbuis.vault.streams import OpenedStream, SealingStream, sealed_size
from spreekbuis.web.forms import clean as clean_text

_log = logging.getLogger(__name__)
MOST_FILES = 10
LONGEST_NAME = 120
CLEANING_SECONDS = 20.0
"""How long one request has its files cleaned: what comes after that is refused."""
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """A file that passed the checks and lies in the storage, sealed.

    `size` is that of the file after cleaning, in bytes. Only `key` opens it: whoever keeps the file seals that under
    the key of its case.
    """

    name: str
    media_type: str
    size: int
    storage_key: str
    key: bytes = field(repr=False)
    cleaned: Cleaned


class DamagedFile(DomainError):
    """What is stored is not what was sealed: too short, changed, or of another file."""

    status = 500
    title = _l("Dit bestand is beschadigd")
    advice = _l(
        "Het is niet meer volledig, of iemand veranderde het. Vraag het opnieuw aan wie het stuurde en laat het "
        "weten aan je beheerder."
    )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of files that were sent: the accepted ones, and a sentence for each refused one."""

    files: Mapping[UUID, AcceptedFile]
    refusals: tuple[str, ...]


def most_megabytes() -> int:
    """How much the files of one report or message may weigh together."""
    settings: Settings = current_app.extensions["settings"]
    return settings.max_upload >> 20


def accept(
    uploads: Mapping[UUID, FileStorage], *, keep_original: bool, count: int = 0, size: int = 0
) -> Acceptance:
    """Check each file and keep the good ones, one by one: a bad file does not cost the others.

    Hidden data goes, unless the sender wants to `keep_original`; what became of it stands in `cleaned`. The caller's
    ids come back with the accepted files. `count` and `size` (bytes) are of the files that the same report or
    message has already.
    """
    settings: Settings = current_app.extensions["settings"]
    kept: dict[UUID, AcceptedFile] = {}
    refusals: list[str] = []
    end = time.monotonic() + CLEANING_SECONDS
    for id_, upload in uploads.items():
        name = clean_name(upload.filename or "")
        length = _length(upload.stream)
        refusal = _refusal(name, upload.stream, length) or _too_much(
            name, count + len(kept), size + length, settings.max_upload
        )
        if refusal is None:
            try:
                taken = _take_in(name, _spooled(upload), keep_original=keep_original, end=end)
            except CleanersBusy:
                refusals.append(
                    _("Het is nu druk. Probeer het over een minuut opnieuw; je tekst is bewaard.")
                )
                break  # the files behind it would wait as long
            if isinstance(taken, AcceptedFile):
                kept[id_] = taken
                size += taken.size
            else:
                refusal = taken
        if refusal is not None:
            refusals.append(refusal)
    return Acceptance(kept, tuple(refusals))


def _take_in(name: str, sent: Spool, *, keep_original: bool, end: float) -> AcceptedFile | str:
    """Clean the file, have it scanned, and store it sealed; or why that cannot be done.

    Raises CleanersBusy, also when it is not clean at `end` (of the monotonic clock).
    """
    media_type = TYPES[_extension(name)]
    if keep_original:
        cleaning = Cleaning(Cleaned.ORIGINAL, sent)
    else:
        cleaning = clean(sent, media_type, within=max(0.0, end - time.monotonic()))
    content, storage_key, key = cleaning.content, new_key(), new_secret()
    try:
        size = _length(content)
        if scanner().finds_virus(content):
            return _("In ‘%(name)s’ zit een virus. We hebben dit bestand niet bewaard.", name=name)
        content.seek(0)
        storage().put(storage_key, cast(BinaryIO, SealingStream(content, key, _bound_to(storage_key))))
    except NotScanned as reason:
        _log.error("a file was refused: %s", reason)
        return _(
            "We konden ‘%(name)s’ nu niet op virussen nakijken. Probeer het later opnieuw; je tekst is bewaard.",
            name=name,
        )
    except OSError as error:
        _log.error("a file was refused, it cannot be stored: %s", type(error).__name__)
        return _(
            "We konden ‘%(name)s’ nu niet bewaren. Probeer het later opnieuw; je tekst is bewaard.", name=name
        )
    finally:
        if content is not sent:
            content.close()
    return AcceptedFile(name, media_type, size, storage_key, key, cleaning.cleaned)


def _spooled(upload: FileStorage) -> Spool:
    """The file of the request, at its beginning, in a spool: where it lies already when a browser sent it."""
    if isinstance(upload.stream, Spool):
        return upload.stream
    copied = spool()
    shutil.copyfileobj(upload.stream, copied)
    copied.seek(0)
    return copied


def _bound_to(storage_key: str) -> bytes:
    """A content opens under its own name only, which says its entity and day."""
    return context("spreekbuis file", storage_key)


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
    name = clean_text(name.replace("\\", "/").rpartition("/")[2]).strip(". ")
    name = "".join(c for c in name if c not in '<>:"|?*' and c not in _TURNS)
    path = PurePosixPath(name or "bestand")
    return (
        path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix
        if len(path.suffix) < 10
        else path.name[:LONGEST_NAME]
    )


_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks that turn the direction of writing: they make `exe.fdp` read as `pdf.exe`."""


def download(storage_key: str, key: bytes, *, name: str, media_type: str, size: int) -> Response:
    """The opened file as a download of `size` bytes.

    Raises NotFound when the storage has its content no more, and DamagedFile when that is too long or too short, or
    does not begin as it was sealed. What is found further on breaks the connection off: nobody gets a shorter
    file that looks whole.
    """
    try:
        if not storage_key.startswith(f"{current_entity_id()}/"):
            raise FileNotFoundError
        sealed = storage().open(storage_key)
    except FileNotFoundError:
        raise NotFound(
            _("Dit bestand is er niet meer"),
            _("Heb je het bestand nog? Stuur het dan opnieuw. Anders vraag je het aan wie het stuurde."),
        ) from None
    try:
        if _length(sealed) != sealed_size(size):
            raise CannotOpen("the length of a file")
        opened = OpenedStream(sealed, key, _bound_to(storage_key))
    except CannotOpen:
        sealed.close()
        _log.error("the content %s does not open", storage_key)
        raise DamagedFile from None
    response = send_file(cast(BinaryIO, opened), mimetype=media_type, as_attachment=True, download_name=name)
    response.content_length = size
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy would write the opened file to its own disk
    return response


def take_over(storage_key: str, key: bytes) -> tuple[str, bytes]:
    """Seal a content that another desk or entity passed on anew, under a name and a key of the tenant in scope; gives
    both. Raises NotFound when it is there no more, DamagedFile."""
    fresh_name, fresh = new_key(), new_secret()
    try:
        with storage().open(storage_key) as sealed:
            opened = OpenedStream(sealed, key, _bound_to(storage_key))
            again = SealingStream(cast(BinaryIO, opened), fresh, _bound_to(fresh_name))
            storage().put(fresh_name, cast(BinaryIO, again))
    except FileNotFoundError:
        raise NotFound from None
    except CannotOpen:
        raise DamagedFile from None
    return fresh_name, fresh


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
    elif not is_kind(cast(BinaryIO, stream), extension):
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
