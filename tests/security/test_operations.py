"""Operations called with what belongs to another entity: as if it did not exist, whatever the page in front forgot."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError, NoResultFound

from spreekbuis.access.desk_keys import (
    desk_secrets,
    desk_states,
    end_unused_keys,
    give_desk_keys,
    grant_desk_keys,
    handlers_with_key,
    open_shut_desk,
    readers_of,
    renew_desk_key,
    take_desk_keys,
)
from spreekbuis.access.invitations import open_invitations, withdraw_invitation
from spreekbuis.access.key_changes import agree, carry_out, open_desk, replace_kit, stop
from spreekbuis.access.members import end_membership, member, members
from spreekbuis.access.recovery import keep_part, make_kit, my_part
from spreekbuis.access.roles import roles_in_entity
from spreekbuis.cases.contacts import read_contacts
from spreekbuis.cases.dialogue import read_dialogue, read_file
from spreekbuis.cases.finding import case_by_number, case_for, case_of_reporter, shown_to_reporter
from spreekbuis.cases.keys import key_of, reseal
from spreekbuis.cases.numbers import CaseNumber
from spreekbuis.cases.workflow import handlers_of
from spreekbuis.db.scope import NOBODY, PLATFORM, Scope, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import DomainError
from spreekbuis.subscriptions.contributions import (
    ContributionStatus,
    set_contribution_status,
    start_affiliation,
)
from spreekbuis.vault.sealing import new_secret
from tests.security.house import House, Place, Visitor


def _desks(place: Place) -> frozenset[UUID]:
    return frozenset(place.entity.desks.values())


def _desk(place: Place) -> UUID:
    return place.entity.desks[DeskKind.INTEGRITY]


def _case(place: Place) -> UUID:
    return UUID(place.values["case_id"])


def _number(place: Place) -> CaseNumber:
    year, number = place.values["number"].split("-")
    return CaseNumber(int(year), int(number), DeskKind.INTEGRITY)


READ: dict[str, Callable[[Place], Any]] = {
    "case_for": lambda p: case_for(_desks(p), _case(p)),
    "case_by_number": lambda p: case_by_number(_desks(p), _number(p)),
    "case_of_reporter": lambda p: case_of_reporter(_case(p)),
    "shown_to_reporter": lambda p: shown_to_reporter(_case(p)),
    "read_dialogue": lambda p: read_dialogue(p.case_key, internal=True),
    "read_file": lambda p: read_file(p.case_key, UUID(p.values["file_id"]), internal=True),
    "read_contacts": lambda p: read_contacts(p.case_key),
    "member": lambda p: member(UUID(p.values["membership_id"])),
    "handlers_of": lambda p: handlers_of(_desk(p)),
    "handlers_with_key": lambda p: handlers_with_key(_desk(p)),
    "readers_of": lambda p: readers_of(_desk(p)),
    "desk_states": lambda p: desk_states([_desk(p)]),
    "desk_secrets": lambda p: desk_secrets(_desk(p), p.handler.account_id, p.handler.secret),
    "key_of": lambda p: key_of(_case(p), p.handler),
    "my_part": lambda p: my_part(p.handler.account_id, p.handler.secret),
}
"""Each gives something in the own entity."""
WRITE: dict[str, Callable[[Place], Any]] = {
    "end_membership": lambda p: end_membership(UUID(p.values["membership_id"])),
    "withdraw_invitation": lambda p: withdraw_invitation(UUID(p.values["invitation_id"])),
    "set_contribution_status": lambda p: set_contribution_status(
        p.entity.id, 2026, ContributionStatus.WAIVED, "x"
    ),
    "start_affiliation": lambda p: start_affiliation(p.entity.id, date(2026, 1, 1)),
    "renew_desk_key": lambda p: renew_desk_key(_desk(p), []),
    "open_shut_desk": lambda p: open_shut_desk(_desk(p)),
    "grant_desk_keys": lambda p: grant_desk_keys(
        _desk(p), p.handler.account_id, p.handler.secret, [p.handler.account_id]
    ),
    "reseal": lambda p: reseal(_desk(p), p.handler, 1),
    "make_kit": lambda p: make_kit([p.handler.account_id, p.administrator]),
    "replace_kit": lambda p: replace_kit([p.handler.account_id, p.administrator]),
    "open_desk": lambda p: open_desk(_desk(p)),
    "agree": lambda p: agree(UUID(p.values["change_id"])),
    "carry_out": lambda p: carry_out(UUID(p.values["change_id"])),
    "stop": lambda p: stop(UUID(p.values["change_id"])),
    "keep_part": lambda p: keep_part(p.handler.account_id),
    "take_desk_keys": lambda p: take_desk_keys(_desk(p), [p.handler.account_id]),
    "end_unused_keys": lambda p: end_unused_keys(_desk(p)),
    "give_desk_keys": lambda p: give_desk_keys(_desk(p), {1: new_secret()}, [p.handler.account_id]),
}
SILENT = {"take_desk_keys", "end_unused_keys", "give_desk_keys"}
"""These find nobody and nothing there, which is no error."""
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
                if operation not in SILENT:
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
