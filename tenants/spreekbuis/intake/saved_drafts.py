"""A report that is saved to go on later. Only who has its words opens it: the server cannot.

The code follows from the form's secret, so that saving twice is one draft with one code. The words are shown once. Kept
are a keyed hash of the code and the form, locked with a key that follows from the code; the form's secret is in it.
The draft goes when its report is sent, when the reporter says so, and after a week: counted from the first time that
it was saved, so that nobody keeps one without end by saving it again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.intake.drafts import keep_files_until
from spreekbuis.intake.models import SavedDraft
from spreekbuis.intake.pace import LONGEST as LONGEST_WAIT
from spreekbuis.intake.pace import SavedTooQuick, pace
from spreekbuis.intake.reporters import hash_of_receipt
from spreekbuis.vault.receipt_code import ReceiptCode, from_submission
from spreekbuis.vault.sealing import context, derive, lock, unlock

LIFETIME = timedelta(days=7)
MOST = 300
"""Drafts that wait in one entity at the same time."""
CALM = 30
EACH_MORE = timedelta(seconds=10)
"""For each draft that waits above `CALM`, so much longer a form must have been open to save another."""
MANY = MOST // 3
"""From so many on, a new one stays for a day: who fills the place takes it from others for no longer."""
LIFETIME_WHEN_MANY = timedelta(days=1)
LONGEST = 110_000
"""Characters of all fields together: somewhat more than the longest story."""


class TooManyDrafts(Conflict):
    """The entity keeps as many drafts as it may."""

    title = _l("We kunnen nu geen teksten meer bewaren")
    advice = _l("Kopieer je tekst en bewaar hem zelf, of verstuur je melding nu.")


@dataclass(frozen=True, slots=True, repr=False)
class Draft:
    """What was saved: the secret of the form, and its fields."""

    token: str
    form: dict[str, str]
    answers: dict[str, list[str]]
    """To the questions beside the story, by field."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The code that opens the draft, and when it goes."""

    code: ReceiptCode = field(repr=False)
    until: datetime


def save_draft(token: str, form: Mapping[str, str], answers: Mapping[str, list[str]]) -> Saved:
    """Keep the form with its files; the same form again replaces what was kept, under the same code, and for no longer.

    Raises Invalid when there is nothing to keep or too much, TooQuick, TooManyDrafts, TooManySavedFiles.
    """
    if not form.get("text", "").strip():
        raise Invalid({"text": _l("Schrijf eerst iets. Er is nog niets om te bewaren.")})
    told = [*form.values(), *(value for values in answers.values() for value in values)]
    if sum(len(value) + 1 for value in told) > LONGEST:
        raise Invalid({"text": _l("Je tekst is te lang om te bewaren. Maak hem korter.")})
    code, entity_id, moment = _code_of(token), current_entity_id(), now()
    lookup_hash = hash_of_receipt(code)
    others = select(func.count()).where(
        SavedDraft.tenant_id == entity_id,
        SavedDraft.lookup_hash != lookup_hash,
        SavedDraft.expires_at > moment,
    )
    many = db.session.scalar(others) or 0
    if many >= MOST:
        raise TooManyDrafts
    db.session.execute(
        delete(SavedDraft).where(SavedDraft.lookup_hash == lookup_hash, SavedDraft.expires_at <= moment)
    )
    if db.session.get(SavedDraft, lookup_hash) is None:
        pace().wait_for(token, min(LONGEST_WAIT, max(0, many - CALM) * EACH_MORE), SavedTooQuick)
    told_now = json.dumps(asdict(Draft(token, dict(form), dict(answers)))).encode()
    locked = lock(_key(code), told_now, _binding())
    until = db.session.scalars(
        insert(SavedDraft)
        .values(
            lookup_hash=lookup_hash, tenant_id=entity_id, form_locked=locked,
            expires_at=moment + (LIFETIME_WHEN_MANY if many >= MANY else LIFETIME),
        )
        .on_conflict_do_update(index_elements=["lookup_hash"], set_={"form_locked": locked})
        .returning(SavedDraft.expires_at)
    ).one()  # fmt: skip
    keep_files_until(token, until, LIFETIME)
    return Saved(code, until)


def open_draft(code: ReceiptCode) -> Draft | None:
    """What was saved under this code in the entity in scope; None when there is none, or no more."""
    locked = db.session.scalar(
        select(SavedDraft.form_locked).where(
            SavedDraft.lookup_hash == hash_of_receipt(code),
            SavedDraft.tenant_id == current_entity_id(),
            SavedDraft.expires_at > now(),
        )
    )
    return None if locked is None else Draft(**json.loads(unlock(_key(code), locked, _binding())))


def forget_draft(token: str) -> None:
    """Erase what the form with this secret saved, if anything: it was sent, or is not wanted any more."""
    hashed = hash_of_receipt(_code_of(token))
    db.session.execute(delete(SavedDraft).where(SavedDraft.lookup_hash == hashed))


def drop_old_drafts() -> int:
    """Erase the drafts that are over, of all entities; gives how many."""
    old = delete(SavedDraft).where(SavedDraft.expires_at <= now())
    return len(db.session.scalars(old.returning(SavedDraft.lookup_hash)).all())


def _code_of(token: str) -> ReceiptCode:
    """Another code than that of the receipt: whoever finds one does not have the other."""
    return from_submission(derive(token.encode(), context("saved draft code", current_entity_id())))


def _key(code: ReceiptCode) -> bytes:
    return derive(code.number, context("saved draft"))


def _binding() -> bytes:
    return context("saved draft", current_entity_id())
