"""Many reports at one entity in one hour: a script, or a bad day. Who is quick waits, who wrote a story does not.

Nobody's address is known or kept, so nobody can be told apart by where a report comes from. What tells a person apart
is time: a story takes minutes to write. On a calm hour nothing is asked. When more reports came within the last hour
than an entity ever gets from people, a form must have been open for a while before it can be sent: up to five minutes,
after which it goes through like any other. A report is never refused, and what was typed stays on the page.

The same holds for texts that are saved to go on later, and for the queue of the chat, where it takes a minute at most.

Counted in Redis: how many reports an entity got, and since when a form is open, under a keyed hash of its secret. When
Redis is away nobody waits: that a report arrives matters more.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Final
from uuid import UUID

from flask import current_app
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from redis import Redis, RedisError

from spreekbuis.clock import now
from spreekbuis.errors import Conflict
from spreekbuis.settings import Settings

CALM: Final = 30
"""Reports in an hour at one entity that pass at once. The largest has a few on a day."""
EACH_MORE: Final = timedelta(seconds=10)
"""How much longer a form must have been open, for each report above that."""
LONGEST: Final = timedelta(minutes=5)
_BUCKET: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)
_FORGET: Final = timedelta(hours=3)
"""A form that was open for longer counts as one that was opened now."""


class TooQuick(Conflict):
    """The form was not open for long enough, in an hour with very many of them. Sending it later works."""

    status = 429
    title = _l("Er komen hier nu heel veel meldingen binnen")

    def __init__(self, left: timedelta) -> None:
        self.seconds = max(1, round(left.total_seconds()))
        super().__init__(advice=self._advice(-(-self.seconds // 60)))

    @staticmethod
    def _advice(minutes: int) -> str:
        return ngettext(
            "We hebben je melding nog niet ontvangen. Wat je schreef, staat hieronder. Wacht %(num)s minuut en druk"
            " dan opnieuw op ‘Verstuur’.",
            "We hebben je melding nog niet ontvangen. Wat je schreef, staat hieronder. Wacht %(num)s minuten en druk"
            " dan opnieuw op ‘Verstuur’.",
            minutes,
        )


class SavedTooQuick(TooQuick):
    title = _l("Er worden hier nu heel veel teksten bewaard")

    @staticmethod
    def _advice(minutes: int) -> str:
        return ngettext(
            "Je tekst is nog niet bewaard. Hij staat hieronder. Wacht %(num)s minuut en bewaar hem dan opnieuw.",
            "Je tekst is nog niet bewaard. Hij staat hieronder. Wacht %(num)s minuten en bewaar hem dan opnieuw.",
            minutes,
        )


class JoinedTooQuick(TooQuick):
    title = _l("Het is nu erg druk")

    @staticmethod
    def _advice(_minutes: int) -> str:
        return gettext("Wacht een minuut op deze pagina en druk dan opnieuw op ‘Start de chat’.")


class Pace:
    """Of all processes together."""

    def __init__(self, redis_url: str, secret: str) -> None:
        self._redis = Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2)
        self._key = hmac.digest(secret.encode(), b"pace of reports", hashlib.sha256)

    def opened(self, token: str) -> None:
        """Note that the form with this secret is open, when that was not noted before."""
        try:
            self._redis.set(self._name(token), int(now().timestamp()), ex=_FORGET, nx=True)
        except RedisError:
            return

    def pass_through(self, token: str, entity_id: UUID) -> None:
        """Count a report that is sent now, or raise TooQuick."""
        bucket = int(now().timestamp() // _BUCKET.total_seconds())
        names = [f"reports:{entity_id}:{bucket - back}" for back in range(_HOUR // _BUCKET)]
        try:
            since, *counted = self._read(token, names)
            _check(since, needed(sum(int(count or 0) for count in counted)), TooQuick)
            pipeline = self._redis.pipeline()
            pipeline.incr(names[0])
            pipeline.expire(names[0], _HOUR + _BUCKET)
            pipeline.execute()
        except RedisError:
            return

    def wait_for(self, token: str, shortest: timedelta, refusal: type[TooQuick]) -> None:
        """Raise `refusal` when the form was not open for `shortest`."""
        try:
            _check(self._read(token, [])[0], shortest, refusal)
        except RedisError:
            return

    def _read(self, token: str, names: list[str]) -> list[bytes | None]:
        """Since when the form is open, from now on when that was not noted; and the counts of these names."""
        asked = self._redis.pipeline(transaction=False)
        asked.set(self._name(token), int(now().timestamp()), ex=_FORGET, nx=True)
        asked.mget([self._name(token), *names])
        found: list[bytes | None] = asked.execute()[1]
        return found

    def _name(self, token: str) -> str:
        return f"form-open:{hmac.digest(self._key, token.encode(), hashlib.sha256).hex()}"


def needed(reports: int) -> timedelta:
    """How long a form must have been open, after so many reports within the hour."""
    return min(LONGEST, max(0, reports - CALM) * EACH_MORE)


def _check(since: bytes | None, shortest: timedelta, refusal: type[TooQuick]) -> None:
    if shortest <= timedelta(0):
        return  # whatever the clocks of two machines say
    left = shortest - timedelta(seconds=now().timestamp() - int(since or 0))
    if left > timedelta(0):
        raise refusal(left)


def pace() -> Pace:
    """The one of this process."""
    settings: Settings = current_app.extensions["settings"]
    made = current_app.extensions.get("pace") or Pace(settings.redis_url, settings.secret_key)
    found: Pace = current_app.extensions.setdefault("pace", made)
    return found
