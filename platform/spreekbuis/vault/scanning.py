"""Viruses: each file goes past ClamAV before we keep it, where the settings name a scanner.

The protocol is that of the manual of clamd: `zINSTREAM`, then chunks with their length in 4 bytes, an empty chunk,
and one line as answer. clamd refuses what is longer than its `StreamMaxLength`: that must be at least
MAX_UPLOAD_MB.
"""

import socket
import struct
from typing import BinaryIO, Final, Protocol
from urllib.parse import urlsplit

from flask import current_app

from spreekbuis.settings import Settings

_CHUNK: Final = 1 << 16
_PATIENCE: Final = 60
"""Seconds without a sign of life."""
_LONGEST_ANSWER: Final = 1000


class NotScanned(Exception):
    """The scanner is away or did not judge the file. The message says why, without content of the file."""


class Scanner(Protocol):
    """Judges files."""

    def finds_virus(self, file: BinaryIO) -> bool:
        """Whether what is left of the file holds a virus. Raises NotScanned: then nobody knows."""


class NoScanner:
    """Where the settings name no scanner nothing is found."""

    def finds_virus(self, file: BinaryIO) -> bool:  # noqa: ARG002
        return False


class Clamd:
    """The scanner at `address`: tcp://host:port or unix:/path."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)

    def finds_virus(self, file: BinaryIO) -> bool:
        try:
            with self._connected() as line:
                line.sendall(b"zINSTREAM\0")
                while chunk := file.read(_CHUNK):
                    line.sendall(struct.pack(">I", len(chunk)) + chunk)
                line.sendall(struct.pack(">I", 0))
                answer = _line(line)
        except OSError as error:
            raise NotScanned(f"the scanner cannot be reached: {type(error).__name__}") from None
        if answer == "stream: OK":
            return False
        if answer.startswith("stream: ") and answer.endswith(" FOUND"):
            return True
        raise NotScanned(f"the scanner answered: {answer[:100]!r}")

    def _connected(self) -> socket.socket:
        if self._address.scheme == "tcp":
            return socket.create_connection((self._address.hostname, self._address.port), timeout=_PATIENCE)
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_PATIENCE)
        try:
            line.connect(self._address.path)
        except OSError:
            line.close()
            raise
        return line


def scanner() -> Scanner:
    """The scanner that the settings choose."""
    settings: Settings = current_app.extensions["settings"]
    return NoScanner() if settings.clamd_url is None else Clamd(settings.clamd_url)


def _line(line: socket.socket) -> str:
    """The answer, up to its NUL byte or the end of the connection."""
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER and (piece := line.recv(1000)):
        answer += piece
    return answer.rstrip(b"\0").decode("ascii", "replace")
