"""What could let somebody read who cannot now takes both officers, or two days in which everybody can stop it."""

from datetime import timedelta
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.access import jobs
from spreekbuis.access.desk_keys import DeskIsOpen, desk_states, had_readers
from spreekbuis.access.key_changes import (
    LAPSE,
    WAIT,
    AlreadyDecided,
    NotAnOfficer,
    OfficerGone,
    Outcome,
    TooEarly,
    agree,
    carry_out,
    officers_today,
    open_desk,
    past_changes,
    replace_kit,
    stop,
    waiting_changes,
)
from spreekbuis.access.key_news import MAIL_KEYS_CHANGED
from spreekbuis.access.members import end_membership
from spreekbuis.access.models import DeskKey, DeskKeyGrant, Membership, RecoveryKey
from spreekbuis.actor import Actor, acting_as
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import NotFound
from spreekbuis.identity.models import Account
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.notify import mail
from spreekbuis.web import links
from spreekbuis.web.access import Role
from tests.access.test_recovery import Office

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


class Lively(Office):
    """An office with a kit in force, where people ask and decide."""

    def __init__(self, world) -> None:
        super().__init__(world)
        self.first = self.make_kit()
        self.alias = world.member(self.entity, Role.ENTITY_ADMINISTRATOR)
        """A second account of the administrator: a member without a part and without reading."""

    def does(self, account, what, *args):
        with acting_as(Actor("account", account)), self.world.inside(self.entity):
            return what(*args)

    def joins(self, account, desk):
        """Becomes a handler, to whom nobody granted the key."""
        with self.world.inside(self.entity) as session:
            session.add(
                Membership(
                    entity_id=self.entity.id,
                    account_id=account,
                    role=Role.HANDLER,
                    desk_id=self.entity.desks[desk],
                )
            )

    def leaves(self, account, on=None):
        with self.world.inside(self.entity) as session:
            for held in session.scalars(select(Membership).where(Membership.account_id == account)):
                held.until = (on or clock.today()) - timedelta(days=1)

    def make_listener_an_officer(self):
        self.officers = [self.administrator, self.listener]
        self.first = self.make_kit()

    def ask_kit(self, account=None, officers=None):
        account = account or self.administrator
        assert self.does(account, replace_kit, officers or [account, self.alias]) is False
        (asked,) = self.waiting()
        return asked

    def ask_desk(self):
        self.forget_everything()
        assert self.does(self.administrator, open_desk, self.entity.desks[INTEGRITY]) is False
        (asked,) = self.waiting()
        return asked

    def waiting(self):
        with self.world.inside(self.entity):
            return waiting_changes()

    def is_shut(self, desk=INTEGRITY):
        with self.world.inside(self.entity):
            return desk_states([self.entity.desks[desk]])[0].is_shut_for_new


@pytest.fixture
def office(world):
    return Lively(world)


def test_the_first_kit_is_made_at_once(world):
    office = Office(world)
    with world.inside(office.entity) as session:
        for table in (DeskKeyGrant, DeskKey, RecoveryKey):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()
        assert replace_kit(office.officers) is True
    assert office.kit().id


def test_an_administrator_alone_replaces_no_kit(office):
    asked = office.ask_kit()
    assert office.kit().id == office.first
    for account in (office.administrator, office.alias):
        with pytest.raises(NotAnOfficer):
            office.does(account, agree, asked.id)
    with pytest.raises(TooEarly):
        office.does(office.administrator, carry_out, asked.id)
    assert office.kit().id == office.first


def test_the_other_officer_agrees_and_it_is_done(office):
    asked = office.ask_kit()
    assert office.does(office.handler, agree, asked.id) is True
    assert {p.officer.account_id for p in office.kit().parts} == {office.administrator, office.alias}
    assert office.waiting() == []


def test_a_reader_who_is_no_officer_does_not_decide(office):
    asked = office.ask_kit()
    with pytest.raises(NotAnOfficer):
        office.does(office.listener, agree, asked.id)


def test_when_somebody_else_asks_both_officers_must_agree(office):
    """An administrator who is an officer, and asks with a second account, still needs the other officer."""
    asked = office.ask_kit(office.alias, [office.administrator, office.alias])
    assert office.does(office.administrator, agree, asked.id) is False
    assert office.kit().id == office.first
    assert office.waiting()[0].agreed_by.id == office.administrator
    for account in (office.administrator, office.alias, office.listener):
        with pytest.raises(NotAnOfficer):
            office.does(account, agree, asked.id)
    assert office.does(office.handler, agree, asked.id) is True
    assert office.kit().id != office.first


def test_whoever_asks_is_not_the_other_officer(office):
    asked = office.ask_kit(office.handler)
    with pytest.raises(NotAnOfficer):
        office.does(office.handler, agree, asked.id)
    office.does(office.administrator, agree, asked.id)
    assert office.kit().id != office.first


def test_an_administrator_alone_opens_no_desk_that_had_readers(office):
    asked = office.ask_desk()
    for account in (office.administrator, office.alias, office.listener):
        with pytest.raises(NotAnOfficer):
            office.does(account, agree, asked.id)
    assert office.is_shut()


def test_an_alias_that_becomes_the_only_handler_does_not_read_by_itself(office, world):
    desk = office.entity.desks[INTEGRITY]
    office.joins(office.alias, INTEGRITY)
    with world.inside(office.entity) as session:
        held = session.scalar(select(Membership.id).where(Membership.account_id == office.handler))
    office.does(office.administrator, end_membership, held)
    assert office.is_shut()
    assert office.does(office.administrator, open_desk, desk) is False
    assert office.secrets(office.alias) == {}
    (asked,) = office.waiting()
    for account in (office.alias, office.administrator):
        with pytest.raises(NotAnOfficer):
            office.does(account, agree, asked.id)


def test_the_first_reader_of_a_desk_that_nobody_read_at_decides_about_nothing_else(office, world):
    """A desk without readers is opened by one person: that makes no officer of whom it lets in."""
    office.leaves(office.listener)
    office.joins(office.alias, WELLBEING)
    with world.inside(office.entity):
        assert office.alias not in officers_today()
    asked = office.ask_kit()
    with pytest.raises(NotAnOfficer):
        office.does(office.alias, agree, asked.id)


def test_another_kit_opens_no_desk_on_the_side(office):
    """Somebody waits at a desk where nobody reads any more: the new kit gives nothing to them."""
    office.forget_everything(WELLBEING)
    office.joins(office.alias, WELLBEING)
    asked = office.ask_kit(officers=[office.administrator, office.handler])
    office.does(office.handler, agree, asked.id)
    assert office.is_shut(WELLBEING)
    assert office.secrets(office.alias, WELLBEING) == {}
    assert office.secrets(office.listener, WELLBEING) == {}


def test_a_desk_opens_for_those_who_were_there_when_it_was_asked(office):
    office.make_listener_an_officer()
    asked = office.ask_desk()
    assert [one.id for one in asked.readers] == [office.handler]
    office.joins(office.alias, INTEGRITY)
    office.does(office.listener, agree, asked.id)
    assert not office.is_shut()
    assert office.secrets(office.alias) == {}
    assert office.secrets(office.handler)


def test_a_desk_that_nobody_ever_read_at_opens_at_once(world):
    entity = world.entity()
    desk = entity.desks[INTEGRITY]
    with world.inside(entity) as session:
        account = world.account()
        session.add(Membership(entity_id=entity.id, account_id=account, role=Role.HANDLER, desk_id=desk))
        session.flush()
        assert not had_readers(desk)
        assert open_desk(desk) is True
        assert had_readers(desk)


def test_a_desk_with_a_reader_or_of_another_entity_is_not_asked_for(office, world):
    with pytest.raises(DeskIsOpen):
        office.does(office.administrator, open_desk, office.entity.desks[INTEGRITY])
    for desk in (world.entity().desks[INTEGRITY], uuid4()):
        with pytest.raises(NotFound):
            office.does(office.administrator, open_desk, desk)
    assert office.waiting() == []


def test_without_a_second_person_it_can_be_done_after_the_wait_and_not_a_moment_earlier(office):
    asked = office.ask_kit()
    with clock.at(asked.asked_at + WAIT - timedelta(seconds=1)), pytest.raises(TooEarly):
        office.does(office.administrator, carry_out, asked.id)
    with clock.at(asked.asked_at + WAIT):
        office.does(office.administrator, carry_out, asked.id)
        assert office.kit().id != office.first
        with pytest.raises(AlreadyDecided):
            office.does(office.administrator, carry_out, asked.id)


def test_every_member_can_stop_it_and_then_it_is_over(office):
    asked = office.ask_kit()
    office.does(office.listener, stop, asked.id)
    assert office.waiting() == []
    with clock.at(asked.asked_at + WAIT):
        for deed in (agree, carry_out, stop):
            with pytest.raises(AlreadyDecided):
                office.does(office.handler, deed, asked.id)
    assert office.kit().id == office.first
    with office.world.inside(office.entity):
        (past,) = past_changes()
    assert past.outcome is Outcome.STOPPED
    assert past.ended_by.id == office.listener


def test_asked_anew_the_wait_begins_anew(office):
    first = office.ask_kit()
    with clock.at(first.asked_at + WAIT - timedelta(hours=1)):
        second = office.ask_kit()
        with pytest.raises(AlreadyDecided):
            office.does(office.handler, agree, first.id)
    with clock.at(first.asked_at + WAIT), pytest.raises(TooEarly):
        office.does(office.administrator, carry_out, second.id)


def test_what_nobody_decided_on_lapses(office):
    asked = office.ask_kit()
    with clock.at(asked.asked_at + LAPSE):
        assert office.waiting() == []
        with pytest.raises(AlreadyDecided):
            office.does(office.handler, agree, asked.id)
        assert office.ask_kit().id != asked.id


def test_what_was_asked_under_another_kit_counts_no_more(office):
    desk = office.ask_desk()
    office.make_kit()
    assert office.waiting() == []
    with pytest.raises(AlreadyDecided):
        office.does(office.handler, agree, desk.id)


def test_officers_who_left_since_get_no_part(office):
    asked = office.ask_kit()
    office.leaves(office.alias)
    with pytest.raises(OfficerGone):
        office.does(office.handler, agree, asked.id)
    assert office.kit().id == office.first
    assert [one.id for one in office.waiting()] == [asked.id]


def test_a_former_officer_one_whose_account_is_closed_and_one_whose_part_is_lost_do_not_decide(office, world):
    with world.inside(office.entity):
        assert officers_today() == {office.administrator, office.handler}
    office.forget_everything()
    with world.inside(office.entity):
        assert officers_today() == {office.administrator}, "the part was not printed"
    office.leaves(office.administrator)
    with world.inside(office.entity):
        assert officers_today() == set()
    other = Lively(world)
    with transaction(PLATFORM) as session:
        session.get_one(Account, other.handler).disabled_at = clock.now()
    with world.inside(other.entity):
        assert officers_today() == {other.administrator}


def test_the_wait_begins_again_when_somebody_leaves(office):
    asked = office.ask_kit()
    later = asked.asked_at + WAIT - timedelta(hours=1)
    with clock.at(later):
        office.leaves(office.listener)
    with clock.at(asked.asked_at + WAIT + timedelta(hours=1)), pytest.raises(TooEarly):
        office.does(office.administrator, carry_out, asked.id)
    with clock.at(later + WAIT + timedelta(days=1)):
        office.does(office.administrator, carry_out, asked.id)


def test_who_left_lately_is_told_and_can_stop_it_with_the_link(office, world):
    office.leaves(office.listener)
    asked = office.ask_kit()
    with transaction(PLATFORM) as session:
        ours = select(Job.args).where(Job.name == MAIL_KEYS_CHANGED, Job.tenant_id == office.entity.id)
        told = {args["account_id"] for args in session.scalars(ours) if args["kind"] == "kit_asked"}
    assert str(office.listener) in told
    with world.app.app_context():
        url = f"/o/{office.entity.ovo}/keys/stop/{links.sign(jobs.STOP_LINK, asked.id)}"
    browser = world.browser()
    assert "Een nieuwe herstelsleutel" in browser.get(url).text
    assert office.waiting(), "looking stops nothing"
    assert browser.post(url).location == f"{url}?done=change-stopped"
    assert office.waiting() == []
    assert browser.get(url).status_code == 200
    assert browser.post(url).status_code == 409
    assert browser.get(url[:-3] + "abc").status_code == 404
    other = Lively(world)
    assert (
        "Een nieuwe herstelsleutel" not in browser.get(url.replace(office.entity.ovo, other.entity.ovo)).text
    )


def test_another_entity_decides_nothing(office, world):
    asked = office.ask_kit()
    other = Lively(world)
    for deed in (agree, carry_out, stop):
        with pytest.raises(AlreadyDecided):
            other.does(other.handler, deed, asked.id)
    assert other.waiting() == []
    assert [one.id for one in office.waiting()] == [asked.id]


def test_two_who_agree_at_once_make_one_kit(office):
    asked = office.ask_kit(office.alias, [office.administrator, office.alias])
    faults = []

    def decide(account):
        with office.world.app.app_context():
            try:
                office.does(account, agree, asked.id)
            except AlreadyDecided as fault:
                faults.append(fault)

    both = [Thread(target=decide, args=(account,)) for account in (office.administrator, office.handler)]
    for one in both:
        one.start()
    for one in both:
        one.join(30)
    assert faults == []
    with office.world.inside(office.entity) as session:
        assert len(session.scalars(select(RecoveryKey)).all()) == 3, "of the world, the first, and this one"


def test_every_step_is_in_the_trail(office, world):
    asked = office.ask_kit()
    office.does(office.listener, stop, asked.id)
    again = office.ask_kit()
    office.does(office.handler, agree, again.id)
    with world.inside(office.entity) as session:
        kinds = session.scalars(
            select(AuditEvent.kind)
            .where(AuditEvent.subject_id.in_([asked.id, again.id]))
            .order_by(AuditEvent.id)
        ).all()
    assert kinds == ["key_change.asked", "key_change.stopped", "key_change.asked", "key_change.agreed"]


def test_every_member_gets_a_mail_that_leads_to_the_page_where_it_is_stopped(office, world, monkeypatch):
    kept = []
    monkeypatch.setattr(
        mail, "mailer", lambda settings: type("Kept", (), {"send": staticmethod(kept.append)})
    )
    office.ask_kit()
    with transaction(PLATFORM) as session:
        ours = select(Job.args).where(Job.name == MAIL_KEYS_CHANGED, Job.tenant_id == office.entity.id)
        asked = [args for args in session.scalars(ours) if args["kind"] == "kit_asked"]
    assert {args["account_id"] for args in asked} == {
        str(one) for one in (office.administrator, office.handler, office.listener, office.alias)
    }
    with transaction(tenant(office.entity.id)):
        DEFINED[jobs.MAIL_KEYS_CHANGED].work(**asked[0])
    text = kept[0].get_content()
    assert "vraagt een nieuwe herstelsleutel" in text
    assert f"/o/{office.entity.ovo}/keys/stop/" in text


# -- the page ------------------------------------------------------------------------------------------------------


def address(office, rest=""):
    return f"/entity/{office.entity.ovo}/keys/changes{rest}"


def test_the_page_shows_who_asked_what_and_lets_the_second_person_agree(office, world):
    asked = office.ask_kit()
    for account, may in ((office.administrator, False), (office.alias, False), (office.handler, True)):
        page = world.browser(account).get(address(office)).text
        assert "Een nieuwe herstelsleutel" in page
        assert "Houd het tegen" in page
        assert ("Ga akkoord" in page) is may
        assert "Voer het nu uit" not in page
    assert "Jij vroeg dit" in world.browser(office.administrator).get(address(office)).text
    handler = world.browser(office.handler)
    answer = handler.post(address(office, f"/{asked.id}/agree"))
    assert answer.location == address(office) + "?done=change-done"
    page = handler.get(answer.location).text
    assert "ging akkoord" in page
    assert "Er wacht niets" in page
    assert handler.post(address(office, f"/{asked.id}/agree")).status_code == 409


def test_the_page_refuses_the_asker_and_stops_for_anybody(office, world):
    asked = office.ask_desk()
    admin = world.browser(office.administrator)
    assert "openen voor nieuwe dossiers" in admin.get(address(office)).text
    assert admin.post(address(office, f"/{asked.id}/agree")).status_code == 409
    assert admin.post(address(office, f"/{asked.id}/carry-out")).status_code == 409
    assert office.is_shut()
    answer = world.browser(office.listener).post(address(office, f"/{asked.id}/stop"))
    assert answer.location == address(office) + "?done=change-stopped"
    assert "Tegengehouden door" in admin.get(answer.location).text


def test_after_the_wait_the_administrator_and_nobody_else_gets_the_button(office, world):
    asked = office.ask_kit()
    with clock.at(asked.asked_at + WAIT):
        assert "Voer het nu uit" in world.browser(office.administrator).get(address(office)).text
        assert "Voer het nu uit" not in world.browser(office.handler).get(address(office)).text
        answer = world.browser(office.administrator).post(address(office, f"/{asked.id}/carry-out"))
        assert answer.location == address(office) + "?done=change-done"
    assert office.kit().id != office.first


def test_whoever_works_here_is_told_on_the_pages_of_keys(office, world):
    places = {
        office.administrator: f"/entity/{office.entity.ovo}/keys",
        office.handler: f"/desk/{office.entity.ovo}/access",
        office.listener: f"/entity/{office.entity.ovo}/keys/part",
    }
    for account, place in places.items():
        assert "Een vraag wacht op een beslissing" not in world.browser(account).get(place).text
    office.ask_kit()
    for account, place in places.items():
        assert "Een vraag wacht op een beslissing" in world.browser(account).get(place).text
