"""Days and hours in words, remembered: babel takes as long for one as the database for a query."""

from datetime import date, datetime
from functools import lru_cache
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_time
from flask_babel import get_locale

from spreekbuis.clock import BRUSSELS

type_style = Literal["long", "full"]


def day_in_words(day: date, style: type_style = "long") -> str:
    """ "21 november 2026"; `full` with the day of the week."""
    return _day(get_locale(), day, style)


def hour_in_words(moment: datetime) -> str:
    """ "20:14", Belgian time."""
    return format_time(moment.astimezone(BRUSSELS), "short", locale=get_locale())


@lru_cache(maxsize=4096)
def _day(locale: Locale | None, day: date, style: type_style) -> str:
    return format_date(day, style, locale=locale)
