"""A handler leaves a desk, in mid-case or not: reading ends at once, and whoever builds on the desk is told."""

from collections.abc import Callable, Collection
from uuid import UUID

from spreekbuis.access.case_keys import take_copies
from spreekbuis.access.desk_keys import take_desk_keys

LEAVING_STEPS: list[Callable[[UUID, Collection[UUID]], object]] = []
"""What else is done for a desk when accounts leave it. Filled by the composition root: cases are not known here."""


def leave_desk(desk_id: UUID, accounts: Collection[UUID]) -> None:
    """These accounts handle no cases of the desk any more: the keys go, and what was theirs goes back to the desk."""
    take_desk_keys(desk_id, accounts)
    take_copies(desk_id, accounts)
    for step in LEAVING_STEPS:
        step(desk_id, accounts)
