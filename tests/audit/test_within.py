"""The platform works inside a tenant, in its own transaction."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from spreekbuis.access.models import Desk
from spreekbuis.audit.models import AuditEvent
from spreekbuis.audit.trail import Audited, first_break, record
from spreekbuis.clock import today
from spreekbuis.db.scope import CONTRIBUTIONS, PLATFORM, current, current_entity_id, tenant
from spreekbuis.db.session import db, transaction, within
from spreekbuis.subscriptions.models import Affiliation


def setting(name: str) -> str:
    return db.session.scalar(text(f"SELECT current_setting('spreekbuis.{name}', true)"))


def trail(scope) -> list[str]:
    with transaction(scope):
        assert first_break() is None
        return list(db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.sequence)))


def test_inside_the_scope_is_the_tenants_and_outside_the_platforms_again(world):
    one = world.entity()
    with transaction(PLATFORM):
        with within(one.id) as session:
            assert current_entity_id() == one.id
            assert setting("entity") == str(one.id)
            assert {d.entity_id for d in session.scalars(select(Desk))} == {one.id}
        assert current() == PLATFORM
        assert setting("entity") == str(PLATFORM.entity_id)
        assert db.session.scalars(select(Desk)).all() == []


def test_an_office_of_the_platform_does_not_hold_inside_a_tenant(world):
    one, other = world.entity(), world.entity()
    with transaction(CONTRIBUTIONS) as session:
        session.add(Affiliation(entity_id=other.id, valid_from=today()))
        with within(one.id):
            assert session.scalars(select(Affiliation.id)).all() == []
        assert len(session.scalars(select(Affiliation.id)).all()) == 1
        assert setting("office") == "contributions"


def test_what_was_read_inside_is_not_served_outside(world):
    one = world.entity()
    with transaction(PLATFORM) as session:
        with within(one.id):
            desk = session.scalars(select(Desk)).first()
            desk.name = "Nieuwe naam"
            key = (desk.id, desk.entity_id)
        assert desk not in session
        assert not [row for row in session.identity_map.values() if isinstance(row, Desk)]
        assert session.scalar(select(Desk.name).where(Desk.id == key[0])) is None
    with world.inside(one) as session:
        assert "Nieuwe naam" in session.scalars(select(Desk.name)).all()


def test_each_event_lands_in_the_trail_of_its_own_tenant(world):
    one, other = world.entity(), world.entity()
    with transaction(PLATFORM):
        record(Audited.ENROLMENT_APPROVED)
        with within(one.id):
            record(Audited.ENTITY_CREATED)
        with within(other.id):
            record(Audited.MEMBER_INVITED)
        record(Audited.ENROLMENT_REFUSED)
    assert trail(PLATFORM) == ["enrolment.approved", "enrolment.refused"]
    assert trail(tenant(one.id)) == ["entity.created"]
    assert trail(tenant(other.id)) == ["member.invited"]


def make_a_second_integrity_desk(entity_id) -> None:
    with within(entity_id) as session:
        record(Audited.ENTITY_CREATED)
        session.add(Desk(entity_id=entity_id, kind="integrity", name="Een tweede van dezelfde soort"))


def test_a_failure_inside_leaves_nothing_of_the_block_and_the_platform_can_go_on(world):
    one = world.entity()
    with transaction(PLATFORM):
        record(Audited.ENROLMENT_APPROVED)
        with pytest.raises(IntegrityError):
            make_a_second_integrity_desk(one.id)
        assert current() == PLATFORM
        assert setting("entity") == str(PLATFORM.entity_id)
        record(Audited.ENROLMENT_REFUSED)
    assert trail(PLATFORM) == ["enrolment.approved", "enrolment.refused"]
    assert trail(tenant(one.id)) == []


def write_and_fail_afterwards(entity_id) -> None:
    with transaction(PLATFORM):
        with within(entity_id) as session:
            session.add(Affiliation(entity_id=entity_id, valid_from=today()))
            record(Audited.ENTITY_CREATED)
        raise ZeroDivisionError


def test_a_failure_outside_takes_along_what_was_done_inside(world):
    one = world.entity()
    with pytest.raises(ZeroDivisionError):
        write_and_fail_afterwards(one.id)
    assert trail(tenant(one.id)) == []
    with world.inside(one) as session:
        assert session.scalars(select(Affiliation)).all() == []


def test_a_tenant_cannot_enter_another(world):
    one, other = world.entity(), world.entity()
    with world.inside(one), pytest.raises(LookupError), within(other.id):
        pass
    with pytest.raises(LookupError), transaction(PLATFORM), within(PLATFORM.entity_id):
        pass


def test_inside_a_tenant_no_row_of_another_can_be_written(world):
    from sqlalchemy.exc import ProgrammingError

    one, other = world.entity(), world.entity()
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction(PLATFORM),
        within(one.id) as session,
    ):
        session.add(Affiliation(entity_id=other.id, valid_from=today()))
