"""Words for what a list or a page of cases shows. What a list repeats is made once per language and kept."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeVar

from babel.dates import format_date, format_datetime
from flask_babel import LazyString, get_locale, gettext, ngettext

from spreekbuis.cases.procedures import STATE_LABELS, STEP_LABELS, State
from spreekbuis.clock import BRUSSELS, local_date
from spreekbuis.directory.catalogue import (
    CASE_KIND_LABELS,
    CHANNEL_LABELS,
    EVERY_CATEGORY,
    IDENTITY_LABELS,
    OUTCOME_LABELS,
    REPORTER_CLASS_LABELS,
)

E = TypeVar("E", bound=StrEnum)

SOON = 3
"""Calendar days: nearer than this a deadline is marked."""

STATE_TAGS: dict[str, str] = {
    State.NEW: "new",
    State.ACKNOWLEDGED: "full",
    State.IN_PROGRESS: "half",
    State.WAITING_FOR_REPORTER: "wait",
    State.FEEDBACK_GIVEN: "ok",
    State.REFERRED: "wait",
    State.CLOSED: "off",
}


class Due(NamedTuple):
    """A deadline as a tag: the kind of the macro `due`, and the words."""

    kind: str
    text: str


class Labels(NamedTuple):
    """Every label that the pages of cases need, by code, in one language."""

    category: Mapping[str, str]
    channel: Mapping[str, str]
    kind: Mapping[str, str]
    state: Mapping[str, str]
    step: Mapping[str, str]
    identity: Mapping[str, str]
    reporter_class: Mapping[str, str]
    outcome: Mapping[str, str]


def labels() -> Labels:
    """The labels in the language of this request."""
    return labels_in(language())


def due(due_on: date | None, today: date) -> Due | None:
    """How far away a deadline is: "2 dagen te laat", "Vandaag", "Morgen", "Nog 3 dagen", "24 nov, nog 5
    dagen"."""
    return None if due_on is None else due_in(language(), due_on, today)


def day(moment: date | datetime, today: date) -> str:
    """ "3 nov", with the year when it is not this one. A moment is shown as its Belgian day."""
    return day_in(language(), moment, today)


def day_in(language: str, moment: date | datetime, today: date) -> str:
    """`day`, for a list that looks the language up once."""
    shown = local_date(moment) if isinstance(moment, datetime) else moment
    return _day(language, shown, shown.year != today.year)


def minute(moment: datetime) -> str:
    """ "3 nov 2026, 20:14", Belgian time."""
    return format_datetime(moment.astimezone(BRUSSELS), "d MMM y, HH:mm", locale=language())


def iso(moment: datetime) -> str:
    """For `<time datetime>`."""
    return moment.astimezone(BRUSSELS).isoformat(timespec="minutes")


def language() -> str:
    """The language of this request."""
    return str(get_locale())


@lru_cache(maxsize=8)
def labels_in(_language: str) -> Labels:
    """`labels`, for a page that looks the language up once."""

    def words(texts: Mapping[E, LazyString]) -> dict[str, str]:
        return {code.value: str(text) for code, text in texts.items()}

    return Labels(
        category={code: str(category.label) for code, category in EVERY_CATEGORY.items()},
        channel=words(CHANNEL_LABELS),
        kind=words(CASE_KIND_LABELS),
        state=words(STATE_LABELS),
        step=words(STEP_LABELS),
        identity=words(IDENTITY_LABELS),
        reporter_class=words(REPORTER_CLASS_LABELS),
        outcome=words(OUTCOME_LABELS),
    )


@lru_cache(maxsize=4096)
def _day(locale: str, shown: date, with_year: bool) -> str:
    return format_date(shown, "d MMM y" if with_year else "d MMM", locale=locale)


@lru_cache(maxsize=4096)
def due_in(locale: str, due_on: date, today: date) -> Due:
    """`due`, for a list that looks the language up once."""
    left = (due_on - today).days
    if left < 0:
        return Due("late", ngettext("%(num)s dag te laat", "%(num)s dagen te laat", -left))
    if left == 0:
        return Due("today", gettext("Vandaag"))
    if left == 1:
        return Due("soon", gettext("Morgen"))
    if left <= SOON:
        return Due("soon", ngettext("Nog %(num)s dag", "Nog %(num)s dagen", left))
    shown = _day(locale, due_on, due_on.year != today.year)
    return Due("ok", ngettext("%(day)s, nog %(num)s dag", "%(day)s, nog %(num)s dagen", left, day=shown))
