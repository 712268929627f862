"""What the reporter's side forgets by itself."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from spreekbuis.access.models import LeftFile
from spreekbuis.cases.models import Attachment
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.intake.drafts import drop_old_files
from spreekbuis.intake.models import DraftFile
from spreekbuis.intake.reporters import drop_ended_sessions
from spreekbuis.intake.saved_drafts import drop_old_drafts
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.vault.storage import storage

ORPHAN_DAYS = range(2, 9)
"""How many Belgian days ago a content was put when we look for its name: every transaction of then has ended,
and a run that failed gets a week of chances."""


@job("intake.drop_old_files")
def drop_old_draft_files() -> dict[str, int]:
    return {"files": drop_old_files()}


@job("intake.drop_ended_sessions", every=timedelta(hours=1))
def drop_ended_reporter_sessions() -> dict[str, int]:
    return {"sessions": drop_ended_sessions()}


@job("intake.drop_old_drafts", every=timedelta(hours=1))
def drop_old_saved_drafts() -> dict[str, int]:
    return {"drafts": drop_old_drafts()}


@job("intake.look_for_orphans", every=timedelta(days=1))
def look_for_orphans() -> None:
    """Ask each entity that got files lately to look for contents without a name: a crash can leave them."""
    days = [today() - timedelta(days=ago) for ago in ORPHAN_DAYS]
    for entity_id in storage().tenants():
        if any(storage().keys_of(entity_id, day) for day in days):
            enqueue(
                "intake.drop_orphans",
                entity_id=entity_id,
                once_key=f"intake.drop_orphans:{entity_id}:{today()}",
            )


@job("intake.drop_orphans")
def drop_orphans() -> dict[str, int]:
    """Delete the contents of the tenant in scope that no row names."""
    days = [today() - timedelta(days=ago) for ago in ORPHAN_DAYS]
    found = {key for day in days for key in storage().keys_of(current_entity_id(), day)}
    orphans = found - _named(current_entity_id(), found)
    for key in orphans:
        storage().delete(key)
    return {"files": len(orphans)}


def _named(entity_id: UUID, keys: set[str]) -> set[str]:
    return {
        key
        for table in (Attachment, DraftFile, LeftFile)
        for key in db.session.scalars(
            select(table.storage_key).where(table.entity_id == entity_id, table.storage_key.in_(keys))
        )
    }
