"""The page on which the central office sets when the chat is open."""

from collections.abc import Mapping
from datetime import date, time, timedelta

from babel.dates import get_day_names
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import today
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, type_text
from spreekbuis.intake.chat.hours import WEEKDAYS, close_on, open_again_on, schedule, set_hours
from spreekbuis.web.access import Permission
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after
from spreekbuis.web.room import Room

room = Room("chat_hours")

SAVED = notice_after("chat-hours-saved", _l("De openingsuren zijn bewaard."))


@room.in_nav(_l("Chaturen"))
@room.get("/central/chat-hours", Permission.EDIT_SERVICE)
def hours() -> ResponseReturnValue:
    return _page(None, {})


@room.post("/central/chat-hours", Permission.EDIT_SERVICE)
def save() -> ResponseReturnValue:
    form, week = Reading(), {}
    for day in WEEKDAYS:
        begin, end = form.raw(f"from_{day}"), form.raw(f"until_{day}")
        if begin or end:
            try:
                week[day] = time.fromisoformat(begin), time.fromisoformat(end)
            except ValueError:
                form.errors[f"until_{day}"] = _("Vul twee uren in, zoals 09:00 en 17:00, of geen van beide.")
    valid_from = form.day("valid_from") or today()
    try:
        form.check()
        set_hours(valid_from, week)
    except Invalid as invalid:
        db.session.rollback()
        return _page(request.form, invalid.errors), invalid.status
    return redirect(url_for("chat_hours.hours", done=SAVED), 303)


@room.post("/central/chat-hours/closed-days", Permission.EDIT_SERVICE)
def close() -> ResponseReturnValue:
    form = Reading()
    day = form.day("day") or today()
    try:
        form.check()
        close_on(day)
    except Invalid as invalid:
        db.session.rollback()
        return _page(None, {**invalid.errors, **form.errors}), invalid.status
    return redirect(url_for("chat_hours.hours", done=SAVED), 303)


@room.post("/central/chat-hours/closed-days/open", Permission.EDIT_SERVICE)
def open_again() -> ResponseReturnValue:
    form = Reading()
    day = form.day("day")
    if day is not None:
        open_again_on(day)
    return redirect(url_for("chat_hours.hours", done=SAVED), 303)


def _page(typed: Mapping[str, str] | None, errors: Mapping[str, type_text]) -> str:
    set_hours_, names = schedule(), get_day_names("wide", locale=get_locale())
    values = typed if typed is not None else _values(today())
    return render_template(
        "chat/hours.html",
        values=values, errors=errors, days=[(day, names[day - 1]) for day in WEEKDAYS],
        later=[day_in_words(day) for day in sorted(set_hours_.weeks) if day > today()],
        closed=[
            (day.isoformat(), day_in_words(day, "full")) for day in sorted(set_hours_.closed) if day >= today()
        ],
        tomorrow=(today() + timedelta(days=1)).isoformat(),
    )  # fmt: skip


def _values(day: date) -> dict[str, str]:
    """What holds on a day, as fields."""
    values = {"valid_from": day.isoformat()}
    for weekday, (begin, end) in schedule().week_of(day).items():
        values |= {f"from_{weekday}": f"{begin:%H:%M}", f"until_{weekday}": f"{end:%H:%M}"}
    return values
