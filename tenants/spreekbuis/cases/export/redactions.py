"""What is left out of a case when it is disclosed: passages of messages, each with its reason.

A mark is a range of characters in the text of a message, which never changes. Marks are sealed with the key of the
case. A typed passage is left out everywhere, whatever its capitals and line breaks, and always to the end of the word:
'Jan' takes 'Jans' and 'Jansen' along, since too much is safer than a name that can be guessed.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.dialogue import ShownMessage, read_dialogue
from spreekbuis.cases.export.models import Redaction
from spreekbuis.cases.models import Case
from spreekbuis.cases.wishes import contact_preference
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.vault.content import ContentKey

SHORTEST = 2
"""Characters of a passage: one letter is in every word."""
SHORTEST_NAME = 3
"""Letters of a part of the reporter's name that is left out by itself."""


class Why(StrEnum):
    REPORTER = "reporter"
    THIRD_PERSON = "third_person"
    SECRET = "secret"  # noqa: S105 (a reason)
    INVESTIGATION = "investigation"


WHY_LABELS: dict[Why, LazyString] = {
    Why.REPORTER: _l("identiteit van de melder"),
    Why.THIRD_PERSON: _l("gegevens van iemand anders"),
    Why.SECRET: _l("bedrijfsgeheim"),
    Why.INVESTIGATION: _l("belang van het onderzoek"),
}


def left_out(why: Why) -> str:
    """What stands in the place of what is left out."""
    return gettext("[weggelaten: %(why)s]", why=WHY_LABELS[why])


class Mark(NamedTuple):
    """Characters `start` to `end` (not included) of a text are left out."""

    start: int
    end: int
    why: Why


class Piece(NamedTuple):
    """A part of a text; `why` it is left out, or None when it is shown."""

    text: str
    why: Why | None


def marks_of(key: ContentKey) -> dict[UUID, list[Mark]]:
    """The marks of each message of the case of this key that has any, in the order of the text. Raises CannotOpen."""
    found = db.session.execute(
        select(Redaction.message_id, Redaction.marks_sealed).where(
            Redaction.entity_id == current_entity_id(), Redaction.case_id == key.subject_id
        )
    )
    return {
        message_id: [Mark(start, end, Why(why)) for start, end, why in json.loads(key.open(_of(message_id), sealed))]
        for message_id, sealed in found
    }  # fmt: skip


def pieces(text: str, marks: Sequence[Mark]) -> Iterator[Piece]:
    """The text, cut where marks begin and end."""
    place = 0
    for mark in marks:
        if mark.start > place:
            yield Piece(text[place : mark.start], None)
        yield Piece(text[mark.start : mark.end], mark.why)
        place = mark.end
    if place < len(text):
        yield Piece(text[place:], None)


def redact_passage(case: Case, key: ContentKey, passage: str, why: Why) -> int:
    """Leave out every place where this passage stands in what reporter and desk wrote; gives how many are new.

    The case is locked. Raises Invalid when it is too short, or stands nowhere.
    """
    wanted = _pattern(passage)
    if wanted is None:
        raise Invalid({"passage": _l("Schrijf minstens 2 tekens.")})
    found = {m.id: [Mark(*place.span(), why) for place in wanted.finditer(m.text)] for m in _messages(key)}
    if not any(found.values()):
        raise Invalid({"passage": _l("Dit staat nergens in het gesprek. Neem het letterlijk over.")})
    return _add(case, key, found)


def redact_reporter(case: Case, key: ContentKey) -> int:
    """Leave out name and contact data of the reporter, as far as they are known; gives how many places are new."""
    patterns = _of_reporter(case, key)
    if not patterns:
        return 0
    found = {
        m.id: [Mark(*place.span(), Why.REPORTER) for p in patterns for place in p.finditer(m.text)]
        for m in _messages(key)
    }
    return _add(case, key, found)


def without_reporter(case: Case, key: ContentKey, put: str) -> Callable[[str], str]:
    """Puts `put` wherever name or contact data of the reporter stand in a text, as far as they are known."""
    patterns = _of_reporter(case, key)

    def leave_out(text: str) -> str:
        marks = joined(Mark(*place.span(), Why.REPORTER) for p in patterns for place in p.finditer(text))
        return "".join(piece.text if piece.why is None else put for piece in pieces(text, marks))

    return leave_out


def _of_reporter(case: Case, key: ContentKey) -> list[re.Pattern[str]]:
    """What finds the reporter's name, its parts, and the ways to reach them."""
    given: dict[str, str] = {}
    if case.reporter_sealed is not None:
        given = json.loads(key.open("reporter", case.reporter_sealed))
    wanted = contact_preference(case.contact_preference_sealed, key)
    parts = [part for part in given.get("name", "").split() if len(part) >= SHORTEST_NAME]
    known = [*given.values(), *parts, *([wanted.where] if wanted else [])]
    return [p for p in map(_pattern, known) if p is not None]


def redact_message(case: Case, key: ContentKey, message_id: UUID, why: Why) -> None:
    """Leave out a whole message. Raises NotFound for what is no message of the dialogue."""
    text = next((m.text for m in _messages(key) if m.id == message_id), None)
    if text is None:
        raise NotFound
    _write(case, key, message_id, [Mark(0, len(text), why)])
    record(Audited.CASE_REDACTED, case.id, {"places": 1})


def show_again(case: Case, key: ContentKey, message_id: UUID, start: int) -> None:
    """Take away the mark that begins at `start`. There is none: nothing happens."""
    marks = marks_of(key).get(message_id, [])
    left = [mark for mark in marks if mark.start != start]
    if len(left) < len(marks):
        _write(case, key, message_id, left)
        record(Audited.CASE_REDACTED, case.id, {"places": -1})


def joined(marks: Iterable[Mark]) -> list[Mark]:
    """The same characters in marks that do not overlap, in order; where two overlap, the one that begins first wins."""
    found: list[Mark] = []
    for mark in sorted(marks):
        last = found[-1] if found else None
        if last is not None and mark.start < last.end:
            if mark.end <= last.end:
                continue
            if mark.why is last.why:
                found[-1] = Mark(last.start, mark.end, last.why)
                continue
            mark = Mark(last.end, mark.end, mark.why)
        found.append(mark)
    return found


def _messages(key: ContentKey) -> list[ShownMessage]:
    """What is disclosed at most: never an internal note."""
    return read_dialogue(key, internal=False)


def _pattern(passage: str) -> re.Pattern[str] | None:
    """Finds the passage, from the beginning of a word to the end of one; None when it is too short."""
    words = passage.split()
    if len("".join(words)) < SHORTEST:
        return None
    first = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    last = r"\w*" if re.search(r"\w$", words[-1]) else ""
    return re.compile(first + r"\s+".join(map(re.escape, words)) + last, re.IGNORECASE)


def _add(case: Case, key: ContentKey, found: dict[UUID, list[Mark]]) -> int:
    known, added = marks_of(key), 0
    for message_id, marks in found.items():
        before = known.get(message_id, [])
        after = joined([*before, *marks])
        if after != before:
            _write(case, key, message_id, after)
            added += len(set(after) - set(before))
    if added:
        record(Audited.CASE_REDACTED, case.id, {"places": added})
    return added


def _write(case: Case, key: ContentKey, message_id: UUID, marks: list[Mark]) -> None:
    sealed = key.seal(_of(message_id), json.dumps(marks))
    db.session.execute(
        insert(Redaction)
        .values(entity_id=case.entity_id, case_id=case.id, message_id=message_id, marks_sealed=sealed)
        .on_conflict_do_update(
            index_elements=["entity_id", "case_id", "message_id"], set_={"marks_sealed": sealed}
        )
    )


def _of(message_id: UUID) -> str:
    return f"redaction/{message_id}"
