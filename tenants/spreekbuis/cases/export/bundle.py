"""A dossier as one stream: the PDF alone, or a ZIP with it and the originals.

Nothing is written to disk, and no more than some chunks of a file stand in memory. It runs after the transaction: of
the database everything was read, only the storage is still asked. Whoever breaks it off leaves nothing behind.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from spreekbuis.cases.export.dossier import Dossier, Original
from spreekbuis.clock import BRUSSELS
from spreekbuis.documents.blocks import Document, Facts, Heading
from spreekbuis.documents.plain import as_text
from spreekbuis.vault.files import open_content
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.vault.storage import Storage

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 1 << 18
"""Bytes that are read and sent at a time."""


@dataclass(frozen=True, slots=True)
class Read:
    """An original whose content was read to its end, or could not be: then `digest` (SHA-256, hexadecimal) is empty."""

    original: Original
    digest: str


def pdf_of(dossier: Dossier, place: Storage) -> Iterator[bytes]:
    """The dossier as a PDF; the attachments are read for their hashes alone."""
    yield _as_pdf(_whole(dossier, [_read(original, place) for original in dossier.originals]))


def zip_of(dossier: Dossier, place: Storage) -> Iterator[bytes]:
    """A ZIP: the originals one by one, then the dossier (PDF and text), and the SHA-256 of each file in the form that
    `sha256sum --check` reads.

    Each original is read twice, first for its hash: a damaged one is named and left out, and costs no other.
    """
    sink, read = _Sink(), list[Read]()
    made = dossier.document.made_at.astimezone(BRUSSELS)
    with ZipFile(sink, "w") as archive:
        for original in dossier.originals:
            read.append(_read(original, place))
            if read[-1].digest:
                with archive.open(_entry(original.path, made, ZIP_STORED), "w", force_zip64=True) as entry:
                    for piece in _pieces(original, place):
                        entry.write(piece)
                        yield from sink.taken()
        whole = _whole(dossier, read)
        sums = [(one.digest, one.original.path) for one in read if one.digest]
        for name, content in (("dossier.pdf", _as_pdf(whole)), ("dossier.txt", as_text(whole))):
            archive.writestr(_entry(name, made, ZIP_DEFLATED), content)
            sums.append((hashlib.sha256(content).hexdigest(), name))
        listed = "".join(f"{digest}  {name}\n" for digest, name in sums)
        archive.writestr(_entry("sha256.txt", made, ZIP_DEFLATED), listed.encode())
    yield from sink.taken()


class _Sink(io.RawIOBase):
    """Where the archive writes: what it wrote is taken away at once."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: "ReadableBuffer", /) -> int:
        self._written.append(bytes(piece))
        return len(self._written[-1])

    def taken(self) -> Iterable[bytes]:
        written, self._written = self._written, []
        return written


def _read(original: Original, place: Storage) -> Read:
    digest = hashlib.sha256()
    try:
        for piece in _pieces(original, place):
            digest.update(piece)
    except (CannotOpen, FileNotFoundError):
        return Read(original, "")
    return Read(original, digest.hexdigest())


def _pieces(original: Original, place: Storage) -> Iterator[bytes]:
    """The opened content. Raises CannotOpen, FileNotFoundError."""
    file = original.file
    with closing(open_content(place, file.storage_key, file.key, file.size)) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _whole(dossier: Dossier, read: list[Read]) -> Document:
    """The document with the list of attachments at its end."""
    if not read:
        return dossier.document
    listed = [
        (
            one.original.sent,
            f"{one.original.path}\n{(one.digest and 'SHA-256 ' + one.digest) or dossier.damaged}",
        )
        for one in read
    ]
    blocks = [*dossier.document.blocks, Heading(dossier.heading), Facts(listed)]
    return replace(dossier.document, blocks=blocks)


def _as_pdf(document: Document) -> bytes:
    from spreekbuis.documents.pdf import as_pdf  # a large library: only where it is used

    return as_pdf(document)


def _entry(name: str, made: datetime, compression: int) -> ZipInfo:
    entry = ZipInfo(name, made.timetuple()[:6])
    entry.compress_type = compression
    return entry
