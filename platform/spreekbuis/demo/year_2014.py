"""The year 2014 as a plan that adds up to the published figures: 87 cases, 9 of them information requests;
of the 78 reports 66 on wellbeing, 10 on integrity and 2 private; 91 calls and 183 e-mails; satisfaction 4.18.

Only those totals are history (figures_history.csv). How they spread over entities, months, categories and
outcomes is made up, the same every time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from spreekbuis.cases.procedures import State
from spreekbuis.clock import BRUSSELS
from spreekbuis.demo import texts
from spreekbuis.demo.scripts import Act, CaseScript, Step
from spreekbuis.directory.catalogue import WORK_RELATED, CaseKind, Channel, Identity, Outcome

T = TypeVar("T")

REPORTS = {
    "bullying": 21, "conflict": 18, "burnout": 12, "aggression": 5, "sexual_behaviour": 5,
    "discrimination": 5,
    "conflict_of_interest": 3, "fraud": 2, "theft": 2, "bribery": 1, "ict_misuse": 1, "leak": 1,
    "private": 2,
}  # fmt: skip
QUESTIONS = {"conflict": 3, "conflict_of_interest": 3, "bullying": 2, "other": 1}
OUTCOMES = {
    Outcome.FOUNDED: 22, Outcome.PARTLY_FOUNDED: 15, Outcome.UNFOUNDED: 11, Outcome.INSUFFICIENT: 14,
    Outcome.NOT_EXAMINED: 16,
}  # fmt: skip
SCORES = {5: 18, 4: 25, 3: 5, 2: 2}
"""50 scores that add up to 209: a mean of 4.18."""
CALLS, MAILS = 91, 183
FIRST_CALLS = 31
"""Cases that began with a call; the others began with an e-mail."""
ACKNOWLEDGED_LATE = 4

ENTITLED = {
    "OVO990001": 14, "OVO000100": 13, "OVO990006": 12, "OVO990002": 11, "OVO990004": 9, "OVO990007": 8,
    "OVO990003": 7, "OVO000096": 6, "OVO990009": 4, "OVO990008": 3,
}  # fmt: skip
"""The entities that were entitled in 2014 and how many of the cases were theirs."""

_MONTHS = (9, 8, 9, 7, 7, 7, 3, 4, 9, 10, 8, 6)
"""Cases received in each month: fewer in summer."""
LAST_MOMENT = datetime(2014, 12, 31, 16, tzinfo=BRUSSELS)
"""Every contact took place before this."""


@dataclass
class _Draft:
    """A case while it is being dealt its parts."""

    number: int
    kind: CaseKind
    category: str
    at: datetime
    ovo_code: str
    channel: Channel
    contacts: list[Channel]
    outcome: Outcome
    score: int | None


def plan() -> list[CaseScript]:
    """The cases of 2014 in the order of their receipt. Always the same."""
    chance = Random(2014)  # noqa: S311 (a plan, not a secret)
    drafts = _drafts(chance)
    slow = {draft.number for draft in chance.sample(drafts, ACKNOWLEDGED_LATE)}
    return [_script(draft, draft.number in slow, chance) for draft in drafts]


def _drafts(chance: Random) -> list[_Draft]:
    """Deal kinds, moments, entities, channels, outcomes and scores so that each sum is exact."""
    kinds = [(CaseKind.REPORT, c) for c in _each(REPORTS)] + [
        (CaseKind.INFORMATION_REQUEST, c) for c in _each(QUESTIONS)
    ]
    channels = [Channel.PHONE] * FIRST_CALLS + [Channel.EMAIL] * (len(kinds) - FIRST_CALLS)
    entities, outcomes = _each(ENTITLED), _each(OUTCOMES)
    for pile in (kinds, channels, entities, outcomes):
        chance.shuffle(pile)
    moments = sorted(_moment(month, chance) for month, n in enumerate(_MONTHS, 1) for _ in range(n))
    drafts = [
        _Draft(
            number, kind, category, at, ovo_code, channel, [],
            outcomes.pop() if kind is CaseKind.REPORT else Outcome.ANSWERED, None,
        )
        for number, ((kind, category), at, ovo_code, channel) in enumerate(
            zip(kinds, moments, entities, channels, strict=True), 1
        )
    ]  # fmt: skip
    later = [Channel.PHONE] * (CALLS - FIRST_CALLS) + [Channel.EMAIL] * (MAILS - (len(kinds) - FIRST_CALLS))
    for channel in later:
        chance.choice(drafts).contacts.append(channel)
    for draft, score in zip(chance.sample(drafts, sum(SCORES.values())), _each(SCORES), strict=True):
        draft.score = score
    return drafts


def _script(draft: _Draft, slow: bool, chance: Random) -> CaseScript:
    opened_as = draft.kind if chance.random() < 0.5 else CaseKind.NEW
    question = draft.kind is CaseKind.INFORMATION_REQUEST
    acknowledged = draft.at + (timedelta(days=chance.randint(8, 11)) if slow else _pause(chance, 0, 5))
    steps = [Step(acknowledged, Act.ACKNOWLEDGE, chance.choice(texts.ACKNOWLEDGEMENTS))]
    if opened_as is CaseKind.NEW:
        steps.append(Step(draft.at + timedelta(minutes=20), Act.MARK_KIND, kind=draft.kind))
    for channel in draft.contacts:
        at = min(draft.at + _pause(chance, 1, 45), _during(draft.at, LAST_MOMENT, chance))
        steps.append(Step(at, Act.CONTACT, chance.choice(texts.CONTACT_NOTES), channel=channel))
    busy_until = max(step.at for step in steps)
    if not question:
        steps.append(Step(acknowledged + timedelta(hours=1), Act.STATE, state=State.IN_PROGRESS))
    closed = max(busy_until, acknowledged + timedelta(hours=1)) + _pause(chance, 1, 5 if question else 35)
    closing = chance.choice(texts.ANSWERS if question else texts.CLOSINGS)
    steps.append(Step(closed, Act.CLOSE, closing, outcome=draft.outcome))
    if draft.score is not None:
        steps.append(Step(closed + _pause(chance, 1, 9), Act.SCORE, score=draft.score))
    return CaseScript(
        key=f"2014/{draft.number}",
        ovo_code=draft.ovo_code,
        at=draft.at,
        kind=opened_as,
        category=draft.category,
        channel=draft.channel,
        identity=chance.choices(list(Identity), (3, 5, 2))[0],
        reporter_class=chance.choices(list(WORK_RELATED), (84, 4, 5, 2, 4, 1))[0],
        text=chance.choice(texts.QUESTIONS if question else texts.REPORTS[draft.category]),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
    )


def _each(counts: dict[T, int]) -> list[T]:
    """Every key as often as it counts."""
    return [key for key, n in counts.items() for _ in range(n)]


def _moment(month: int, chance: Random) -> datetime:
    """A working moment in the month; January begins when the entities have enrolled."""
    while True:
        at = datetime(
            2014, month, chance.randint(1, 28), chance.randint(9, 16), chance.randint(0, 59), tzinfo=BRUSSELS
        )
        if at.weekday() < 5 and (month, at.day) >= (1, 8):
            return at


def _pause(chance: Random, least: int, most: int) -> timedelta:
    """Some days and some minutes."""
    return timedelta(days=chance.randint(least, most), minutes=chance.randint(30, 90))


def _during(start: datetime, end: datetime, chance: Random) -> datetime:
    """A moment after the first hour and before `end`."""
    return start + timedelta(hours=1) + (end - start - timedelta(hours=1)) * chance.random()
