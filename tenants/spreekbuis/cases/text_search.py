"""Searching in texts: by opening what the handler may open, some cases at a time, and never by an index in clear.

An index of words would tell whoever holds the database what people wrote. So each step opens the texts of a bounded
number of cases, the newest first, and says where the next step goes on.
"""

import json
import re
from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from spreekbuis.access.desk_keys import NoKeyYet
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.contacts import notes_of
from spreekbuis.cases.dialogue import texts_of
from spreekbuis.cases.finding import note_readings
from spreekbuis.cases.keys import Reader, key_of, keys_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.people import people_of_cases
from spreekbuis.characters import bare
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.questionnaires.answers import written
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import CannotOpen

AT_ONCE = 250
"""Cases that one step opens: a fraction of a second."""
SHORTEST = 3
"""Letters: a shorter word is in every text."""
AROUND = 70
"""Characters of the text that are shown on each side of what was found."""


class Found(NamedTuple):
    """A case in which every word occurs. `excerpt`: the text around the first of them."""

    id: UUID
    topic: str
    year: int
    number: int
    category: str
    state: str
    received_at: datetime
    excerpt: str


class Searched(NamedTuple):
    """What one step found. `looked`: cases that it opened; `shut`: that this reader cannot open, or that were damaged;
    `after`: where the next step begins, None when this was the last."""

    found: list[Found]
    looked: int
    shut: int
    after: UUID | None


def search_texts(
    desks: Set[UUID], reader: Reader, words: str, after: UUID | None = None, at_most: int = AT_ONCE
) -> Searched:
    """Look for `words` in everything that was written on cases of these desks: all words, in any order, whatever the
    accents and capitals. Audited without the words: the search, and a reading of each case that it shows."""
    wanted = _plain(words).split()
    of_desks = select(Case).where(Case.entity_id == current_entity_id(), Case.desk_id.in_(desks))
    if after is not None:
        of_desks = of_desks.where(Case.id < after)
    cases = db.session.scalars(of_desks.order_by(Case.id.desc()).limit(at_most)).all()
    texts = _texts_of(cases, _keys_of(cases, reader))
    found = [
        Found(
            case.id, case.topic, case.year, case.number, case.category, case.state, case.received_at,
            _excerpt(texts[case.id], wanted),
        )
        for case in cases
        if case.id in texts and _has_all(texts[case.id], wanted)
    ]  # fmt: skip
    record(Audited.CASE_SEARCHED, data={"cases": len(texts), "found": len(found)})
    note_readings([case.id for case in found], reader.account_id)
    return Searched(
        found, len(texts), len(cases) - len(texts), cases[-1].id if len(cases) == at_most else None
    )


def _keys_of(cases: Sequence[Case], reader: Reader) -> dict[UUID, ContentKey]:
    """The keys that open. All at once; one by one when some do not, so that a damaged row stops nobody."""
    ids = [case.id for case in cases]
    try:
        return keys_of(ids, reader)
    except CannotOpen:
        keys = {}
        for case_id in ids:
            with suppress(CannotOpen, NoKeyYet):
                keys[case_id] = key_of(case_id, reader)
        return keys


def _texts_of(cases: Sequence[Case], keys: dict[UUID, ContentKey]) -> dict[UUID, list[str]]:
    """All that was written, of each case of which everything opens."""
    texts = {case.id: _of_case(case, keys[case.id]) for case in cases if case.id in keys}
    for case_id, text in (*texts_of(keys), *notes_of(keys), *people_of_cases(keys)):
        texts[case_id].append(text)
    whole = {}
    for case_id, some in texts.items():
        opened = [text for text in some if text is not None]
        if len(opened) == len(some):
            whole[case_id] = opened
    return whole


def cases_at(desks: Set[UUID], most: int) -> int:
    """How many cases these desks have; counting stops at `most`."""
    some = select(Case.id).where(Case.entity_id == current_entity_id(), Case.desk_id.in_(desks)).limit(most)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _of_case(case: Case, key: ContentKey) -> list[str | None]:
    """What stands in the case itself: name and contact data of the reporter, the answers in their own words, and the
    comment with the score; None for what does not open."""
    found: list[str | None] = []
    if case.reporter_sealed is not None:
        given = key.open_or_none("reporter", case.reporter_sealed)
        found.append(None if given is None else " ".join(json.loads(given).values()))
    if case.answers_sealed is not None:
        answers = key.open_or_none("answers", case.answers_sealed)
        found += [None] if answers is None else written(answers)
    if case.score_comment_sealed is not None:
        found.append(key.open_or_none("score_comment", case.score_comment_sealed))
    return found


def _plain(text: str) -> str:
    """Small letters without accents. Most of a text has none: only the rest is looked at letter by letter."""
    return _NOT_ASCII.sub(_bare, text.casefold())


def _bare(found: re.Match[str]) -> str:
    return bare(found[0])


_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def _has_all(texts: list[str], wanted: list[str]) -> bool:
    whole = "\n".join(map(_plain, texts))
    return bool(wanted) and all(word in whole for word in wanted)


def _excerpt(texts: list[str], wanted: list[str]) -> str:
    """The place of the first word that is found, with what stands around it, on one line."""
    for text in texts:
        plain = _plain(text)
        for word in wanted:
            place = plain.find(word)
            if place >= 0:
                first, last = _places(text, place, place + len(word) - 1)
                start, end = max(0, first - AROUND), last + 1 + AROUND
                middle = " ".join(text[start:end].split())
                return ("… " if start else "") + middle + (" …" if end < len(text) else "")
    return ""


def _places(text: str, *in_plain: int) -> list[int]:
    """Where the characters at these places of `_plain(text)` stand in the text: a ß or a ligature became two, an
    accent of its own none."""
    back = [place for place, character in enumerate(text) for _ in _plain(character)]
    return [back[place] for place in in_plain]
