"""Import the register: propose, look, apply, undo. One after the other, each as a whole or not at all."""

import zlib
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from spreekbuis.actor import Actor, acting, acting_as
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.comparing import Change, Compared, compare
from spreekbuis.directory.models import ImportState, RegisterChange, RegisterImport
from spreekbuis.directory.register_file import read_register
from spreekbuis.directory.register_history import (
    Report,
    add_rows,
    areas,
    follow_register,
    lock_register,
    organisations,
    put_areas,
    put_organisations,
    register_version,
    set_register_version,
)
from spreekbuis.directory.timeline import History, differences
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.jobs.models import Job, JobState
from spreekbuis.jobs.outbox import enqueue, job, type_arg
from spreekbuis.jobs.worker import report_progress

AREA, ORGANISATION = "area", "organisation"
BATCH = 1_000
KEPT_PROPOSALS = timedelta(days=30)
_BUSY = (JobState.WAITING, JobState.QUEUED, JobState.RUNNING)


class AlreadyApplied(Conflict):
    title = _l("Deze import is al toegepast")


class NotTheLast(Conflict):
    title = _l("Deze import kun je niet meer ongedaan maken")
    advice = _l("Alleen de laatste import kan terug. Corrigeer het register met een nieuw bestand.")


class RegisterChanged(Conflict):
    """The register is no longer as it was when the proposal was made; the proposal was made anew."""

    title = _l("Het register is intussen veranderd")
    advice = _l("Er is een nieuwe vergelijking gemaakt. Kijk die na en beslis opnieuw.")


def propose_import(
    import_id: UUID, content: bytes, file_name: str, day: date, *, complete: bool
) -> RegisterImport:
    """Compare a file with the register and keep what would change, for somebody to look at. The same id again is the
    same proposal. Raises FaultyFile; then nothing is kept."""
    known = db.session.get(RegisterImport, import_id)
    if known is not None:
        return known
    lock_register()
    compared = compare(read_register(content), areas(), organisations(), day, complete=complete)
    proposed = RegisterImport(
        id=import_id, file_name=file_name, content=zlib.compress(content), day=day, complete=complete,
        counts={}, created_by=acting().account_id,
    )  # fmt: skip
    db.session.add(proposed)
    db.session.flush()
    _keep(proposed, compared)
    record(Audited.REGISTER_PROPOSED, proposed.id, {"changes": proposed.counts["all"]})
    return proposed


def _keep(proposed: RegisterImport, compared: Compared) -> None:
    """Write what would change, and with which register that was compared."""
    changes = [
        *((AREA, change) for change in compared.areas),
        *((ORGANISATION, change) for change in compared.organisations),
    ]
    rows = [
        {"import_id": proposed.id, "position": place, "subject": subject, **_row(change)}
        for place, (subject, change) in enumerate(changes)
    ]
    db.session.execute(delete(RegisterChange).where(RegisterChange.import_id == proposed.id))
    for start in range(0, len(rows), BATCH):
        add_rows(RegisterChange, rows[start : start + BATCH])
    counts = Counter(kind for row in rows for kind in row["kinds"].split())
    proposed.counts = {"all": len(rows), **dict(sorted(counts.items()))}
    proposed.compared_with = register_version()
    db.session.flush()


def _row(change: Change) -> dict[str, Any]:
    kinds = dict.fromkeys(difference.kind.value for difference in differences(change.before, change.after))
    return {
        "code": change.code, "kinds": f" {' '.join(kinds)} ", "before": change.before.as_json(),
        "after": change.after.as_json(),
    }  # fmt: skip


def compare_again(proposed: RegisterImport) -> bool:
    """Make the proposal anew when the register is no longer the one it was compared with; gives whether it was.

    Raises FaultyFile when the file no longer fits.
    """
    if proposed.compared_with == register_version():
        return False
    file = read_register(zlib.decompress(proposed.content))
    _keep(proposed, compare(file, areas(), organisations(), proposed.day, complete=proposed.complete))
    return True


# --- apply and undo --------------------------------------------------------------------------------------------


def locked_import(import_id: UUID) -> RegisterImport:
    """The import, with the register held against other changes until this transaction ends. Raises NotFound."""
    lock_register()
    found = db.session.get(RegisterImport, import_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def is_busy(found: RegisterImport) -> bool:
    """Whether it is being applied or undone."""
    state = select(Job.state).where(Job.id == found.job_id)
    return found.job_id is not None and db.session.scalar(state) in _BUSY


def ask_to_apply(import_id: UUID) -> bool:
    """Have the proposal applied in the background; gives False when the register has changed, and the proposal was made
    anew instead. Asked twice is asked once. Raises NotFound, AlreadyApplied, FaultyFile."""
    found = locked_import(import_id)
    if is_busy(found):
        return True
    if found.state != ImportState.PROPOSED:
        raise AlreadyApplied
    if compare_again(found):
        return False
    found.applied_by = acting().account_id
    found.job_id = enqueue("directory.apply_import", import_id=str(import_id))
    return True


def apply_import(import_id: UUID, report: Report) -> int:
    """Make the register what the proposal says, in this transaction; gives how many histories changed. Twice is once.

    Raises RegisterChanged when it is no longer the register that was compared.
    """
    found = locked_import(import_id)
    if found.state != ImportState.PROPOSED:
        return 0
    if found.compared_with != register_version():
        raise RegisterChanged
    changes = _changes(import_id)
    _put({key: change.after for key, change in changes.items()}, report)
    found.state, found.applied_at, found.version = ImportState.APPLIED, now(), new_id()
    set_register_version(found.version)
    record(Audited.REGISTER_IMPORTED, found.id, {"changes": len(changes)})
    return len(changes)


def can_be_undone(found: RegisterImport) -> bool:
    """Whether nothing happened to the register since it was applied."""
    return found.state == ImportState.APPLIED and found.version == register_version()


def ask_to_undo(import_id: UUID) -> None:
    """Have the import undone in the background. Asked twice is asked once. Raises NotFound, NotTheLast."""
    found = locked_import(import_id)
    if is_busy(found) or found.state == ImportState.UNDONE:
        return
    if not can_be_undone(found):
        raise NotTheLast
    found.undone_by = acting().account_id
    found.job_id = enqueue("directory.undo_import", import_id=str(import_id))


def undo_import(import_id: UUID, report: Report) -> int:
    """Make the register what it was before this import, in this transaction; gives how many histories changed.

    Raises NotTheLast, and StillInUse when an organisation that it added is an entity or has a request. Twice is once.
    """
    found = locked_import(import_id)
    if found.state == ImportState.UNDONE:
        return 0
    if not can_be_undone(found):
        raise NotTheLast
    changes = _changes(import_id)
    _put({key: change.before for key, change in changes.items()}, report)
    found.state, found.undone_at = ImportState.UNDONE, now()
    set_register_version(found.compared_with)
    record(Audited.REGISTER_RESTORED, found.id, {"changes": len(changes)})
    return len(changes)


def _changes(import_id: UUID) -> dict[tuple[str, str], Change]:
    rows = db.session.execute(
        select(RegisterChange.subject, RegisterChange.code, RegisterChange.before, RegisterChange.after)
        .where(RegisterChange.import_id == import_id)
        .order_by(RegisterChange.position)
    )
    return {
        (subject, code): Change(code, History.of_json(before), History.of_json(after))
        for subject, code, before, after in rows
    }


def _put(histories: Mapping[tuple[str, str], History], report: Report) -> None:
    """Areas come before the organisations and entities that are in them, and go after them."""
    some_areas = {code: history for (subject, code), history in histories.items() if subject == AREA}
    others = {code: history for (subject, code), history in histories.items() if subject == ORGANISATION}
    put_areas({code: history for code, history in some_areas.items() if history.periods})
    put_organisations(others, report)
    if not follow_register():
        enqueue("figures.restructure")  # of the past alone
    put_areas({code: history for code, history in some_areas.items() if not history.periods})


# --- in the background -----------------------------------------------------------------------------------------


def _told_applied(result: Mapping[str, type_arg]) -> str:
    if result["outcome"] == "changed":
        return _("Het register is intussen veranderd. Er is niets toegepast. Vergelijk het bestand opnieuw.")
    return _("Het register is bijgewerkt. De cijfers volgen binnen een minuut.")


@job("directory.apply_import", tell=_told_applied)
def _apply(import_id: str) -> dict[str, str]:
    found = locked_import(UUID(import_id))
    if found.state == ImportState.PROPOSED and found.compared_with != register_version():
        return {"outcome": "changed"}
    with acting_as(Actor("account", found.applied_by)):
        apply_import(found.id, report_progress)
    return {"outcome": "applied"}


def _told_undone(result: Mapping[str, type_arg]) -> str:
    if result["outcome"] == "refused":
        return _("Er hangt al iets van deze import af. Het register is niet veranderd.")
    return _("Het register is weer zoals voor deze import. De cijfers volgen binnen een minuut.")


@job("directory.undo_import", tell=_told_undone)
def _undo(import_id: str) -> dict[str, str]:
    found = locked_import(UUID(import_id))
    try:
        with acting_as(Actor("account", found.undone_by)), db.session.begin_nested():
            undo_import(found.id, report_progress)
    except Conflict:
        return {"outcome": "refused"}
    return {"outcome": "undone"}


@job("directory.forget_proposals", every=timedelta(days=1))
def _forget_proposals() -> None:
    """What nobody applied goes."""
    old = RegisterImport.created_at < now() - KEPT_PROPOSALS
    db.session.execute(delete(RegisterImport).where(RegisterImport.state == ImportState.PROPOSED, old))
