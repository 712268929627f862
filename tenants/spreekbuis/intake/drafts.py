"""Files of a report that is not sent yet. They belong to the form's own secret and to nobody else.

The browser never names a stored file to add it to a report: whoever has the secret has its files. How many wait at one
time is bounded (intake.stock): anybody can leave them here, without ever reporting.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from werkzeug.datastructures import FileStorage

from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import now
from spreekbuis.db import scope
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import at_end, db, transaction
from spreekbuis.errors import Conflict
from spreekbuis.intake import stock
from spreekbuis.intake.models import DraftFile
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault import files as accepting
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import AcceptedFile
from spreekbuis.vault.sealing import context, derive
from spreekbuis.vault.storage import storage

LIFETIME = timedelta(hours=24)
"""How long a file waits for its report to be sent."""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file of a form. `size` in bytes; `taken` once it went along with the report."""

    id: UUID
    name: str
    size: int
    taken: bool
    cleaned: str
    """What became of hidden data (vault.cleaning.Cleaned)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The files that a form has, and a sentence for each file that was just refused."""

    files: tuple[WaitingFile, ...] = ()
    refusals: tuple[str, ...] = ()

    @property
    def unsent(self) -> tuple[WaitingFile, ...]:
        return tuple(file for file in self.files if not file.taken)


def files_of(token: str) -> Waiting:
    """The files of the form with this secret, in the order in which they came."""
    rows = db.session.execute(
        select(DraftFile.id, DraftFile.name_sealed, DraftFile.size, DraftFile.taken_at, DraftFile.cleaned)
        .where(_of(token))
        .order_by(DraftFile.created_at, DraftFile.id)
    )
    return Waiting(
        tuple(
            WaitingFile(
                row.id, _key(token, row.id).open("name", row.name_sealed), row.size, row.taken_at is not None,
                row.cleaned,
            )
            for row in rows
        )
    )  # fmt: skip


def keep_files(
    token: str, uploads: Sequence[FileStorage], removed: Collection[UUID] = (), *, keep_original: bool = False
) -> Waiting:
    """Add files to the form, and take away those in `removed` that are its own and not sent yet.

    Hidden data in the files goes, unless `keep_original`.

    A file is known by name and content: posted again it is there once, and another one of that name is kept too.
    Transactions of its own: a file that came over the line stays, also when the form around it is refused,
    so that nobody has to send it twice. None is open while the files are cleaned and stored, which can take seconds.
    """
    came = {_id(token, upload): upload for upload in uploads if upload.filename}
    if not came and not removed:
        return files_of(token)
    with transaction(scope.current()):
        gone = _remove(token, removed)
        before = files_of(token).files
        for known in before:
            came.pop(known.id, None)
        full = _why_full() if came else None
    _forget(gone)
    if full is not None:
        return Waiting(before, (full,))
    if not came:
        return Waiting(before)
    accepted = accepting.accept(
        came, keep_original=keep_original, count=len(before), size=sum(file.size for file in before)
    )
    try:
        with transaction(scope.current()):
            twice = [file for id_, file in accepted.files.items() if not _add(token, id_, file)]
            if accepted.files:
                _promise_to_drop(now() + LIFETIME)
                stock.count_again()
                stock.check()
                stock.bring(sum(f.size for f in accepted.files.values()) - sum(f.size for f in twice))
            files = files_of(token).files
    except (stock.Full, stock.DayFull) as full_now:
        accepting.discard(accepted.files.values())
        return Waiting(before, (*accepted.refusals, str(full_now)))
    accepting.discard(twice)
    return Waiting(files, accepted.refusals)


def _why_full() -> str | None:
    """Why no file can be added now, if so."""
    try:
        stock.check_room()
    except (stock.Full, stock.DayFull) as full:
        return str(full)
    return None


def take_files(token: str) -> tuple[NewFile, ...]:
    """Hand the unsent files over to a case."""
    rows = db.session.execute(
        update(DraftFile)
        .where(_of(token), DraftFile.taken_at.is_(None))
        .values(taken_at=now())
        .returning(
            DraftFile.created_at, DraftFile.id, DraftFile.name_sealed, DraftFile.media_type,
            DraftFile.size, DraftFile.storage_key, DraftFile.key_sealed, DraftFile.cleaned,
        )
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    if rows:
        at_end("draft stock", stock.count_again)
    return tuple(
        NewFile(
            _key(token, row.id).open("name", row.name_sealed), row.media_type, row.size, row.storage_key,
            _key(token, row.id).open_key("content", row.key_sealed), row.cleaned,
        )
        for row in sorted(rows, key=lambda row: (row.created_at, row.id))
    )  # fmt: skip


class TooManySavedFiles(Conflict):
    """The files of saved drafts take their share of what may wait: the rest is for who sends now."""

    title = _l("We kunnen nu geen bestanden meer bewaren")
    advice = _l("Haal je bestanden weg en bewaar alleen je tekst. Of verstuur je melding nu.")


def keep_files_until(token: str, until: datetime, longest: timedelta) -> None:
    """Keep the unsent files of the form as long as its saved draft, and none for more than `longest` after it came.
    Raises TooManySavedFiles."""
    kept = db.session.scalars(
        update(DraftFile)
        .where(_of(token), DraftFile.taken_at.is_(None))
        .values(kept_until=func.least(until, DraftFile.created_at + longest))
        .returning(DraftFile.id)
        .execution_options(synchronize_session=False)
    ).all()
    if kept:
        stock.count_again()  # holds the row of the entity: of two at once the second counts the first
        if stock.saved_is_full():
            raise TooManySavedFiles
        _promise_to_drop(until)


def drop_old_files() -> int:
    """Forget the files of forms in this tenant that are a day old, and of saved drafts that are over; gives how many.

    The content of a file that was sent belongs to its case and stays. A submit may take a file at this moment: the
    deletion waits for it and answers with what the row says then. Contents go after a commit of its own, so that
    no row ever names a content that is gone; what a crash leaves between the two is an orphan, which upkeep finds.
    """
    mine = DraftFile.entity_id == current_entity_id()
    unkept = or_(DraftFile.kept_until.is_(None), DraftFile.kept_until <= now())
    with transaction(scope.current()):
        old = db.session.execute(
            delete(DraftFile)
            .where(mine, DraftFile.created_at <= now() - LIFETIME, unkept)
            .returning(DraftFile.storage_key, DraftFile.taken_at)
        ).all()
        stock.count_again()
    _forget(row.storage_key for row in old if row.taken_at is None)
    return len(old)


def _remove(token: str, ids: Collection[UUID]) -> Sequence[str]:
    """Take these files away from the form, unless they went along with a report; gives where their contents lie."""
    if not ids:
        return ()
    own = delete(DraftFile).where(_of(token), DraftFile.id.in_(ids), DraftFile.taken_at.is_(None))
    gone = db.session.scalars(own.returning(DraftFile.storage_key)).all()
    stock.count_again()
    return gone


def _forget(keys: Iterable[str]) -> None:
    for key in keys:
        storage().delete(key)


def _add(token: str, id_: UUID, file: AcceptedFile) -> bool:
    """False when the same form, posted twice at once, added it already."""
    added = db.session.scalar(
        insert(DraftFile)
        .values(
            entity_id=current_entity_id(), id=id_, draft_hash=_hash(token),
            name_sealed=_key(token, id_).seal("name", file.name), media_type=file.media_type, size=file.size,
            storage_key=file.storage_key, key_sealed=_key(token, id_).seal_key("content", file.key),
            cleaned=file.cleaned, created_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(DraftFile.id)
    )  # fmt: skip
    return added is not None


def _promise_to_drop(over: datetime) -> None:
    """One job for all that is over in the clock hour of `over`, at its end."""
    hour = over.replace(minute=0, second=0, microsecond=0)
    enqueue(
        "intake.drop_old_files",
        run_at=hour + timedelta(hours=1),
        once_key=f"intake.drop_old_files:{current_entity_id()}:{hour.isoformat()}",
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _id(token: str, upload: FileStorage) -> UUID:
    """The same file of the same form always gets the same id, which tells nobody without the secret anything."""
    return uuid5(NAMESPACE_OID, hashlib.sha256(f"{token}/{accepting.print_of(upload)}".encode()).hexdigest())


def _of(token: str) -> ColumnElement[bool]:
    return and_(DraftFile.entity_id == current_entity_id(), DraftFile.draft_hash == _hash(token))


def _key(token: str, draft_id: UUID) -> ContentKey:
    """What seals a file that waits: it follows from the form's secret, which the server does not keep."""
    return ContentKey(current_entity_id(), draft_id, derive(token.encode(), context("draft")))
