"""Handing a case over: the reporter decides, nothing is left behind, and the words open it where it goes on."""

import io
import re
import threading
from contextlib import contextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from werkzeug.datastructures import FileStorage

from spreekbuis import clock
from spreekbuis.access.desk_keys import NoKeyYet, give_desk_keys, renew_desk_key
from spreekbuis.access.members import join
from spreekbuis.access.models import DeskKey, DeskLetter, Membership
from spreekbuis.actor import REPORTER, Actor, acting_as
from spreekbuis.cases import letters as letters_of
from spreekbuis.cases import receiving, referral
from spreekbuis.cases.changes import CaseClosed
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.dialogue import OnItsWay, read_dialogue, read_file, write_message
from spreekbuis.cases.exclusion import exclude, kept_out, withhold_from
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.letters import count_waiting, waiting_letters
from spreekbuis.cases.minutes import MinutesState, agree, correct, minutes_in, write_minutes
from spreekbuis.cases.models import Attachment, Case, Contact, Referral
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedures import State, Step
from spreekbuis.cases.receiving import UNANSWERED_AFTER, LetterGone, NoService
from spreekbuis.cases.referral import (
    AlreadyReferred,
    Destination,
    NothingAsked,
    Stage,
    Why,
)
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.workflow import MoveNotAllowed, acknowledge, close, mark_kind
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import (
    CaseKind,
    Channel,
    DeskKind,
    ExclusionReason,
    Identity,
    Outcome,
    Topic,
)
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.reporters import find_receipt, key_of_receipt, open_mailbox, receipt_of
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import accept as accept_files
from spreekbuis.vault.receipt_code import from_submission
from spreekbuis.vault.sealing import open_sealed
from spreekbuis.vault.storage import storage
from spreekbuis.web.access import Role
from spreekbuis.web.cookies import MAILBOX
from tests.figures.test_facts import shown
from tests.intake.test_upkeep import _until_somebody_waits
from tests.world import Browser

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


class Two:
    """A case at the integrity desk of one entity, and another entity with handlers."""

    def __init__(self, world) -> None:
        self.world = world
        self.here, self.there = world.entity(), world.entity()
        self.handler = world.member(self.here, Role.HANDLER, INTEGRITY)
        self.colleague = world.member(self.here, Role.HANDLER, WELLBEING)
        self.receiver = world.member(self.there, Role.HANDLER, INTEGRITY)
        self.case_id = world.case(self.here, Topic.INTEGRITY, "Er verdwijnt materiaal uit het magazijn.")
        self.key = ContentKey(self.here.id, self.case_id, world.case_secrets[self.case_id])
        self.code = from_submission(uuid4().bytes * 2)
        with transaction(PLATFORM) as session:
            session.add(Receipt(**receipt_of(self.code, self.key)))

    @contextmanager
    def acting(self, account, entity=None):
        """The case, locked, in its scope, as the account would have it; None is the reporter."""
        actor = REPORTER if account is None else Actor("account", account)
        with acting_as(actor), self.world.inside(entity or self.here) as session:
            yield session.get(Case, (self.here.id, self.case_id), with_for_update=True)

    def propose(self, to=None, why=Why.BETTER_PLACED, once=None):
        with self.acting(self.handler) as case:
            return referral.propose(
                case,
                self.key,
                to or Destination(self.there.id, "fraud"),
                why,
                "Zij beheren dat magazijn.",
                once,
            ).id

    def say_yes(self, referral_id):
        with self.acting(None) as case:
            referral.agree(case, self.key, referral_id)

    def sent(self, to=None):
        made = self.propose(to)
        self.say_yes(made)
        return made

    def accept(self, letter_id, account=None, entity=None, desk=INTEGRITY):
        entity, account = entity or self.there, account or self.receiver
        with self.acting(account, entity):
            desks = frozenset([entity.desks[desk]])
            return receiving.accept(letter_id, desks, self.world.reader(account)).id

    def refuse(self, letter_id, why=receiving.Answer.NOT_OURS, account=None):
        account = account or self.receiver
        with self.acting(account, self.there):
            desks = frozenset([self.there.desks[INTEGRITY]])
            receiving.refuse(letter_id, desks, self.world.reader(account), why)

    def close(self):
        with self.acting(self.handler) as case:
            acknowledge(case, self.key, "Gelezen.")
            mark_kind(case, CaseKind.REPORT)
            close(case, self.key, Outcome.FOUNDED, "Afgerond.")

    def mailbox(self):
        """The browser of the reporter, who gave the words."""
        with transaction(PLATFORM):
            token = open_mailbox(find_receipt(self.code), self.code)
        return Browser(self.world.app, (MAILBOX, token))

    def attach(self):
        """A file of the reporter; gives its name in the storage."""
        with self.acting(None) as case:
            (file,) = accept_files(
                {uuid4(): FileStorage(io.BytesIO(b"bewijs"), "bewijs.txt")}, keep_original=True
            ).files.values()
            write_message(case, self.key, author="reporter", text="Een bestand.", files=[NewFile.of(file)])
        return file.storage_key

    def by_phone(self):
        """The case came by phone: its reporter has no words."""
        with self.acting(self.handler) as case:
            case.channel, case.identity = Channel.PHONE, Identity.NAMED
        with transaction(PLATFORM) as session:
            session.execute(delete(Receipt).where(Receipt.case_id == self.case_id))

    def jobs(self, name, entity=None):
        """Run what was promised at the sender."""
        with transaction(PLATFORM) as session:
            asked = select(Job.args, Job.tenant_id).where(Job.name == name)
            waiting = [row for row in session.execute(asked) if row.tenant_id == (entity or self.here).id]
        for args, tenant_id in waiting:
            with transaction(tenant(tenant_id)):
                DEFINED[name].work(**args)

    def case(self):
        with self.world.inside(self.here) as session:
            case = session.get_one(Case, (self.here.id, self.case_id))
            return SimpleNamespace(
                state=case.state,
                outcome=case.outcome,
                unread_by_desk=case.unread_by_desk,
                closed_at=case.closed_at,
            )

    def stage(self, referral_id):
        with self.world.inside(self.here) as session:
            return session.get_one(Referral, (self.here.id, referral_id)).state


@pytest.fixture
def two(world):
    return Two(world)


def letters():
    with transaction(PLATFORM) as session:
        return session.scalar(select(func.count()).select_from(DeskLetter))


def test_nothing_goes_before_the_reporter_says_yes(two):
    before = letters()
    made = two.propose()
    assert letters() == before
    assert two.stage(made) == Stage.ASKED
    assert two.case().state == State.NEW
    two.say_yes(made)
    assert letters() == before + 1
    assert two.case().state == State.REFERRED


def test_no_is_no_and_the_case_stays(two):
    made = two.propose()
    with two.acting(None) as case:
        referral.decline(case, made)
    assert two.stage(made) == Stage.DECLINED
    assert two.case().state == State.NEW
    assert two.case().unread_by_desk
    with pytest.raises(NothingAsked):
        two.say_yes(made)
    assert letters() == 0


def test_an_anonymous_report_in_the_wrong_place_goes_at_once_and_a_named_one_asks(two, world):
    made = two.propose(why=Why.WRONG_PLACE)
    assert two.stage(made) == Stage.SENT
    named = Two(world)
    with world.inside(named.here) as session:
        session.get_one(Case, (named.here.id, named.case_id)).identity = Identity.CONFIDENTIAL
    assert named.stage(named.propose(why=Why.WRONG_PLACE)) == Stage.ASKED


@pytest.mark.parametrize("no", [referral.decline, referral.take_back])
def test_a_no_of_the_reporter_stays_a_no_also_when_the_report_is_said_to_be_in_the_wrong_place(two, no):
    made = two.propose() if no is referral.decline else two.propose(why=Why.WRONG_PLACE)
    with two.acting(None) as case:
        no(case, made)
    assert two.stage(two.propose(why=Why.WRONG_PLACE)) == Stage.ASKED


def test_what_the_desk_itself_took_back_is_no_no_of_the_reporter(two):
    made = two.propose(why=Why.WRONG_PLACE)
    with two.acting(two.handler) as case:
        referral.withdraw(case, made)
    assert two.stage(made) == Stage.WITHDRAWN
    assert two.stage(two.propose(why=Why.WRONG_PLACE)) == Stage.SENT


def test_wellbeing_never_goes_at_once_nor_does_anything_to_wellbeing_or_to_an_actor(two, world):
    for to in (Destination(two.there.id, "bullying"), Destination(actor_code="ombudsman")):
        one = Two(world)
        assert one.stage(one.propose(to, why=Why.WRONG_PLACE)) == Stage.ASKED
    case_id = world.case(two.here, Topic.WELLBEING, "PESTERIJEN")
    key = ContentKey(two.here.id, case_id, world.case_secrets[case_id])
    with acting_as(Actor("account", two.colleague)), world.inside(two.here) as session:
        case = session.get(Case, (two.here.id, case_id), with_for_update=True)
        made = referral.propose(case, key, Destination(two.here.id, "fraud"), Why.WRONG_PLACE, "x")
        assert made.state == Stage.ASKED


def test_closing_ends_the_question_and_a_yes_comes_too_late(two, world):
    made = two.propose()
    two.close()
    before = shown(world, two.here)
    assert two.stage(made) == Stage.WITHDRAWN
    mailbox = two.mailbox()
    assert "Mag je melding naar iemand anders?" not in mailbox.get("/inbox").text
    assert mailbox.post(f"/inbox/referral/{made}/yes").status_code == 409
    with pytest.raises(CaseClosed):
        two.say_yes(made)
    assert letters() == 0
    assert two.case().outcome == Outcome.FOUNDED
    assert shown(world, two.here) == before


def test_sending_acknowledges_since_nobody_can_write_while_it_is_on_its_way(two):
    made = two.sent()
    with two.world.inside(two.here) as session:
        case = session.get_one(Case, (two.here.id, two.case_id))
        acknowledged = case.acknowledged_at
        assert acknowledged
        assert case.next_step == Step.FEEDBACK
    two.refuse(made)
    with clock.at(clock.now() + timedelta(days=9)):
        two.jobs(referral.ANSWERED)
        with pytest.raises(MoveNotAllowed), two.acting(two.handler) as case:
            acknowledge(case, two.key, "Gelezen.")
    with two.world.inside(two.here) as session:
        assert session.get_one(Case, (two.here.id, two.case_id)).acknowledged_at == acknowledged
    assert two.case().state == State.ACKNOWLEDGED
    assert timedelta(days=7) == UNANSWERED_AFTER


def test_a_file_that_is_lost_or_damaged_is_named_and_the_rest_is_taken_over(two, app):
    storage().delete(two.attach())
    damaged = two.attach()
    content = bytearray(storage().open(damaged).read())
    content[-1] ^= 1
    storage().delete(damaged)
    storage().put(damaged, io.BytesIO(bytes(content)))
    two.attach()
    case_id = two.accept(two.sent())
    with two.acting(two.receiver, two.there):
        shown_ = read_dialogue(key_of(case_id, two.world.reader(two.receiver)), internal=True)
    assert [len(message.files) for message in shown_] == [0, 0, 0, 1, 0]
    assert "Deze bijlagen waren er niet meer of waren beschadigd: bewijs.txt, bewijs.txt." in shown_[-1].text


def test_nobody_waits_while_the_files_are_copied(two, world, monkeypatch):
    two.attach()
    made, copy = two.sent(), letters_of.take_over
    opened = []

    def report_meanwhile(*given):
        def report():
            with world.app.app_context():
                opened.append(world.case(two.there, Topic.INTEGRITY, "Iets anders"))

        reporter = threading.Thread(target=report)
        reporter.start()
        reporter.join(20)
        return copy(*given)

    monkeypatch.setattr(letters_of, "take_over", report_meanwhile)
    assert two.accept(made)
    assert len(opened) == 1


def test_copies_are_forgotten_when_the_letter_is_gone_meanwhile(two, monkeypatch):
    two.attach()
    made, copy = two.sent(), letters_of.take_over

    def taken_back_meanwhile(*given):
        def take_back():
            with two.world.app.app_context(), two.acting(None) as case:
                referral.take_back(case, made)

        reporter = threading.Thread(target=take_back)
        reporter.start()
        reporter.join(20)
        return copy(*given)

    monkeypatch.setattr(letters_of, "take_over", taken_back_meanwhile)
    with pytest.raises(LetterGone):
        two.accept(made)
    assert storage().keys_of(two.there.id, clock.today()) == []


def test_a_reporter_without_words_is_asked_in_a_talk(two, world):
    two.by_phone()
    with pytest.raises(Invalid):
        two.propose()
    browser, address = world.browser(two.handler), f"/desk/{two.here.ovo}/cases/{two.case_id}/refer"
    form = {
        "once": str(uuid4()), "to": f"entity:{two.there.ovo}", "category": "fraud",
        "why": Why.BETTER_PLACED, "explanation": "Gevraagd aan de telefoon.",
    }  # fmt: skip
    page = browser.post(address, form)
    assert page.status_code == 422
    assert "Deze melder kwam niet via de website. Vraag het in een gesprek" in page.text
    assert "Gevraagd aan de telefoon." in page.text
    assert browser.post(address, {**form, "agreed": "yes"}).location.endswith("?done=referral-sent")
    page = browser.get(f"/desk/{two.here.ovo}/cases/{two.case_id}")
    assert "De melder ging akkoord met een doorverwijzing" in page.text
    assert letters() == 1


def test_a_reporter_with_words_is_asked_there_whatever_the_desk_ticks(two, world):
    address = f"/desk/{two.here.ovo}/cases/{two.case_id}/refer"
    assert "De melder ging akkoord in een gesprek" not in world.browser(two.handler).get(address).text
    with two.acting(two.handler) as case:
        made = referral.propose(
            case, two.key, Destination(two.there.id, "fraud"), Why.BETTER_PLACED, "x", agreed_in_talk=True
        )
        assert made.state == Stage.ASKED


def test_a_call_that_was_passed_on_is_no_contact_and_no_talk_of_the_receiver(two, world):
    two.by_phone()
    with two.acting(two.handler) as case:
        made = referral.propose(
            case, two.key, Destination(two.there.id, "bullying"), Why.BETTER_PLACED, "x", agreed_in_talk=True
        ).id
    case_id = two.accept(made, world.member(two.there, Role.HANDLER, WELLBEING), desk=WELLBEING)
    with world.inside(two.there) as session:
        case = session.get_one(Case, (two.there.id, case_id))
        assert (case.channel, case.conversation_at) == (Channel.PHONE, None)
        assert session.scalars(select(Contact).where(Contact.case_id == case_id)).all() == []
    assert ("contacts", Channel.PHONE) not in shown(world, two.there)


def test_two_who_hold_case_and_referral_never_wait_for_each_other(two, world):
    """The job of the answer and a handler who withdraws, at the same moment."""
    made, ends = two.sent(), []
    two.refuse(made)

    def answered():
        with world.app.app_context():
            try:
                two.jobs(referral.ANSWERED)
            except DBAPIError as error:
                ends.append(error)

    with two.acting(two.handler) as case:
        at_once = threading.Thread(target=answered)
        at_once.start()
        _until_somebody_waits()
        with pytest.raises(NothingAsked):
            referral.withdraw(case, made)
    at_once.join(20)
    assert ends == []
    assert two.stage(made) == Stage.REFUSED


def test_a_mailbox_that_is_opened_while_the_case_is_taken_over_opens_nothing_after(two):
    made = two.sent()
    with transaction(PLATFORM):
        receipt = find_receipt(two.code)
        taking = threading.Thread(target=lambda: _apart(two, lambda: two.accept(made)))
        taking.start()
        taking.join(20)
        token = open_mailbox(receipt, two.code)
    browser = Browser(two.world.app, (MAILBOX, token))
    assert browser.get("/inbox").location.startswith("/inbox/open")
    assert browser.post("/inbox/score", {"score": "1"}).status_code == 401


def _apart(two, what):
    with two.world.app.app_context():
        what()


def test_what_went_on_elsewhere_is_not_scored_here(two):
    two.accept(two.sent())
    two.jobs(referral.ANSWERED)
    with pytest.raises(Conflict), two.acting(None) as case:
        score_case(case, two.key, 1, "")


def test_the_first_sender_learns_of_the_end_also_when_the_receiver_passes_it_on(two, world):
    made = two.sent()
    case_id = two.accept(made)
    third = world.entity()
    last = world.member(third, Role.HANDLER, INTEGRITY)
    with acting_as(Actor("account", two.receiver)), world.inside(two.there) as session:
        case = session.get(Case, (two.there.id, case_id), with_for_update=True)
        key = key_of(case_id, world.reader(two.receiver))
        onward = referral.propose(case, key, Destination(third.id, "fraud"), Why.WRONG_PLACE, "verder").id
    two.accept(onward, last, third)
    two.jobs(referral.ANSWERED, two.there)
    with world.inside(two.here):
        assert referral.closed_there(made)


@pytest.mark.parametrize(
    "change", [{"status": EntityStatus.LEFT}, {"service_until": date(2020, 1, 1)}, {"service_until": None}]
)
def test_letters_come_back_from_who_receives_no_more(two, change):
    made = two.sent()
    with transaction(PLATFORM) as session:
        session.execute(update(Entity).where(Entity.id == two.there.id).values(**change))
    with pytest.raises(NoService):
        two.accept(made)
    with transaction(PLATFORM):
        receiving.return_letters()
    two.jobs(referral.ANSWERED)
    assert two.stage(made) == Stage.UNANSWERED
    assert two.case().state == State.ACKNOWLEDGED


def test_the_sender_is_who_sent_it_and_not_who_the_letter_says(two, world):
    made = two.sent()
    with transaction(PLATFORM) as session:
        letter = session.get_one(DeskLetter, made)
        assert two.here.name.encode() not in open_sealed(
            two.there.desk_secrets[letter.desk_id], letter.contents_sealed,
            letters_of._binding(letter.id, letter.to_id, letter.desk_id),
        )  # fmt: skip
    assert two.here.name in world.browser(two.receiver).get(f"/desk/{two.there.ovo}/letters/{made}").text


def test_the_receiver_has_all_that_was_said_and_nothing_that_the_desk_kept_for_itself(two, app):
    with two.acting(two.handler) as case:
        acknowledge(case, two.key, "We hebben dit gelezen.")
        write_message(case, two.key, author="handler", text="GEHEIME NOTITIE", internal=True)
        register_contact(case, two.key, Channel.PHONE, clock.now(), "GEHEIM CONTACT")
        (file,) = accept_files(
            {uuid4(): FileStorage(io.BytesIO(b"bewijs in een bestand"), "bewijs.txt")}, keep_original=True
        ).files.values()
        write_message(case, two.key, author="reporter", text="Ik heb een bestand.", files=[NewFile.of(file)])
    case_id = two.accept(two.sent())
    with two.acting(two.receiver, two.there):
        key = key_of(case_id, two.world.reader(two.receiver))
        shown = read_dialogue(key, internal=True)
        texts = [message.text for message in shown]
        assert texts[:3] == [
            "Er verdwijnt materiaal uit het magazijn.",
            "We hebben dit gelezen.",
            "Ik heb een bestand.",
        ]
        assert "Zij beheren dat magazijn." in texts[3]
        assert shown[3].internal
        assert not any("GEHEIM" in text for text in texts)
        file_id = db.session.scalars(select(Attachment.id).where(Attachment.case_id == case_id)).one()
        stored = read_file(key, file_id, internal=False)
        assert stored.name == "bewijs.txt"
        assert stored.storage_key.startswith(str(two.there.id))


def test_minutes_stay_minutes_with_their_correction_and_their_agreement(two):
    with two.acting(two.handler) as case:
        first = write_minutes(case, two.key, "Je zei dat het elke vrijdag gebeurt.").id
    with two.acting(None) as case:
        correct(case, two.key, first, "Het was donderdag.")
    with two.acting(two.handler) as case:
        second = write_minutes(case, two.key, "Je zei dat het elke donderdag gebeurt.").id
    with two.acting(None) as case:
        agree(case, second)
    case_id = two.accept(two.sent())
    with two.world.inside(two.there):
        key = key_of(case_id, two.world.reader(two.receiver))
        records = minutes_in(read_dialogue(key, internal=False))
        assert [record.state for record in records] == [MinutesState.CORRECTED, MinutesState.AGREED]
        assert db.session.get_one(Case, (two.there.id, case_id)).shares_with == []  # asked anew


def test_the_same_words_open_the_case_where_it_goes_on_and_no_longer_where_it_was(two):
    case_id = two.accept(two.sent())
    with transaction(PLATFORM):
        receipt = find_receipt(two.code)
        key = key_of_receipt(receipt, two.code)
        assert (receipt.tenant_id, receipt.case_id) == (two.there.id, case_id)
    with two.world.inside(two.there):
        assert read_dialogue(key, internal=False)[0].text == "Er verdwijnt materiaal uit het magazijn."


def test_on_acceptance_the_sender_is_closed_and_the_case_is_counted_once(two, world):
    made = two.sent()
    two.accept(made)
    two.jobs(referral.ANSWERED)
    case = two.case()
    assert (case.state, case.outcome) == (State.CLOSED, Outcome.REFERRED)
    assert two.stage(made) == Stage.ACCEPTED
    assert shown(world, two.here) == {("referred", "all"): (1, 0)}
    assert shown(world, two.there)["cases", "all"] == (1, 0)


def test_terms_of_the_receiver_run_from_the_day_of_sending(two):
    made = two.sent()
    with clock.at(clock.now() + timedelta(days=5)):
        case_id = two.accept(made)
    with two.world.inside(two.there) as session:
        case = session.get_one(Case, (two.there.id, case_id))
        assert case.next_due_on == clock.today() + timedelta(days=7)


def test_the_other_desk_of_the_entity_gets_a_case_of_its_own(two):
    made = two.sent(Destination(two.here.id, "bullying"))
    case_id = two.accept(made, two.colleague, two.here, WELLBEING)
    two.jobs(referral.ANSWERED)
    with two.world.inside(two.here) as session:
        case = session.get_one(Case, (two.here.id, case_id))
        assert (case.topic, case.desk_id) == (Topic.WELLBEING, two.here.desks[WELLBEING])
        assert session.get_one(Case, (two.here.id, two.case_id)).state == State.CLOSED
        with pytest.raises(NoKeyYet):
            key_of(case_id, two.world.reader(two.handler))


def test_while_it_is_on_its_way_nobody_writes_but_notes(two):
    two.sent()
    for author in ("reporter", "handler"):
        with pytest.raises(OnItsWay), two.acting(two.handler) as case:
            write_message(case, two.key, author=author, text="Nog iets")
    with two.acting(two.handler) as case:
        write_message(case, two.key, author="handler", text="Een notitie", internal=True)


@pytest.mark.parametrize("why", receiving.REFUSALS)
def test_what_is_refused_comes_back_as_it_was(two, why):
    with two.acting(two.handler) as case:
        acknowledge(case, two.key, "Gelezen.")
    made = two.sent()
    two.refuse(made, why)
    two.jobs(referral.ANSWERED)
    case = two.case()
    assert (case.state, case.closed_at, case.unread_by_desk) == (State.ACKNOWLEDGED, None, True)
    assert two.stage(made) == Stage.REFUSED
    assert two.stage(two.propose()) == Stage.ASKED, "another can be proposed"


def test_who_cannot_read_the_letter_cannot_refuse_it(two, world):
    made = two.sent()
    newcomer = world.account()
    with acting_as(Actor("account", newcomer)), world.inside(two.there):
        join(newcomer, Role.HANDLER, two.there.desks[INTEGRITY])
    with pytest.raises(NoKeyYet):
        two.refuse(made, account=newcomer)
    page = world.browser(newcomer).post(
        f"/desk/{two.there.ovo}/letters/{made}/refuse", {"why": receiving.Answer.INVOLVED}
    )
    assert page.status_code == 403
    assert two.stage(made) == Stage.SENT
    assert two.accept(made)


def test_what_nobody_answers_comes_back(two):
    made = two.sent()
    with clock.at(clock.now() + UNANSWERED_AFTER - timedelta(hours=1)), transaction(PLATFORM):
        receiving.return_letters()
    two.jobs(referral.ANSWERED)
    assert two.case().state == State.REFERRED
    with clock.at(clock.now() + UNANSWERED_AFTER + timedelta(hours=1)), transaction(PLATFORM):
        receiving.return_letters()
    two.jobs(referral.ANSWERED)
    assert two.case().state == State.ACKNOWLEDGED
    assert two.stage(made) == Stage.UNANSWERED
    with pytest.raises(LetterGone):
        two.accept(made)


def test_the_yes_can_be_taken_back_until_somebody_accepts(two):
    made = two.sent()
    with two.acting(None) as case:
        referral.take_back(case, made)
    assert two.case().state == State.ACKNOWLEDGED
    assert two.stage(made) == Stage.TAKEN_BACK
    with pytest.raises(LetterGone):
        two.accept(made)
    again = two.sent()
    two.accept(again)
    with pytest.raises(NothingAsked), two.acting(None) as case:
        referral.take_back(case, again)


def test_an_answered_letter_holds_nothing_any_more(two):
    made = two.sent()
    with transaction(PLATFORM) as session:
        assert session.get_one(DeskLetter, made).contents_sealed
    two.accept(made)
    with transaction(PLATFORM) as session:
        assert session.get_one(DeskLetter, made).contents_sealed is None


def test_accepted_twice_it_is_one_case(two):
    made = two.sent()
    two.accept(made)
    with pytest.raises(LetterGone):
        two.accept(made)
    two.jobs(referral.ANSWERED)
    two.jobs(referral.ANSWERED)
    with two.world.inside(two.there) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1


def test_the_other_desk_another_entity_and_the_sender_do_not_read_the_letter(two, world):
    made = two.sent()
    strangers = [
        (two.handler, two.here, INTEGRITY),
        (world.member(two.there, Role.HANDLER, WELLBEING), two.there, WELLBEING),
        (world.member(world.entity(), Role.HANDLER, INTEGRITY), world.entity(), INTEGRITY),
    ]
    for account, entity, desk in strangers:
        with pytest.raises(NotFound), two.acting(account, entity):
            receiving.read_letter(made, frozenset([entity.desks[desk]]), world.reader(account))
    with pytest.raises(NoKeyYet), two.acting(two.receiver, two.there):
        receiving.read_letter(made, frozenset([two.there.desks[INTEGRITY]]), world.reader(two.handler))


def test_a_renewed_key_keeps_what_a_letter_needs(two):
    made = two.sent()
    desk = two.there.desks[INTEGRITY]
    with two.world.inside(two.there) as session:
        renew_desk_key(desk, [])
        versions = session.scalars(select(DeskKey.version).where(DeskKey.desk_id == desk)).all()
    assert sorted(versions) == [1, 2]
    assert two.accept(made)


@pytest.mark.parametrize(
    "to",
    [
        Destination(uuid4(), "fraud"),
        Destination(actor_code="nobody"),
        Destination(),
        Destination(None, "fraud"),
    ],
)
def test_a_destination_that_is_none_is_refused(two, to):
    with pytest.raises(Invalid):
        two.propose(to)


def test_the_own_desk_and_an_entity_without_service_are_no_destination(two, world):
    for to in (
        Destination(two.here.id, "theft"),
        Destination(two.there.id, "no such thing"),
        Destination(world.entity(entitled=False).id, "fraud"),
    ):
        with pytest.raises(Invalid):
            two.propose(to)


def test_one_at_a_time_and_the_same_form_twice_is_one(two):
    once = uuid4()
    assert two.propose(once=once) == two.propose(once=once)
    with pytest.raises(AlreadyReferred):
        two.propose()


def test_an_actor_is_told_by_the_desk_itself_after_the_yes(two):
    made = two.sent(Destination(actor_code="ombudsman"))
    assert two.stage(made) == Stage.PASSED_ON
    assert two.case().state == State.NEW
    assert two.case().unread_by_desk


def test_the_sender_learns_that_it_was_closed_and_not_how(two):
    made = two.sent()
    case_id = two.accept(made)
    with two.world.inside(two.here):
        assert referral.closed_there(made) is None
    with acting_as(Actor("account", two.receiver)), two.world.inside(two.there) as session:
        case = session.get_one(Case, (two.there.id, case_id))
        key = key_of(case_id, two.world.reader(two.receiver))
        acknowledge(case, key, "Gelezen.")
        mark_kind(case, CaseKind.REPORT)
        close(case, key, Outcome.FOUNDED, "Afgerond.")
    with two.world.inside(two.here):
        assert referral.closed_there(made)
    with two.world.inside(two.world.entity()):
        assert referral.closed_there(made) is None


# -- the pages -----------------------------------------------------------------------------------------------------


def test_a_handler_searches_an_entity_proposes_and_reads_what_became_of_it(two, world):
    browser = world.browser(two.handler)
    url = f"/desk/{two.here.ovo}/cases/{two.case_id}/refer"
    assert "Verwijs door" in browser.get(f"/desk/{two.here.ovo}/cases/{two.case_id}").text
    once = browser.get(url).text.split('name="once" value="')[1].split('"')[0]
    given = {"once": once, "query": two.there.ovo, "explanation": "Zij beheren dat magazijn.", "find": "1"}
    found = browser.post(url, given).text
    assert f'value="entity:{two.there.ovo}"' in found
    assert "Zij beheren dat magazijn." in found, "what was typed is kept"
    del given["find"]
    bad = browser.post(url, given)
    assert bad.status_code == 422
    assert "Kies naar wie." in bad.text
    given |= {"to": f"entity:{two.there.ovo}", "why": "better_placed", "category": "fraud"}
    for _ in range(2):
        assert browser.post(url, given).location == f"{url}?done=referral-asked"
    page = browser.get(url).text
    assert "Wacht op het antwoord van de melder" in page
    assert browser.post(f"{url}/withdraw").location == f"{url}?done=referral-withdrawn"
    assert "Ingetrokken" in browser.get(url).text


def test_the_receiver_reads_and_takes_over_on_the_pages(two, world):
    made = two.sent()
    browser = world.browser(two.receiver)
    listed = browser.get(f"/desk/{two.there.ovo}/letters").text
    assert two.here.name in listed
    assert "magazijn" not in listed
    page = browser.get(f"/desk/{two.there.ovo}/letters/{made}").text
    assert "Er verdwijnt materiaal uit het magazijn." in page
    assert browser.post(f"/desk/{two.there.ovo}/letters/{made}/refuse").status_code == 422
    answer = browser.post(f"/desk/{two.there.ovo}/letters/{made}/accept")
    assert answer.location == f"/desk/{two.there.ovo}/cases/{made}?done=letter-accepted"
    assert "Er verdwijnt materiaal uit het magazijn." in browser.get(answer.location).text
    assert browser.get(f"/desk/{two.there.ovo}/letters/{made}").status_code == 409
    assert UUID(str(made))


def test_who_is_kept_out_of_the_case_sees_no_letter_of_it_at_the_other_desk_and_stays_out(two, world):
    both = world.member(two.here, Role.HANDLER, INTEGRITY)
    with world.inside(two.here) as session:
        (desk_id,) = (two.here.desks[WELLBEING],)
        session.add(Membership(entity_id=two.here.id, account_id=both, role=Role.HANDLER, desk_id=desk_id))
        session.flush()
        give_desk_keys(desk_id, {1: two.here.desk_secrets[desk_id]}, [both])
    with two.acting(two.handler) as case:
        exclude(case, two.key, both, ExclusionReason.NAMED)
    letter_id = two.sent(Destination(two.here.id, "bullying"))
    with world.inside(two.here):
        assert set(receiving.receivers(letter_id)) == {two.colleague, both}
    with world.inside(two.here):
        withhold_from(both)
        assert receiving.receivers(letter_id) == []
        assert waiting_letters(frozenset([desk_id])) == []
        assert count_waiting({desk_id}) == 0
        with pytest.raises(NotFound):
            receiving.read_letter(letter_id, frozenset([desk_id]), world.reader(both))
    assert waiting_in_nav(world.browser(both), two.here) is None
    assert waiting_in_nav(world.browser(two.colleague), two.here) == "1"
    now_id = two.accept(letter_id, two.colleague, two.here, WELLBEING)
    with world.inside(two.here):
        assert [one.account_id for one in kept_out(now_id)] == [both]
        with pytest.raises(NoKeyYet):
            key_of(now_id, world.reader(both))
        assert key_of(now_id, world.reader(two.colleague))


def test_the_answers_go_along_with_the_version_that_was_answered(two, world):
    with two.acting(None) as case:
        case.questionnaire, case.questionnaire_version = "integrity", 1
        case.answers_sealed = two.key.seal(
            "answers", '{"told": ["yes"], "told_whom": "De dienst van het magazijn"}'
        )
    letter = two.sent()
    browser = world.browser(two.receiver)
    page = browser.get(f"/desk/{two.there.ovo}/letters/{letter}").text
    assert "De dienst van het magazijn" in page
    case_id = two.accept(letter)
    page = browser.get(f"/desk/{two.there.ovo}/cases/{case_id}").text
    assert "Heb je het al aan iemand verteld?" in page
    assert "De dienst van het magazijn" in page


# --- the count in the navigation -------------------------------------------------------------------------------


def waiting_in_nav(browser, entity):
    """The number beside 'Doorverwijzingen', or nothing."""
    page = browser.get(f"/desk/{entity.ovo}/cases").text
    return re.search(r'/letters"[^>]*>Doorverwijzingen(?: <span class="count">(.*?)</span>)?</a>', page)[1]


def test_the_navigation_counts_the_letters_that_wait(two, world):
    receiver, wellbeing = world.browser(two.receiver), world.browser(two.colleague)
    assert waiting_in_nav(receiver, two.there) is None
    made = two.sent()
    assert waiting_in_nav(receiver, two.there) == "1"
    assert waiting_in_nav(wellbeing, two.here) is None, "of another desk"
    assert receiver.post(f"/desk/{two.there.ovo}/letters/{made}/accept").status_code == 303
    assert waiting_in_nav(receiver, two.there) is None


def test_the_page_about_an_error_counts_nothing(two, world):
    two.sent()
    page = world.browser(two.receiver).get(f"/desk/{two.there.ovo}/cases/{uuid4()}")
    assert page.status_code == 404
    assert 'class="count"' not in page.text
