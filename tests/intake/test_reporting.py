import json
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select, update

from spreekbuis.cases import workflow
from spreekbuis.cases.dialogue import body_of
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import CaseKind, Outcome
from spreekbuis.directory.models import Entity
from spreekbuis.intake.models import DraftFile, EntityCategory, Receipt
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import CleanersBusy
from spreekbuis.vault.receipt_code import lookup_hash, parse
from spreekbuis.vault.storage import storage
from tests.intake.flow import PDF, PNG, STORY, Reporter, hidden, words
from tests.vault import made
from tests.vault.test_files import odf_with
from tests.world import Browser


def test_a_report_gives_eight_words_and_opens_one_case(world, entity, reporter, count):
    receipt = reporter.report()
    assert receipt.status_code == 200
    assert len(words(receipt)) == 8
    assert count() == 1
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        assert (case.category, case.identity, case.reporter_class) == ("bullying", "anonymous", "staff")
        assert (case.channel, case.language, case.reporter_sealed) == ("web", "nl", None)
        assert case.desk_id == entity.desks["wellbeing"]
        message = db.session.scalars(select(Message)).one()
        field = body_of(message.id, "reporter", internal=False)
        assert world.key(entity, case.id).open(field, message.body_sealed) == STORY


def test_the_receipt_says_by_when_something_happens(reporter):
    receipt = reporter.report()
    assert f'datetime="{today() + timedelta(days=7)}"' in receipt.text
    assert "Uiterlijk" in receipt.text


def test_the_database_holds_neither_the_words_nor_the_secret_of_the_form(world, reporter):
    form = reporter.start()
    shown = words(reporter.send(reporter.check(form)))
    with transaction(PLATFORM):
        found = db.session.execute(select(Receipt.lookup_hash)).scalar_one()
    assert found != lookup_hash(parse(" ".join(shown)), bytes(32))
    for secret in (" ".join(shown), str(form["token"])):
        assert secret.encode() not in found


def test_a_page_of_the_reporter_is_never_stored_by_the_browser(reporter):
    for page in (reporter.browser.get(reporter.at), reporter.check(reporter.start()), reporter.report()):
        assert page.headers["Cache-Control"] == "no-store"


def test_the_first_page_sets_no_cookie_at_all(world, entity):
    visitor = world.app.test_client()
    assert "Set-Cookie" not in visitor.get(f"/o/{entity.ovo}/report").headers


def test_a_name_given_in_confidence_goes_sealed_to_the_desk(world, entity, reporter):
    receipt = reporter.report(identity="confidential", name="Melder", email="melder@voorbeeld.example")
    assert receipt.status_code == 200
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        told = world.key(entity, case.id).open("reporter", case.reporter_sealed)
    assert json.loads(told) == {"name": "Melder", "email": "melder@voorbeeld.example", "phone": ""}


def test_what_was_typed_before_choosing_to_stay_anonymous_is_forgotten(world, entity, reporter):
    checked = reporter.check({**reporter.start(), "name": "Toch maar niet", "phone": "0470"})
    assert "Toch maar niet" not in checked.text
    reporter.send(checked)
    with world.inside(entity):
        assert db.session.scalars(select(Case.reporter_sealed)).one() is None


def test_sending_twice_shows_the_same_receipt_and_opens_no_second_case(reporter, count):
    checked = reporter.check(reporter.start(), ("brief.pdf", PDF))
    first, second = reporter.send(checked), reporter.send(checked)
    assert words(first) == words(second)
    assert (count(), count(Message), count(Attachment)) == (1, 1, 1)
    assert "niets dubbel verstuurd" in second.text
    assert "niets dubbel verstuurd" not in first.text


def test_two_presses_at_the_same_moment_give_one_case_and_one_receipt(world, reporter, count):
    fields = hidden(reporter.check(reporter.start(), ("brief.pdf", PDF)))
    together, shown = threading.Barrier(4), []

    def press() -> None:
        with world.app.app_context():
            browser = Browser(world.app, reporter.browser.cookie)
            together.wait(10)
            shown.append(words(browser.post(f"{reporter.at}/send", fields)))

    presses = [threading.Thread(target=press) for _ in range(4)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert len(shown) == 4
    assert len({tuple(receipt) for receipt in shown}) == 1
    assert (count(), count(Attachment)) == (1, 1)


def test_going_back_after_the_receipt_and_sending_again_brings_nothing_twice(reporter, count):
    form = reporter.start()
    first = reporter.send(reporter.check(form, ("brief.pdf", PDF)))
    again = reporter.check(form, ("brief.pdf", PDF))
    assert "brief.pdf" in again.text
    second = reporter.send(again)
    assert words(first) == words(second)
    assert "Deze versie is anders" not in second.text
    assert (count(), count(Attachment)) == (1, 1)


def test_a_changed_second_version_is_offered_as_an_addition_and_added_once(world, entity, reporter, count):
    form = reporter.start()
    first = reporter.send(reporter.check(form))
    changed = reporter.send(reporter.check({**form, "text": "Ik herinner me nu meer."}))
    assert words(changed) == words(first)
    assert "Deze versie is anders" in changed.text
    assert "Ik herinner me nu meer." in changed.text
    assert count(Message) == 1
    addition = {"token": form["token"], "text": "Ik herinner me nu meer."}
    for _ in range(2):
        added = reporter.browser.post(f"{reporter.at}/add", addition)
        assert added.status_code == 200
        assert words(added) == words(first)
        assert (count(), count(Message)) == (1, 2)


def test_a_file_that_came_after_the_report_is_offered_with_the_addition(reporter, count):
    form = reporter.start()
    reporter.send(reporter.check(form))
    changed = reporter.send(reporter.check(form, ("foto.png", PNG)))
    assert "foto.png" in changed.text
    assert count(Attachment) == 0
    reporter.browser.post(f"{reporter.at}/add", {"token": form["token"], "text": "Met foto."})
    assert count(Attachment) == 1


def test_change_goes_back_to_the_story_with_everything_filled_in(reporter):
    form = {**reporter.start(), "identity": "named", "name": "Melder", "phone": "0470 00 00 00"}
    checked = reporter.check(form, ("brief.pdf", PDF))
    page = reporter.browser.post(f"{reporter.at}/edit", hidden(checked))
    assert page.status_code == 200
    for kept in (STORY, 'value="Melder"', 'value="0470 00 00 00"', "brief.pdf", str(form["token"])):
        assert kept in page.text


def test_a_form_whose_cookie_was_cleared_is_kept_and_can_be_sent_after_all(world, reporter, count):
    checked = reporter.check(reporter.start())
    reporter.browser.client.delete_cookie("form")
    kept = reporter.browser.client.post(f"{reporter.at}/send", data={"csrf": "old", **hidden(checked)})
    assert kept.status_code == 409
    assert STORY in kept.text
    assert count() == 0
    again = dict(hidden(kept), text=STORY)
    assert len(words(reporter.browser.post(f"{reporter.at}/send", again))) == 8
    assert count() == 1


@pytest.mark.parametrize("category", ["fraud", "safety"])
def test_the_duty_to_speak_comes_before_the_story(reporter, category):
    page = reporter.browser.get(f"{reporter.at}/story?category={category}")
    assert page.status_code == 200
    assert "spreekplicht" in page.text
    assert "<textarea" not in page.text
    assert "<textarea" in reporter.browser.get(f"{reporter.at}/story?category={category}&duty=accepted").text


def test_accepting_the_duty_to_speak_is_written_on_the_case(world, entity, reporter):
    reporter.report(category="fraud")
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        assert case.duty_accepted_at is not None
        assert case.desk_id == entity.desks["integrity"]


def test_who_stops_at_the_duty_to_speak_leaves_nothing_and_sees_where_else_to_go(reporter, count):
    page = reporter.browser.get(f"{reporter.at}/stop")
    assert page.status_code == 200
    assert "We hebben niets bewaard" in page.text
    assert "Vlaamse Ombudsdienst" in page.text
    assert count() == 0


def test_a_topic_with_one_category_needs_no_second_choice(reporter):
    page = reporter.browser.get(f"{reporter.at}/story?topic=other&integrity=fraud")
    assert page.status_code == 200
    assert "Iets anders" in page.text


def test_a_topic_without_its_category_asks_for_it(reporter):
    page = reporter.browser.get(f"{reporter.at}/story?topic=integrity&wellbeing=bullying")
    assert page.status_code == 422
    assert "Wat past het best bij integriteit?" in page.text


def test_only_what_the_entity_offers_can_be_chosen(world, entity, reporter):
    with world.inside(entity):
        db.session.execute(delete(EntityCategory).where(EntityCategory.category.in_(["fraud", "private"])))
    page = reporter.browser.get(reporter.at)
    assert "Fraude" not in page.text
    assert 'value="private"' not in page.text
    assert "Omkoping" in page.text
    assert reporter.browser.get(f"{reporter.at}/story?category=fraud&duty=accepted").status_code == 422


def test_staff_of_an_entity_without_service_see_where_else_to_go(world):
    dead = world.entity(entitled=False)
    reporter = Reporter(world.browser(), dead)
    for path in ("", "/story?category=bullying"):
        page = reporter.browser.get(reporter.at + path)
        assert page.status_code == 200
        assert "Audit Vlaanderen" in page.text
        assert "<form" not in page.text.split("<main")[1]


def test_service_that_ends_while_somebody_writes_takes_no_report_and_gives_the_text_back(
    world, entity, reporter, count
):
    form = reporter.start()
    checked = reporter.check(form)
    _service_until(entity, today() - timedelta(days=1))
    for page in (reporter.check(form, ("brief.pdf", PDF)), reporter.send(checked)):
        assert page.status_code == 409
        assert STORY in page.text
    assert (count(), count(Attachment)) == (0, 0)
    with transaction(PLATFORM):
        assert db.session.scalars(select(Receipt)).all() == []


def test_a_receipt_is_shown_again_also_when_service_has_ended_since(world, entity, reporter):
    checked = reporter.check(reporter.start())
    first = reporter.send(checked)
    _service_until(entity, today() - timedelta(days=1))
    assert words(reporter.send(checked)) == words(first)


def test_english_reporters_get_english_words_and_an_english_case(world, entity, reporter):
    reporter.browser.get(f"{reporter.at}?lang=en")
    shown = words(reporter.report())
    assert list(parse(" ".join(shown)).words("en")) == shown
    with world.inside(entity):
        assert db.session.scalars(select(Case.language)).one() == "en"


def _service_until(entity, day: date) -> None:
    with transaction(PLATFORM):
        db.session.execute(update(Entity).where(Entity.id == entity.id).values(service_until=day))


def test_the_same_files_posted_twice_at_the_same_moment_are_kept_once(world, entity, reporter, count):
    form = reporter.start()
    together, answers = threading.Barrier(3), []

    def press() -> None:
        with world.app.app_context():
            one = Reporter(Browser(world.app, reporter.browser.cookie), entity)
            together.wait(10)
            answers.append(one.check(form, ("brief.pdf", PDF)).status_code)

    presses = [threading.Thread(target=press) for _ in range(3)]
    for one in presses:
        one.start()
    for one in presses:
        one.join(30)
    assert answers == [200, 200, 200]
    assert count(DraftFile) == 1
    assert len(storage().keys_of(entity.id, today())) == 1


@pytest.mark.parametrize(
    ("text", "status"), [("Nog iets belangrijks.", 409), ("x" * 100_001, 422), ("", 422)]
)
def test_an_addition_that_cannot_be_made_is_given_back_with_the_receipt(
    world, entity, reporter, count, text, status
):
    form = reporter.start()
    first = reporter.send(reporter.check(form))
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        key = world.key(entity, case.id)
        workflow.acknowledge(case, key, "Gelezen.")
        workflow.mark_kind(case, CaseKind.REPORT)
        workflow.close(case, key, Outcome.UNFOUNDED, "Klaar.")
    messages = count(Message)
    page = reporter.browser.post(f"{reporter.at}/add", {"token": form["token"], "text": text})
    assert page.status_code == status
    assert words(page) == words(first)
    assert text in page.text
    assert count(Message) == messages


STAYS = "Niet alle verborgen gegevens zijn verwijderd."


@pytest.mark.parametrize(
    ("name", "content", "stands_out"),
    [
        ("kapot.pdf", PDF, True), ("mail.eml", b"From: x@voorbeeld.example\r\n\r\nz", True),
        ("brief.pdf", made.pdf(attachment=b"x"), True), ("brief.pdf", made.pdf(), False),
        ("brief.txt", b"tekst", False),
    ],
)  # fmt: skip
def test_a_file_that_was_not_cleaned_stands_out_before_sending(reporter, name, content, stands_out):
    page = reporter.check(reporter.start(), ("goed.txt", b"goed"), (name, content))
    assert page.status_code == 200
    assert (STAYS in page.text, "<strong>" in page.text.split('class="files"')[1]) == (stands_out, stands_out)


def test_the_check_says_what_we_have_already(reporter):
    form = reporter.start()
    assert "We hebben nog niets van je ontvangen." in reporter.check(form).text
    page = reporter.check(form, ("brief.pdf", PDF))
    assert "We hebben nog niets van je ontvangen." not in page.text
    assert "dan wissen we ze na een dag" in page.text
    reporter.send(page)
    page = reporter.check(form, ("brief.pdf", PDF))
    assert "We hebben je melding met deze bestanden al ontvangen." in page.text
    page = reporter.check(form, ("foto.png", PNG))
    assert "Je hebt dit nog niet verstuurd." in page.text


def test_a_busy_moment_costs_the_file_and_not_the_story(reporter, monkeypatch):
    def busy(*_told: object, **_options: object) -> None:
        raise CleanersBusy

    monkeypatch.setattr(accepting, "clean", busy)
    page = reporter.check(reporter.start(), ("brief.pdf", PDF))
    assert page.status_code == 422
    assert "Het is nu druk. Probeer het over een minuut opnieuw; je tekst is bewaard." in page.text
    assert STORY in page.text


def test_a_damaged_archive_costs_the_file_and_not_the_story(reporter):
    page = reporter.check(reporter.start(), ("brief.odt", odf_with(8, b"\xff" * 50)))
    assert page.status_code == 422
    assert "de inhoud past niet bij de naam" in page.text
    assert STORY in page.text
