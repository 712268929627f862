"""How accounts are called by their colleagues."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.identity.models import Account


def labels_of(accounts: Collection[UUID | None]) -> dict[UUID, str]:
    """The label of each of these accounts, also of who works here no longer. One query."""
    found = db.session.execute(
        select(Account.id, Account.label).where(Account.id.in_(set(accounts) - {None}))
    )
    return {row.id: row.label for row in found}
