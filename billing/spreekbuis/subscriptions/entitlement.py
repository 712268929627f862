"""Is this entity entitled on this day, and why? One answer, made of dated data.

The service year is the calendar year. The rule that holds in it decides (see scope_rules): in 2013
everybody; from 2014 who is affiliated with GDPB on the day itself, or whose contribution for that year is
paid or waived.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ARRAY, CompoundSelect, Uuid, any_, bindparam, null, select, union_all

from spreekbuis.db.session import rows
from spreekbuis.directory.models import OPEN_ENDED
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus, Rule, ScopeRule
from spreekbuis.web.dates import day_in_words

ONE_DAY = timedelta(days=1)


class Basis(StrEnum):
    """What decided."""

    EVERYBODY = "everybody"
    AFFILIATED = "affiliated"
    PAID = "paid"
    WAIVED = "waived"
    DUE = "due"
    """Not affiliated, and the contribution is not paid (or not yet asked)."""
    NOT_AFFILIATED = "not_affiliated"
    """In a year in which only affiliated entities were served."""
    NO_SERVICE = "no_service"
    """Before the first rule."""


ENTITLING = frozenset({Basis.EVERYBODY, Basis.AFFILIATED, Basis.PAID, Basis.WAIVED})


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer for one day. `until` is the last day of the unbroken stretch of entitled days that holds
    it, as far as known today; None when not entitled, or when no end is known."""

    entitled: bool
    basis: Basis
    on: date
    until: date | None

    @property
    def service_year(self) -> int:
        return self.on.year

    @property
    def last_day(self) -> date:
        """`until` as the date that the entity carries."""
        return self.until or OPEN_ENDED

    @property
    def because(self) -> str:
        """The sentence on screen, in the reader's language."""
        year, day = str(self.service_year), day_in_words(self.on)
        match self.basis:
            case Basis.EVERYBODY:
                return _("In %(year)s is Spreekbuis gratis voor elke entiteit.", year=year)
            case Basis.AFFILIATED:
                return _(
                    "De entiteit is op %(day)s aangesloten bij GDPB. Een bijdrage is niet nodig.", day=day
                )
            case Basis.PAID:
                return _("De bijdrage voor %(year)s is betaald.", year=year)
            case Basis.WAIVED:
                return _("De bijdrage voor %(year)s is kwijtgescholden.", year=year)
            case Basis.DUE:
                return _(
                    "De entiteit is op %(day)s niet aangesloten bij GDPB,"
                    " en de bijdrage voor %(year)s is niet betaald.",
                    day=day,
                    year=year,
                )
            case Basis.NOT_AFFILIATED:
                return _(
                    "In %(year)s is Spreekbuis er alleen voor entiteiten die aangesloten zijn bij GDPB.",
                    year=year,
                )
            case Basis.NO_SERVICE:
                return _("In %(year)s bestond Spreekbuis nog niet.", year=year)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of affiliation, both inclusive; `until` None is open."""

    since: date
    until: date | None

    def holds(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that decides for one entity: rules by first year, affiliations, contributions by service
    year."""

    rules: Mapping[int, Rule]
    periods: Sequence[Period] = ()
    contributions: Mapping[int, ContributionStatus] = field(default_factory=dict)

    def rule_in(self, year: int) -> Rule | None:
        first = max((since for since in self.rules if since <= year), default=None)
        return None if first is None else self.rules[first]

    def affiliated_on(self, day: date) -> bool:
        return any(period.holds(day) for period in self.periods)

    def on(self, day: date) -> Entitlement:
        """The answer for `day`."""
        basis = self.basis_on(day)
        entitled = basis in ENTITLING
        return Entitlement(entitled, basis, day, self._end(day) if entitled else None)

    def basis_on(self, day: date) -> Basis:
        """What decides on `day`: `on` without its end, which takes longest to find."""
        rule = self.rule_in(day.year)
        if rule is None:
            return Basis.NO_SERVICE
        if rule is Rule.EVERYBODY:
            return Basis.EVERYBODY
        if self.affiliated_on(day):
            return Basis.AFFILIATED
        if rule is Rule.AFFILIATED:
            return Basis.NOT_AFFILIATED
        match self.contributions.get(day.year):
            case ContributionStatus.PAID:
                return Basis.PAID
            case ContributionStatus.WAIVED:
                return Basis.WAIVED
            case _:
                return Basis.DUE

    def _end(self, day: date) -> date | None:
        """Last day of the entitled stretch that holds the entitled `day`: from the end of what entitles one
        day to the day after it, as long as that one is entitled too."""
        while True:
            stretch = self._stretch_end(day)
            if stretch is None or stretch == OPEN_ENDED:
                return None
            day = stretch + ONE_DAY
            if self.basis_on(day) not in ENTITLING:
                return stretch

    def _stretch_end(self, day: date) -> date | None:
        """Last day on which what entitles `day` goes on to entitle; None: it has no end."""
        later = min((since for since in self.rules if since > day.year), default=None)
        last_of_rule = None if later is None else date(later - 1, 12, 31)
        basis = self.basis_on(day)
        if basis is Basis.EVERYBODY:
            return last_of_rule
        if basis is Basis.AFFILIATED:
            ends = [period.until for period in self.periods if period.holds(day)]
            known = [end for end in ends if end is not None]
            end = max(known) if len(known) == len(ends) else None
            return min((d for d in (end, last_of_rule) if d is not None), default=None)
        return date(day.year, 12, 31)


def rules() -> dict[int, Rule]:
    """The rules by the first service year in which they hold."""
    return {from_year: Rule(rule) for from_year, rule in rows(_RULES)}


_RULES = select(ScopeRule.from_year, ScopeRule.rule)
_WANTED = bindparam("wanted", type_=ARRAY(Uuid))
_PERIODS_AND_CONTRIBUTIONS: CompoundSelect[*tuple[Any, ...]] = union_all(
    select(Affiliation.entity_id, Affiliation.valid_from, Affiliation.valid_until, null(), null()).where(
        Affiliation.entity_id == any_(_WANTED)
    ),
    select(Contribution.entity_id, null(), null(), Contribution.service_year, Contribution.status).where(
        Contribution.entity_id == any_(_WANTED)
    ),
).order_by("valid_from")


def standings(entity_ids: Iterable[UUID], by_year: Mapping[int, Rule] | None = None) -> dict[UUID, Standing]:
    """What decides for each of these entities, in one query, and one more when the rules (`by_year`) are
    not given. The scope must be theirs, or the office's."""
    wanted = list(entity_ids)
    if by_year is None:
        by_year = rules()
    periods: dict[UUID, list[Period]] = {entity_id: [] for entity_id in wanted}
    contributions: dict[UUID, dict[int, ContributionStatus]] = {entity_id: {} for entity_id in wanted}
    for entity_id, since, until, year, status in rows(_PERIODS_AND_CONTRIBUTIONS, {"wanted": wanted}):
        if year is None:
            periods[entity_id].append(Period(since, until))
        else:
            contributions[entity_id][year] = ContributionStatus(status)
    return {i: Standing(by_year, periods[i], contributions[i]) for i in wanted}


def standing(entity_id: UUID) -> Standing:
    """What decides for one entity."""
    return standings([entity_id])[entity_id]


def entitlement(entity_id: UUID, on: date) -> Entitlement:
    """Whether the entity is entitled on `on`, until when, and why."""
    return standing(entity_id).on(on)
