"""Compare a file with the register: which histories change, and what in the file contradicts itself or the register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as _l

from spreekbuis.directory.models import OPEN_ENDED, SINCE_EVER
from spreekbuis.directory.register_file import Fault, FaultyFile, Line, RegisterFile
from spreekbuis.directory.register_history import Histories
from spreekbuis.directory.timeline import (
    DAY,
    History,
    OrganisationState,
    Period,
    Timeline,
    gap,
    moved,
    on,
    told_from,
    until,
)
from spreekbuis.errors import type_text


@dataclass(frozen=True, slots=True)
class Change:
    """The history of one organisation or policy area before and after."""

    code: str
    before: History
    after: History


@dataclass(frozen=True, slots=True)
class Compared:
    """What changes, by code; whoever is not here stays as it was."""

    areas: list[Change]
    organisations: list[Change]


def compare(
    file: RegisterFile, areas: Histories, organisations: Histories, day: date, *, complete: bool
) -> Compared:
    """What the register becomes. What the file gives no date holds from `day` on; with `complete`, an organisation of
    the register that is not in the file ends the day before.

    What the register knew before the first day that the file speaks about stays; what it knew after is replaced. A line
    without dates that says what is known of `day` changes nothing, so that plans stay. Who is in an area that goes over
    into one other moves along. Raises FaultyFile when somebody would be in an area that does not exist.
    """
    areas_after = {
        **areas,
        **{code: _area(areas.get(code, History()), lines, day) for code, lines in file.areas.items()},
    }
    after = dict(organisations)
    for code, lines in file.organisations.items():
        known = organisations.get(code)
        history = known or History(code_is_real=lines[0].code_is_real)
        after[code] = History(_told(history.periods, lines, day), code_is_real=history.code_is_real)
    if complete and file.organisations:
        for code in organisations.keys() - file.organisations.keys():
            if on(organisations[code].periods, day):
                after[code] = _with(after[code], until(after[code].periods, day - DAY))
    _move_along(areas_after, after)
    _refuse_lost(file, areas_after, after)
    return Compared(_changed(areas, areas_after), _changed(organisations, after))


def _changed(before: Histories, after: Histories) -> list[Change]:
    return [
        Change(code, before.get(code, History()), after[code])
        for code in sorted(after)
        if before.get(code) != after[code]
    ]


def _with(history: History, periods: Timeline) -> History:
    return History(periods, history.successors, history.code_is_real)


def _area(known: History, lines: list[Line], day: date) -> History:
    return History(_told(known.periods, lines, day), lines[-1].successors or known.successors)


def _told(known: Timeline, lines: list[Line], day: date) -> Timeline:
    """The periods after what these lines tell."""
    if len(lines) == 1 and lines[0].first is None:
        return _undated(known, lines[0], day)
    periods = []
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        first = line.first or (known[0].first if known else SINCE_EVER)
        last = line.last or (following.first - DAY if following and following.first else OPEN_ENDED)
        periods.append(Period(first, last, line.state))
    return told_from(known, tuple(periods))


def _undated(known: Timeline, line: Line, day: date) -> Timeline:
    if known and line.last and line.last < day:
        return until(known, line.last)
    if line.last is None and on(known, day) == line.state:
        return known
    first = SINCE_EVER if line.last and line.last < day else day
    return told_from(known, (Period(first, line.last or OPEN_ENDED, line.state),))


def _move_along(areas: Histories, organisations: Histories) -> None:
    """Whoever is in an area when it goes over into one other is in that other from then on."""
    ends = sorted(
        (history.periods[-1].last, code, history.successors[0])
        for code, history in areas.items()
        if len(history.successors) == 1 and history.periods[-1].last < OPEN_ENDED
    )
    for last, area, heir in ends:
        for code, history in organisations.items():
            if any(_in(period, area) and period.last > last for period in history.periods):
                organisations[code] = _with(history, moved(history.periods, area, last + DAY, heir))


def _in(period: Period, area: str) -> bool:
    return isinstance(period.state, OrganisationState) and period.state.policy_area == area


def _refuse_lost(file: RegisterFile, areas: Mapping[str, History], organisations: Histories) -> None:
    """Each organisation must be, on each of its days, in an area that exists then; each successor must exist."""
    faults = []
    for code, history in areas.items():
        for heir in history.successors:
            if heir not in areas:
                faults.append(
                    Fault(
                        _line(file.areas, code),
                        _l("Beleidsdomein %(code)s staat niet in het register.", code=heir),
                    )
                )
    for code, history in organisations.items():
        for period in history.periods:
            assert isinstance(period.state, OrganisationState)
            area = period.state.policy_area
            line = _line(file.organisations, code)
            if area not in areas:
                faults.append(
                    Fault(line, _l("Beleidsdomein %(code)s staat niet in het register.", code=area))
                )
            elif (day := gap(areas[area].periods, period)) is not None:
                faults.append(Fault(line, _lost(code, area, day)))
    if faults:
        raise FaultyFile(sorted(faults, key=lambda fault: fault.line))


def _lost(code: str, area: str, day: date) -> type_text:
    words = {"ovo": code, "code": area, "day": day.isoformat()}
    return _l("%(ovo)s zou op %(day)s in beleidsdomein %(code)s zijn, dat dan niet bestaat.", **words)


def _line(lines: Mapping[str, list[Line]], code: str) -> int:
    return lines[code][0].number if code in lines else 0
