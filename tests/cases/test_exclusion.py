"""Conflict of interest: for whom a case does not exist, and what that does at once."""

import pytest
from sqlalchemy import func, select

from spreekbuis.access.case_keys import take_copies
from spreekbuis.access.desk_keys import NoKeyYet, grant_desk_keys, readers_of, renew_desk_key
from spreekbuis.access.models import CaseExclusion, CaseKey, CaseKeyCopy, CaseKeyForRecovery
from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases import exclusion_mails
from spreekbuis.cases.exclusion import admit, declare_conflict, exclude, kept_out, withhold_from
from spreekbuis.cases.finding import case_for, shown_to_reporter
from spreekbuis.cases.keys import key_of, reseal
from spreekbuis.cases.models import Case, Message
from spreekbuis.cases.people import Person, add_person, people_in, remove_person
from spreekbuis.cases.workflow import assign, handlers_for
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason, PersonRole
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity.models import AccountKey
from spreekbuis.jobs.models import Job
from spreekbuis.vault.sealing import new_secret, public_key_of
from spreekbuis.web.access import Role
from tests.cases.conftest import opened_with_key


@pytest.fixture
def desk(world):
    """An integrity desk with two handlers, an administrator, and a case."""

    class Desk:
        entity = world.entity()
        first = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        second = world.member(entity, Role.HANDLER, DeskKind.INTEGRITY)
        administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)
        desks = frozenset({entity.desks[DeskKind.INTEGRITY]})

        def __init__(self):
            with world.inside(self.entity):
                case, self.key = opened_with_key()
                self.case_id = case.id

        def case(self):
            return case_for(self.desks, self.case_id, lock=True)

        def exclude(self, account_id, reason=ExclusionReason.NAMED):
            with world.inside(self.entity), acting_as(Actor("account", self.first)):
                exclude(self.case(), self.key, account_id, reason)

        def asked(self, name):
            with world.inside(self.entity) as session:
                found = session.scalars(select(Job).where(Job.name == name, Job.tenant_id == self.entity.id))
                return {job.args["account_id"] for job in found}

    return Desk()


def count(of):
    return db.session.scalar(select(func.count()).select_from(of))


def test_for_whom_is_kept_out_nothing_of_the_case_exists_whatever_is_asked(world, desk):
    desk.exclude(desk.second)
    with world.inside(desk.entity):
        assert (count(Case), count(Message)) == (1, 1)
    with world.inside(desk.entity):
        withhold_from(desk.second)
        assert (count(Case), count(Message), count(CaseKeyCopy), count(CaseExclusion)) == (0, 0, 0, 0)
        with pytest.raises(NotFound):
            case_for(desk.desks, desk.case_id)
    with world.inside(desk.entity) as session:
        withhold_from(desk.second)
        session.rollback()
        assert count(Case) == 0, "a transaction that begins anew stays under the same scope"


def test_who_is_kept_out_is_not_its_handler_any_more_and_cannot_become_it(world, desk):
    with world.inside(desk.entity):
        assign(desk.case(), desk.second)
    desk.exclude(desk.second)
    with world.inside(desk.entity):
        case = desk.case()
        assert case.handler_id is None
        assert handlers_for(case) == {desk.first}
        with pytest.raises(Invalid):
            assign(case, desk.second)
        assert [(one.account_id, one.reason) for one in kept_out(case.id)] == [
            (desk.second, ExclusionReason.NAMED)
        ]


def test_the_key_of_the_desk_opens_nothing_of_a_case_of_which_somebody_is_kept_out(world, desk):
    desk.exclude(desk.second)
    with world.inside(desk.entity) as session:
        assert count(CaseKey) == 0, "nothing is sealed to the desk, whose key both have"
        assert session.scalars(select(CaseKeyCopy.account_id)).all() == [desk.first]
        assert count(CaseKeyForRecovery) == 1
        assert key_of(desk.case_id, world.reader(desk.first)).secret == desk.key.secret
        with pytest.raises(NoKeyYet):
            key_of(desk.case_id, world.reader(desk.second))


def test_who_was_kept_out_by_mistake_reads_again_and_so_does_the_desk(world, desk):
    desk.exclude(desk.second)
    with world.inside(desk.entity):
        admit(desk.case(), desk.key, desk.second)
    with world.inside(desk.entity):
        assert (count(CaseExclusion), count(CaseKeyCopy), count(CaseKeyForRecovery)) == (0, 0, 0)
        for account in (desk.first, desk.second):
            assert key_of(desk.case_id, world.reader(account)).secret == desk.key.secret


def test_whoever_joins_the_desk_reads_the_case_once_a_colleague_opened_it(world, desk):
    desk.exclude(desk.second)
    third = world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(desk.entity), pytest.raises(NoKeyYet):
        key_of(desk.case_id, world.reader(third))
    page = f"/desk/{desk.entity.ovo}/cases/{desk.case_id}"
    assert world.browser(third).get(page).status_code == 403
    assert world.browser(desk.first).get(page).status_code == 200
    assert world.browser(third).get(page).status_code == 200
    assert world.browser(desk.second).get(page).status_code == 404


def test_excluding_twice_is_once_and_strangers_cannot_be_kept_out(world, desk):
    desk.exclude(desk.second)
    desk.exclude(desk.second, ExclusionReason.REPORTING_LINE)
    with world.inside(desk.entity):
        assert [one.reason for one in kept_out(desk.case_id)] == [ExclusionReason.NAMED]
    elsewhere = world.member(desk.entity, Role.HANDLER, DeskKind.WELLBEING)
    with pytest.raises(NotFound):
        desk.exclude(elsewhere)


def test_declaring_a_conflict_tells_the_colleagues_only_when_the_case_lost_its_handler(world, desk):
    with world.inside(desk.entity), acting_as(Actor("account", desk.second)):
        assign(desk.case(), desk.second)
        declare_conflict(desk.case(), desk.key)
    assert desk.asked("cases.tell_colleagues") == {str(desk.first)}
    assert desk.asked("cases.tell_administrators") == set()


def test_when_the_last_reader_is_kept_out_the_administrators_who_may_know_are_told(world, desk):
    other = world.member(desk.entity, Role.ENTITY_ADMINISTRATOR)
    desk.exclude(desk.administrator, ExclusionReason.REPORTING_LINE)
    desk.exclude(desk.second)
    assert desk.asked("cases.tell_administrators") == set()
    with world.inside(desk.entity), acting_as(Actor("account", desk.first)):
        declare_conflict(desk.case(), desk.key)
    assert desk.asked("cases.tell_administrators") == {str(desk.administrator), str(other)}


def test_a_named_member_is_kept_out_with_the_person_and_all_that_is_written_is_sealed(world, desk):
    named = Person(PersonRole.CONCERNED, "Diensthoofd Inkoop", "diensthoofd", "", "Keurt offertes goed.")
    once = new_id()
    for _ in range(2):
        with world.inside(desk.entity), acting_as(Actor("account", desk.first)):
            add_person(desk.case(), desk.key, named, once=once, member=desk.second)
    with world.inside(desk.entity):
        (shown,) = people_in(desk.key)
        assert shown.person == named
        assert handlers_for(desk.case()) == {desk.first}
        remove_person(desk.case(), shown.id)
        assert people_in(desk.key) == []
        assert handlers_for(desk.case()) == {desk.first}, "striking a person lets nobody in"


def test_after_a_reset_password_a_colleague_lets_read_again(world, desk):
    third = world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    desk.exclude(desk.second)
    with transaction(PLATFORM) as session:
        secret = world.secrets[third] = new_secret()
        pair = session.get_one(AccountKey, third)
        pair.key_id, pair.public_key = new_id(), public_key_of(secret)
    with world.inside(desk.entity), pytest.raises(NoKeyYet):
        key_of(desk.case_id, world.reader(third))
    with world.inside(desk.entity):
        (desk_id,) = desk.desks
        grant_desk_keys(desk_id, desk.first, world.secrets[desk.first], {third})
    world.browser(desk.first).get(f"/desk/{desk.entity.ovo}/cases/{desk.case_id}")
    with world.inside(desk.entity):
        assert key_of(desk.case_id, world.reader(third)).secret == desk.key.secret


def test_the_mails_say_nothing_and_go_to_nobody_who_is_kept_out(world, desk, monkeypatch):
    sent = []
    monkeypatch.setattr(
        exclusion_mails, "deliver", lambda template, to, _language, **values: sent.append((template, values))
    )
    for account in (desk.administrator, desk.second):
        desk.exclude(account)
    with world.inside(desk.entity), acting_as(Actor("account", desk.first)):
        declare_conflict(desk.case(), desk.key)
    other = world.member(desk.entity, Role.ENTITY_ADMINISTRATOR)
    for tell in (exclusion_mails.tell_colleague, exclusion_mails.tell_administrator):
        for account in (desk.first, desk.second, desk.administrator):
            with world.inside(desk.entity):
                tell(case_id=str(desk.case_id), account_id=str(account))
    assert sent == []
    with world.inside(desk.entity):
        exclusion_mails.tell_administrator(case_id=str(desk.case_id), account_id=str(other))
    ((template, values),) = sent
    assert template == "case_without_readers"
    assert values["link"].endswith(f"/entity/{desk.entity.ovo}/members")


def test_the_same_form_again_from_who_was_kept_out_meanwhile_opens_nothing(world, desk):
    browser = world.browser(desk.second)
    form = {
        "channel": "phone", "about": "Belde over offertes.", "category": "fraud", "kind": "report",
        "identity": "confidential", "reporter_class": "staff", "once": str(new_id()),
    }  # fmt: skip
    url = f"/desk/{desk.entity.ovo}/contacts/new"
    made = browser.post(url, form)
    assert made.status_code == 200
    with world.inside(desk.entity) as session:
        desk.case_id = session.scalars(select(Case.id).order_by(Case.received_at.desc())).first()
        desk.key = world.key(desk.entity, desk.case_id)
    desk.exclude(desk.second)
    assert browser.post(url, form).status_code == 404


def test_whoever_leaves_the_desk_has_no_copy_but_for_the_last_one(world, desk):
    third = world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    desk.exclude(desk.second)
    (desk_id,) = desk.desks
    with world.inside(desk.entity) as session:
        take_copies(desk_id, [third])
        assert session.scalars(select(CaseKeyCopy.account_id)).all() == [desk.first]
        take_copies(desk_id, [desk.first])
        assert session.scalars(select(CaseKeyCopy.account_id)).all() == [desk.first], "the last way to it"


def test_renewing_the_desk_by_who_is_kept_out_leaves_the_case_alone(world, desk):
    """The key of the desk that was is not needed by the case: it can end, whoever renews the others."""
    desk.exclude(desk.second)
    (desk_id,) = desk.desks
    with world.inside(desk.entity):
        renew_desk_key(desk_id, readers_of(desk_id))
    with world.inside(desk.entity):
        withhold_from(desk.second)
        assert reseal(desk_id, world.reader(desk.second), 2) == (0, 0)
    with world.inside(desk.entity):
        assert key_of(desk.case_id, world.reader(desk.first)).secret == desk.key.secret


def test_the_reporter_is_told_where_to_go_when_nobody_of_the_desk_may_see_the_case(world, desk):
    assert not _nobody_may(world, desk)
    desk.exclude(desk.second)
    assert not _nobody_may(world, desk)
    desk.exclude(desk.first)
    assert _nobody_may(world, desk)


def _nobody_may(world, desk):
    with world.inside(desk.entity):
        return shown_to_reporter(desk.case_id).nobody_may
