"""Facts for tests, with only what matters spelled out."""

from typing import Any
from uuid import UUID, uuid4

from spreekbuis.figures.facts import CaseFact, ContactFact, record_case, record_contact
from tests.world import Tenant, World


def case(**changes: Any) -> CaseFact:
    """A report on bullying of 2014; `changes` replace its fields."""
    usual: dict[str, Any] = {
        "year": 2014, "month": 3, "kind": "report", "topic": "wellbeing", "category": "bullying",
        "channel": "phone", "identity": "confidential", "reporter_class": "staff", "desk": "wellbeing",
        "status": "open", "outcome": None, "score": None, "days_to_acknowledge": None,
        "days_to_feedback": None, "days_to_close": None,
        "damage_cents": None, "recovered_cents": None, "follow_up": None,
    }  # fmt: skip
    return CaseFact(**{**usual, **changes})


def count(world: World, entity: Tenant, *facts: CaseFact | ContactFact) -> list[UUID]:
    """Record new facts of an entity; gives their ids."""
    ids = [uuid4() for _ in facts]
    with world.inside(entity):
        for fact_id, fact in zip(ids, facts, strict=True):
            if isinstance(fact, CaseFact):
                record_case(fact_id, fact, new=True)
            else:
                record_contact(fact_id, fact, new=True)
    return ids
