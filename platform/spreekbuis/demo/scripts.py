"""What a demo plan says: cases with their steps and moments. Pure data; replay.py plays it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from spreekbuis.cases.procedures import State
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, Outcome, ReporterClass


class Act(StrEnum):
    """What happens in a step: each is one operation that a page uses too."""

    MARK_KIND = "mark_kind"
    ACKNOWLEDGE = "acknowledge"
    CONTACT = "contact"
    STATE = "state"
    NOTE = "note"
    WRITE = "write"
    """The handler writes to the reporter."""
    REPLY = "reply"
    """The reporter writes to the desk."""
    FEEDBACK = "feedback"
    CLOSE = "close"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Step:
    """One act at a moment, with what it needs."""

    at: datetime
    act: Act
    text: str = ""
    channel: Channel | None = None
    kind: CaseKind | None = None
    state: State | None = None
    outcome: Outcome | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class CaseScript:
    """A case from its first contact on. `key` names it, so that playing it twice is playing it once."""

    key: str
    ovo_code: str
    at: datetime
    kind: CaseKind
    """The kind that it is opened with; a step can mark it later."""
    category: str
    channel: Channel
    identity: Identity
    reporter_class: ReporterClass
    text: str
    steps: tuple[Step, ...] = ()

    @property
    def id(self) -> UUID:
        """The id with which the form would have come."""
        return uuid5(NAMESPACE_URL, f"https://demo.spreekbuis.example/{self.key}")

    def once(self, number: int) -> UUID:
        """The id with which the form of a step would have come."""
        return uuid5(self.id, str(number))
