"""Filters of the work list that a handler keeps under a name, for nobody else."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.cases.models import SavedFilter
from spreekbuis.cases.procedures import State
from spreekbuis.cases.work_list import Asked, View
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, rows
from spreekbuis.directory.catalogue import CaseKind
from spreekbuis.errors import Invalid

MOST = 10
"""More is a list of its own to search in."""
LONGEST = 40
"""Characters of a name."""

_MINE = (
    select(SavedFilter.name, SavedFilter.view, SavedFilter.kind, SavedFilter.category, SavedFilter.state)
    .where(SavedFilter.entity_id == bindparam("entity"), SavedFilter.account_id == bindparam("account"))
    .order_by(SavedFilter.name)
)


def filters_of(account_id: UUID) -> dict[str, Asked]:
    """What this account keeps, by name. One query."""
    found = rows(_MINE, {"entity": current_entity_id(), "account": account_id})
    return {
        name: Asked(View(view), CaseKind(kind) if kind else None, category, State(state) if state else None)
        for name, view, kind, category, state in found
    }


def keep_filter(account_id: UUID, name: str, asked: Asked) -> None:
    """Keep it under the name; the same name again replaces what it kept. A number is no filter and is left out.

    Raises Invalid when there are `MOST` of others already.
    """
    entity_id = current_entity_id()
    others = select(func.count()).where(
        SavedFilter.entity_id == entity_id, SavedFilter.account_id == account_id, SavedFilter.name != name
    )
    if (db.session.scalar(others) or 0) >= MOST:
        raise Invalid({"filter_name": _l("Je bewaart er al 10. Wis er eerst een.")})
    kept = {"view": asked.view, "kind": asked.kind, "category": asked.category, "state": asked.state}
    row = insert(SavedFilter).values(
        entity_id=entity_id, id=new_id(), account_id=account_id, name=name, **kept
    )  # fmt: skip
    db.session.execute(
        row.on_conflict_do_update(index_elements=["entity_id", "account_id", "name"], set_=kept)
    )


def forget_filter(account_id: UUID, name: str) -> None:
    """Keep it no more. Twice is once."""
    db.session.execute(
        delete(SavedFilter).where(
            SavedFilter.entity_id == current_entity_id(),
            SavedFilter.account_id == account_id,
            SavedFilter.name == name,
        )
    )
