"""Is this entity entitled on this day, and why? The rules without a database, then with the real ones."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.clock import at
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.subscriptions.entitlement import ENTITLING, Basis, Period, Standing, entitlement, rules
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus, Rule
from spreekbuis.subscriptions.scope_rules import RULES, load_scope_rules

PAID, WAIVED, DUE = ContributionStatus.PAID, ContributionStatus.WAIVED, ContributionStatus.DUE
ONE_DAY = timedelta(days=1)

days = st.dates(date(2001, 1, 1), date(2030, 12, 31))
periods = st.lists(
    st.tuples(days, st.one_of(st.none(), st.integers(0, 900))).map(
        lambda p: Period(p[0], None if p[1] is None else p[0] + timedelta(days=p[1]))
    ),
    max_size=4,
)
standings = st.builds(
    Standing,
    rules=st.just(RULES),
    periods=periods,
    contributions=st.dictionaries(st.integers(2013, 2030), st.sampled_from(ContributionStatus), max_size=6),
)


def standing(*affiliated: Period, **paid: ContributionStatus) -> Standing:
    return Standing(RULES, affiliated, {int(year[1:]): status for year, status in paid.items()})


@given(standings, days)
def test_the_answer_follows_the_rule_of_the_year(known, day):
    answer = known.on(day)
    affiliated = any(p.since <= day and (p.until is None or day <= p.until) for p in known.periods)
    settled = known.contributions.get(day.year) in (PAID, WAIVED)
    if day.year < 2002:
        assert not answer.entitled
    elif day.year < 2013:
        assert answer.entitled == affiliated
    elif day.year == 2013:
        assert answer.entitled
    else:
        assert answer.entitled == (affiliated or settled)
    assert answer.entitled == (answer.basis in ENTITLING)


@given(standings, days)
def test_until_is_the_last_day_of_an_unbroken_stretch(known, day):
    answer = known.on(day)
    if not answer.entitled:
        assert answer.until is None
        return
    last = answer.until or date(2040, 1, 1)
    step = day
    while step <= last:
        assert known.on(step).entitled
        step += timedelta(days=13)
    assert known.on(last).entitled
    if answer.until is not None:
        assert not known.on(answer.until + ONE_DAY).entitled


@given(standings, days)
def test_affiliation_or_a_payment_never_takes_away_what_was_there(known, day):
    before = known.on(day).entitled
    more = Standing(known.rules, [*known.periods, Period(day, None)], known.contributions)
    paid = Standing(known.rules, known.periods, {**known.contributions, day.year: PAID})
    assert more.on(day).entitled or day.year < 2002
    assert paid.on(day).entitled >= before


@given(standings, days)
def test_a_due_contribution_is_the_same_as_none(known, day):
    without = {y: s for y, s in known.contributions.items() if s is not DUE}
    assert Standing(known.rules, known.periods, without).on(day) == known.on(day)


def test_in_2013_everybody_is_entitled_until_the_end_of_that_year():
    answer = standing().on(date(2013, 1, 1))
    assert (answer.entitled, answer.basis, answer.until) == (True, Basis.EVERYBODY, date(2013, 12, 31))


def test_on_the_last_day_of_2012_only_the_affiliated_are():
    assert standing().on(date(2012, 12, 31)).basis is Basis.NOT_AFFILIATED
    assert standing(Period(date(2002, 1, 1), None)).on(date(2012, 12, 31)).entitled


def test_from_2014_who_is_not_affiliated_pays():
    new_year = date(2014, 1, 1)
    assert standing().on(new_year).basis is Basis.DUE
    assert standing(y2014=DUE).on(new_year).basis is Basis.DUE
    assert standing(y2014=PAID).on(new_year).basis is Basis.PAID
    assert standing(y2014=WAIVED).on(new_year).basis is Basis.WAIVED
    assert standing(Period(new_year, None)).on(new_year).basis is Basis.AFFILIATED


def test_the_contribution_of_2014_says_nothing_about_2015():
    known = standing(y2014=PAID)
    assert known.on(date(2014, 12, 31)).until == date(2014, 12, 31)
    assert not known.on(date(2015, 1, 1)).entitled


def test_2013_runs_on_into_2014_for_who_paid_2014():
    assert standing(y2014=PAID).on(date(2013, 5, 1)).until == date(2014, 12, 31)
    assert standing(Period(date(2013, 12, 31), None)).on(date(2013, 5, 1)).until is None


def test_affiliation_that_ends_in_mid_year_is_followed_by_the_contribution():
    half = Period(date(2014, 1, 1), date(2014, 6, 30))
    assert standing(half).on(date(2014, 6, 30)).until == date(2014, 6, 30)
    assert standing(half).on(date(2014, 7, 1)).basis is Basis.DUE
    assert standing(half, y2014=PAID).on(date(2014, 3, 1)).until == date(2014, 12, 31)


def test_before_the_first_rule_there_was_no_service():
    assert standing(Period(date(2000, 1, 1), None)).on(date(2001, 12, 31)).basis is Basis.NO_SERVICE


def test_the_loaded_rules_are_those_of_the_source_and_loading_twice_is_once(app):
    with transaction(PLATFORM):
        load_scope_rules()
        assert rules() == {2002: Rule.AFFILIATED, 2013: Rule.EVERYBODY, 2014: Rule.AFFILIATED_OR_PAID}


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2013, 6, 1), "In 2013 is Spreekbuis gratis voor elke entiteit."),
        (date(2014, 6, 1), "De bijdrage voor 2014 is betaald."),
        (date(2015, 6, 1), "niet aangesloten bij GDPB, en de bijdrage voor 2015 is niet betaald"),
        (date(2016, 6, 1), "De entiteit is op 1 juni 2016 aangesloten bij GDPB"),
    ],
)
def test_the_sentence_says_why(world, day, words):
    one, other = world.entity(), world.entity()
    with world.inside(one) as session:
        session.add(Contribution(entity_id=one.id, service_year=2014, status=PAID))
        session.add(Affiliation(entity_id=one.id, valid_from=date(2016, 1, 1)))
    with world.inside(other) as session:
        session.add(Affiliation(entity_id=other.id, valid_from=date(2002, 1, 1)))
    with world.inside(one), world.app.test_request_context(), force_locale("nl"):
        assert words in entitlement(one.id, day).because


def test_the_answer_needs_no_clock(world):
    one = world.entity()
    with at(datetime(1999, 1, 1, tzinfo=UTC)), world.inside(one):
        assert entitlement(one.id, date(2013, 1, 1)).entitled
