"""What a file tells of its maker besides what it shows is taken out, for whoever does not want to be known by it.

Each format has its own cleaner in `hidden`; each file is cleaned in a process of its own, with bounds of time and
memory, that reaches no other file, process or machine (`confined`).
A file that cannot be cleaned is kept as it is, and that is said: whoever sends it can take it back.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Final

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.vault.hidden.__main__ import SECONDS
from spreekbuis.vault.hidden.traces import Trace
from spreekbuis.vault.spool import Spool, spool

_log = logging.getLogger(__name__)
_PATIENCE: Final = 1.5 * SECONDS
"""Seconds for one file, on a machine that has more to do."""
AT_ONCE: Final = 2
"""Files that this process has cleaned at the same time."""
WAITING: Final = 3
"""How many more may wait for their turn: whoever sends files never takes all threads from the others."""
LONGEST_WAIT: Final = 3.0
"""Seconds that a file waits for its turn."""
_turn = BoundedSemaphore(AT_ONCE)
_line = BoundedSemaphore(AT_ONCE + WAITING)
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
_CLEANERS: Final = {
    "image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic",
    "audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/mp4": "movie", "video/mp4": "movie", "application/pdf": "pdf",
    f"{_OFFICE}wordprocessingml.document": "document", f"{_OFFICE}spreadsheetml.sheet": "document",
    f"{_OFFICE}presentationml.presentation": "document", f"{_ODF}text": "document",
    f"{_ODF}spreadsheet": "document", f"{_ODF}presentation": "document",
}  # fmt: skip
"""The cleaner of each media type (see `hidden.__main__`)."""
_NOTHING_HIDDEN: Final = {"text/plain"}


class Cleaned(StrEnum):
    """What was done about hidden data in a file."""

    ORIGINAL = "original"
    NOTHING = "nothing"
    CLEANED = "cleaned"
    PARTLY = "partly"
    IMPOSSIBLE = "impossible"
    FAILED = "failed"


NOT_CLEANED: Final = frozenset({Cleaned.PARTLY, Cleaned.IMPOSSIBLE, Cleaned.FAILED})
"""Hidden data is left, or may be, though nobody asked to keep it."""
CLEANED_TEXTS: Final[dict[Cleaned, LazyString]] = {
    Cleaned.ORIGINAL: _l("Dit bestand is bewaard zoals het was, met de verborgen gegevens."),
    Cleaned.NOTHING: _l("In dit soort bestand zitten geen verborgen gegevens."),
    Cleaned.CLEANED: _l("De verborgen gegevens zijn uit dit bestand verwijderd."),
    Cleaned.PARTLY: _l(
        "De verborgen gegevens zijn verwijderd, maar in dit bestand zitten andere bestanden of onderdelen. Die "
        "hebben we niet kunnen nakijken."
    ),
    Cleaned.IMPOSSIBLE: _l("We kunnen verborgen gegevens uit dit soort bestand niet verwijderen."),
    Cleaned.FAILED: _l(
        "We konden de verborgen gegevens niet uit dit bestand verwijderen. Misschien is het beschadigd, te groot "
        "of beveiligd met een wachtwoord."
    ),
}
"""A sentence for the page, for each."""


class CleanersBusy(Exception):
    """Too many files are cleaned at this moment, or this one came too late in its request."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """`content` is the file to keep, at its beginning; `removed` says which kinds of hidden data were in it."""

    cleaned: Cleaned
    content: Spool
    removed: frozenset[Trace] = frozenset()


def clean(source: Spool, media_type: str, *, within: float = _PATIENCE) -> Cleaning:
    """The file without hidden data: another one, or `source` itself where nothing could or had to be done.

    Raises CleanersBusy when there is no turn for it, or when it is not done `within` so many seconds.
    """
    kind = _CLEANERS.get(media_type)
    if kind is None:
        return _as_it_is(source, Cleaned.NOTHING if media_type in _NOTHING_HIDDEN else Cleaned.IMPOSSIBLE)
    source.flush()
    target = spool()
    try:
        told = _told_by_helper(kind, source, target, within)
    except CleanersBusy:
        target.close()
        raise
    if told is None:
        target.close()
        return _as_it_is(source, Cleaned.FAILED)
    removed, left_inside = json.loads(told)
    return Cleaning(
        Cleaned.PARTLY if left_inside else Cleaned.CLEANED, target, frozenset(map(Trace, removed))
    )


def _as_it_is(source: Spool, cleaned: Cleaned) -> Cleaning:
    source.seek(0)
    return Cleaning(cleaned, source)


def _told_by_helper(kind: str, source: Spool, target: Spool, within: float) -> str | None:
    """What the process that cleans says, None when it gave up or was ended at its bounds. Raises CleanersBusy."""
    ours, theirs = source.file.fileno(), target.file.fileno()
    try:
        with (
            _one_of(_line, wait=0.0),
            _one_of(_turn, wait=min(LONGEST_WAIT, within)),
            tempfile.TemporaryDirectory() as folder,
        ):
            ended = subprocess.run(  # noqa: S603 (our own module, and numbers)
                [sys.executable, "-I", "-m", "spreekbuis.vault.hidden", kind, str(ours), str(theirs), folder],
                input=source.key + target.key,
                pass_fds=(ours, theirs),
                env={},
                capture_output=True,
                timeout=min(_PATIENCE, within),
                check=False,
            )
    except subprocess.TimeoutExpired:
        _log.warning("cleaning of a file (%s) took too long", kind)
        if within < _PATIENCE:
            raise CleanersBusy from None
        return None
    if ended.returncode:
        _log.warning("cleaning of a file (%s) ended with %s", kind, ended.returncode)
    told = ended.stdout.decode("ascii", "replace").strip()
    return told if ended.returncode == 0 and told != "null" else None


@contextmanager
def _one_of(places: BoundedSemaphore, *, wait: float) -> Iterator[None]:
    """Hold a place. Raises CleanersBusy when none comes free in time."""
    if not places.acquire(timeout=wait):
        raise CleanersBusy
    try:
        yield
    finally:
        places.release()
