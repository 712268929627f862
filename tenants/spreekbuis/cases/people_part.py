"""The people of a case and who is kept out of it, as the page of the case shows them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from spreekbuis.cases.exclusion import Colleague, KeptOut
from spreekbuis.cases.people import people_in
from spreekbuis.directory.catalogue import (
    EXCLUSION_REASON_LABELS,
    PERSON_ROLE_LABELS,
    ExclusionReason,
)
from spreekbuis.vault.content import ContentKey

GIVEN_BY_A_COLLEAGUE = tuple(
    reason for reason in ExclusionReason if reason not in (ExclusionReason.NAMED, ExclusionReason.DECLARED)
)
"""Who is named is kept out with the person; a conflict is declared by oneself."""


def people_part(
    key: ContentKey, me: UUID, around: Sequence[Colleague], excluded: Sequence[KeptOut]
) -> dict[str, Any]:
    """What `cases/people.html` needs: `around` the case are these colleagues, and these are `excluded` from it."""
    out = {one.account_id for one in excluded}
    others = [one for one in around if one.account_id not in out and one.account_id != me]
    return {
        "persons": [
            {"id": one.id, "role": PERSON_ROLE_LABELS[one.person.role], "about": one.person}
            for one in people_in(key)
        ],
        "person_roles": list(PERSON_ROLE_LABELS.items()),
        "members": [(one.account_id, _name(one)) for one in others],
        "kept_out": [
            {"id": one.account_id, "label": one.label, "reason": EXCLUSION_REASON_LABELS[one.reason]}
            for one in excluded
        ],
        "reasons": [(reason, EXCLUSION_REASON_LABELS[reason]) for reason in GIVEN_BY_A_COLLEAGUE],
    }


def _name(one: Colleague) -> str:
    """With the address: a label is what somebody chose."""
    return f"{one.label} ({one.email})"
