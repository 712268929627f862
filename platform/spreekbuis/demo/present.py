"""Cases of the present, in two entities: every state; deadlines that are late, today, soon and far off."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from spreekbuis.cases.deadlines import add_months
from spreekbuis.cases.procedures import State
from spreekbuis.clock import BRUSSELS, local_date
from spreekbuis.demo import texts
from spreekbuis.demo.scripts import Act, CaseScript, Step
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, Outcome, ReporterClass

OMG, ZORG = "OVO990001", "OVO990002"
WEB, PHONE, EMAIL = Channel.WEB, Channel.PHONE, Channel.EMAIL
HIDDEN, TRUSTED, NAMED = Identity.ANONYMOUS, Identity.CONFIDENTIAL, Identity.NAMED
REPORT, QUESTION = CaseKind.REPORT, CaseKind.INFORMATION_REQUEST
EARLIER = timedelta(minutes=30)
"""How long before the present moment the last things happened: on the same day, and not in the future."""


@dataclass
class _Past:
    """A case as it is told in the table: received how many days ago, and what happened how many days ago."""

    ovo_code: str
    category: str
    channel: Channel
    identity: Identity
    received: int
    question: bool = False
    happened: list[tuple[int, Step]] = field(default_factory=list)

    def then(self, days_ago: int, act: Act, **what: Any) -> "_Past":
        said = _SAID.get(act, ("",))
        text = said[len(self.happened) % len(said)]
        self.happened.append((days_ago, Step(_NEVER, act, text, **what)))
        return self

    def known(self, days_ago: int) -> "_Past":
        """Acknowledged and marked."""
        kind = QUESTION if self.question else REPORT
        return self.then(days_ago, Act.ACKNOWLEDGE).then(days_ago, Act.MARK_KIND, kind=kind)

    def worked_on(self, acknowledged: int, since: int) -> "_Past":
        return self.known(acknowledged).then(since, Act.STATE, state=State.IN_PROGRESS)

    def closed(self, days_ago: int, outcome: Outcome, score: int | None = None) -> "_Past":
        self.then(days_ago, Act.CLOSE, outcome=outcome)
        return self if score is None else self.then(days_ago - 2, Act.SCORE, score=score)


_NEVER = datetime.min.replace(tzinfo=UTC)
"""Stands in a step until the plan is made for a moment."""
_SAID = {
    Act.ACKNOWLEDGE: texts.ACKNOWLEDGEMENTS, Act.CONTACT: texts.CONTACT_NOTES, Act.NOTE: texts.NOTES,
    Act.WRITE: texts.WRITTEN, Act.REPLY: texts.REPLIES, Act.FEEDBACK: texts.FEEDBACK,
    Act.CLOSE: texts.CLOSINGS,
}  # fmt: skip


def _earlier(moment: datetime) -> datetime:
    """A little before `moment`, on the same day in Brussels also just after midnight."""
    midnight = datetime.combine(local_date(moment), time(0), BRUSSELS)
    return max(moment - EARLIER, midnight.astimezone(UTC))


def plan(moment: datetime) -> list[CaseScript]:
    """The cases as they stand at `moment`."""
    return [
        _script(f"present/{number}", past, _earlier(moment))
        for number, past in enumerate(_cases(local_date(moment)), 1)
    ]


def _cases(today: date) -> list[_Past]:
    three_months = (today - add_months(today, -3)).days  # the term for feedback after an acknowledgement
    return [
        # not acknowledged: two are late, one is due today, two soon
        _Past(OMG, "bullying", WEB, HIDDEN, 9),
        _Past(ZORG, "fraud", WEB, TRUSTED, 8),
        _Past(OMG, "fraud", WEB, TRUSTED, 7),
        _Past(ZORG, "burnout", PHONE, NAMED, 6),
        _Past(OMG, "conflict", PHONE, NAMED, 5),
        _Past(ZORG, "leak", WEB, HIDDEN, 3),
        _Past(OMG, "aggression", EMAIL, TRUSTED, 1),
        _Past(OMG, "conflict_of_interest", WEB, HIDDEN, 0),
        # a first conversation is due within 10 days: late, today, soon
        _Past(OMG, "discrimination", EMAIL, TRUSTED, 12).known(8),
        _Past(ZORG, "conflict", EMAIL, NAMED, 10).known(6),
        _Past(OMG, "burnout", EMAIL, NAMED, 8).known(5),
        # feedback is due: late, today, soon
        _Past(OMG, "bribery", WEB, TRUSTED, three_months + 5).worked_on(three_months + 2, three_months),
        _Past(ZORG, "conflict_of_interest", WEB, HIDDEN, three_months + 4).worked_on(three_months, 60),
        _Past(OMG, "bullying", PHONE, TRUSTED, three_months + 1).worked_on(three_months - 3, 60),
        # under way
        _Past(OMG, "theft", WEB, HIDDEN, 30).worked_on(26, 20).then(15, Act.WRITE).then(1, Act.REPLY),
        _Past(ZORG, "bribery", EMAIL, NAMED, 45)
        .worked_on(40, 38)
        .then(20, Act.WRITE)
        .then(20, Act.STATE, state=State.WAITING_FOR_REPORTER),
        _Past(ZORG, "bullying", WEB, HIDDEN, 40).worked_on(36, 33).then(30, Act.NOTE).then(2, Act.WRITE),
        _Past(ZORG, "sexual_behaviour", PHONE, TRUSTED, 25)
        .worked_on(24, 20)
        .then(18, Act.CONTACT, channel=PHONE)
        .then(6, Act.CONTACT, channel=PHONE),
        _Past(OMG, "ict_misuse", WEB, HIDDEN, 20).worked_on(18, 15),
        _Past(OMG, "safety", PHONE, NAMED, 15).worked_on(14, 13).then(9, Act.CONTACT, channel=EMAIL),
        _Past(OMG, "private", PHONE, TRUSTED, 18).worked_on(17, 16),
        _Past(ZORG, "aggression", EMAIL, NAMED, 33).worked_on(30, 28).then(21, Act.CONTACT, channel=PHONE),
        _Past(OMG, "leak", WEB, HIDDEN, 70).worked_on(66, 60).then(50, Act.NOTE).then(3, Act.FEEDBACK),
        _Past(OMG, "other", EMAIL, NAMED, 4, question=True).known(3),
        _Past(ZORG, "conflict", PHONE, NAMED, 2, question=True).known(1),
        # closed, the first still without a score
        _Past(OMG, "fraud", WEB, HIDDEN, 85).worked_on(80, 70).closed(4, Outcome.PARTLY_FOUNDED),
        _Past(ZORG, "conflict", PHONE, NAMED, 60).worked_on(58, 50).closed(20, Outcome.FOUNDED, 5),
        _Past(OMG, "burnout", EMAIL, TRUSTED, 50).worked_on(48, 40).closed(12, Outcome.INSUFFICIENT, 4),
        _Past(ZORG, "bullying", WEB, TRUSTED, 80).worked_on(77, 70).closed(30, Outcome.UNFOUNDED, 3),
        _Past(OMG, "other", EMAIL, NAMED, 15, question=True).known(14).closed(13, Outcome.ANSWERED, 5),
    ]


def _script(key: str, past: _Past, moment: datetime) -> CaseScript:
    stories = texts.QUESTIONS if past.question else texts.REPORTS[past.category]
    steps = tuple(
        replace(step, at=moment - timedelta(days=days) + timedelta(minutes=number))
        for number, (days, step) in enumerate(past.happened, 1)
    )
    return CaseScript(
        key=key,
        ovo_code=past.ovo_code,
        at=moment - timedelta(days=past.received),
        kind=CaseKind.NEW,
        category=past.category,
        channel=past.channel,
        identity=past.identity,
        reporter_class=ReporterClass.STAFF,
        text=stories[past.received % len(stories)],
        steps=steps,
    )


def waits_for_a_score(script: CaseScript) -> bool:
    """Whether it came through the website and is closed without a score: its reporter can still give one."""
    acts = {step.act for step in script.steps}
    return script.channel is WEB and Act.CLOSE in acts and Act.SCORE not in acts
