"""What people see of imports: what one changes, whom that touches, and which imports there were."""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, exists, func, literal, select
from sqlalchemy.orm import aliased

from spreekbuis.db.session import db
from spreekbuis.directory.imports import ORGANISATION
from spreekbuis.directory.listing import slice_of
from spreekbuis.directory.models import Entity, ImportState, RegisterChange, RegisterImport
from spreekbuis.directory.timeline import ChangeKind, Difference, History, differences
from spreekbuis.errors import NotFound
from spreekbuis.identity.models import Account

KIND_LABELS: dict[ChangeKind, LazyString] = {
    ChangeKind.NEW: _l("Nieuw"),
    ChangeKind.RENAMED: _l("Andere naam"),
    ChangeKind.ABBREVIATED: _l("Andere afkorting"),
    ChangeKind.MOVED: _l("Ander beleidsdomein"),
    ChangeKind.KBO_CHANGED: _l("Ander KBO-nummer"),
    ChangeKind.ENDED: _l("Beëindigd"),
    ChangeKind.REAPPEARED: _l("Bestaat weer"),
    ChangeKind.SUCCEEDED: _l("Andere opvolger"),
}
KIND_TAGS: dict[ChangeKind, str] = {
    ChangeKind.NEW: "new",
    ChangeKind.ENDED: "stop",
    ChangeKind.REAPPEARED: "ok",
}
STATE_LABELS: dict[ImportState, LazyString] = {
    ImportState.PROPOSED: _l("Voorstel"),
    ImportState.APPLIED: _l("Toegepast"),
    ImportState.UNDONE: _l("Ongedaan gemaakt"),
}
STATE_TAGS: dict[ImportState, str] = {
    ImportState.PROPOSED: "wait", ImportState.APPLIED: "ok", ImportState.UNDONE: "off",
}  # fmt: skip
TOUCHING = "touching"
"""Beside the kinds of change: what touches an entity."""


class Shown(NamedTuple):
    """One organisation or policy area that changes. `service_until`: the last day on which its entity takes reports."""

    is_area: bool
    code: str
    name: str
    differences: list[Difference]
    is_entity: bool
    service_until: date | None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """One page of changes; `before` and `after` are the positions from which the neighbouring pages start, or None."""

    rows: list[Shown]
    before: int | None
    after: int | None


_CHANGES = select(
    RegisterChange.position, RegisterChange.subject, RegisterChange.code, RegisterChange.before,
    RegisterChange.after, Entity.id, Entity.service_until,
).outerjoin(
    Entity, (Entity.ovo_code == RegisterChange.code) & (RegisterChange.subject == ORGANISATION)
)  # fmt: skip


def changes_page(
    import_id: UUID, kind: str, *, after: int | None = None, before: int | None = None
) -> ChangePage:
    """The changes of an import of this kind ("" for all, TOUCHING for those of entities) beside a position."""
    wanted = _CHANGES.where(RegisterChange.import_id == import_id)
    if kind == TOUCHING:
        wanted = wanted.where(Entity.id.is_not(None))
    elif kind:
        wanted = wanted.where(RegisterChange.kinds.contains(f" {kind} ", autoescape=True))
    place = after if after is not None else before
    rows, earlier, later = slice_of(
        wanted, (RegisterChange.position,), None if place is None else (literal(place),),
        ascending=True, backwards=before is not None and after is None,
    )  # fmt: skip
    return ChangePage(
        [_shown(row) for row in rows],
        rows[0].position if earlier else None,
        rows[-1].position if later else None,
    )


def _shown(row: Row[*tuple[Any, ...]]) -> Shown:
    before, after = History.of_json(row.before), History.of_json(row.after)
    name = (after.periods or before.periods)[-1].state.name
    found = differences(before, after)
    return Shown(row.subject != ORGANISATION, row.code, name, found, row.id is not None, row.service_until)


def entities_touched(import_id: UUID) -> int:
    """How many entities are organisations that this import changes."""
    change = RegisterChange
    touched = exists().where(
        change.import_id == import_id, change.subject == ORGANISATION, change.code == Entity.ovo_code
    )
    return db.session.scalar(select(func.count()).select_from(Entity).where(touched)) or 0


@dataclass(frozen=True, slots=True)
class ImportPage:
    """One page of imports, the newest first."""

    rows: list[Row[*tuple[Any, ...]]]
    before: UUID | None
    after: UUID | None


_Proposer, _Applier, _Undoer = (aliased(Account) for _ in range(3))
_IMPORTS = (
    select(
        RegisterImport.id, RegisterImport.file_name, RegisterImport.state, RegisterImport.counts,
        RegisterImport.created_at, RegisterImport.applied_at, RegisterImport.undone_at,
        _Proposer.label.label("proposed_by"), _Applier.label.label("applied_by"), _Undoer.label.label("undone_by"),
    )
    .outerjoin(_Proposer, _Proposer.id == RegisterImport.created_by)
    .outerjoin(_Applier, _Applier.id == RegisterImport.applied_by)
    .outerjoin(_Undoer, _Undoer.id == RegisterImport.undone_by)
)  # fmt: skip


def imports_page(*, after: UUID | None = None, before: UUID | None = None) -> ImportPage:
    """Imports and proposals with who made, applied and undid them."""
    place = after or before
    rows, earlier, later = slice_of(
        _IMPORTS, (RegisterImport.id,), (literal(place),) if place else None,
        ascending=False, backwards=before is not None and after is None,
    )  # fmt: skip
    return ImportPage(rows, rows[0].id if earlier else None, rows[-1].id if later else None)


def import_shown(import_id: UUID) -> Row[*tuple[Any, ...]]:
    """One import with who made, applied and undid it. Raises NotFound."""
    found = db.session.execute(_IMPORTS.where(RegisterImport.id == import_id)).first()
    if found is None:
        raise NotFound
    return found
