"""The pages of enrolment: the requester's, and the central office's."""

import re
from datetime import UTC, datetime, timedelta

import itsdangerous.timed
import pytest
from sqlalchemy import select

from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.models import Entity
from spreekbuis.entities.mails import PURPOSE
from spreekbuis.entities.models import Enrolment
from spreekbuis.jobs.models import Job
from spreekbuis.web import links
from spreekbuis.web.access import Role
from tests.entities.test_enrolment import OVO, requested, state, waiting

FORM = {
    "name": "Aanvrager", "function": "HR-businesspartner", "email": "hr@voorbeeld.example", "headcount":
    "1.318", "affiliated": "no", "authorised": "yes",
}  # fmt: skip


def form(**changes) -> dict:
    return {**FORM, "once": str(new_id()), **changes}


def enrolments() -> list[Enrolment]:
    with transaction(PLATFORM) as session:
        found = list(session.scalars(select(Enrolment)))
        session.expunge_all()
    return found


@pytest.fixture
def analyst(world):
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


def test_an_organisation_is_found_by_words_of_its_name_or_by_its_code(world):
    browser = world.browser()
    for query in ("cultuur jeugd", "CULTÚUR", "ovo000067"):
        page = browser.get("/enrol", query_string={"q": query})
        assert page.status_code == 200
        assert "/enrol/OVO000067" in page.text
    assert "OVO" not in browser.get("/enrol", query_string={"q": "bestaat niet"}).text.split('id="found"')[1]


def test_searching_while_typing_gives_the_same_results_without_the_page(world):
    part = world.browser().get("/enrol/found", query_string={"q": "cultuur"})
    assert "/enrol/OVO000067" in part.text
    assert "<html" not in part.text


@pytest.mark.parametrize("query", ["", "%", "_", "\x00", "a" * 5000, "日本", "' OR 1=1 --", "<script>"])
def test_any_search_text_is_answered(world, query):
    page = world.browser().get("/enrol", query_string={"q": query})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_a_request_leads_to_the_mailbox_page(world):
    browser = world.browser()
    assert browser.get(f"/enrol/{OVO}").status_code == 200
    answer = browser.post(f"/enrol/{OVO}", form())
    assert (answer.status_code, answer.location) == (303, "/enrol/mailbox")
    assert browser.get("/enrol/mailbox").status_code == 200
    (made,) = enrolments()
    assert (made.ovo_code, made.headcount, made.affiliated, made.language) == (OVO, 1318, False, "nl")


def test_a_double_click_makes_one_request(world):
    browser, twice = world.browser(), form()
    for _ in range(2):
        assert browser.post(f"/enrol/{OVO}", twice).status_code == 303
    assert len(enrolments()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 121), ("function", " "), ("email", "geen adres"), ("email", ""),
        ("headcount", "0"), ("headcount", "-3"), ("headcount", "veel"), ("headcount", "9" * 30),
        ("affiliated", ""), ("affiliated", "misschien"), ("authorised", ""),
    ],
)  # fmt: skip
def test_wrong_input_is_told_at_its_field_and_the_rest_is_kept(world, field, value):
    answer = world.browser().post(f"/enrol/{OVO}", form(**{field: value}))
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert ("HR-businesspartner" in answer.text) == (field != "function")
    assert enrolments() == []


def test_an_unknown_code_an_entity_and_a_waiting_request_get_a_clear_answer(world):
    browser = world.browser()
    assert browser.get("/enrol/OVO123456").status_code == 404
    assert "staat niet in het register" in browser.get("/enrol/onzin").text
    world.entity("OVO000039")
    taken = browser.post("/enrol/OVO000039", form())
    assert taken.status_code == 409
    assert "al aangesloten" in taken.text
    waiting()
    assert "al een aanvraag" in browser.get(f"/enrol/{OVO}").text


def test_opening_the_link_confirms_nothing_and_the_button_does(world):
    enrolment_id = requested()
    browser, url = world.browser(), f"/enrol/confirmation/{links.sign(PURPOSE, enrolment_id)}"
    for _ in range(2):
        assert "Ja, bevestig" in browser.get(url).text
    assert state(enrolment_id) == "unverified"
    assert browser.post(url).status_code == 303
    assert state(enrolment_id) == "waiting"
    assert "Je aanvraag is bevestigd" in browser.get(url).text


def test_a_reused_link_says_how_things_stand(world, analyst):
    enrolment_id = waiting()
    browser, url = world.browser(), f"/enrol/confirmation/{links.sign(PURPOSE, enrolment_id)}"
    assert browser.post(url).status_code == 303
    analyst.post(f"/central/enrolments/{enrolment_id}/approve")
    assert "is goedgekeurd" in browser.get(url).text
    assert browser.post(url).status_code == 303
    assert state(enrolment_id) == "approved"


def test_an_expired_link_says_so_and_changes_nothing(world, monkeypatch):
    enrolment_id = requested()
    url = f"/enrol/confirmation/{links.sign(PURPOSE, enrolment_id)}"
    later = datetime.now(UTC) + timedelta(hours=48, seconds=5)
    monkeypatch.setattr(itsdangerous.timed.time, "time", later.timestamp)
    answer = world.browser().post(url)
    assert answer.status_code == 410
    assert "verlopen" in answer.text
    assert state(enrolment_id) == "unverified"


def test_a_link_that_was_tampered_with_or_serves_another_purpose_opens_nothing(world):
    enrolment_id = requested()
    browser = world.browser()
    for token in ("onzin", links.sign(PURPOSE, enrolment_id)[:-2], links.sign("invitation", enrolment_id)):
        assert browser.get(f"/enrol/confirmation/{token}").status_code == 404


def test_the_central_office_sees_waiting_requests_first_and_approves(world, analyst):
    enrolment_id = waiting()
    listed = analyst.get("/central/enrolments")
    assert "Departement Cultuur, Jeugd en Media" in listed.text
    page = analyst.get(f"/central/enrolments/{enrolment_id}")
    assert "hr@voorbeeld.example" in page.text
    assert "Keur de aanvraag goed" in page.text
    answer = analyst.post(f"/central/enrolments/{enrolment_id}/approve")
    assert answer.status_code == 303
    shown = analyst.get(answer.location)
    assert "Keur de aanvraag goed" not in shown.text
    assert "Goedgekeurd" in shown.text
    assert "Er zijn hier geen aanvragen" in analyst.get("/central/enrolments").text
    assert OVO in analyst.get("/central/enrolments?state=approved").text
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Enrolment.decided_by)).one() is not None
        assert session.scalars(select(Entity.ovo_code)).all() == [OVO]


def test_approving_twice_says_that_it_was_decided(world, analyst):
    enrolment_id = waiting()
    analyst.post(f"/central/enrolments/{enrolment_id}/approve")
    again = analyst.post(f"/central/enrolments/{enrolment_id}/approve")
    assert again.status_code == 409
    assert "al beslist" in again.text


def test_a_refusal_without_a_reason_keeps_the_page_and_with_one_it_is_mailed(world, analyst):
    enrolment_id = waiting()
    url = f"/central/enrolments/{enrolment_id}/refuse"
    assert analyst.post(url, {"reason": "  "}).status_code == 422
    long = analyst.post(url, {"reason": "y" * 2001})
    assert long.status_code == 422
    assert "y" * 2001 in long.text
    assert analyst.post(url, {"reason": "Vraag eerst een mandaat."}).status_code == 303
    with transaction(PLATFORM) as session:
        assert session.scalars(select(Job.name).where(Job.name == "entities.mail_decision")).all()


def test_the_list_walks_through_many_requests_page_by_page(world, analyst):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    codes = [f"OVO99{n:04d}" for n in range(1, 14)] + ["OVO002949", "OVO001827", "OVO001834", "OVO001835"]
    with transaction(PLATFORM) as session:
        for number in range(30):
            session.add(
                Enrolment(
                    ovo_code=codes[number % len(codes)], requester_name="Aanvrager", headcount=10 + number,
                    requester_email="hr@voorbeeld.example", requester_function=f"Functie {number:02d}",
                    affiliated=True, status="refused", created_at=start + timedelta(minutes=number // 2),
                )
            )  # fmt: skip

    def functions(page) -> list[str]:
        return re.findall(r"Functie (\d\d)", page.text)

    first = analyst.get("/central/enrolments?state=refused")
    url = re.search(r'href="([^"]*after=[^"]*)"', first.text).group(1).replace("&amp;", "&")
    second = analyst.get(url)
    assert (len(functions(first)), len(functions(second))) == (25, 5)
    assert len({*functions(first), *functions(second)}) == 30
    back = re.search(r'href="([^"]*before=[^"]*)"', second.text).group(1).replace("&amp;", "&")
    assert functions(analyst.get(back)) == functions(first)


@pytest.mark.parametrize(
    "query", ["state=onzin", "after=onzin", "before=onzin", "after=01a2001e-d174-712e-ab09-053bb2a2c7e7"]
)
def test_a_wrong_address_of_the_list_is_no_error_of_ours(analyst, query):
    assert analyst.get(f"/central/enrolments?{query}").status_code in (200, 404)


def test_only_the_central_office_sees_and_decides(world):
    enrolment_id = waiting()
    entity = world.entity()
    for role in (Role.CONTRIBUTION_ADMINISTRATOR, Role.PLATFORM_ADMINISTRATOR):
        browser = world.browser(world.platform_member(role))
        assert browser.get("/central/enrolments").status_code == 403
        assert browser.post(f"/central/enrolments/{enrolment_id}/approve").status_code == 403
    administrator = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    assert administrator.get(f"/central/enrolments/{enrolment_id}").status_code == 403
    assert world.browser().get("/central/enrolments").status_code == 303
    assert state(enrolment_id) == "waiting"


def test_an_unknown_request_does_not_exist(analyst):
    assert analyst.get(f"/central/enrolments/{new_id()}").status_code == 404
    assert analyst.post(f"/central/enrolments/{new_id()}/approve").status_code == 404
