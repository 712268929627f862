"""A report about somebody who treats reports: kept from that person before anybody can notice it."""

import pytest
from sqlalchemy import func, select

from spreekbuis.access.models import CaseExclusion, CaseKey, CaseKeyCopy
from spreekbuis.cases.exclusion import Colleague, kept_out, withhold_from
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.people import people_in
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason, PersonRole
from spreekbuis.identity.models import Account
from spreekbuis.intake.about_desk import bearers
from spreekbuis.intake.models import DraftFile
from spreekbuis.jobs.models import Job
from spreekbuis.web.access import Role
from tests.intake.flow import PDF, STORY, field, words
from tests.intake.traces import found_in_database

WHO = "Loketmedewerker Oost"


def member(label, email="iemand@voorbeeld.example"):
    return Colleague(new_id(), label, email, handles=True)


@pytest.mark.parametrize(
    ("written", "label", "email", "sure"),
    [
        ("loketmedewerker Oost", "Loketmedewerker Oost", "a@voorbeeld.example", True),
        ("LOKETMEDEWERKER", "Loketmedewerker Oost", "a@voorbeeld.example", True),
        ("Béhandelaar Noord", "x", "behandelaar.noord@voorbeeld.example", True),
        ("behandelaar.noord@voorbeeld.example", "x", "Behandelaar.Noord@voorbeeld.example", True),
        ("Loketmedewerker West", "Loketmedewerker Oost", "a@voorbeeld.example", False),
    ],
)
def test_who_bears_a_word_of_the_name_may_be_meant_and_who_bears_all_of_it_is(written, label, email, sure):
    somebody, other = member(label, email), member("Directeur Zuid", "zuid@voorbeeld.example")
    found = bearers(written, [other, somebody])
    assert (found.may, found.sure) == ([somebody.account_id], sure)


def test_a_name_that_nobody_bears_is_nobodys_and_particles_and_initials_tell_nothing(world):
    found = bearers("Iemand van der A.", [member("Medewerker van der B.", "x@voorbeeld.example")])
    assert (found.may, found.sure) == ([], False)
    assert not bearers("van de", [member("Wie dan ook")]).sure


@pytest.fixture
def desk(world, entity):
    """Two handlers of wellbeing with names of their own, and an administrator."""

    class Desk:
        east = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
        west = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
        administrator = world.member(entity, Role.ENTITY_ADMINISTRATOR)

    with transaction(PLATFORM) as session:
        session.get_one(Account, Desk.east).label = WHO
        session.get_one(Account, Desk.west).label = "Raadgever West"
    return Desk


def case_and_key(world, entity, account_id):
    case = db.session.scalars(select(Case)).one()
    return case, key_of(case.id, world.reader(account_id))


def test_who_is_named_never_has_the_case_and_the_others_read_the_name(world, entity, reporter, desk):
    reporter.report(about_desk="named", about_who=WHO)
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).select_from(CaseKey)) == 0, "no key for the whole desk"
        assert session.scalars(select(CaseKeyCopy.account_id)).all() == [desk.west]
        case, key = case_and_key(world, entity, desk.west)
        assert [(one.account_id, one.reason) for one in kept_out(case.id)] == [
            (desk.east, ExclusionReason.NAMED)
        ]
        assert [(one.person.role, one.person.name) for one in people_in(key)] == [(PersonRole.CONCERNED, WHO)]
        case_id = case.id
    address = f"/desk/{entity.ovo}/cases/{case_id}"
    assert world.browser(desk.east).get(address).status_code == 404
    assert world.browser(desk.west).get(address).status_code == 200
    assert str(case_id) not in world.browser(desk.east).get(f"/desk/{entity.ovo}/cases").text
    with world.inside(entity):
        withhold_from(desk.east)
        assert db.session.scalar(select(func.count()).select_from(Case)) == 0


def test_a_name_that_is_not_known_for_sure_keeps_the_whole_desk_out_and_says_where_to_go(
    world, entity, reporter, desk
):
    receipt = reporter.report(about_desk="named", about_who="Loketmedewerker Zuid")
    assert "Niemand van het loket mag je melding behandelen." in receipt.text
    assert "Uiterlijk" not in receipt.text, "nobody promises a term"
    code = " ".join(words(receipt))
    with world.inside(entity) as session:
        out = session.execute(select(CaseExclusion.account_id, CaseExclusion.reason)).all()
        assert {(one.account_id, one.reason) for one in out} == {
            (desk.east, ExclusionReason.NAMED), (desk.west, ExclusionReason.BY_REPORTER),
        }  # fmt: skip
        told = session.scalars(select(Job).where(Job.name == "cases.tell_administrators")).all()
        assert [job.args["account_id"] for job in told] == [str(desk.administrator)]
    reporter.open_mailbox(code)
    assert "Niemand van het loket mag je melding behandelen." in reporter.browser.get("/inbox").text


def test_the_name_is_sealed_wherever_it_is_kept(reporter, desk, database):
    who = "Bijzonderenaam Raadgever"
    reporter.report(about_desk="named", about_who=who)
    assert found_in_database(database, who, "Bijzonderenaam") == []


def test_sent_twice_is_one_case_and_another_name_is_another_version(reporter, desk, count):
    form = {**reporter.start(), "about_desk": "named", "about_who": WHO}
    checked = reporter.check(form)
    first, second = reporter.send(checked), reporter.send(checked)
    assert words(first) == words(second)
    changed = reporter.send(reporter.check({**form, "about_who": "Raadgever West"}))
    assert (count(), count(CaseExclusion)) == (1, 1)
    assert STORY in changed.text, "offered as a message to add"


def test_who_goes_elsewhere_sends_and_keeps_nothing_and_can_go_back(reporter, desk, count):
    form = {**reporter.start(), "about_desk": "elsewhere"}
    page = reporter.check(form, ("brief.pdf", PDF))
    assert (page.status_code, count(), count(DraftFile)) == (200, 0, 0)
    assert "We hebben niets ontvangen" in page.text
    assert STORY in page.text
    back = reporter.browser.post(f"{reporter.at}/edit", {"token": field(page, "token"), "text": STORY})
    assert STORY in back.text
    assert "elsewhere" not in {field(page, name) for name in ("token", "category", "duty")}
    sent = reporter.browser.post(f"{reporter.at}/send", form)
    assert (sent.status_code, count()) == (200, 0)


def test_the_question_may_be_skipped_and_a_name_is_needed_only_for_who_wants_to_give_one(
    reporter, desk, count
):
    start = reporter.start()
    assert reporter.check({**start, "about_desk": "nobody", "about_who": WHO}).status_code == 200
    refused = reporter.check({**start, "about_desk": "named", "about_who": " "})
    assert refused.status_code == 422
    assert "Schrijf de naam" in refused.text
    assert reporter.check({**start, "about_desk": "iets anders"}).status_code == 422
    assert reporter.check({**start, "about_desk": "named", "about_who": "x" * 201}).status_code == 422
    shown = reporter.check({**start, "about_desk": "named", "about_who": WHO})
    assert WHO in shown.text, "looked at once more before sending"
    reporter.send(reporter.check({**start, "about_desk": "nobody", "about_who": WHO}))
    assert (count(), count(CaseExclusion)) == (1, 0)


def test_no_page_says_who_treats_reports(reporter, desk):
    for page in (
        reporter.browser.get(f"{reporter.at}/story?category=bullying"),
        reporter.report(about_desk="named", about_who="Loketmedewerker Zuid"),
    ):
        assert WHO not in page.text
        assert "Raadgever West" not in page.text
