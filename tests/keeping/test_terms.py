"""Each term is counted from the day of closing; nobody erases unwarned, and nothing under a hold goes."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.access.models import Desk as DeskRow
from spreekbuis.access.models import Membership
from spreekbuis.cases import workflow
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.export import data_requests
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.keeping import nightly, warnings
from spreekbuis.cases.keeping.early import StillOpen, ask_erasure
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.keeping.holds import Held, lift_hold, set_hold
from spreekbuis.cases.keeping.models import ErasureCertificate, RetentionWarning
from spreekbuis.cases.keeping.terms import due_on, first_night, shortest_term
from spreekbuis.cases.models import Case
from spreekbuis.cases.related import merge
from spreekbuis.clock import BRUSSELS, at
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason
from spreekbuis.identity.models import Account
from spreekbuis.jobs.models import Job
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key
from tests.keeping.conftest import run_all_jobs

DUE = date(2031, 3, 31)
"""Five years after the case was closed."""


def a_case(closed: datetime | None, procedure: str = "integrity_report") -> Case:
    return Case(procedure=procedure, procedure_version=1, closed_at=closed)


@pytest.mark.parametrize(
    ("case", "day"),
    [
        (a_case(datetime(2024, 2, 29, 12, tzinfo=UTC)), date(2029, 2, 28)),
        (a_case(datetime(2026, 3, 31, 22, 30, tzinfo=UTC)), date(2031, 4, 1)),  # after midnight in Brussels
        (a_case(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)), date(2031, 10, 25)),  # the clock goes back
        (a_case(datetime(2024, 2, 29, 12, tzinfo=UTC), "wellbeing_formal"), date(2044, 2, 29)),
        (a_case(datetime(2026, 8, 31, 12, tzinfo=UTC), "information_request"), date(2028, 8, 31)),
        (a_case(None), None),
    ],
)
def test_the_term_counts_in_belgian_calendar_days_from_closing(world, case, day):
    with transaction(PLATFORM):
        assert due_on(case) == day


def test_nothing_is_passed_over_that_the_shortest_term_makes_due(world):
    with transaction(PLATFORM):
        assert shortest_term() == 24


@pytest.mark.parametrize(
    ("due", "warned_on", "first"),
    [
        (date(2026, 12, 31), date(2026, 11, 22), date(2026, 12, 31)),
        (date(2019, 3, 1), date(2026, 11, 20), date(2026, 12, 20)),  # warned of late: thirty days after
        (date(2019, 3, 1), None, date(2026, 12, 22)),  # to be warned of this night
        (date(2026, 11, 1), date(2026, 9, 1), date(2026, 11, 23)),  # nothing goes before the next night
    ],
)
def test_no_page_says_that_a_case_goes_on_a_day_that_is_past(due, warned_on, first):
    with at(datetime(2026, 11, 22, 9, tzinfo=UTC)):
        assert first_night(due, warned_on) == first


@pytest.fixture
def sent(monkeypatch):
    mails = []
    monkeypatch.setattr(
        warnings, "deliver", lambda template, to, language, **values: mails.append((template, to, values))
    )
    return mails


def night_of(day: date) -> None:
    with clock.at(datetime.combine(day, time(4), BRUSSELS)):
        with transaction(PLATFORM):
            nightly.keep_terms()
        run_all_jobs()


def test_the_desk_is_warned_once_and_the_case_goes_30_days_later(desk, sent):
    case_id, _, _ = desk.closed_case()
    night_of(DUE - timedelta(days=31))
    assert sent == []
    for days in (30, 29, 1):
        night_of(DUE - timedelta(days=days))
    assert [(template, values["cases"]) for template, _, values in sent] == [
        ("erasure_warning", "1 dossier")
    ] * 2
    assert desk.case(case_id)
    night_of(DUE)
    assert desk.case(case_id) is None
    with desk.inside() as session:
        certificate = session.scalars(select(ErasureCertificate)).one()
        assert (certificate.asked_by, certificate.confirmed_by, certificate.ground) == (None, None, "term")


def test_a_warning_that_came_late_gives_its_30_days_all_the_same(desk, sent):
    case_id, _, _ = desk.closed_case()
    night_of(DUE + timedelta(days=100))
    night_of(DUE + timedelta(days=129))
    assert desk.case(case_id)
    night_of(DUE + timedelta(days=130))
    assert desk.case(case_id) is None


def test_a_hold_overrides_the_term_and_after_it_the_warning_comes_first(desk, sent):
    case_id, key, _ = desk.closed_case()
    with desk.inside(desk.one) as session:
        set_hold(session.get_one(Case, (desk.entity.id, case_id)), key, "Rechtbank")
    night_of(DUE - timedelta(days=30))
    night_of(DUE + timedelta(days=400))
    assert desk.case(case_id)
    assert sent == []
    with desk.inside(desk.one) as session:
        lift_hold(session.get_one(Case, (desk.entity.id, case_id)), key, "Klaar")
    night_of(DUE + timedelta(days=401))
    assert desk.case(case_id)
    assert sent
    night_of(DUE + timedelta(days=431))
    assert desk.case(case_id) is None


def test_a_hold_between_the_night_and_the_job_still_counts(desk, sent):
    case_id, key, _ = desk.closed_case()
    night_of(DUE - timedelta(days=30))
    with desk.inside(desk.one) as session:
        set_hold(session.get_one(Case, (desk.entity.id, case_id)), key, "Rechtbank")
    with clock.at(datetime.combine(DUE, time(5), BRUSSELS)), desk.inside():
        assert nightly.erase_due(str(case_id)) == {"erased": 0}
    assert desk.case(case_id)


def test_a_desk_with_an_address_gets_the_mail_itself(desk, sent):
    desk.closed_case()
    with desk.inside() as session:
        session.get_one(
            DeskRow, (desk.entity.id, desk.entity.desks[DeskKind.INTEGRITY])
        ).email = "loket@voorbeeld.example"
    night_of(DUE - timedelta(days=30))
    assert [to for _, to, _ in sent] == ["loket@voorbeeld.example"]


def test_an_open_case_is_left_alone_and_jobs_hold_identifiers_only(desk, world, sent):
    open_case = world.case(desk.entity)
    desk.closed_case()
    night_of(DUE - timedelta(days=30))
    night_of(DUE)
    assert desk.case(open_case)
    with desk.inside() as session:
        assert session.scalars(select(RetentionWarning)).all() == []
    with transaction(PLATFORM) as session:
        for args in session.scalars(select(Job.args)):
            assert set(args) <= {"day", "desk_id", "account_id", "case_id"}


# --- who is told, and of what ---------------------------------------------------------------------------------


def excluded_case(desk, *accounts) -> UUID:
    case_id, key, _ = desk.closed_case()
    for account_id in accounts:
        with desk.inside(desk.one):
            exclude(locked(desk, case_id), key, account_id, ExclusionReason.NAMED)
    return case_id


def locked(desk, case_id) -> Case:
    return case_for(set(desk.entity.desks.values()), case_id, lock=True)


def counted(desk, sent) -> dict[UUID | str, str]:
    """Who was told of how many cases; an address that is no account's as it is."""
    with transaction(PLATFORM) as session:
        known = dict(session.execute(select(Account.email, Account.id)).all())
    return {known.get(to, to): values["cases"] for _, to, values in sent}


def give_address(desk) -> None:
    with desk.inside() as session:
        key = (desk.entity.id, desk.entity.desks[DeskKind.INTEGRITY])
        session.get_one(DeskRow, key).email = "loket@voorbeeld.example"


def end_all(desk) -> None:
    with desk.inside() as session:
        session.execute(update(Membership).values(until=date(2026, 1, 31)))


def test_nobody_is_told_of_a_case_of_which_they_are_kept_out(desk, sent):
    excluded_case(desk, desk.two)
    desk.closed_case()
    night_of(DUE - timedelta(days=30))
    assert counted(desk, sent) == {desk.one: "2 dossiers", desk.two: "1 dossier"}


def test_the_address_of_a_desk_is_told_of_no_case_of_which_somebody_is_kept_out(desk, sent):
    give_address(desk)
    excluded_case(desk, desk.two)
    desk.closed_case()
    night_of(DUE - timedelta(days=30))
    assert counted(desk, sent) == {"loket@voorbeeld.example": "1 dossier", desk.one: "1 dossier"}


def test_when_no_handler_can_be_told_the_administrators_are_who_may_know(desk, world, sent):
    named, other = (world.member(desk.entity, Role.ENTITY_ADMINISTRATOR) for _ in range(2))
    give_address(desk)
    excluded_case(desk, named, desk.two, desk.one)
    desk.closed_case()
    night_of(DUE - timedelta(days=30))
    assert counted(desk, sent) == {"loket@voorbeeld.example": "1 dossier", other: "1 dossier"}
    assert {template for template, to, _ in sent if "loket" not in to} == {"erasure_unseen"}


def test_without_handlers_and_administrators_the_central_office_is_told(desk, world, sent):
    office = world.platform_member(Role.CENTRAL_ANALYST)
    case_id, _, _ = desk.closed_case()
    end_all(desk)
    night_of(DUE - timedelta(days=30))
    assert counted(desk, sent) == {office: "1 dossier"}
    night_of(DUE)
    assert desk.case(case_id) is None


def test_what_nobody_can_be_warned_of_is_not_erased(desk, world, sent):
    case_id, _, _ = desk.closed_case()
    end_all(desk)
    for days in (-30, 0, 400):
        night_of(DUE + timedelta(days=days))
    assert sent == []
    assert desk.case(case_id)
    world.platform_member(Role.CENTRAL_ANALYST)
    night_of(DUE + timedelta(days=401))
    night_of(DUE + timedelta(days=430))
    assert desk.case(case_id)
    night_of(DUE + timedelta(days=431))
    assert desk.case(case_id) is None


def test_a_question_about_data_stops_the_erasure_until_it_is_answered(desk, sent):
    case_id, _, _ = desk.closed_case()
    night_of(DUE - timedelta(days=30))
    asked_on = DUE - timedelta(days=3)
    with clock.at(datetime.combine(asked_on, time(9), BRUSSELS)), desk.inside(desk.one):
        data_requests.record_request(
            locked(desk, case_id), uuid4(), data_requests.Kind.ACCESS, data_requests.Asker.CONCERNED, asked_on
        )
    night_of(DUE)
    assert desk.case(case_id)
    with clock.at(datetime.combine(DUE, time(9), BRUSSELS)), desk.inside(desk.one):
        (asked,) = data_requests.requests_on(locked(desk, case_id))
        data_requests.answer(asked, data_requests.Answer.GRANTED)
    night_of(DUE + timedelta(days=1))
    assert desk.case(case_id) is None


# --- duplicates -----------------------------------------------------------------------------------------------


def merged(desk) -> tuple[UUID, UUID, ContentKey]:
    """A duplicate, and its main case which stays open, with the key of that one."""
    with clock.at(datetime(2026, 3, 31, 9, tzinfo=UTC)), desk.inside(desk.one):
        (one, one_key), (main, main_key) = opened_with_key(), opened_with_key()
        workflow.acknowledge(one, one_key, "Goed ontvangen.")
        merge(one, main)
        return one.id, main.id, main_key


def test_a_duplicate_stays_as_long_as_the_case_in_which_it_goes_on(desk, sent):
    duplicate, main, _ = merged(desk)
    for days in (-30, 0, 30):
        night_of(DUE + timedelta(days=days))
    assert desk.case(duplicate)
    assert desk.case(main)
    assert sent == []
    with desk.inside(desk.one):
        assert due_on(locked(desk, duplicate)) is None
    with desk.inside(desk.one):
        locked(desk, main).closed_at = datetime(2032, 3, 31, 9, tzinfo=UTC)
    with desk.inside(desk.one):
        assert due_on(locked(desk, duplicate)) == date(2037, 3, 31)


def test_a_hold_on_a_case_holds_its_duplicates(desk, sent):
    duplicate, main, key = merged(desk)
    with desk.inside(desk.one):
        set_hold(locked(desk, main), key, "Rechtbank")
        locked(desk, main).closed_at = datetime(2026, 3, 31, 9, tzinfo=UTC)
    for days in (-30, 0, 30):
        night_of(DUE + timedelta(days=days))
    assert desk.case(duplicate)
    with pytest.raises(Held), desk.inside(desk.one):
        ask_erasure(locked(desk, duplicate), key, Ground.MISTAKE, "Dubbel")


def test_a_duplicate_of_an_open_case_is_not_erased_early_either(desk):
    duplicate, _, key = merged(desk)
    with pytest.raises(StillOpen), desk.inside(desk.one):
        ask_erasure(locked(desk, duplicate), key, Ground.MISTAKE, "Dubbel")
