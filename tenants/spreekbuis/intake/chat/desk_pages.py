"""The pages of the front office: take the next visitor, talk, file how it ended."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.keys import Reader
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CONTACT_END_LABELS, TOPIC_LABELS, ContactEnd, Topic
from spreekbuis.errors import Conflict, DomainError, Invalid, type_text
from spreekbuis.identity.keys import my_secret
from spreekbuis.intake.chat import live
from spreekbuis.intake.chat.keys import key_of_agent
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.proposing import category_options, choices, proposal_of, propose, read_place
from spreekbuis.intake.chat.queue import attend, finish, maybe_gone, take_next, waiting
from spreekbuis.intake.chat.states import NobodyWaits, TalkIsOver, begun, ends_at
from spreekbuis.intake.chat.talk import AGENT, LONGEST_LINE, said, say
from spreekbuis.web.access import Permission
from spreekbuis.web.dates import hour_in_words
from spreekbuis.web.door import the_account
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import LANGUAGES, notice_after
from spreekbuis.web.room import Room

room = Room("chat_desk")

FILED = notice_after("chat-filed", _l("Het gesprek is afgesloten en geteld."))
PROPOSED = notice_after(
    "chat-proposed", _l("De bezoeker ziet je voorstel na het gesprek, en kan het nog veranderen.")
)
NOBODY = notice_after("chat-nobody", NobodyWaits.title, "calm")
ENDS = (ContactEnd.ANSWERED, ContactEnd.REFERRED)
"""How a talk that nobody keeps can end; one that is kept is counted with its case."""


class NotThereYet(Conflict):
    """The visitor's browser has not passed the key on."""

    title = _l("De ander is nog niet verbonden")
    advice = _l("Wacht enkele tellen en verstuur je tekst dan opnieuw.")


@room.in_nav(_l("Chat"))
@room.get("/front/chat", Permission.ANSWER_CONTACTS)
def desk() -> ResponseReturnValue:
    return _page("", {})


@room.get("/front/chat/part", Permission.ANSWER_CONTACTS)
def part() -> ResponseReturnValue:
    """What changes by itself on the page."""
    return render_template("chat/desk_part.html", **_shown())


@room.get("/front/chat/events", Permission.ANSWER_CONTACTS)
def events() -> ResponseReturnValue:
    attend(the_account().id)
    return live.news_for_agent(the_account().id)


@room.post("/front/chat/take", Permission.ANSWER_CONTACTS)
def take() -> ResponseReturnValue:
    try:
        take_next(the_account().id)
    except NobodyWaits:
        return redirect(url_for("chat_desk.desk", done=NOBODY), 303)
    return redirect(url_for("chat_desk.desk"), 303)


@room.post("/front/chat/lines", Permission.ANSWER_CONTACTS)
def send_line() -> ResponseReturnValue:
    form, chat = Reading(), attend(the_account().id)
    once, text = form.once(), form.text("text", longest=LONGEST_LINE, lines=True)
    if form.raw("show"):  # without JavaScript: what came in since
        return _page(text, {})
    try:
        form.check()
        if chat is None or not begun(chat):
            raise TalkIsOver
        key = key_of_agent(chat, _reader())
        if key is None:
            raise NotThereYet
        say(chat, key, AGENT, text, once)
    except Invalid as invalid:
        return _page(text, invalid.errors), invalid.status
    except Conflict as refused:
        return _page(text, {}, refused), refused.status
    return redirect(url_for("chat_desk.desk", _anchor="text"), 303)


@room.post("/front/chat/propose", Permission.ANSWER_CONTACTS)
def propose_case() -> ResponseReturnValue:
    """Propose where the visitor may keep the talk; the visitor decides once it is over."""
    form, chat = Reading(), attend(the_account().id)
    organisation, category = read_place(form, _("Vul in bij welke entiteit dit hoort."))
    try:
        form.check()
        if chat is None or not begun(chat):
            raise TalkIsOver
        key = key_of_agent(chat, _reader())
        if key is None:
            raise NotThereYet
        assert organisation is not None, "the form was checked"
        propose(chat, key, organisation, category)
    except Invalid as invalid:
        return _page("", invalid.errors), invalid.status
    except Conflict as refused:
        return _page("", {}, refused), refused.status
    return redirect(url_for("chat_desk.desk", done=PROPOSED), 303)


@room.post("/front/chat/finish", Permission.ANSWER_CONTACTS)
def finish_talk() -> ResponseReturnValue:
    form = Reading()
    topic, ended = form.one_of("topic", TOPIC_LABELS), form.one_of("filed", ENDS)
    try:
        form.check()
    except Invalid as invalid:
        db.session.rollback()
        return _page("", invalid.errors), invalid.status
    finish(the_account().id, Topic(topic or Topic.OTHER), ContactEnd(ended or ContactEnd.ANSWERED))
    return redirect(url_for("chat_desk.desk", done=FILED), 303)


def _reader() -> Reader:
    return Reader(the_account().id, my_secret())


def _page(text: str, errors: Mapping[str, type_text], refused: DomainError | None = None) -> str:
    return render_template(
        "chat/desk.html",
        **_shown(), text=text, errors=errors, refused=refused, once=new_id(), longest=LONGEST_LINE,
        place=_place(), places=category_options(), found=choices(clean(request.form.get("entity", ""))),
        topics=list(TOPIC_LABELS.items()), ends=[(e, CONTACT_END_LABELS[e]) for e in ENDS],
    )  # fmt: skip


def _place() -> dict[str, str]:
    """What was typed of a proposal, else what was proposed before."""
    typed = {
        name: clean(request.form[name]) for name in ("entity", "ovo", "category") if name in request.form
    }
    chat = attend(the_account().id)
    key = key_of_agent(chat, _reader()) if chat is not None and begun(chat) else None
    proposal = proposal_of(chat, key) if chat is not None and key is not None else None
    return typed or (asdict(proposal) if proposal else {})


def _shown() -> dict[str, object]:
    chat = attend(the_account().id)
    there = {
        "waiting": waiting(), "part_url": url_for("chat_desk.part"), "events_url": url_for("chat_desk.events"),
        "page_url": url_for("chat_desk.desk"),
    }  # fmt: skip
    if chat is None:
        return {**there, "state": "free", "messages": []}
    return {**there, **_talk(chat)}


def _talk(chat: Chat) -> dict[str, object]:
    if not begun(chat):
        return {"state": "over", "messages": []}
    key, until = key_of_agent(chat, _reader()), ends_at(chat)
    return {
        "state": "talking", "connected": key is not None, "maybe_gone": maybe_gone(chat),
        "language": LANGUAGES[chat.language], "until": hour_in_words(until) if until else "",
        "messages": [
            {
                "id": f"l{line.id.hex}", "who": _("Jij") if line.author == AGENT else _("Bezoeker"),
                "kind": "own" if line.author == AGENT else "", "when": hour_in_words(line.at),
                "iso": line.at.isoformat(timespec="minutes"), "text": line.text,
            }
            for line in (said(key) if key else [])
        ],
    }  # fmt: skip
