"""Which kinds of file we take, and how to tell by the content that a file is what its name says."""

import zipfile
import zlib
from typing import BinaryIO, Final, cast

import filetype

_HEAD: Final = 8192
_BLOCK: Final = 1 << 18
_MOST_PARTS: Final = 10_000
_MOST_AT_ONCE: Final = 4 << 20
"""Bytes that the list of parts of an archive may have: it is read in one piece, whatever the archive says it has."""
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


def is_kind(stream: BinaryIO, extension: str) -> bool:
    """Whether the content is what the extension (one of `TYPES`) says. Leaves the stream at its start."""
    return _sniff(stream) in _SAME.get(extension, {TYPES[extension]})


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
        with zipfile.ZipFile(cast(BinaryIO, _InBlocks(stream))) as archive:
            names = archive.namelist()
            if len(names) > _MOST_PARTS:
                return None
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            if names and names[0] == "mimetype":
                if archive.getinfo("mimetype").compress_type not in (
                    zipfile.ZIP_STORED,
                    zipfile.ZIP_DEFLATED,
                ):
                    return None  # other methods take the memory that the archive asks
                with archive.open("mimetype") as declared:
                    return declared.read(100).decode("ascii", "replace").strip()
    except (
        zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError,
    ):  # fmt: skip
        return None
    if "[Content_Types].xml" in names:
        for folder, extension in _OFFICE_PARTS.items():
            if any(name.startswith(folder) for name in names):
                return TYPES[extension]
    return None


class _InBlocks:
    """A file of which nobody reads more at once than `_MOST_AT_ONCE` bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Raises ValueError."""
        if size > _MOST_AT_ONCE:
            raise ValueError("too much at once")
        return self._stream.read(size if size >= 0 else _MOST_AT_ONCE)


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
