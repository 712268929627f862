"""What the reporter decided and asked, for a document: consents with their dates, talks that were asked, and minutes
with their state."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from spreekbuis.cases import shown
from spreekbuis.cases.changes import Happened
from spreekbuis.cases.consent import SHARING_LABELS, Sharing, knows_who
from spreekbuis.cases.dialogue import MessageKind, ShownMessage
from spreekbuis.cases.minutes import MINUTES_LABELS, MinutesState, minutes_in
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.cases.wishes import WAY_LABELS, Way, titles_of
from spreekbuis.clock import local_date
from spreekbuis.db.session import db
from spreekbuis.documents.blocks import Block, Facts, Heading
from spreekbuis.web.dates import day_in_words


def reporter_blocks(case: Case, messages: Sequence[ShownMessage]) -> Iterator[Block]:
    """Consents, talks and minutes, each when there are any. One query."""
    consents = _consents(case)
    if consents:
        yield Heading(_("Mag de naam van de melder gedeeld worden?"))
        yield Facts(consents)
    talks = [
        (shown.minute(m.at), _("Gesprek gevraagd: %(how)s", how=str(WAY_LABELS[Way(m.how)]).lower()))
        for m in messages
        if m.kind == MessageKind.MEETING and m.how
    ]
    minutes = [
        (shown.minute(one.message.at), _minutes(one.message, one.state)) for one in minutes_in(messages)
    ]
    if talks or minutes:
        yield Heading(_("Gesprekken die gevraagd of vastgelegd zijn"))
        yield Facts([*talks, *minutes])


def said_as(who: str, message: ShownMessage, states: Mapping[UUID, str]) -> str:
    """Who said it, what it is, and of minutes their state."""
    return ", ".join(filter(None, (who, *titles_of(message), states.get(message.id, ""))))


def states_of(messages: Sequence[ShownMessage]) -> dict[UUID, str]:
    """The state of each record among the messages, in words."""
    return {one.message.id: _minutes(one.message, one.state) for one in minutes_in(messages)}


def _minutes(message: ShownMessage, state: MinutesState) -> str:
    if message.agreed_at is None:
        return str(MINUTES_LABELS[state])
    return _("De melder ging akkoord op %(day)s", day=_day(message.agreed_at))


def _consents(case: Case) -> list[tuple[str, str]]:
    """Each kind of sharing: yes or no, and since when that was said."""
    last: dict[Any, datetime] = {}
    for kind, to, at in db.session.execute(
        select(CaseEvent.kind, CaseEvent.data["to"].astext, CaseEvent.at)
        .where(
            CaseEvent.entity_id == case.entity_id,
            CaseEvent.case_id == case.id,
            CaseEvent.kind.in_((Happened.CONSENT, Happened.NAMED_BY_LAW)),
        )
        .order_by(CaseEvent.at, CaseEvent.id)
    ):
        last[kind, to] = at
    if not last and not knows_who(case):
        return []
    return [(str(SHARING_LABELS[to]), _answer(case, to, last)) for to in Sharing]


def _answer(case: Case, to: Sharing, last: Mapping[Any, datetime]) -> str:
    said = last.get((Happened.CONSENT, to))
    if to in case.shares_with:
        answer = _("Ja, gezegd op %(day)s", day=_day(said)) if said else _("Ja")
    else:
        answer = (
            _("Nee, ingetrokken op %(day)s", day=_day(said))
            if said
            else _("Nee, niet gevraagd of niet gegeven")
        )
    told = last.get((Happened.NAMED_BY_LAW, to))
    if told is None:
        return answer
    return _(
        "%(answer)s. De wet vraagt het: de melder is verwittigd op %(day)s", answer=answer, day=_day(told)
    )


def _day(moment: datetime) -> str:
    return day_in_words(local_date(moment))
