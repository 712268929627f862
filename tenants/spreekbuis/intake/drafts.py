"""Files of a report that is not sent yet. They belong to the form's own secret and to nobody else.

The browser never names a stored file to add it to a report: whoever has the secret has its files.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select
from werkzeug.datastructures import FileStorage

from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import now
from spreekbuis.db import scope
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, transaction
from spreekbuis.intake.models import DraftFile
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.vault import files as accepting
from spreekbuis.vault.content import Keyring, Place, open_sealed, seal
from spreekbuis.vault.storage import storage

LIFETIME = timedelta(hours=24)
"""How long a file waits for its report to be sent."""
_KEYRING = Keyring(holder="reporter")


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that waits for its report. `size` in bytes."""

    id: UUID
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The files that a form has now, and a sentence for each file that was just refused."""

    files: tuple[WaitingFile, ...]
    refusals: tuple[str, ...] = ()


def waiting_files(token: str) -> Waiting:
    """The files of the form with this secret, in the order in which they came."""
    rows = db.session.execute(
        select(DraftFile.id, DraftFile.name_sealed, DraftFile.size)
        .where(_of(token))
        .order_by(DraftFile.created_at, DraftFile.id)
    )
    return Waiting(tuple(WaitingFile(row.id, _name(row.id, row.name_sealed), row.size) for row in rows))


def keep_files(token: str, uploads: Iterable[FileStorage], removed: Collection[UUID] = ()) -> Waiting:
    """Add files to the form, and take away those in `removed` that are its own.

    A transaction of its own: a file that came over the line stays, also when the form around it is refused,
    so that nobody has to send it twice.
    """
    uploads = [upload for upload in uploads if upload.filename]
    if not uploads and not removed:
        return waiting_files(token)
    dropped: list[str] = []
    with transaction(scope.current()) as session:
        if removed:
            dropped += session.scalars(
                delete(DraftFile)
                .where(_of(token), DraftFile.id.in_(removed))
                .returning(DraftFile.storage_key)
            )
        before = waiting_files(token).files
        accepted = accepting.accept(uploads, count=len(before), size=sum(file.size for file in before))
        for file in accepted.files:
            id_ = new_id()
            session.add(
                DraftFile(
                    entity_id=current_entity_id(), id=id_, draft_hash=_hash(token),
                    name_sealed=seal(_place(id_), file.name), media_type=file.media_type, size=file.size,
                    storage_key=file.storage_key,
                )
            )  # fmt: skip
        if accepted.files:
            _promise_to_drop()
        session.flush()
        files = waiting_files(token).files
    for key in dropped:
        storage().delete(key)
    return Waiting(files, accepted.refusals)


def take_files(token: str) -> tuple[NewFile, ...]:
    """Hand the files over to a case: they wait no longer."""
    rows = db.session.scalars(delete(DraftFile).where(_of(token)).returning(DraftFile)).all()
    return tuple(
        NewFile(
            name=_name(row.id, row.name_sealed), media_type=row.media_type, size=row.size,
            storage_key=row.storage_key,
        )
        for row in sorted(rows, key=lambda row: (row.created_at, row.id))
    )  # fmt: skip


def drop_old_files() -> int:
    """Forget the files in this tenant that waited too long; gives how many.

    The contents go first: when this transaction fails, the next run finds the rows again.
    """
    old = db.session.execute(
        select(DraftFile.id, DraftFile.storage_key).where(
            DraftFile.entity_id == current_entity_id(), DraftFile.created_at <= now() - LIFETIME
        )
    ).all()
    for row in old:
        storage().delete(row.storage_key)
    db.session.execute(
        delete(DraftFile).where(
            DraftFile.entity_id == current_entity_id(), DraftFile.id.in_([row.id for row in old])
        )
    )
    return len(old)


def _promise_to_drop() -> None:
    """One job for all that the tenant got in this clock hour, when the last of it is a day old."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    enqueue(
        "intake.drop_old_files",
        run_at=hour + timedelta(hours=1) + LIFETIME,
        once_key=f"intake.drop_old_files:{current_entity_id()}:{hour.isoformat()}",
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _of(token: str) -> ColumnElement[bool]:
    return and_(DraftFile.entity_id == current_entity_id(), DraftFile.draft_hash == _hash(token))


def _place(draft_id: UUID) -> Place:
    return Place(current_entity_id(), draft_id, "draft_file.name")


def _name(draft_id: UUID, sealed: bytes) -> str:
    return open_sealed(_KEYRING, _place(draft_id), sealed)
