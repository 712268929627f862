"""Documents that are archives of parts: Word, Excel and PowerPoint (ECMA-376), and OpenDocument (ISO/IEC 26300).

Each part is copied through the cleaner of its kind; the archive is written anew, so that its own times and remarks
go too.
Nothing is unpacked to disk.
"""

import re
import zipfile
from collections.abc import Callable
from typing import IO, BinaryIO, Final, cast

from spreekbuis.vault.hidden import boxes, pictures, sound
from spreekbuis.vault.hidden.rules import Rules, is_dropped, is_known, stands_for
from spreekbuis.vault.hidden.traces import CannotClean, Found, Trace
from spreekbuis.vault.hidden.xml import filter_xml
from spreekbuis.vault.spool import spool

_BLOCK: Final = 1 << 16
_MOST_PARTS: Final = 5_000
MOST_INSIDE: Final = 128 << 20
"""Bytes of all parts together, unpacked: what says more is a bomb, or a sheet that nobody can open."""
_DEEPEST: Final = 2
"""Documents in a document in a document stay as they are."""
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_MEDIA: Final[dict[str, Callable[[BinaryIO, BinaryIO], Found]]] = {
    "jpg": pictures.clean_jpeg, "jpeg": pictures.clean_jpeg, "png": pictures.clean_png, "gif": pictures.clean_gif,
    "webp": pictures.clean_webp, "mp4": boxes.clean_movie, "m4a": boxes.clean_movie, "m4v": boxes.clean_movie,
    "mp3": sound.clean_mp3, "wav": sound.clean_wav,
}  # fmt: skip
_DOCUMENT: Final = re.compile(r"\.(?:docx|xlsx|pptx|odt|ods|odp)$", re.IGNORECASE)
_XML: Final = re.compile(r"\.(?:xml|rels|svg|vml|rdf)$", re.IGNORECASE)
_MAY_BE_NO_XML: Final = re.compile(r"\.(?:svg|vml)$", re.IGNORECASE)
_HARMLESS: Final = re.compile(r"(?:\.(?:odttf|fntdata|ttf|otf)|^mimetype)$", re.IGNORECASE)
"""Fonts, and the name of the format."""


def clean_document(source: BinaryIO, target: BinaryIO, *, depth: int = 0) -> Found:
    """Raises CannotClean."""
    cleaner = _Cleaner(depth)
    try:
        with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
            cleaner.clean(read, made)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise CannotClean("no archive") from error
    return cleaner.found


class _Cleaner:
    def __init__(self, depth: int) -> None:
        self.found = Found()
        self._depth = depth
        self._rules = Rules(self.found)
        self._left = MOST_INSIDE

    def clean(self, read: zipfile.ZipFile, made: zipfile.ZipFile) -> None:
        parts = read.infolist()
        if len(parts) > _MOST_PARTS or len({part.filename for part in parts}) != len(parts):
            raise CannotClean("too many parts, or two of one name")
        if sum(part.file_size for part in parts) > MOST_INSIDE:
            raise CannotClean("too large inside, as it says itself")
        if read.comment or any(part.comment for part in parts):
            self.found.removed.add(Trace.PROPERTIES)
        for part in parts:
            trace = is_dropped(part.filename)
            if trace is not None:
                self.found.removed.add(trace)
            elif not part.is_dir():
                new = zipfile.ZipInfo(part.filename, _LONG_AGO)
                new.compress_type = min(part.compress_type, zipfile.ZIP_DEFLATED)
                new.create_system = 0
                with read.open(part) as content, made.open(new, "w", force_zip64=False) as target:
                    self._clean_part(part.filename, _Counted(content, self), target)

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise CannotClean("too large inside")

    def _clean_part(self, name: str, content: "_Counted", target: IO[bytes]) -> None:
        instead = stands_for(name)
        extension = name.rpartition(".")[2].lower()
        if _XML.search(name) and not is_known(name):
            self.found.left_inside = True  # cleaned by the same rules, and perhaps not by enough of them
        if instead is not None:
            self.found.removed.add(Trace.PROPERTIES)
            target.write(instead)
        elif _MAY_BE_NO_XML.search(name):
            self._try(
                content, target, lambda plain, clean: filter_xml(plain, clean, self._rules.edit_drawing)
            )
        elif _XML.search(name):
            filter_xml(cast(BinaryIO, content), cast(BinaryIO, target), self._rules.edit)
        elif extension in _MEDIA:
            self._try(content, target, lambda plain, clean: self.found.add(_MEDIA[extension](plain, clean)))
        elif _DOCUMENT.search(name) and self._depth < _DEEPEST:
            deeper = self._depth + 1
            self._try(
                content,
                target,
                lambda plain, clean: self.found.add(clean_document(plain, clean, depth=deeper)),
            )
        else:
            self.found.left_inside |= _HARMLESS.search(name) is None
            _pour(content, target)

    def _try(
        self, content: "_Counted", target: IO[bytes], clean: Callable[[BinaryIO, BinaryIO], None]
    ) -> None:
        """Clean a part that need not be clean for the document to be: else it goes along as it was."""
        with spool() as plain, spool() as cleaned:
            _pour(content, plain)
            plain.seek(0)
            try:
                clean(plain, cleaned)
            except CannotClean:
                self.found.left_inside = True
                plain.seek(0)
                _pour(plain, target)
            else:
                cleaned.seek(0)
                _pour(cleaned, target)


class _Counted:
    """A part as it is unpacked: what comes out counts, not what the archive says of it."""

    def __init__(self, content: IO[bytes], cleaner: _Cleaner) -> None:
        self._content = content
        self._cleaner = cleaner

    def read(self, size: int) -> bytes:
        piece = self._content.read(size)
        self._cleaner.spend(len(piece))
        return piece


def _pour(source: "IO[bytes] | _Counted", target: IO[bytes]) -> None:
    while block := source.read(_BLOCK):
        target.write(block)
