"""What may serve once: answers to a question that we keep nowhere, and messages of a provider.

Only what was found good is written down, so that strangers cannot fill the table.
"""

import hashlib
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from spreekbuis.db.session import db
from spreekbuis.identity.models import UsedOnce


def is_first_use(purpose: str, name: str, until: datetime) -> bool:
    """Whether this did not serve before. From `until` it must be refused for another reason: then we forget it.

    Of two at the same moment one waits for the other's commit.
    """
    name_hash = hashlib.sha256(f"{purpose} {name}".encode()).digest()
    used = insert(UsedOnce).values(name_hash=name_hash, until=until).on_conflict_do_nothing()
    return db.session.scalar(used.returning(UsedOnce.name_hash)) is not None
