"""The key of a chat: random, locked with the visitor's cookie, and passed on to the agent by the visitor's own request.

The server has neither the cookie nor the agent's session when nobody asks for a page. So nothing in the database
opens a line, and an agent has no key before the visitor was there.
"""

from uuid import UUID

from sqlalchemy import select

from spreekbuis.cases.keys import Reader
from spreekbuis.db.scope import PLATFORM_ID
from spreekbuis.db.session import db
from spreekbuis.identity.models import AccountKey
from spreekbuis.intake.chat.models import Chat
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import CannotOpen, context, derive, lock, new_secret, open_sealed, seal, unlock


def new_key(chat_id: UUID, token: str) -> bytes:
    """A key for a chat that begins, as the row keeps it."""
    return lock(_of_visitor(token), new_secret(), context("chat key, for the visitor", chat_id))


def key_of_visitor(chat: Chat, token: str) -> ContentKey:
    """The key of a chat that has not ended, opened with the visitor's secret. Raises CannotOpen."""
    if chat.key_locked is None:
        raise CannotOpen("the chat has ended")
    bound_to = context("chat key, for the visitor", chat.id)
    return ContentKey(PLATFORM_ID, chat.id, unlock(_of_visitor(token), chat.key_locked, bound_to))


def key_of_agent(chat: Chat, agent: Reader) -> ContentKey | None:
    """The key of the talk that this agent has; None until the visitor's browser has passed it on."""
    if chat.key_for_agent is None:
        return None
    try:
        secret = open_sealed(agent.secret, chat.key_for_agent, _binding(chat.id, agent.account_id))
    except CannotOpen:  # the agent's own key is another one since
        return None
    return ContentKey(PLATFORM_ID, chat.id, secret)


def pass_key(chat: Chat, token: str) -> bool:
    """Give the key to the agent who took it, in a request of the visitor. False: the agent has no key pair."""
    assert chat.agent_id is not None, "somebody took it"
    public_key = db.session.scalar(
        select(AccountKey.public_key).where(AccountKey.account_id == chat.agent_id)
    )
    if public_key is None:
        return False
    secret = key_of_visitor(chat, token).secret
    chat.key_for_agent = seal(public_key, secret, _binding(chat.id, chat.agent_id))
    return True


def lock_words(chat: Chat, token: str, words: str) -> bytes:
    """The words of a receipt, for the visitor's eyes until they are written down."""
    return lock(_of_visitor(token), words.encode(), context("chat words", chat.id))


def words_of(chat: Chat, token: str) -> list[str]:
    """The words of the receipt; none when the visitor has them. Raises CannotOpen."""
    if chat.words_locked is None:
        return []
    return unlock(_of_visitor(token), chat.words_locked, context("chat words", chat.id)).decode().split()


def _of_visitor(token: str) -> bytes:
    return derive(token.encode(), context("chat, in a browser"))


def _binding(chat_id: UUID, account_id: UUID) -> bytes:
    return context("chat key, for the agent", chat_id, account_id)
