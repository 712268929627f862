"""Operations called with what belongs to another entity: as if it did not exist, whatever the page in front forgot."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError, NoResultFound

from spreekbuis.access.invitations import open_invitations, withdraw_invitation
from spreekbuis.access.members import end_membership, member, members
from spreekbuis.access.roles import roles_in_entity
from spreekbuis.cases.contacts import read_contacts
from spreekbuis.cases.dialogue import read_dialogue, read_file
from spreekbuis.cases.finding import case_by_number, case_for, case_of_reporter
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.cases.workflow import handlers_of
from spreekbuis.db.scope import NOBODY, PLATFORM, Scope, tenant
from spreekbuis.db.session import transaction
from spreekbuis.errors import DomainError
from spreekbuis.subscriptions.contributions import (
    ContributionStatus,
    set_contribution_status,
    start_affiliation,
)
from spreekbuis.vault.content import Keyring
from tests.security.house import House, Place, Visitor

KEYRING = Keyring("a test")


def _desks(place: Place) -> frozenset[UUID]:
    return frozenset(place.entity.desks.values())


def _case(place: Place) -> UUID:
    return UUID(place.values["case_id"])


def _number(place: Place) -> CaseNumber:
    year, number = place.values["number"].split("-")
    return CaseNumber(int(year), int(number))


READ: dict[str, Callable[[Place], Any]] = {
    "case_for": lambda p: case_for(_desks(p), _case(p)),
    "case_by_number": lambda p: case_by_number(_desks(p), _number(p)),
    "case_of_reporter": lambda p: case_of_reporter(_case(p)),
    "read_dialogue": lambda p: read_dialogue(_case(p), KEYRING, internal=True),
    "read_file": lambda p: read_file(_case(p), UUID(p.values["file_id"]), KEYRING, internal=True),
    "read_contacts": lambda p: read_contacts(_case(p), KEYRING),
    "member": lambda p: member(UUID(p.values["membership_id"])),
    "handlers_of": lambda p: handlers_of(p.entity.desks["integrity"]),
}
"""Each gives something in the own entity."""
WRITE: dict[str, Callable[[Place], Any]] = {
    "end_membership": lambda p: end_membership(UUID(p.values["membership_id"])),
    "withdraw_invitation": lambda p: withdraw_invitation(UUID(p.values["invitation_id"])),
    "set_contribution_status": lambda p: set_contribution_status(
        p.entity.id, 2026, ContributionStatus.WAIVED, "x"
    ),
    "start_affiliation": lambda p: start_affiliation(p.entity.id, date(2026, 1, 1)),
}
EMPTY_AT_HOME = {"read_contacts"}
"""A report by the website has no contact: it can give nothing at home either."""


def scopes(house: House) -> dict[str, Scope]:
    return {
        "another entity": tenant(house.other.entity.id),
        "the platform": PLATFORM,
        "no entity": tenant(uuid4()),
    }


@pytest.mark.parametrize("operation", READ)
def test_an_operation_reads_nothing_of_another_entity(house: House, operation: str):
    with house.app.app_context():
        for name, scope in scopes(house).items():
            found = None
            with suppress(DomainError, NoResultFound), transaction(scope):
                found = READ[operation](house.own)
            assert not found, name
        with suppress(LookupError), transaction(NOBODY):
            assert not READ[operation](house.own)
        if operation not in EMPTY_AT_HOME:
            with transaction(tenant(house.own.entity.id)):
                assert READ[operation](house.own), "the test asks for nothing"


@pytest.mark.parametrize("operation", WRITE)
def test_an_operation_changes_nothing_of_another_entity(house: House, operation: str):
    before = house.state()
    with house.app.app_context():
        for name, scope in scopes(house).items():
            if name == "the platform":
                continue  # its offices are asked by the matrix
            with suppress(DomainError, DBAPIError), transaction(scope):
                WRITE[operation](house.own)
                pytest.fail(f"{name} was let through")
    assert house.changed_since(before) == set()


def test_lists_hold_what_is_of_the_entity_alone(house: House):
    with house.app.app_context():
        with transaction(tenant(house.own.entity.id)):
            own = {m.membership_id for m in members()} | {i.id for i in open_invitations()}
        with transaction(tenant(house.other.entity.id)):
            other = {m.membership_id for m in members()} | {i.id for i in open_invitations()}
    assert own
    assert other
    assert not own & other


def test_a_role_in_one_entity_is_none_in_another(house: House):
    handler: Visitor = house.everybody[-1]
    assert handler.account_id
    with house.app.app_context():
        with transaction(tenant(house.own.entity.id)):
            assert roles_in_entity(handler.account_id).roles
        with transaction(tenant(house.other.entity.id)):
            assert not roles_in_entity(handler.account_id).roles
