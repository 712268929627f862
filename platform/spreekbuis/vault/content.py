"""The one door to the text of a case: everything that a person wrote passes here, in and out.

Each case has a key of its own, random and made with the case. Who may hold it is said elsewhere (a desk, a
reporter with the receipt code); whoever holds it seals and opens here.
"""

from dataclasses import dataclass
from uuid import UUID

from spreekbuis.vault.sealing import CannotOpen, context, lock, unlock


@dataclass(frozen=True, slots=True, repr=False)
class ContentKey:
    """Seals and opens what belongs to one subject of one entity: a case, or a report that is not sent yet.

    What was sealed in one field opens in that field only, of that subject. `secret` has 32 bytes and is never stored as
    it is, nor shown by printing.

    The entity is not part of the place: an id is that of one subject among all entities, and the key is random and held
    by its desk and its reporter, so the entity would bind nothing that the id does not. A case that moves to another
    entity (two entities become one) keeps its id, its desk and its key, and so everything that was sealed in it.
    """

    entity_id: UUID
    subject_id: UUID
    secret: bytes

    def __repr__(self) -> str:
        return f"ContentKey({self.subject_id})"

    def seal(self, field: str, text: str) -> bytes:
        """The stored form of `text` in `field`."""
        return lock(self.secret, text.encode(), self._place(field))

    def open(self, field: str, sealed: bytes) -> str:
        """The text. Raises CannotOpen."""
        return unlock(self.secret, sealed, self._place(field)).decode()

    def open_or_none(self, field: str, sealed: bytes) -> str | None:
        """The text, or None when it does not open."""
        try:
            return self.open(field, sealed)
        except CannotOpen:
            return None

    def seal_key(self, field: str, key: bytes) -> bytes:
        """The stored form of another key, of an attachment."""
        return lock(self.secret, key, self._place(field))

    def open_key(self, field: str, sealed: bytes) -> bytes:
        """The other key. Raises CannotOpen."""
        return unlock(self.secret, sealed, self._place(field))

    def _place(self, field: str) -> bytes:
        return context("content", self.subject_id, field)
