"""Back in the browser, other languages, another topic: nothing is doubled, nothing is lost, nothing leaks."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from spreekbuis.actor import Actor, acting_as
from spreekbuis.cases import receiving, referral
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.clock import at, now
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.intake.models import DraftFile
from spreekbuis.intake.story import DRAFT_LIFETIME
from spreekbuis.web.access import Role
from tests.intake.flow import PDF, PNG, STORY, Reporter, field, hidden, words

FILLED = {"text": STORY, "identity": "anonymous", "reporter_class": "staff"}


@pytest.fixture
def address(reporter) -> str:
    """Step 2 as the form of step 1 opens it."""
    return story_after(reporter)


def story_after(reporter: Reporter) -> str:
    draft = field(reporter.browser.get(reporter.at), "draft")
    return f"{reporter.at}/story?topic=wellbeing&wellbeing=bullying&draft={draft}"


def filled(reporter: Reporter, address: str, **form: str) -> dict[str, object]:
    page = reporter.browser.get(address)
    assert page.status_code == 200
    return {**hidden(page), **FILLED, **form}


def post(reporter: Reporter, step: str, form: dict[str, object], *files: tuple[str, bytes]):
    data = {**form, "files": [(io.BytesIO(content), name) for name, content in files]}
    return reporter.browser.post(f"{reporter.at}/{step}", data, content_type="multipart/form-data")


def test_going_back_to_the_story_and_sending_again_gives_the_same_receipt(reporter, address, count):
    first = reporter.send(reporter.check(filled(reporter, address)))
    again = reporter.send(reporter.check(filled(reporter, address)))
    assert words(again) == words(first)
    assert "niets dubbel verstuurd" in again.text
    assert (count(), count(Message)) == (1, 1)


def test_going_back_and_sending_something_else_offers_to_add_it(reporter, address, count):
    first = reporter.send(reporter.check(filled(reporter, address)))
    changed = reporter.send(reporter.check(filled(reporter, address, text="Nu weet ik meer.")))
    assert "Deze versie is anders" in changed.text
    assert words(changed) == words(first)
    assert count() == 1


@pytest.mark.parametrize("where", ["the other desk", "another entity"])
def test_sending_again_what_goes_on_elsewhere_gives_the_words_to_open_it(
    world, entity, reporter, address, where
):
    first = reporter.send(reporter.check(filled(reporter, address)))
    there, desk, category = (
        (entity, DeskKind.INTEGRITY, "fraud")
        if where == "the other desk"
        else (world.entity(), DeskKind.WELLBEING, "bullying")
    )
    pass_on(world, entity, there, desk, category)
    for text in (STORY, "Nu weet ik meer."):
        again = reporter.send(reporter.check(filled(reporter, address, text=text)))
        assert again.status_code == 200
        assert words(again) == words(first)
        assert "Je melding loopt elders verder" in again.text
    added = reporter.browser.post(f"{reporter.at}/add", {**filled(reporter, address), "text": "NOG IETS"})
    assert added.status_code == 409
    assert "NOG IETS" in added.text, "what was typed is not lost"
    reporter.open_mailbox(" ".join(words(first)))
    assert STORY in reporter.browser.get("/inbox").text


def pass_on(world, here, there, desk, category):
    """The one case of `here` is taken over by that desk."""
    sender = world.member(here, Role.HANDLER, DeskKind.WELLBEING)
    receiver = world.member(there, Role.HANDLER, desk)
    with acting_as(Actor("account", sender)), world.inside(here) as session:
        case = session.scalars(select(Case).with_for_update()).one()
        key, to = world.key(here, case.id), referral.Destination(there.id, category)
        made = referral.propose(case, key, to, referral.Why.BETTER_PLACED, "Zij kunnen beter helpen.").id
        referral.agree(case, key, made)
    with acting_as(Actor("account", receiver)), world.inside(there):
        receiving.accept(made, frozenset([there.desks[desk]]), world.reader(receiver))


def test_the_files_are_still_there_after_going_back(reporter, address, count):
    reporter.check(filled(reporter, address), ("brief.pdf", PDF))
    assert "brief.pdf" in reporter.browser.get(address).text
    again = reporter.check(filled(reporter, address), ("brief.pdf", PDF))  # some browsers choose it again
    assert again.text.count("brief.pdf") == 1
    reporter.send(again)
    assert (count(DraftFile), count(Attachment)) == (1, 1)


def test_the_way_over_the_duty_to_speak_keeps_the_draft(reporter):
    draft = field(reporter.browser.get(reporter.at), "draft")
    duty = reporter.browser.get(f"{reporter.at}/story?topic=integrity&integrity=fraud&draft={draft}")
    assert field(duty, "draft") == draft
    missing = reporter.browser.get(f"{reporter.at}/story?topic=integrity&draft={draft}")
    assert field(missing, "draft") == draft


def test_a_new_start_in_the_same_browser_is_a_new_report_that_shows_no_other_receipt(reporter, count):
    first = reporter.send(reporter.check(filled(reporter, story_after(reporter))))
    other = reporter.send(reporter.check(filled(reporter, story_after(reporter), text="Iets anders.")))
    assert not set(words(first)) <= set(words(other))
    assert "Deze versie is anders" not in other.text
    assert count() == 2


@pytest.mark.parametrize("draft", ["", "x", "zzz-0123456789abcdef", "\x00", "fffffffff-0123456789abcdef"])
def test_a_draft_that_is_none_of_ours_is_a_new_one_each_time(reporter, draft):
    pages = [
        reporter.browser.get(f"{reporter.at}/story", query_string={"category": "bullying", "draft": draft})
        for _ in range(2)
    ]
    assert field(pages[0], "token") != field(pages[1], "token")


def test_the_address_alone_gives_nothing_in_another_browser(world, entity, reporter, address):
    form = filled(reporter, address)
    reporter.check(form, ("geheim.pdf", PDF))
    other = world.browser().get(address)
    assert field(other, "token") != form["token"]
    assert "geheim.pdf" not in other.text


def test_the_address_gives_nothing_when_the_draft_is_old(reporter, address):
    token = filled(reporter, address)["token"]
    with at(now() + DRAFT_LIFETIME - timedelta(minutes=2)):
        assert filled(reporter, address)["token"] == token
    with at(now() + DRAFT_LIFETIME + timedelta(minutes=2)):
        assert filled(reporter, address)["token"] != token


def test_the_address_gives_nothing_after_closing_the_mailbox(reporter, address):
    form = filled(reporter, address)
    reporter.open_mailbox(" ".join(words(reporter.send(reporter.check(form)))))
    assert reporter.browser.post("/inbox/leave").status_code == 303
    assert filled(reporter, address)["token"] != form["token"]


def test_the_same_address_in_another_entity_is_another_report(world, reporter, address):
    other = Reporter(reporter.browser, world.entity())
    there = address.replace(reporter.at, other.at)
    assert filled(other, there)["token"] != filled(reporter, address)["token"]


def test_no_link_on_the_story_page_loses_the_text(reporter, address):
    page = reporter.browser.get(address)
    assert "hreflang" not in page.text
    assert f'href="{reporter.at}"' not in page.text


def test_another_language_keeps_all_that_was_filled_in(reporter, address):
    form = filled(reporter, address)
    page = post(reporter, "edit?lang=fr", form, ("brief.pdf", PDF))
    assert page.status_code == 200
    assert '<html lang="fr">' in page.text
    for kept in (STORY, "brief.pdf", str(form["token"])):
        assert kept in page.text


def test_a_bad_file_is_named_when_the_language_changes(reporter, address):
    page = post(reporter, "edit?lang=nl", filled(reporter, address), ("brief.pdf", PNG))
    assert page.status_code == 422
    assert "geen echt pdf-bestand" in page.text
    assert STORY in page.text


def test_another_topic_is_chosen_within_the_story(reporter, address, count):
    form = filled(reporter, address)
    page = post(reporter, "edit", {**form, "choose": "category"})
    assert STORY in page.text
    assert '<select class="input" id="category"' in page.text
    assert "summary-title" not in page.text
    assert reporter.check({**form, "category": "fraud"}).status_code == 422
    checked = reporter.check({**form, "category": "fraud", "duty": "accepted"})
    assert len(words(reporter.send(checked))) == 8
    assert count() == 1


def test_a_file_that_is_added_with_a_text_that_was_added_before_is_not_lost(reporter, address, count):
    reporter.send(reporter.check(filled(reporter, address)))
    for content in (PDF, PDF + b"anders"):
        changed = reporter.check(filled(reporter, address, text="Nu weet ik meer."), ("brief.pdf", content))
        form = {**hidden(reporter.send(changed)), "text": "Nu weet ik meer."}
        for _ in range(2):
            assert reporter.browser.post(f"{reporter.at}/add", form).status_code == 200
    assert (count(), count(Message), count(Attachment)) == (1, 3, 2)


def test_enter_in_a_field_goes_on_and_does_not_change_the_language(reporter, address):
    """A browser presses the first button of the form in the page: that must be the one that goes on."""
    page = reporter.browser.get(address).text
    assert 0 < page.index("Kijk je melding na") < page.index("formaction=")


def test_two_files_of_one_name_are_both_kept(reporter, address, count):
    form = filled(reporter, address)
    reporter.check(form, ("brief.pdf", PDF))
    checked = reporter.check(form, ("brief.pdf", PDF + b"anders"))
    reporter.send(checked)
    assert count(Attachment) == 2
