"""The front office registers a contact: quickly, once, for the right desk, and without reading anything back."""

import re

import pytest
from sqlalchemy import func, select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.models import Contact
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM, PLATFORM_ID
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.figures import reading
from spreekbuis.intake.front.scripts import current_scripts
from spreekbuis.intake.models import Receipt
from spreekbuis.web.access import Role
from tests.intake.flow import words
from tests.intake.front import SUMMARY, Agent, cases, counted, texts


@pytest.fixture
def agent(world):
    return Agent(world)


@pytest.fixture
def abb(world):
    return world.entity("OVO001835")


def test_a_call_becomes_a_case_of_the_right_desk_with_a_code_for_the_caller(world, agent, abb):
    page = agent.keep(entity="ABB")
    (case,) = cases(world, abb)
    assert (case.desk_id, case.kind, case.channel, case.identity) == (
        abb.desks[DeskKind.WELLBEING], "new", "phone", "anonymous",
    )  # fmt: skip
    assert case.unread_by_desk
    assert case.handler_id is None
    assert texts(world, abb, case) == [("reporter", SUMMARY)]
    assert f"W-{case.year}-{case.number:03d}" in page.text
    assert SUMMARY not in page.text
    inbox = world.browser()
    assert inbox.post("/inbox/open", {"code": " ".join(words(page))}).location == "/inbox"
    assert SUMMARY in inbox.get("/inbox").text


def test_the_talk_with_the_front_office_is_not_the_first_conversation_of_the_law(world, agent, abb):
    agent.keep(entity="ABB", name="Functie A")
    (case,) = cases(world, abb)
    assert case.conversation_at is None
    assert case.identity == "confidential"


def test_the_same_form_twice_is_one_case_and_the_same_words(world, agent, abb):
    token = agent.token()
    first, again = (agent.keep(token, entity="ABB") for _ in range(2))
    assert words(first) == words(again)
    assert len(cases(world, abb)) == len(counted()) == 1
    other = agent.keep(token, entity="ABB", about="Nog een ander verhaal")
    assert words(other) != words(first)
    assert len(cases(world, abb)) == len(counted()) == 2


def test_an_answered_question_is_a_closed_information_request(world, agent, abb):
    page = agent.keep(entity="ABB", ended="answered", answer="Bel de vertrouwenspersoon.")
    (case,) = cases(world, abb)
    assert (case.kind, case.state, case.outcome) == ("information_request", "closed", "answered")
    assert not case.unread_by_desk
    assert texts(world, abb, case) == [("reporter", SUMMARY), ("handler", "Bel de vertrouwenspersoon.")]
    assert len(words(page)) == 8


def test_an_answer_text_is_kept_with_its_version_and_is_the_answer_when_none_was_typed(world, agent, abb):
    with transaction(PLATFORM):
        script = current_scripts(topic="wellbeing", language="fr")[0]
        chosen, text = f"{script.id}@{script.version}", script.texts["fr"]
        script_id = script.id
    agent.keep(entity="ABB", ended="answered", script=chosen, language="fr")
    (case,) = cases(world, abb)
    assert texts(world, abb, case)[1] == ("handler", text)
    with world.inside(abb) as session:
        contact = session.scalars(select(Contact)).one()
        assert (contact.script_id, contact.script_version) == (script_id, 1)


@pytest.mark.parametrize("script", ["onzin", "@", "5@x", "0e984725-c51c-4bf4-9960-e1c80e27aba0@1"])
def test_an_answer_text_that_does_not_exist_is_no_answer(agent, abb, script):
    page = agent.keep(entity="ABB", ended="answered", script=script)
    assert page.status_code == 422
    assert "Schrijf wat je antwoordde" in page.text
    assert counted() == []


def test_an_answered_question_without_an_entity_is_only_counted(agent):
    page = agent.keep(entity="", ended="answered", category="private")
    assert page.status_code == 200
    assert counted() == [("phone", "private", "answered", False)]
    with transaction(PLATFORM) as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 0


def test_a_case_needs_an_entity(agent):
    page = agent.keep(entity="")
    assert page.status_code == 422
    assert "Een dossier hoort bij een entiteit" in page.text
    assert SUMMARY in page.text


def test_for_an_entity_without_service_the_agent_says_where_else_to_go(world, agent):
    without = world.entity("OVO001834", entitled=False)
    for entity in ("HFB", "OVO000100"):  # one whose service ended, one that never enrolled
        page = agent.keep(entity=entity)
        assert page.status_code == 200
        assert "neemt nu geen meldingen aan" in page.text
        assert "Vlaamse Ombudsdienst" in page.text
        assert SUMMARY in page.text
    assert cases(world, without) == []
    assert counted() == [("phone", "wellbeing", "no_service", False)] * 2


def test_a_referral_is_counted_and_its_text_kept_nowhere(world, agent, abb):
    page = agent.keep(entity="ABB", ended="referred")
    assert "Hier kan de ander terecht" in page.text
    assert cases(world, abb) == []
    assert counted() == [("phone", "wellbeing", "referred", False)]


def test_several_entities_are_chosen_from_in_the_same_form_with_all_that_was_typed(world, agent, abb):
    token = agent.token()
    page = agent.keep(token, entity="agentschap", contact="0470 00 00 00")
    assert page.status_code == 422
    assert SUMMARY in page.text
    assert "0470 00 00 00" in page.text
    assert 'value="OVO001835"' in page.text
    kept = agent.keep(token, entity="agentschap", contact="0470 00 00 00", ovo="OVO001835")
    assert kept.status_code == 200
    assert len(cases(world, abb)) == 1


def test_a_choice_that_does_not_fit_what_is_typed_now_is_no_choice(world, agent, abb):
    other = world.entity("OVO990008")
    assert agent.keep(entity="ANB", ovo="OVO001835").status_code == 200
    assert len(cases(world, other)) == 1
    assert cases(world, abb) == []


def test_an_entity_that_nobody_knows_is_said_to_be_unknown(agent):
    page = agent.keep(entity="Ministerie van Raadsels")
    assert page.status_code == 422
    assert "We kennen geen entiteit" in page.text


def test_whoever_is_spoken_with_about_fraud_hears_of_the_duty_to_speak_first(world, agent, abb):
    refused = agent.keep(entity="ABB", category="fraud")
    assert refused.status_code == 422
    assert "Leg eerst de spreekplicht uit" in refused.text
    assert agent.keep(entity="ABB", category="fraud", channel="letter").status_code == 200
    assert agent.keep(entity="ABB", category="fraud", duty="yes").status_code == 200
    by_letter, spoken = cases(world, abb)
    assert by_letter.duty_accepted_at is None
    assert spoken.duty_accepted_at is not None


def test_empty_and_hostile_forms_are_given_back(agent, abb):
    empty = agent.browser.post("/front/contacts", {})
    assert empty.status_code == 422
    hostile = agent.keep(
        entity="ABB", channel="web", category="<b>", ended="no_service", language="xx", reporter_class="?"
    )
    assert hostile.status_code == 422
    assert agent.keep(entity="a" * 200).status_code == 422
    assert agent.keep(entity="ABB", about="x" * 100_001).status_code == 422
    assert counted() == []


def test_each_contact_is_in_the_figures_of_the_central_office_once(world, agent, abb):
    agent.keep(entity="ABB")
    agent.keep(entity="ABB", ended="answered", answer="Ja.", channel="email")
    agent.keep(entity="", ended="answered", channel="phone")
    agent.keep(entity="De Lijn", channel="visit")
    with reading.reading() as connection:
        figures = reading.overview(connection, today().year).figures
        last_year = reading.overview(connection, today().year - 1).figures
    assert figures.of("contacts") == {"phone": 2, "email": 1, "visit": 1}
    assert (figures.cases, figures.information_requests) == (2, 1)
    assert last_year.contacts == 0


def test_the_counts_page_counts_by_channel_topic_and_ending(agent, abb):
    agent.keep(entity="ABB")
    agent.keep(entity="", ended="answered", channel="letter", category="private")
    page = agent.browser.get("/front/counts").text
    rows = {name: re.findall(r"<td[^>]*>(\d+)</td>", row) for name, row in
            re.findall(r'<th [^>]*scope="row"[^>]*>([^<]+)</th>(.*?)</tr>', page, re.S)}  # fmt: skip
    assert rows["Telefoon"] == rows["Brief"] == rows["Welzijn"] == rows["Nieuw dossier"] == ["1", "1", "1"]
    assert rows["E-mail"] == ["0", "0", "0"]


def test_the_central_office_sees_the_same_counts_and_registers_nothing(world, agent, abb):
    agent.keep(entity="ABB")
    central = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    assert "Telefoon" in central.get("/central/front-office").text
    assert central.get("/front/contacts/new").status_code == 403


def test_what_the_agent_did_stands_in_the_trail_of_the_entity_or_of_the_platform(world, agent, abb):
    agent.keep(entity="ABB")
    agent.keep(entity="", ended="answered")
    with world.inside(abb) as session:
        (opened,) = session.scalars(select(AuditEvent).where(AuditEvent.kind == "case.opened"))
        assert opened.actor == f"account:{agent.account_id}"
    with transaction(PLATFORM) as session:
        kinds = session.scalars(select(AuditEvent.kind).where(AuditEvent.entity_id == PLATFORM_ID)).all()
    assert kinds == ["contact.counted"]


def test_suggestions_find_abbreviations_and_say_who_is_not_served(world, agent, abb):
    found = agent.browser.get("/front/contacts/entities?entity=abb").text
    assert 'value="OVO001835"' in found
    assert "checked" in found
    assert "Niet aangesloten" not in found
    assert "Niet aangesloten" in agent.browser.get("/front/contacts/entities?entity=AGIV").text
    assert agent.browser.get("/front/contacts/entities?entity=").text.strip() == ""


def test_answer_texts_come_with_the_category_in_the_language_that_is_spoken(agent):
    found = agent.browser.get("/front/contacts/scripts?category=fraud&language=en").text
    assert "What does the duty to speak mean?" in found
    assert agent.browser.get("/front/contacts/scripts?category=zzz&language=zz").text.strip() == ""


def test_without_javascript_a_button_shows_the_answer_texts_and_keeps_what_was_typed(agent):
    page = agent.keep(show="scripts", category="fraud")
    assert page.status_code == 200
    assert "Wat betekent spreekplicht?" in page.text
    assert SUMMARY in page.text
    assert counted() == []
