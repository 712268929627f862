"""Handing a case over: the reporter decides, nothing is left behind, and the words open it where it goes on."""

import io
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from spreekbuis import clock
from spreekbuis.access.desk_keys import NoKeyYet, give_desk_keys, renew_desk_key
from spreekbuis.access.models import DeskKey, DeskLetter, Membership
from spreekbuis.actor import REPORTER, Actor, acting_as
from spreekbuis.cases import referral
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.dialogue import OnItsWay, read_dialogue, read_file, write_message
from spreekbuis.cases.exclusion import exclude, kept_out, withhold_from
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.letters import waiting_letters
from spreekbuis.cases.minutes import MinutesState, agree, correct, minutes_in, write_minutes
from spreekbuis.cases.models import Attachment, Case, Referral
from spreekbuis.cases.opening import NewFile
from spreekbuis.cases.procedures import State
from spreekbuis.cases.referral import (
    UNANSWERED_AFTER,
    AlreadyReferred,
    Destination,
    LetterGone,
    NothingAsked,
    Stage,
    Why,
)
from spreekbuis.cases.workflow import acknowledge, close, mark_kind
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
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.reporters import find_receipt, key_of_receipt, receipt_of
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import accept as accept_files
from spreekbuis.vault.receipt_code import from_submission
from spreekbuis.web.access import Role
from tests.figures.test_facts import shown

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
            return referral.accept(letter_id, desks, self.world.reader(account)).id

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


@pytest.mark.parametrize("why", referral.REFUSALS)
def test_what_is_refused_comes_back_as_it_was(two, why):
    with two.acting(two.handler) as case:
        acknowledge(case, two.key, "Gelezen.")
    made = two.sent()
    with two.acting(two.receiver, two.there):
        referral.refuse(made, frozenset([two.there.desks[INTEGRITY]]), why)
    two.jobs(referral.ANSWERED)
    case = two.case()
    assert (case.state, case.closed_at, case.unread_by_desk) == (State.ACKNOWLEDGED, None, True)
    assert two.stage(made) == Stage.REFUSED
    assert two.stage(two.propose()) == Stage.ASKED, "another can be proposed"


def test_what_nobody_answers_comes_back(two):
    made = two.sent()
    with clock.at(clock.now() + UNANSWERED_AFTER - timedelta(hours=1)), transaction(PLATFORM):
        referral.return_letters()
    two.jobs(referral.ANSWERED)
    assert two.case().state == State.REFERRED
    with clock.at(clock.now() + UNANSWERED_AFTER + timedelta(hours=1)), transaction(PLATFORM):
        referral.return_letters()
    two.jobs(referral.ANSWERED)
    assert two.case().state == State.NEW
    assert two.stage(made) == Stage.UNANSWERED
    with pytest.raises(LetterGone):
        two.accept(made)


def test_the_yes_can_be_taken_back_until_somebody_accepts(two):
    made = two.sent()
    with two.acting(None) as case:
        referral.withdraw(case, made)
    assert two.case().state == State.NEW
    with pytest.raises(LetterGone):
        two.accept(made)
    again = two.sent()
    two.accept(again)
    with pytest.raises(NothingAsked), two.acting(None) as case:
        referral.withdraw(case, again)


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
            referral.read_letter(made, frozenset([entity.desks[desk]]), world.reader(account))
    with pytest.raises(NoKeyYet), two.acting(two.receiver, two.there):
        referral.read_letter(made, frozenset([two.there.desks[INTEGRITY]]), world.reader(two.handler))


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
        assert set(referral.receivers(letter_id)) == {two.colleague, both}
    with world.inside(two.here):
        withhold_from(both)
        assert referral.receivers(letter_id) == []
        assert waiting_letters(frozenset([desk_id])) == []
        with pytest.raises(NotFound):
            referral.read_letter(letter_id, frozenset([desk_id]), world.reader(both))
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
