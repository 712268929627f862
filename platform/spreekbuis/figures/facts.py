"""What a tenant records for the figures: the present state of a case or contact, in this transaction."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CaseFact:
    """A case as figures see it. Year and month are those of receipt (Belgian calendar); times are calendar days."""

    year: int
    month: int
    kind: str
    topic: str
    category: str
    channel: str
    identity: str
    reporter_class: str
    desk: str
    status: str
    """"open" or "closed"."""
    outcome: str | None
    score: int | None
    days_to_acknowledge: int | None
    days_to_feedback: int | None
    days_to_close: int | None


@dataclass(frozen=True, slots=True)
class ContactFact:
    """One contact: year and month in which it took place, and its channel."""

    year: int
    month: int
    channel: str


def record_case(fact_id: UUID, fact: CaseFact) -> None:
    """Write or correct the fact of a case of the tenant in scope; the totals follow by the difference."""
    raise NotImplementedError


def record_contact(fact_id: UUID, fact: ContactFact) -> None:
    """Write or correct the fact of a contact of the tenant in scope; the totals follow by the difference."""
    raise NotImplementedError
