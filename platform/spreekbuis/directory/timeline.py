"""What something was, and when: periods that follow each other without overlap. Pure; nothing here knows a database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from spreekbuis.directory.models import OPEN_ENDED, SINCE_EVER

DAY = timedelta(days=1)


class OrganisationState(NamedTuple):
    """What the register says of an organisation in one period."""

    name: str
    also_known_as: str
    kbo: str | None
    policy_area: str


class AreaState(NamedTuple):
    """What the register says of a policy area in one period."""

    name: str


type_state = OrganisationState | AreaState


@dataclass(frozen=True, slots=True)
class Period:
    """`state` held from `first` to `last`, both inclusive."""

    first: date
    last: date
    state: type_state


Timeline = tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All that the register knows of one organisation or policy area."""

    periods: Timeline = ()
    successors: tuple[str, ...] = ()
    """Of a policy area that ended: the areas into which it went over."""
    code_is_real: bool = True
    """Of an organisation: whether its code was published."""

    def as_json(self) -> dict[str, Any]:
        return {
            "periods": [[p.first.isoformat(), p.last.isoformat(), *p.state] for p in self.periods],
            "successors": list(self.successors),
            "code_is_real": self.code_is_real,
        }

    @classmethod
    def of_json(cls, given: dict[str, Any]) -> "History":
        periods = tuple(
            Period(
                date.fromisoformat(first),
                date.fromisoformat(last),
                AreaState(*state) if len(state) == 1 else OrganisationState(*state),
            )
            for first, last, *state in given["periods"]
        )
        return cls(periods, tuple(given["successors"]), given["code_is_real"])


class ChangeKind(StrEnum):
    """What a reader of a proposal looks for."""

    NEW = "new"
    RENAMED = "renamed"
    ABBREVIATED = "abbreviated"
    MOVED = "moved"
    KBO_CHANGED = "kbo_changed"
    ENDED = "ended"
    REAPPEARED = "reappeared"
    SUCCEEDED = "succeeded"
    """It is said, or no longer said, into which areas a policy area went over."""


class Difference(NamedTuple):
    """One thing that is otherwise from `day` on; a side is empty where there was, or will be, nothing."""

    kind: ChangeKind
    day: date
    before: str
    after: str


def on(timeline: Timeline, day: date) -> type_state | None:
    """The state on `day`; None when it did not exist."""
    return next((p.state for p in timeline if p.first <= day <= p.last), None)


def joined(periods: Iterable[Period]) -> Timeline:
    """The periods in order, those that follow each other with the same state as one."""
    found: list[Period] = []
    for period in sorted(periods, key=lambda p: p.first):
        before = found[-1] if found else None
        if before and before.state == period.state and before.last + DAY == period.first:
            found[-1] = replace(before, last=period.last)
        else:
            found.append(period)
    return tuple(found)


def until(timeline: Timeline, last: date) -> Timeline:
    """What it was up to and including `last`; nothing after."""
    return tuple(replace(p, last=min(p.last, last)) for p in timeline if p.first <= last)


def told_from(timeline: Timeline, told: Timeline) -> Timeline:
    """What was known up to the first day that `told` speaks about, and from then on what `told` says."""
    first = told[0].first
    known = until(timeline, first - DAY) if first > SINCE_EVER else ()
    return joined((*known, *told))


def moved(timeline: Timeline, area: str, since: date, to: str) -> Timeline:
    """An organisation in policy area `area` is in `to` from `since` on."""
    found: list[Period] = []
    for p in timeline:
        if isinstance(p.state, OrganisationState) and p.state.policy_area == area and p.last >= since:
            if p.first < since:
                found.append(replace(p, last=since - DAY))
            found.append(Period(max(p.first, since), p.last, p.state._replace(policy_area=to)))
        else:
            found.append(p)
    return joined(found)


def gap(timeline: Timeline, period: Period) -> date | None:
    """The first day of `period` on which there was no `timeline`; None when it covers the period."""
    day = period.first
    for p in timeline:
        if p.first <= day <= p.last:
            if p.last >= period.last:
                return None
            day = p.last + DAY
    return day


_FIELDS = {
    "name": ChangeKind.RENAMED,
    "also_known_as": ChangeKind.ABBREVIATED,
    "policy_area": ChangeKind.MOVED,
    "kbo": ChangeKind.KBO_CHANGED,
}


def differences(before: History, after: History) -> list[Difference]:
    """What changes, each on the first day on which it is otherwise, in the order of those days."""
    found: list[Difference] = []
    gone: dict[ChangeKind, tuple[str, str]] = {}
    for day, old, new in _stretches(before.periods, after.periods):
        here = {kind: texts for kind, *texts in _compared(old, new, first=not before.periods)}
        for kind, (was, becomes) in here.items():
            if gone.get(kind) != (was, becomes):
                found.append(Difference(kind, day, was, becomes))
        gone = {kind: (was, becomes) for kind, (was, becomes) in here.items()}
    if before.successors != after.successors:
        day = after.periods[-1].last if after.periods else OPEN_ENDED
        words = ", ".join(before.successors), ", ".join(after.successors)
        found.append(Difference(ChangeKind.SUCCEEDED, day, *words))
    return found


def _stretches(
    before: Timeline, after: Timeline
) -> Iterator[tuple[date, type_state | None, type_state | None]]:
    """The days from which something may be otherwise, with both states. Costs the periods once."""
    begins = {p.first for p in (*before, *after)}
    ends = {p.last + DAY for p in (*before, *after) if p.last < OPEN_ENDED}
    for day in sorted(begins | ends):
        yield day, on(before, day), on(after, day)


def _compared(
    old: type_state | None, new: type_state | None, *, first: bool
) -> Iterator[tuple[ChangeKind, str, str]]:
    if old is None and new is not None:
        yield (ChangeKind.NEW if first else ChangeKind.REAPPEARED), "", new.name
    elif new is None and old is not None:
        yield ChangeKind.ENDED, old.name, ""
    elif old is not None and new is not None:
        for field, kind in _FIELDS.items():
            was, becomes = getattr(old, field, None), getattr(new, field, None)
            if was != becomes:
                yield kind, was or "", becomes or ""
