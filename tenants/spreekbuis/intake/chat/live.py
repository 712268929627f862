"""What is new, told to a page that waits for it: server-sent events in short answers.

A web process has eight threads, and an answer that stays open holds one. So:

- an answer lasts some `LOOKS` seconds at most; the browser asks again by itself;
- a process keeps `MOST_OPEN` of them open. Beyond those the answer comes at once and asks the browser to come back in
  some seconds: the page is a little later, and every other page keeps its threads;
- while it waits it holds no transaction, and a connection only for the moment of one look.
"""

import time
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from flask import Response, request
from psycopg import Connection

from spreekbuis.clock import now
from spreekbuis.db.pool import bare_connection
from spreekbuis.db.session import db
from spreekbuis.intake.chat.queue import VISITOR_LOST

LOOKS = 15
"""Looks of one answer. Together they take less than every limit on a sign of life (intake.chat.queue)."""
MOST_OPEN = 4
"""Answers that one process holds open, of its eight threads."""
LOOK_EVERY = 1.0
"""Seconds between two looks."""
AGAIN, AGAIN_LATER = 1_000, 5_000
"""Milliseconds after which the browser asks again."""

_places = BoundedSemaphore(MOST_OPEN)

_OF_VISITOR = """
SELECT own.state, own.version,
    CASE WHEN own.state = 'waiting' THEN (SELECT count(*) FROM chat AS other WHERE other.state = 'waiting'
        AND (other.joined_at, other.id) < (own.joined_at, own.id)) END
FROM chat AS own WHERE own.visitor_hash = %(visitor)s"""
_OF_AGENT = """
SELECT (SELECT count(*) FROM chat WHERE state = 'waiting'), own.state, own.version, own.seen_at < %(lost)s
FROM (VALUES (1)) AS one LEFT JOIN chat AS own ON own.agent_id = %(agent)s"""


def news_for_visitor(visitor_hash: bytes, *, hold: bool) -> Response:
    """Tell when something changed in this visitor's chat, or the place in the queue.

    `hold`: there is a chat that goes on. Anybody can ask for these events, and without one gets no place.
    """
    return _answer(_OF_VISITOR, lambda: {"visitor": visitor_hash}, hold=hold)


def news_for_agent(agent_id: UUID) -> Response:
    """Tell when something changed in this agent's talk, or in how many wait."""
    return _answer(_OF_AGENT, lambda: {"agent": agent_id, "lost": now() - VISITOR_LOST}, hold=True)


def _answer(query: str, values: Callable[[], dict[str, Any]], *, hold: bool) -> Response:
    """The view gives this and its transaction ends; the server reads the events after that."""
    engine = db.engine

    def look() -> str:
        with bare_connection(engine) as connection:
            return _state(connection, query, values())

    seen = request.headers.get("Last-Event-ID", "")[:100]
    headers = {"X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
    return Response(events(look, seen, hold=hold), headers=headers)


def _state(connection: Connection[tuple[Any, ...]], query: str, values: dict[str, Any]) -> str:
    row = connection.execute(query, values).fetchone()
    return "-".join(map(str, row)) if row else "none"


def events(
    look: Callable[[], str], seen: str, sleep: Callable[[float], None] = time.sleep, *, hold: bool = True
) -> Iterator[str]:
    """The lines of one answer: an event whenever `look` gives something else than was `seen`."""
    held = hold and _places.acquire(blocking=False)
    try:
        yield f"retry: {AGAIN if held else AGAIN_LATER}\n\n"
        for looked in range(LOOKS if held else 1):
            if looked:
                sleep(LOOK_EVERY)
            state = look()
            if state != seen:
                seen = state
                yield f"id: {state}\nevent: news\ndata: {state}\n\n"
    finally:
        if held:
            _places.release()
