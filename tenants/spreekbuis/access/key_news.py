"""What everybody who works in the entity is told about its keys."""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select

from spreekbuis.access.models import Membership
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.jobs.outbox import enqueue

MAIL_KEYS_CHANGED = "access.mail_keys_changed"
LATELY = timedelta(days=30)
"""How long somebody whose role ended is still told what happens with the keys."""


class KeysChanged(StrEnum):
    """What everybody who works in the entity is told by mail: it could let somebody read. `…_ASKED`: it waits for a
    second person, and each of them can stop it."""

    KIT_ASKED = "kit_asked"
    KIT_REPLACED = "kit_replaced"
    KIT_USED = "kit_used"
    DESK_ASKED = "desk_asked"
    DESK_OPENED = "desk_opened"


def tell_everybody(event: KeysChanged, change_id: UUID | None = None) -> None:
    """Have a mail sent to every member of today and of the last weeks: nobody gives themselves a way in unseen, also
    not after ending the others. `change_id` is what they can stop."""
    for account_id in db.session.scalars(
        select(Membership.account_id)
        .where(
            Membership.entity_id == current_entity_id(),
            or_(Membership.until.is_(None), Membership.until >= today() - LATELY),
        )
        .distinct()
    ):
        enqueue(
            MAIL_KEYS_CHANGED, kind=event.value, account_id=str(account_id), change_id=str(change_id or "")
        )
