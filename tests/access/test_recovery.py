"""The recovery kit: two papers, which together open every desk and alone open nothing."""

from threading import Thread

import pytest
from sqlalchemy import delete, func, select

from spreekbuis.access import recovery
from spreekbuis.access.desk_keys import desk_secrets, desk_states, grant_desk_keys
from spreekbuis.access.members import end_membership
from spreekbuis.access.models import (
    CaseKeyForRecovery,
    DeskKey,
    DeskKeyGrant,
    Membership,
    RecoveryKey,
    RecoveryShare,
)
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.keys import keys_of
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.identity.keys import make_key
from spreekbuis.jobs.models import Job
from spreekbuis.vault.recovery_share import Part
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.web.access import Role

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


class Office:
    """An entity with an administrator and a handler per desk, and a kit held by the first two."""

    def __init__(self, world) -> None:
        self.world = world
        self.entity = world.entity()
        self.administrator = world.member(self.entity, Role.ENTITY_ADMINISTRATOR)
        self.handler = world.member(self.entity, Role.HANDLER, INTEGRITY)
        self.listener = world.member(self.entity, Role.HANDLER, WELLBEING)
        self.officers = [self.administrator, self.handler]

    def make_kit(self):
        with self.world.inside(self.entity):
            return recovery.make_kit(self.officers)

    def print_parts(self):
        """What stands on both papers."""
        shares = []
        for account in self.officers:
            with self.world.inside(self.entity):
                _, share = recovery.my_part(account, self.world.secrets[account])
                recovery.keep_part(account)
            shares.append(share)
        return shares

    def forget_everything(self, desk=INTEGRITY):
        """Every reader of the desk resets the password."""
        account = self.handler if desk is INTEGRITY else self.listener
        with transaction(PLATFORM):
            self.world.secrets[account] = make_key(account, "een heel nieuw wachtwoord van vier woorden")
        return account

    def secrets(self, account, desk=INTEGRITY):
        with self.world.inside(self.entity):
            return desk_secrets(self.entity.desks[desk], account, self.world.secrets[account])

    def kit(self):
        with self.world.inside(self.entity):
            return recovery.kit_in_force()


@pytest.fixture
def office(world):
    return Office(world)


def test_both_papers_bring_the_reading_back_and_the_kit_is_replaced(office, world):
    case_id = world.case(office.entity)
    kit = office.make_kit()
    papers = office.print_parts()
    before = office.secrets(office.handler)
    lost = office.forget_everything()
    assert office.secrets(lost) == {}
    with world.inside(office.entity):
        assert recovery.open_with_papers(kit, papers, [lost], office.officers) == 1
    assert office.secrets(lost)[2] == before[2]
    with world.inside(office.entity) as session:
        assert (
            session.scalars(select(AuditEvent).where(AuditEvent.kind == "recovery.used")).one().subject_id
            == kit
        )
    fresh = office.kit()
    assert fresh.id != kit
    with pytest.raises(recovery.WrongPapers), world.inside(office.entity):
        recovery.open_with_papers(fresh.id, papers, [lost], office.officers)
    again = office.print_parts()
    with world.inside(office.entity):
        assert recovery.open_with_papers(fresh.id, again, [lost], office.officers) == 1
    assert case_id


def test_both_papers_also_open_a_case_of_which_somebody_is_kept_out_but_not_for_who_is(office, world):
    out = world.member(office.entity, Role.HANDLER, INTEGRITY)
    case_id = world.case(office.entity)
    kit = office.make_kit()
    papers = office.print_parts()
    with world.inside(office.entity), acting_as(Actor("account", office.handler)):
        case = case_for({office.entity.desks[INTEGRITY]}, case_id, lock=True)
        exclude(case, world.key(office.entity, case_id), out, ExclusionReason.NAMED)
    lost = office.forget_everything()
    with world.inside(office.entity):
        assert keys_of([case_id], world.reader(lost)) == {}
        recovery.open_with_papers(kit, papers, [lost, out], office.officers)
        assert keys_of([case_id], world.reader(lost))
        assert keys_of([case_id], world.reader(out)) == {}
    with world.inside(office.entity) as session:
        assert session.scalars(select(CaseKeyForRecovery.kit_id)).one() == office_kit(session)


def office_kit(session):
    """The kit in force."""
    return session.scalars(select(RecoveryKey.id).where(RecoveryKey.ended_at.is_(None))).one()


def test_one_paper_or_the_same_paper_twice_opens_nothing(office, world):
    kit, papers = office.make_kit(), office.print_parts()
    grants = office.secrets(office.handler)
    for wrong in ([papers[0]], [papers[1]], [papers[0], papers[0]], []):
        with pytest.raises(recovery.WrongPapers), world.inside(office.entity):
            recovery.open_with_papers(kit, wrong, [office.handler], office.officers)
    assert office.kit().id == kit
    assert office.secrets(office.handler) == grants


def test_papers_of_another_entity_open_nothing(office, world):
    kit, other = office.make_kit(), Office(world)
    other.make_kit()
    papers = other.print_parts()
    with pytest.raises(recovery.WrongPapers), world.inside(office.entity):
        recovery.open_with_papers(kit, papers, [office.handler], office.officers)
    with pytest.raises(recovery.NoRecoveryKit), world.inside(other.entity):
        recovery.open_with_papers(kit, papers, [other.handler], other.officers)


def test_a_part_waits_for_its_officer_alone_and_is_gone_once_on_paper(office, world):
    office.make_kit()
    with world.inside(office.entity):
        _, a = recovery.my_part(office.administrator, world.secrets[office.administrator])
        _, b = recovery.my_part(office.handler, world.secrets[office.handler])
    assert (a.part, b.part) == (Part.A, Part.B)
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.my_part(office.listener, world.secrets[office.listener])
    with pytest.raises(CannotOpen), world.inside(office.entity):
        recovery.my_part(office.handler, world.secrets[office.administrator])
    with world.inside(office.entity):
        recovery.keep_part(office.handler)
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.my_part(office.handler, world.secrets[office.handler])
    with world.inside(office.entity) as session:
        kept = session.scalars(select(RecoveryShare).where(RecoveryShare.account_id == office.handler)).one()
        assert kept.share_sealed is None
    assert not office.kit().is_safe


def test_the_kit_is_safe_when_both_parts_are_on_paper(office):
    assert not office.kit().parts
    office.make_kit()
    assert not office.kit().is_safe
    office.print_parts()
    assert office.kit().is_safe


def test_a_part_whose_officer_reset_the_password_before_printing_is_lost(office, world):
    office.make_kit()
    office.forget_everything()
    assert [part.lost for part in office.kit().parts] == [False, True]
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.my_part(office.handler, world.secrets[office.handler])


def test_the_first_kit_opens_the_entity_for_reports_and_lets_every_handler_read(office, world):
    with transaction(PLATFORM) as session:
        session.get_one(Entity, office.entity.id).status = EntityStatus.PREPARING
    with world.inside(office.entity) as session:
        for table in (DeskKeyGrant, DeskKey):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()
    office.make_kit()
    with transaction(PLATFORM) as session:
        assert session.get_one(Entity, office.entity.id).status == EntityStatus.ACTIVE
    with world.inside(office.entity):
        assert [state.is_shut for state in desk_states()] == [False, False]
    assert office.secrets(office.handler).keys() == {1}


def test_a_new_kit_takes_nothing_from_readers_and_gives_nothing_to_who_waits(office, world):
    newcomer = world.member(office.entity, Role.HANDLER, INTEGRITY)
    with world.inside(office.entity) as session:
        session.delete(session.scalars(select(DeskKeyGrant).where(DeskKeyGrant.account_id == newcomer)).one())
    world.case(office.entity)
    office.make_kit()
    assert office.secrets(office.handler).keys() == {1, 2}
    assert office.secrets(newcomer) == {}


def test_the_papers_of_before_still_open_what_was_not_resealed(office, world):
    world.case(office.entity)
    old = office.make_kit()
    papers = office.print_parts()
    world.case(office.entity)  # under the second key, which the old kit covers
    new = office.make_kit()
    with world.inside(office.entity):
        assert set(recovery.kits_in_use()) > {old, new}
    lost = office.forget_everything()
    with world.inside(office.entity):
        recovery.open_with_papers(old, papers, [lost], office.officers)
    assert office.secrets(lost).keys() == {2}
    assert office.kit().id == new, "the kit in force was not used, so it stays"
    with world.inside(office.entity):
        assert old not in recovery.kits_in_use(), "what it opened is covered by the kit in force now"


def test_whom_the_papers_grant_is_a_handler_of_the_desk(office, world):
    kit, papers = office.make_kit(), office.print_parts()
    with world.inside(office.entity):
        given = recovery.open_with_papers(
            kit, papers, [office.administrator, office.listener], office.officers
        )
    assert given == 1, "the listener at the wellbeing desk; an administrator reads nowhere"
    assert office.secrets(office.administrator) == {}
    assert office.secrets(office.listener, INTEGRITY) == {}


def test_two_different_members_with_a_password_hold_a_kit(office, world):
    outsider = world.account()
    for officers in (
        [office.administrator],
        [office.administrator] * 2,
        [office.administrator, outsider],
        [],
    ):
        before = office.kit().id
        with pytest.raises(Invalid), world.inside(office.entity):
            recovery.make_kit(officers)
        assert office.kit().id == before, "the kit of before is still in force"


def test_the_members_of_the_entity_are_possible_officers(office, world):
    world.account()
    with world.inside(office.entity):
        assert {o.account_id for o in recovery.possible_officers()} == {
            office.administrator, office.handler, office.listener,
        }  # fmt: skip


def test_no_part_and_no_secret_is_stored_as_it_is(office, world):
    office.make_kit()
    with world.inside(office.entity) as session:
        stored = b"".join(
            [
                *session.scalars(select(RecoveryShare.share_sealed)),
                *session.scalars(select(DeskKey.secret_sealed)),
            ]
        )
    assert stored
    for share in office.print_parts():
        assert share.share not in stored


def test_a_colleague_can_grant_after_recovery_as_before(office, world):
    kit, papers = office.make_kit(), office.print_parts()
    lost = office.forget_everything()
    with world.inside(office.entity):
        recovery.open_with_papers(kit, papers, [lost], office.officers)
    newcomer = world.member(office.entity, Role.HANDLER, INTEGRITY)
    with world.inside(office.entity):
        assert grant_desk_keys(office.entity.desks[INTEGRITY], lost, world.secrets[lost], [newcomer]) == 1
    assert office.secrets(newcomer) == office.secrets(lost)


def test_a_kit_that_is_replaced_before_it_was_printed_can_still_be_printed_for_what_is_under_it(world):
    """Else a report that came in between would be lost for ever."""
    office = Office(world)
    kit = office.make_kit()
    world.case(office.entity)
    assert office.forget_everything()
    office.officers = [office.administrator, office.listener]
    office.make_kit()
    newest = office.print_parts()
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.my_part(
            office.handler, world.secrets[office.handler]
        )  # the password was reset: this part is gone
    with world.inside(office.entity):
        found, share = recovery.my_part(office.administrator, world.secrets[office.administrator])
    assert (found, share.part) == (kit, Part.A)
    assert len(newest) == 2


def test_a_part_of_a_kit_that_opens_nothing_more_is_neither_shown_nor_kept(office, world):
    office.make_kit()
    part_a, part_b = office.officers
    office.officers = [office.administrator, office.listener]
    office.make_kit()  # nothing came in under the first
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.my_part(part_b, world.secrets[part_b])
    with pytest.raises(NotFound), world.inside(office.entity):
        recovery.keep_part(part_b)
    with world.inside(office.entity):
        assert recovery.my_part(part_a, world.secrets[part_a])[0] == recovery.kit_in_force().id


def test_papers_of_a_replaced_kit_bring_back_what_came_in_before(office, world):
    office.make_kit()  # nobody prints it
    case_id = world.case(office.entity)
    old = office.kit().id
    office.make_kit()
    office.print_parts()
    papers = office.print_parts()  # now those of the kit before
    lost = office.forget_everything()
    with world.inside(office.entity):
        assert recovery.open_with_papers(old, papers, [lost], office.officers) == 1
        assert keys_of([case_id], world.reader(lost))


def test_a_second_ceremony_with_the_same_papers_leaves_the_new_kit_alone(office, world):
    kit, papers = office.make_kit(), office.print_parts()
    with world.inside(office.entity):
        recovery.open_with_papers(kit, papers, [office.handler], office.officers)
    fresh = office.kit().id
    with world.inside(office.entity):
        assert recovery.open_with_papers(kit, papers, [office.handler], office.officers) == 0
    assert office.kit().id == fresh
    with world.inside(office.entity) as session:
        assert set(session.scalars(select(DeskKey.kit_id))) == {fresh}


def test_everybody_is_told_when_a_kit_is_replaced_or_used(office, world):
    def told() -> list[str]:
        with transaction(PLATFORM) as session:
            jobs = session.scalars(select(Job).where(Job.name == "access.mail_keys_changed")).all()
            assert {job.args["account_id"] for job in jobs} <= everybody
            return [job.args["kind"] for job in jobs]

    everybody = {str(account) for account in (office.administrator, office.handler, office.listener)}
    with world.inside(office.entity) as session:  # the first kit of an entity is no news
        for table in (DeskKeyGrant, DeskKey, RecoveryKey):
            session.execute(delete(table))
    kit = office.make_kit()
    assert told() == []
    papers = office.print_parts()
    with world.inside(office.entity):
        recovery.open_with_papers(kit, papers, [], office.officers)
    assert told() == ["kit_used"] * 3
    office.make_kit()
    assert sorted(told()) == ["kit_replaced"] * 3 + ["kit_used"] * 3


def test_whoever_leaves_while_a_kit_is_made_does_not_keep_the_new_key(office, world):
    second = world.member(office.entity, Role.HANDLER, INTEGRITY)
    world.case(office.entity)

    def leave() -> None:
        with (
            world.app.app_context(),
            acting_as(Actor("account", office.administrator)),
            world.inside(office.entity) as session,
        ):
            end_membership(
                session.scalars(select(Membership.id).where(Membership.account_id == second)).one()
            )

    leaving = Thread(target=leave)
    with world.inside(office.entity):
        recovery.make_kit(office.officers)
        leaving.start()
        leaving.join(0.5)
        assert leaving.is_alive(), "the keys are held"
    leaving.join(20)
    assert not leaving.is_alive()
    assert office.secrets(second) == {}
    newest = max(office.secrets(office.handler))
    with world.inside(office.entity) as session:
        assert (
            session.scalar(
                select(func.max(DeskKey.version)).where(DeskKey.desk_id == office.entity.desks[INTEGRITY])
            )
            == newest
        )


@pytest.mark.parametrize("printed", [1, 2])
def test_a_kit_counts_as_a_way_back_when_both_parts_are_on_paper(office, world, printed):
    """The only reader of a desk leaves: what no paper opens stays theirs, for when they come back."""
    kit = office.make_kit()
    world.case(office.entity)
    for account in office.officers[:printed]:
        with world.inside(office.entity):
            recovery.keep_part(account)
    with world.inside(office.entity):
        assert recovery.on_paper([kit]) == ({kit} if printed == 2 else set())
    with acting_as(Actor("account", office.administrator)), world.inside(office.entity) as session:
        handlers = select(Membership.id).where(Membership.account_id == office.handler)
        end_membership(session.scalars(handlers).one())
    assert office.secrets(office.handler).keys() == (set() if printed == 2 else {2})
