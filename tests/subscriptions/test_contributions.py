"""What the administrator of contributions changes, and what follows for the service."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import at
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.models import OPEN_ENDED, Entity
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.jobs.models import Job
from spreekbuis.subscriptions.contributions import end_affiliation, set_contribution_status, start_affiliation
from spreekbuis.subscriptions.models import Affiliation, Contribution, ContributionStatus
from spreekbuis.subscriptions.service import look_at, look_at_all, recompute_service

PAID, WAIVED, DUE = ContributionStatus.PAID, ContributionStatus.WAIVED, ContributionStatus.DUE
NOON = datetime(2015, 6, 15, 10, tzinfo=UTC)


def entity_now(tenant) -> Entity:
    with transaction(PLATFORM) as session:
        entity = session.get(Entity, tenant.id)
        session.expunge(entity)
    return entity


def served(tenant) -> bool:
    return accepts_reports(entity_now(tenant))


def events(kind: str) -> list[dict]:
    with transaction(PLATFORM) as session:
        return list(
            session.scalars(
                select(AuditEvent.data).where(AuditEvent.kind == kind).order_by(AuditEvent.sequence)
            )
        )


def test_a_payment_opens_the_service_until_the_end_of_the_year(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2015, PAID)
    assert entity_now(one).service_until == date(2015, 12, 31)
    with at(NOON):
        assert served(one)
    with at(datetime(2015, 12, 31, 22, 59, tzinfo=UTC)):
        assert served(one)
    with at(datetime(2015, 12, 31, 23, 0, tzinfo=UTC)):  # midnight in Brussels: no job has to run
        assert not served(one)


def test_going_back_to_due_ends_the_service_today(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2015, PAID)
        set_contribution_status(one.id, 2015, DUE)
    with at(NOON):
        assert not served(one)
    assert entity_now(one).service_until == date(2015, 6, 14)
    assert [e["basis"] for e in events("service.ended")] == ["due"]


def test_each_change_is_audited_with_the_old_and_the_new_status(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2015, PAID)
        set_contribution_status(one.id, 2015, WAIVED, "Besluit 2015-04")
        set_contribution_status(one.id, 2015, WAIVED, "Besluit 2015-04")
    assert events("contribution.set") == [
        {"service_year": 2015, "before": "due", "after": "paid"},
        {"service_year": 2015, "before": "paid", "after": "waived"},
    ]


def test_a_waiver_needs_a_reason(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS), pytest.raises(Invalid) as refused:
        set_contribution_status(one.id, 2015, WAIVED, "")
    assert list(refused.value.errors) == ["reason"]
    with at(NOON):
        assert not served(one)


@pytest.mark.parametrize("year", [1999, 2012, 2013, 2017])
def test_a_year_without_contributions_takes_none(world, year):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS), pytest.raises(Invalid):
        set_contribution_status(one.id, year, PAID)


def test_paying_next_year_in_advance_carries_the_service_over_the_new_year(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2016, PAID)
    with at(NOON):
        assert not served(one)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2015, PAID)
    assert entity_now(one).service_until == date(2016, 12, 31)


def test_affiliation_without_an_end_is_service_without_an_end(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        start_affiliation(one.id, date(2015, 6, 15))
    assert entity_now(one).service_until == OPEN_ENDED


def test_affiliation_in_the_future_does_not_serve_yet_and_the_night_begins_it(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        start_affiliation(one.id, date(2015, 7, 1))
    with at(NOON):
        assert not served(one)
    with at(datetime(2015, 7, 1, 1, tzinfo=UTC)):
        with world.inside(one):
            look_at()
        assert served(one)


def test_an_entity_cannot_be_affiliated_twice_at_once(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        start_affiliation(one.id, date(2015, 1, 1))
        with pytest.raises(Invalid):
            start_affiliation(one.id, date(2015, 6, 1))


def test_the_end_of_an_affiliation_is_its_last_day_and_can_be_corrected(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        start_affiliation(one.id, date(2015, 1, 1))
        end_affiliation(one.id, date(2015, 9, 30))
        end_affiliation(one.id, date(2015, 8, 31))
    assert entity_now(one).service_until == date(2015, 8, 31)
    with at(NOON), transaction(CONTRIBUTIONS), pytest.raises(Invalid):
        end_affiliation(one.id, date(2014, 12, 31))


def test_without_an_affiliation_there_is_none_to_end(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS), pytest.raises(Conflict):
        end_affiliation(one.id, date(2015, 9, 30))


def test_the_night_asks_for_each_entity_once_a_day_in_its_own_scope(world):
    one, other = world.entity(entitled=False), world.entity(entitled=False)
    with at(NOON):
        for _ in range(2):
            with transaction(PLATFORM):
                assert look_at_all() == {"entities": 2}
    with transaction(PLATFORM):
        jobs = db.session.scalars(select(Job.tenant_id).where(Job.name == "subscriptions.look_at")).all()
    assert set(jobs) == {one.id, other.id}
    assert len(jobs) == 2


def test_a_look_that_finds_nothing_new_writes_nothing(world):
    one = world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS):
        set_contribution_status(one.id, 2015, PAID)
    with at(NOON), world.inside(one) as session:
        assert recompute_service(one.id).entitled
        session.flush()
    with world.inside(one) as session:
        assert session.scalars(select(AuditEvent)).all() == []


def test_the_office_reaches_all_entities_and_another_entity_none(world):
    one, other = world.entity(entitled=False), world.entity(entitled=False)
    with at(NOON), transaction(CONTRIBUTIONS) as session:
        start_affiliation(one.id, date(2015, 1, 1))
        set_contribution_status(other.id, 2015, PAID)
        assert len(session.scalars(select(Affiliation)).all()) == 1
    with world.inside(other) as session:
        assert session.scalars(select(Affiliation)).all() == []
        assert [c.entity_id for c in session.scalars(select(Contribution))] == [other.id]
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Contribution)).all() == []
