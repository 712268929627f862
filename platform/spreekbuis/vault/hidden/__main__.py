"""The process in which one file is cleaned: `python -m spreekbuis.vault.hidden <kind> <source> <target> <folder>`.

A file from outside may be made to break what reads it. Here that costs no web process: this one has bounds of time and
memory, no environment, no address of a database and no secret but the keys of the two temporary files, which it reads
from its standard input (32 bytes each); `<source>` and `<target>` are their descriptors, and `<folder>` is an empty one
for what it has to put aside. It runs as the user of the server, but before it reads the file it gives up the network,
other processes and all other files (`confined` says what that needs of the kernel). It answers with one line of JSON,
or with `null` when the file cannot be cleaned.
"""

import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from typing import BinaryIO, Final

from spreekbuis.vault.confined import confine
from spreekbuis.vault.hidden.traces import CannotClean, Found
from spreekbuis.vault.spool import Spool

SECONDS: Final = 10
"""Processor time. A document of 25 MB takes a few seconds."""
MEMORY: Final = 768 << 20
"""Bytes of address space, of which Python and qpdf take some 200 MB before they begin."""
LARGEST: Final = 1 << 30
"""Bytes that the cleaned file may have."""
MOST_OPEN: Final = 64
"""Files open at once: two, those that a document in a document takes, and modules while they load."""


def _bounded() -> None:
    for what, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, LARGEST),
        (resource.RLIMIT_CORE, 0),  # a dump of the memory would be plain text on disk
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, MOST_OPEN),
    ):
        resource.setrlimit(what, (most, most))


def _cleaner(kind: str) -> Callable[[BinaryIO, BinaryIO], Found]:
    """Loaded only when needed: a photo does not wait for the reader of PDF. And before the process is confined, so
    that it asks little of the system later."""
    if kind == "pdf":
        from spreekbuis.vault.hidden.pdf import clean_pdf

        return clean_pdf
    if kind == "document":
        from spreekbuis.vault.hidden.office import clean_document

        return clean_document
    from spreekbuis.vault.hidden import boxes, heic, pictures, sound

    return {
        "jpeg": pictures.clean_jpeg, "png": pictures.clean_png, "gif": pictures.clean_gif, "webp": pictures.clean_webp,
        "heic": heic.clean_heic, "movie": boxes.clean_movie, "mp3": sound.clean_mp3, "wav": sound.clean_wav,
    }[kind]  # fmt: skip


def main() -> None:
    kind, source, target, tempfile.tempdir = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    clean, keys = _cleaner(kind), sys.stdin.buffer.read(64)
    _bounded()
    confine([*sys.path, "/dev/urandom"], [tempfile.tempdir])
    with (
        Spool(os.fdopen(source, "r+b", buffering=0), keys[:32]) as plain,
        Spool(os.fdopen(target, "r+b", buffering=0), keys[32:]) as cleaned,
    ):
        try:
            found = clean(plain, cleaned)
            cleaned.flush()
        except (CannotClean, MemoryError, RecursionError):
            sys.stdout.write("null\n")
        else:
            sys.stdout.write(json.dumps([sorted(found.removed), found.left_inside]) + "\n")


if __name__ == "__main__":
    main()
