"""The pages of the visitor: wait, talk, and say what becomes of it."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import local_date, now
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    WORK_RELATED,
    ReporterClass,
)
from spreekbuis.directory.register import LONGEST_SEARCH
from spreekbuis.errors import Conflict, DomainError, Invalid, type_text
from spreekbuis.intake.chat import live, upkeep
from spreekbuis.intake.chat.hours import schedule
from spreekbuis.intake.chat.keeping import Wish, keep
from spreekbuis.intake.chat.keys import key_of_visitor, words_of
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.proposing import category_options, choices, proposal_of, read_place
from spreekbuis.intake.chat.queue import (
    MOST_WAITING,
    chat_of,
    join,
    leave,
    position_of,
    stop_talk,
    visit,
    waiting,
)
from spreekbuis.intake.chat.states import (
    TO_DECIDE,
    ChatFull,
    ChatShut,
    ChatState,
    Ending,
    TalkIsOver,
    begun,
    ends_at,
)
from spreekbuis.intake.chat.talk import LONGEST_LINE, VISITOR, Said, said, say
from spreekbuis.intake.pace import TooQuick, pace
from spreekbuis.intake.story import new_token, posted_token
from spreekbuis.web.access import Audience
from spreekbuis.web.cookies import CHAT, read_cookie, write_cookie
from spreekbuis.web.dates import day_in_words, hour_in_words
from spreekbuis.web.door import hash_token
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

__all__ = ["room", "upkeep"]  # upkeep defines the job

room = Room("chat")

GONE = {
    Ending.LEFT: _l("Je hebt de chat verlaten. Alles wat er stond, is gewist."),
    Ending.LOST: _l("We hoorden je een tijd niet meer. Alles wat er stond, is gewist."),
    Ending.SHUT: _l("De chat sloot voor iemand je kon helpen. Het spijt ons."),
    Ending.KEPT: _l("Je gesprek staat in een dossier. Met je toegangscode lees je ons antwoord."),
}
KEEP_FIELDS = ("entity", "ovo", "category", "reporter_class", "duty")


@room.get("/chat", Audience.EVERYONE)
def chat() -> ResponseReturnValue:
    return _page({}, {})


@room.get("/chat/part", Audience.EVERYONE)
def part() -> ResponseReturnValue:
    """What changes by itself on the page of a visitor who waits or talks."""
    there = visit(_token())
    return render_template("chat/part.html", **_shown(there)) if there and _goes_on(there) else ""


@room.get("/chat/events", Audience.EVERYONE)
def events() -> ResponseReturnValue:
    there = visit(_token())
    return live.news_for_visitor(hash_token(_token()), hold=there is not None and _goes_on(there))


@room.post("/chat", Audience.EVERYONE)
def join_queue() -> ResponseReturnValue:
    """Whoever has a chat in another tab comes back to that one."""
    token = _token()
    there = chat_of(token)
    if there is None or there.state == ChatState.ENDED:
        token = posted_token() or new_token()
    try:
        join(token, language())
    except (ChatFull, ChatShut, TooQuick) as refused:
        db.session.rollback()
        return _page({"token": token}, {}, refused), refused.status
    response = redirect(url_for("chat.chat"), 303)
    write_cookie(response, CHAT, token)
    return response


@room.post("/chat/lines", Audience.EVERYONE)
def send_line() -> ResponseReturnValue:
    form, there = Reading(), visit(_token())
    once, text = form.once(), form.text("text", longest=LONGEST_LINE, lines=True)
    if there is None:
        return redirect(url_for("chat.chat"), 303)
    if form.raw("show"):  # without JavaScript: what came in since
        return _page({"text": text}, {})
    try:
        form.check()
        if not begun(there):
            raise TalkIsOver
        say(there, key_of_visitor(there, _token()), VISITOR, text, once)
    except Invalid as invalid:
        return _page({"text": text}, invalid.errors), invalid.status
    except Conflict as refused:
        return _page({"text": text}, {}, refused), refused.status
    return redirect(url_for("chat.chat", _anchor="text"), 303)


@room.post("/chat/stop", Audience.EVERYONE)
def stop() -> ResponseReturnValue:
    there = chat_of(_token(), lock=True)
    if there is not None:
        stop_talk(there)
    return redirect(url_for("chat.chat"), 303)


@room.post("/chat/leave", Audience.EVERYONE)
def leave_chat() -> ResponseReturnValue:
    there = chat_of(_token(), lock=True)
    if there is not None:
        leave(there)
    return redirect(url_for("chat.chat"), 303)


@room.post("/chat/keep", Audience.EVERYONE)
def keep_talk() -> ResponseReturnValue:
    there, form = chat_of(_token(), lock=True), Reading()
    if there is None:
        return redirect(url_for("chat.chat"), 303)
    try:
        if there.state == ChatState.CLOSING:
            keep(there, _token(), _wish(form))
    except Invalid as invalid:
        db.session.rollback()
        typed = {name: clean(request.form.get(name, "")) for name in KEEP_FIELDS}
        return _page(typed, {**invalid.errors, **form.errors}), invalid.status
    return redirect(url_for("chat.chat"), 303)


def _token() -> str:
    return read_cookie(CHAT) or ""


def _wish(form: Reading) -> Wish:
    """Where the visitor wants it kept. Raises Invalid."""
    organisation, category = read_place(form, _("Vul in waar je werkt."))
    reporter_class = ReporterClass(form.one_of("reporter_class", WORK_RELATED) or ReporterClass.STAFF)
    form.check()
    assert organisation is not None
    return Wish(organisation, category, reporter_class, language(), bool(form.raw("duty")))


def _goes_on(there: Chat) -> bool:
    return there.state in (ChatState.WAITING, ChatState.TALKING)


def _page(
    typed: Mapping[str, str], errors: Mapping[str, type_text], refused: DomainError | None = None
) -> str:
    there = visit(_token())
    if there is not None and there.state == ChatState.CLOSING:
        return _closing_page(there, typed, errors, refused)
    if there is not None and there.state == ChatState.KEPT:
        return render_template("chat/kept.html", words=words_of(there, _token()))
    if there is not None and _goes_on(there):
        return render_template(
            "chat/talk.html", **_shown(there), typed=typed, errors=errors, refused=refused, once=new_id(),
            longest=LONGEST_LINE,
        )  # fmt: skip
    return _door_page(there, typed, refused)


def _door_page(there: Chat | None, typed: Mapping[str, str], refused: DomainError | None) -> str:
    """Outside: open or shut, and what became of the last chat."""
    hours, moment = schedule(), now()
    opening = None if hours.is_open(moment) else hours.next_opening(moment)
    today, token = hours.hours_of(local_date(moment)), typed.get("token") or new_token()
    pace().opened(token)
    return render_template(
        "chat/door.html",
        gone=GONE[Ending(there.ending)] if there and there.ending else "",
        shut=not hours.is_open(moment),
        opens=_("%(day)s om %(time)s uur", day=day_in_words(opening.date(), "full"), time=hour_in_words(opening))
        if opening else "",
        until=f"{today[1]:%H:%M}" if today else "",
        full=waiting() >= MOST_WAITING, waiting=waiting(), refused=refused, kept_text=typed.get("text", ""),
        quick=isinstance(refused, TooQuick), token=token,
    )  # fmt: skip


def _closing_page(
    there: Chat, typed: Mapping[str, str], errors: Mapping[str, type_text], refused: DomainError | None
) -> str:
    assert there.ended_at is not None
    key = key_of_visitor(there, _token())
    proposal = None if typed else proposal_of(there, key)
    if proposal is not None:
        typed = asdict(proposal)
    return render_template(
        "chat/closing.html",
        messages=_messages(said(key)), values=typed, proposed=proposal is not None, errors=errors, refused=refused,
        until=hour_in_words(there.ended_at + TO_DECIDE), found=choices(typed.get("entity", "")),
        longest=LONGEST_SEARCH,
        categories=category_options(),
        reporter_classes=list(WORK_RELATED.items()),
        duty=typed.get("category") in {c.code for c in CATEGORIES.values() if c.duty_to_speak},
    )  # fmt: skip


def _shown(there: Chat) -> dict[str, object]:
    """What the part needs."""
    until = ends_at(there)
    lines = said(key_of_visitor(there, _token())) if begun(there) else []
    return {
        "state": "talking" if begun(there) else there.state, "alone": there.state == ChatState.WAITING,
        "position": position_of(there) if there.state == ChatState.WAITING else 0,
        "messages": _messages(lines), "until": hour_in_words(until) if until else "",
        "part_url": url_for("chat.part"), "events_url": url_for("chat.events"), "page_url": url_for("chat.chat"),
    }  # fmt: skip


def _messages(lines: list[Said]) -> list[dict[str, object]]:
    return [
        {
            "id": f"l{line.id.hex}", "who": _("Jij") if line.author == VISITOR else _("Medewerker"),
            "kind": "own" if line.author == VISITOR else "", "when": hour_in_words(line.at),
            "iso": line.at.isoformat(timespec="minutes"), "text": line.text,
        }
        for line in lines
    ]  # fmt: skip
