"""What is left out of a case when it is disclosed, each with its reason.

A handler names passages, once: they are left out wherever they stand, also in what is written afterwards. So are name
and contact data of the reporter, unasked, since nobody knows who will read it. Of a message as a whole, and of a place
that may stand all the same, a handler decides one by one. All of it is sealed with the key of the case.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.dialogue import ShownMessage, read_dialogue
from spreekbuis.cases.export.matching import (
    as_read,
    contact_patterns,
    name_patterns,
    passage_pattern,
    places_in,
    places_of,
)
from spreekbuis.cases.export.models import Redaction, RedactionPassage
from spreekbuis.cases.models import Case
from spreekbuis.cases.wishes import contact_preference
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.vault.content import ContentKey

MOST_PLACES = 500
"""Of one passage: whoever leaves out a word of every sentence means something else."""
MOST_PASSAGES = 200


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


class Passage(NamedTuple):
    """What a handler wants left out wherever it stands."""

    id: UUID
    text: str
    why: Why


class Decision(NamedTuple):
    """About one message: `whole`, why all of it is left out; `shown`, where marks begin that are not applied."""

    whole: Why | None = None
    shown: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is left out of the messages of one case."""

    passages: Sequence[Passage]
    patterns: Sequence[tuple[re.Pattern[str], Why]]
    decisions: Mapping[UUID, Decision]

    def marks(self, message: ShownMessage) -> list[Mark]:
        """Of one message, in order, without overlap."""
        decided = self.decisions.get(message.id, Decision())
        if decided.whole is not None:
            return [Mark(0, len(message.text), decided.whole)]
        read = as_read(message.text)
        found = joined(
            Mark(*place, why) for pattern, why in self.patterns for place in places_in(read, pattern)
        )
        return [mark for mark in found if mark.start not in decided.shown]

    def pieces(self, message: ShownMessage) -> list[Piece]:
        """The text of a message, cut where marks begin and end."""
        return list(pieces(message.text, self.marks(message)))


def rules_of(case: Case, key: ContentKey) -> Rules:
    """What is left out of this case. Two queries. Raises CannotOpen."""
    passages = [
        Passage(id_, *_unpacked(key.open(f"redaction/{id_}", sealed)))
        for id_, sealed in db.session.execute(
            select(RedactionPassage.id, RedactionPassage.passage_sealed)
            .where(RedactionPassage.entity_id == current_entity_id(), RedactionPassage.case_id == case.id)
            .order_by(RedactionPassage.id)
        )
    ]
    decisions = {
        message_id: _decision(key.open(_of(message_id), sealed))
        for message_id, sealed in db.session.execute(
            select(Redaction.message_id, Redaction.decision_sealed).where(
                Redaction.entity_id == current_entity_id(), Redaction.case_id == case.id
            )
        )
    }
    named = [(pattern, one.why) for one in passages if (pattern := passage_pattern(one.text)) is not None]
    return Rules(
        passages, [*named, *((pattern, Why.REPORTER) for pattern in _of_reporter(case, key))], decisions
    )


def disclosed(key: ContentKey) -> list[ShownMessage]:
    """The messages that are disclosed at most: never an internal note."""
    return read_dialogue(key, internal=False)


def digest(shown: Iterable[Sequence[Piece]]) -> str:
    """Names what somebody looked at, so that no other version than that is given away."""
    told = [[piece if piece.why is None else ("", piece.why) for piece in cut] for cut in shown]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


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


def leave_out_passage(case: Case, key: ContentKey, passage: str, why: Why) -> None:
    """Leave out every place where this passage stands, or will stand, in what reporter and desk write.

    Also where a place was shown again before. The case is locked. Raises Invalid when it is too short, stands nowhere
    or nearly everywhere.
    """
    wanted = passage_pattern(passage)
    if wanted is None:
        raise Invalid({"passage": _l("Schrijf minstens 2 tekens.")})
    places = {m.id: {start for start, _ in places_of([wanted], m.text)} for m in disclosed(key)}
    count = sum(map(len, places.values()))
    if not count:
        raise Invalid({"passage": _l("Dit staat nergens in het gesprek. Neem het letterlijk over.")})
    if count > MOST_PLACES:
        raise Invalid({"passage": _l("Dit staat op heel veel plaatsen. Neem een langer stuk over.")})
    rules = rules_of(case, key)
    for message_id, decided in rules.decisions.items():
        if decided.shown & places.get(message_id, set()):
            _decide(case, key, message_id, decided._replace(shown=decided.shown - places[message_id]))
    known = {(one.text, one.why) for one in rules.passages}
    if (passage, why) not in known:
        if len(known) >= MOST_PASSAGES:
            raise Invalid({"passage": _l("Er zijn al heel veel passages. Laat het hele bericht weg.")})
        id_ = new_id()
        sealed = key.seal(f"redaction/{id_}", json.dumps([passage, why]))
        db.session.add(
            RedactionPassage(entity_id=case.entity_id, case_id=case.id, id=id_, passage_sealed=sealed)
        )
    record(Audited.CASE_REDACTED, case.id, {"places": count})


def forget_passage(case: Case, passage_id: UUID) -> None:
    """No longer leave out a passage. There is none: nothing happens."""
    gone = db.session.execute(
        delete(RedactionPassage)
        .where(
            RedactionPassage.entity_id == case.entity_id,
            RedactionPassage.case_id == case.id,
            RedactionPassage.id == passage_id,
        )
        .returning(RedactionPassage.id)
    ).all()
    if gone:
        record(Audited.CASE_REDACTED, case.id, {"passages": -1})


def leave_out_message(case: Case, key: ContentKey, message_id: UUID, why: Why) -> None:
    """Leave out a whole message. Raises NotFound for what is no message of the dialogue."""
    if all(message.id != message_id for message in disclosed(key)):
        raise NotFound
    _decide(case, key, message_id, Decision(whole=why))
    record(Audited.CASE_REDACTED, case.id, {"messages": 1})


def show_again(case: Case, key: ContentKey, message_id: UUID, start: int) -> None:
    """Show the mark that begins at `start`, or the whole message. There is none: nothing happens."""
    message = next((one for one in disclosed(key) if one.id == message_id), None)
    rules = rules_of(case, key)
    if message is None or all(mark.start != start for mark in rules.marks(message)):
        return
    decided = rules.decisions.get(message_id, Decision())
    shown = decided.shown if decided.whole else decided.shown | {start}
    _decide(case, key, message_id, Decision(None, shown))
    record(Audited.CASE_REDACTED, case.id, {"places": -1})


def without_reporter(case: Case, key: ContentKey, put: str) -> Callable[[str], str]:
    """Puts `put` wherever name or contact data of the reporter stand in a text, as far as they are known."""
    patterns = _of_reporter(case, key)

    def leave_out(text: str) -> str:
        marks = joined(Mark(*place, Why.REPORTER) for place in places_of(patterns, text))
        return "".join(piece.text if piece.why is None else put for piece in pieces(text, marks))

    return leave_out


def _of_reporter(case: Case, key: ContentKey) -> list[re.Pattern[str]]:
    """What finds the reporter's name, its parts, and the ways to reach them."""
    given: dict[str, str] = {}
    if case.reporter_sealed is not None:
        given = json.loads(key.open("reporter", case.reporter_sealed))
    wanted = contact_preference(case.contact_preference_sealed, key)
    others = [value for name, value in given.items() if name != "name"]
    found = name_patterns(given.get("name", ""))
    for value in [*others, *([wanted.where] if wanted else [])]:
        found += contact_patterns(value)
    return found


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


def _decide(case: Case, key: ContentKey, message_id: UUID, decided: Decision) -> None:
    sealed = key.seal(_of(message_id), json.dumps([decided.whole, sorted(decided.shown)]))
    db.session.execute(
        insert(Redaction)
        .values(entity_id=case.entity_id, case_id=case.id, message_id=message_id, decision_sealed=sealed)
        .on_conflict_do_update(
            index_elements=["entity_id", "case_id", "message_id"], set_={"decision_sealed": sealed}
        )
    )


def _decision(written: str) -> Decision:
    whole, shown = json.loads(written)
    return Decision(Why(whole) if whole else None, frozenset(shown))


def _unpacked(written: str) -> tuple[str, Why]:
    text, why = json.loads(written)
    return text, Why(why)


def _of(message_id: UUID) -> str:
    return f"redaction/message/{message_id}"
