"""Looking for words in the texts of one's own desks. What is looked for travels in a POST: no address keeps it."""

import time
from typing import Any
from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import shown
from spreekbuis.cases.doors import my_desks, myself, room
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.text_search import AT_ONCE, SHORTEST, Found, cases_at, search_texts
from spreekbuis.clock import today
from spreekbuis.errors import Invalid
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading

ENOUGH = 20
"""Cases found, after which a page is full."""
FIRST = 20
"""Cases that the first step opens; each next one twice as many. A word of every day is found in the first."""
PATIENCE = 1.0
"""Seconds after which a page shows what it has, and asks whether to go on."""
MOST = 10_000
"""Counting cases stops here."""


@room.in_nav(_l("Zoek in teksten"))
@room.get("/desk/<ovo:ovo>/search", Permission.HANDLE_CASES)
def search() -> ResponseReturnValue:
    return _page("", {})


@room.post("/desk/<ovo:ovo>/search", Permission.HANDLE_CASES)
def search_post() -> ResponseReturnValue:
    """One stretch of the search: until the page is full, a second is over, or all was looked at."""
    form = Reading()
    words = form.text("words", longest=100)
    if len("".join(words.split())) < SHORTEST:
        form.errors["words"] = _l("Schrijf minstens 3 letters.")
    try:
        form.check()
    except Invalid as invalid:
        return _page(words, invalid.errors), invalid.status
    after, looked, shut = _id(form.raw("after")), _count(form.raw("looked")), _count(form.raw("shut"))
    found: list[Found] = []
    until, who, desks, at_most = time.monotonic() + PATIENCE, myself(), my_desks(), FIRST
    while True:
        step = search_texts(desks, who, words, after, at_most)
        at_most = min(2 * at_most, AT_ONCE)
        found, looked, shut, after = found + step.found, looked + step.looked, shut + step.shut, step.after
        if after is None or len(found) >= ENOUGH or time.monotonic() > until:
            break
    total = cases_at(desks, MOST)
    return _page(
        words, {}, found=[_shown(case) for case in found], looked=looked, shut=shut, after=after, total=total
    )


def _page(words: str, errors: dict[str, Any], **searched: Any) -> str:
    return render_template("cases/search.html", words=words, errors=errors, most=MOST, **searched)


def _shown(case: Found) -> dict[str, str]:
    words, now = shown.labels(), today()
    return {
        "url": url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id),
        "number": number_of(case.topic, case.year, case.number),
        "category": words.category.get(case.category, case.category),
        "state": words.state[case.state],
        "tag": shown.STATE_TAGS[case.state],
        "received": shown.day(case.received_at, now),
        "excerpt": case.excerpt,
    }


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
