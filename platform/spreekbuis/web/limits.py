"""How long a sign-in holds, each limit with its reason: the one place that decides, and what the pages tell."""

from datetime import timedelta
from typing import Final, NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Limit(NamedTuple):
    """A time after which something is asked again, and why, for whoever it is asked of."""

    lasts: timedelta
    because: LazyString

    @property
    def minutes(self) -> int:
        return self.lasts // timedelta(minutes=1)

    @property
    def hours(self) -> int:
        return self.lasts // timedelta(hours=1)


IDLE: Final = Limit(timedelta(minutes=30), _l("Zo leest niemand mee op een computer die open blijft staan."))
"""A session that did nothing for this long has ended."""
WHOLE: Final = Limit(
    timedelta(hours=10),
    _l("Dat is een lange werkdag. Wie je sessie steelt, heeft er de dag erna niets meer aan."),
)
"""Then everybody signs in again, also who worked all the time."""
HALF_WAY: Final = Limit(
    timedelta(minutes=15), _l("Tussen je wachtwoord en je code is er tijd om je app in te stellen.")
)
"""Between the password and the second factor, set-up included."""
CONFIRMED: Final = Limit(
    timedelta(minutes=10), _l("Zo kan niemand anders dit doen in een browser die je even liet openstaan.")
)
"""For a dangerous act the second factor was given no longer ago than this."""
