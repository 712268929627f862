"""When the chat is open: per weekday, with dates, in Brussels time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import BRUSSELS, today
from spreekbuis.db.session import db
from spreekbuis.errors import Invalid, type_text
from spreekbuis.intake.chat.models import ChatClosedDay, ChatHours

WEEKDAYS = range(1, 8)
"""As in ISO 8601: 1 is Monday."""
type_week = Mapping[int, tuple[time, time]]
USUAL: type_week = {day: (time(9), time(17)) for day in range(1, 6)}
"""Until the central office sets its own hours."""
LOOK_AHEAD = 400
"""Days in which the next opening is looked for."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The weeks by the day from which they hold, and the days on which the chat is closed."""

    weeks: Mapping[date, type_week]
    closed: frozenset[date]

    def week_of(self, day: date) -> type_week:
        """The week in force on a day."""
        begun = [since for since in self.weeks if since <= day]
        return self.weeks[max(begun)] if begun else USUAL

    def hours_of(self, day: date) -> tuple[time, time] | None:
        """From and until on a day, or None when it is closed."""
        return None if day in self.closed else self.week_of(day).get(day.isoweekday())

    def is_open(self, moment: datetime) -> bool:
        here = moment.astimezone(BRUSSELS)
        hours = self.hours_of(here.date())
        return hours is not None and hours[0] <= here.time() < hours[1]

    def next_opening(self, moment: datetime) -> datetime | None:
        """When it opens next after `moment`; None when that is not in sight."""
        here = moment.astimezone(BRUSSELS)
        for ahead in range(LOOK_AHEAD):
            day = here.date() + timedelta(days=ahead)
            hours = self.hours_of(day)
            if hours is not None and (ahead or here.time() < hours[0]):
                return datetime.combine(day, hours[0], BRUSSELS)
        return None


def schedule() -> Schedule:
    """The hours as they stand. Two queries on small tables."""
    weeks = {row.valid_from: _week(row.hours) for row in db.session.scalars(select(ChatHours))}
    return Schedule(weeks, frozenset(db.session.scalars(select(ChatClosedDay.day))))


def _week(hours: Mapping[str, list[str]]) -> type_week:
    return {int(day): (time.fromisoformat(a), time.fromisoformat(b)) for day, (a, b) in hours.items()}


def set_hours(valid_from: date, week: type_week) -> None:
    """The hours from a day on, in the place of those that were set for that very day. Raises Invalid."""
    errors: dict[str, type_text] = {
        f"until_{day}": _l("Het einde komt na het begin.")
        for day, (begin, end) in week.items()
        if end <= begin
    }
    if valid_from < today():
        errors["valid_from"] = _l("Kies vandaag of een dag die nog komt.")
    if errors:
        raise Invalid(errors)
    hours = {str(day): [f"{begin:%H:%M}", f"{end:%H:%M}"] for day, (begin, end) in week.items()}
    db.session.execute(
        insert(ChatHours)
        .values(valid_from=valid_from, hours=hours)
        .on_conflict_do_update(index_elements=["valid_from"], set_={"hours": hours})
    )
    record(Audited.CHAT_HOURS_CHANGED, None, {"valid_from": valid_from.isoformat()})


def close_on(day: date) -> None:
    """Close the chat on a day. Twice is once. Raises Invalid for a day that has passed."""
    if day < today():
        raise Invalid({"day": _l("Kies vandaag of een dag die nog komt.")})
    db.session.execute(insert(ChatClosedDay).values(day=day).on_conflict_do_nothing())
    record(Audited.CHAT_HOURS_CHANGED, None, {"closed": day.isoformat()})


def open_again_on(day: date) -> None:
    """Take a closed day back."""
    db.session.execute(delete(ChatClosedDay).where(ChatClosedDay.day == day))
    record(Audited.CHAT_HOURS_CHANGED, None, {"open_again": day.isoformat()})
