"""The queue of the chat: who waits, who is next, and what happens when somebody goes away without a word.

Each request of a page that somebody looks at is a sign of life. `tidy` does what follows from their absence.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import ContactEnd, Topic
from spreekbuis.identity.models import AccountKey
from spreekbuis.intake.chat.hours import schedule
from spreekbuis.intake.chat.keys import new_key, pass_key
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.states import (
    LONGEST_TALK,
    TO_DECIDE,
    ChatFull,
    ChatShut,
    ChatState,
    Ending,
    NobodyWaits,
    begun,
    close,
    count,
    end,
)
from spreekbuis.intake.pace import JoinedTooQuick, pace
from spreekbuis.web.door import hash_token

MOST_WAITING = 20
"""Visitors in the queue at once."""
CALM = 8
EACH_MORE = timedelta(seconds=5)
"""For each visitor who waits above `CALM`, so much longer the page of the chat must have been open to join: a minute at
most."""
WAITER_LOST = timedelta(seconds=60)
"""Without a sign of life a visitor leaves the queue: a page that is open gives one every 20 seconds at least."""
VISITOR_LOST = timedelta(seconds=90)
"""After this an agent reads that the other may be gone."""
TALKER_LOST = timedelta(minutes=10)
"""The same for a visitor whose agent fell away, who may be writing a long message on a page without a script."""
AGENT_LOST = timedelta(seconds=60)
"""Without a sign of life of the agent the talk goes back to the queue."""
ROW_STAYS = timedelta(hours=1)


# --- the visitor -------------------------------------------------------------------------------------------------


def chat_of(token: str, *, lock: bool = False) -> Chat | None:
    """The chat of the visitor with this secret; `lock` to change it."""
    return _one(Chat.visitor_hash == hash_token(token), lock=lock)


def join(token: str, language: str) -> Chat:
    """Stand in the queue, in platform scope. The same secret twice is one chat. Raises ChatShut, ChatFull, TooQuick."""
    tidy()
    known = chat_of(token)
    if known is not None:
        return known
    if not schedule().is_open(now()):
        raise ChatShut
    many = waiting()
    if many >= MOST_WAITING:
        raise ChatFull
    pace().wait_for(token, max(0, many - CALM) * EACH_MORE, JoinedTooQuick)
    chat_id = new_id()
    values = {
        "id": chat_id, "visitor_hash": hash_token(token), "state": ChatState.WAITING.value, "version": 0,
        "language": language, "joined_at": now(), "seen_at": now(), "length": 0, "key_locked": new_key(chat_id, token),
    }  # fmt: skip
    db.session.execute(insert(Chat).values(values).on_conflict_do_nothing())
    made = chat_of(token)
    assert made is not None, "it was there or was made"
    return made


def visit(token: str) -> Chat | None:
    """The visitor is there: note it, and pass the key on to an agent who has none yet. None: no such chat."""
    chat = chat_of(token, lock=True)
    if chat is None:
        return None
    tidy()  # before the sign of life: who comes back too late hears that it is over
    chat.seen_at = now()
    if chat.state == ChatState.TALKING and chat.key_for_agent is None and pass_key(chat, token):
        chat.version += 1
    return chat


def position_of(chat: Chat) -> int:
    """The place in the queue, from 1."""
    earlier = or_(Chat.joined_at < chat.joined_at, and_(Chat.joined_at == chat.joined_at, Chat.id < chat.id))
    return 1 + waiting(earlier)


def stop_talk(chat: Chat) -> None:
    """The visitor stops the talk, and says next what becomes of it. Twice is once. `chat` is locked."""
    if begun(chat):
        close(chat)


def leave(chat: Chat) -> None:
    """The visitor goes away: out of the queue, or without keeping what was said. Twice is once. `chat` is locked."""
    if chat.state != ChatState.ENDED:
        end(chat, Ending.KEPT if chat.state == ChatState.KEPT else Ending.LEFT)


# --- the agent ---------------------------------------------------------------------------------------------------


def talk_of(agent_id: UUID, *, lock: bool = False) -> Chat | None:
    """What the agent has in hand: a talk, or one that is over and not filed yet."""
    return _one(Chat.agent_id == agent_id, lock=lock)


def attend(agent_id: UUID) -> Chat | None:
    """The agent is there: note it, and take the own talk back from the queue when nobody else did."""
    chat = talk_of(agent_id, lock=True)
    if chat is not None:
        _resume(chat)
    tidy()
    return chat


def take_next(agent_id: UUID) -> Chat:
    """Take the first of the queue, unless the agent has something in hand: then that. Raises NobodyWaits.

    Two agents never get the same: each takes the first that nobody else is just taking.
    """
    # One agent at a time: a double click takes one talk.
    db.session.execute(
        select(AccountKey.account_id).where(AccountKey.account_id == agent_id).with_for_update(key_share=True)
    )
    own = attend(agent_id)
    if own is not None:
        return own
    chat = db.session.scalars(
        select(Chat)
        .where(Chat.state == ChatState.WAITING)
        .order_by(Chat.joined_at, Chat.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if chat is None:
        raise NobodyWaits
    chat.state, chat.agent_id, chat.key_for_agent = ChatState.TALKING, agent_id, None
    chat.agent_seen_at, chat.taken_at = now(), chat.taken_at or now()
    chat.version += 1
    record(Audited.CHAT_TAKEN, chat.id)
    return chat


def finish(agent_id: UUID, topic: Topic, filed: ContactEnd) -> None:
    """The agent stops the talk, or files one that the visitor stopped. Twice is once."""
    chat = talk_of(agent_id, lock=True)
    if chat is None:
        return
    if begun(chat):
        close(chat)
    chat.topic, chat.filed, chat.agent_id = topic.value, filed.value, None
    count(chat)


def maybe_gone(chat: Chat) -> bool:
    """Whether the visitor gave no sign of life for a while."""
    return chat.seen_at < now() - VISITOR_LOST


# --- both --------------------------------------------------------------------------------------------------------


def waiting(*only: ColumnElement[bool]) -> int:
    """How many wait."""
    counted = select(func.count()).select_from(Chat).where(Chat.state == ChatState.WAITING, *only)
    return db.session.scalar(counted) or 0


def tidy() -> int:
    """What follows from somebody's absence, and from the time; gives how many chats it changed.

    Chats that others are busy with are left for the next time, so that nobody waits for anybody here.
    """
    moment = now()
    state, taken = Chat.state, Chat.taken_at
    waits = state == ChatState.WAITING
    overdue = [
        and_(state == ChatState.TALKING, Chat.agent_seen_at < moment - AGENT_LOST),
        and_(state.in_([ChatState.TALKING, ChatState.WAITING]), taken < moment - LONGEST_TALK),
        and_(waits, taken.is_(None), Chat.seen_at < moment - WAITER_LOST),
        and_(waits, Chat.seen_at < moment - TALKER_LOST),
        and_(state.in_([ChatState.CLOSING, ChatState.KEPT]), Chat.ended_at < moment - TO_DECIDE),
        and_(state == ChatState.ENDED, Chat.ended_at < moment - ROW_STAYS),
    ]
    if not schedule().is_open(moment):
        overdue.append(and_(waits, taken.is_(None)))
    found = db.session.scalars(
        select(Chat)
        .where(or_(*overdue))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for chat in found:
        _settle(chat, moment)
    db.session.flush()
    return len(found)


def _settle(chat: Chat, moment: datetime) -> None:
    match chat.state:
        case ChatState.ENDED:
            if chat.taken_at is not None and chat.filed is None:  # nobody said how it ended
                chat.topic, chat.filed = Topic.OTHER.value, ContactEnd.ANSWERED.value
                count(chat)
            db.session.delete(chat)
        case ChatState.KEPT:
            end(chat, Ending.KEPT)
        case ChatState.CLOSING:
            end(chat, Ending.LOST)
        case _ if chat.taken_at is not None and chat.taken_at < moment - LONGEST_TALK:
            close(chat)
        case ChatState.TALKING:
            chat.state = ChatState.WAITING
            chat.version += 1
        case _:
            lost = chat.seen_at < moment - (WAITER_LOST if chat.taken_at is None else TALKER_LOST)
            end(chat, Ending.LOST if lost else Ending.SHUT)


def _resume(chat: Chat) -> None:
    """A sign of life of the agent."""
    if chat.state == ChatState.WAITING:
        chat.state = ChatState.TALKING
        chat.version += 1
    if chat.state == ChatState.TALKING:
        chat.agent_seen_at = now()
    db.session.flush()


def _one(which: ColumnElement[bool], *, lock: bool) -> Chat | None:
    wanted = select(Chat).where(which)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(wanted).one_or_none()
