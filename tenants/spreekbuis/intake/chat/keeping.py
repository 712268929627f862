"""A talk becomes a case, because the visitor asks for it, in the visitor's own request."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import local_date
from spreekbuis.directory.catalogue import CATEGORIES, Channel, ContactEnd, ReporterClass
from spreekbuis.directory.models import Organisation
from spreekbuis.errors import Invalid
from spreekbuis.intake.chat.keys import key_of_visitor, lock_words
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.states import ChatState, TalkIsOver, erase
from spreekbuis.intake.chat.talk import VISITOR, said
from spreekbuis.intake.front.registering import Heard, register, served
from spreekbuis.vault.sealing import context, derive
from spreekbuis.web.dates import day_in_words, hour_in_words


@dataclass(frozen=True, slots=True)
class Wish:
    """Where the visitor wants the talk to be kept. `duty`: the visitor read what the duty to speak means."""

    organisation: Organisation
    category: str
    reporter_class: ReporterClass
    language: str
    duty: bool


def keep(chat: Chat, token: str, wish: Wish) -> None:
    """Open a case with the talk, sealed to the desk of the entity; the lines go. Twice is once. `chat` is locked.

    Only the visitor has the words of its receipt. Raises Invalid when the entity takes no reports or the duty was not
    read; TalkIsOver when there is nothing left to keep.
    """
    if chat.state == ChatState.KEPT:
        return
    if chat.state != ChatState.CLOSING:
        raise TalkIsOver
    if CATEGORIES[wish.category].duty_to_speak and not wish.duty:
        raise Invalid({"duty": _l("Lees wat spreekplicht betekent, en kies of je verdergaat.")})
    if served(wish.organisation) is None:
        raise Invalid({"entity": _l("Deze entiteit neemt nu geen meldingen aan. Kies een andere.")})
    key = key_of_visitor(chat, token)
    once = derive(key.secret, context("chat, kept")).hex()
    heard = Heard(
        once, Channel.CHAT, wish.organisation, wish.category, ContactEnd.CASE,
        transcript(chat, token), reporter_class=wish.reporter_class, language=wish.language, duty_explained=wish.duty,
    )  # fmt: skip
    code = register(heard).code
    assert code is not None, "the entity is served"
    words = lock_words(chat, token, " ".join(code.words(wish.language)))
    erase(chat)
    chat.state, chat.words_locked, chat.agent_id = ChatState.KEPT, words, None


def transcript(chat: Chat, token: str) -> str:
    """The whole talk as one text, with who said what and when."""
    lines = [_("Gesprek in de chat op %(day)s", day=day_in_words(local_date(chat.joined_at)))]
    lines += [
        f"{hour_in_words(line.at)} {_('Ik') if line.author == VISITOR else _('Medewerker')}: {line.text}"
        for line in said(key_of_visitor(chat, token))
    ]
    return "\n\n".join(lines)
