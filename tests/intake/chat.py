"""A visitor and an agent in the chat, in browsers, and what the tests look up behind them."""

import re
from datetime import datetime
from html import unescape

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from spreekbuis.clock import BRUSSELS
from spreekbuis.db.base import SharedTable, new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import db, transaction
from spreekbuis.intake.chat.models import Chat, ChatLine
from spreekbuis.web.access import Role
from tests.intake.flow import field
from tests.world import Browser, World

OPEN = datetime(2026, 11, 24, 10, tzinfo=BRUSSELS)
"""A Tuesday at ten."""


class Visitor:
    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def join(self) -> "Visitor":
        answer = self.browser.post("/chat", {"token": field(self.browser.get("/chat"), "token")})
        assert answer.status_code == 303, answer.text
        return self

    def page(self) -> str:
        return unescape(self.browser.get("/chat").text)

    def say(self, words: str, once: str = "") -> TestResponse:
        return self.browser.post("/chat/lines", {"text": words, "once": once or str(new_id())})

    def stop(self) -> None:
        self.browser.post("/chat/stop")

    def leave(self) -> None:
        self.browser.post("/chat/leave")

    def keep(self, entity: str, category: str = "bullying", **more: str) -> TestResponse:
        form = {"entity": entity, "category": category, "reporter_class": "staff", **more}
        return self.browser.post("/chat/keep", form, follow_redirects=True)


class ChatAgent:
    def __init__(self, world: World) -> None:
        self.account_id = world.platform_member(Role.FRONT_DESK)
        self.browser = world.browser(self.account_id)

    def take(self) -> TestResponse:
        return self.browser.post("/front/chat/take")

    def page(self) -> str:
        return unescape(self.browser.get("/front/chat").text)

    def say(self, words: str) -> TestResponse:
        return self.browser.post("/front/chat/lines", {"text": words, "once": str(new_id())})

    def finish(self, topic: str = "wellbeing", filed: str = "answered") -> TestResponse:
        return self.browser.post("/front/chat/finish", {"topic": topic, "filed": filed})


def talking(visitor: Visitor, agent: ChatAgent) -> None:
    """They talk: the visitor waits, the agent takes, the visitor's page asks what is new."""
    visitor.join()
    agent.take()
    visitor.page()


def chats() -> list[Chat]:
    with transaction(PLATFORM) as session:
        found = list(session.scalars(select(Chat).order_by(Chat.joined_at)))
        session.expunge_all()
        return found


def lines() -> int:
    with transaction(PLATFORM):
        return len(db.session.scalars(select(ChatLine.id)).all())


def everything() -> str:
    """Every row of every shared table, as the database has it."""
    shared = sorted(
        name
        for name, table in mapped_tables().items()
        if issubclass(table, SharedTable) and "SELECT" in table.app_may
    )
    with transaction(PLATFORM):
        return "\n".join(
            str(row)
            for table in shared
            for row in db.session.execute(text(f'SELECT t::text FROM "{table}" t')).scalars()
        )


def kept_secrets() -> list[str]:
    """What is sealed or locked of all chats at this moment, as it stands in `everything`."""
    with transaction(PLATFORM) as session:
        rows = [(c.key_locked, c.key_for_agent, c.words_locked) for c in session.scalars(select(Chat))]
        sealed = [part for row in rows for part in row if part]
        return [part.hex() for part in (*sealed, *session.scalars(select(ChatLine.text_sealed)))]


def place(page: str) -> int:
    found = re.search(r"nummer (\d+) in de wachtrij", page)
    assert found, page
    return int(found[1])
