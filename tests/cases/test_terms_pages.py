"""The page of a case's procedure and terms: what it offers, what a form does, and what the reporter then reads."""

import re

import pytest

from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import open_case
from spreekbuis.cases.terms import choose_procedure
from spreekbuis.cases.workflow import acknowledge
from spreekbuis.directory.catalogue import CaseKind, DeskKind, Identity
from tests.cases.conftest import a_new_case
from tests.cases.test_pages import fields, the_case, url

WHY = "De melder belde en vroeg om niets te sturen."


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def desk(world, entity):
    return world.handler(entity, DeskKind.INTEGRITY)


@pytest.fixture
def case_id(world, entity):
    with world.inside(entity):
        return open_case(a_new_case(kind=CaseKind.REPORT)).id


def submit(desk, entity, case_id, action, **data):
    html = desk.get(url(entity, case_id, "terms")).text
    return desk.post(url(entity, case_id, action), {**fields(html, action), **data})


def test_the_page_shows_terms_sources_choices_and_how_long_it_is_kept(entity, desk, case_id):
    page = desk.get(url(entity, case_id, "terms"))
    assert page.status_code == 200
    for words in (
        "Integriteitsmelding, intern meldkanaal",
        "Klokkenluidersdecreet, extern meldkanaal",
        "artikel 9: bevestigen binnen 7 dagen",
        "De melder wil geen bevestiging",
        "Tot 60 maanden na de afsluiting",
    ):
        assert words in page.text
    assert "Formeel verzoek" not in page.text
    assert url(entity, case_id, "terms") in desk.get(url(entity, case_id)).text


def test_the_texts_of_the_law_come_in_the_language_of_the_reader(entity, desk, case_id):
    page = desk.get(url(entity, case_id, "terms") + "?lang=fr").text
    assert "accuser réception dans les 7 jours" in page


def test_choosing_another_procedure(world, entity, desk, case_id):
    done = submit(desk, entity, case_id, "procedure", procedure="whistleblower")
    assert done.status_code == 303
    assert done.location.endswith("/terms?done=procedure-chosen")
    assert the_case(world, entity, case_id).procedure == "whistleblower"


@pytest.mark.parametrize("asked", ["", "wellbeing_formal", "nonsense"])
def test_a_procedure_that_does_not_fit_is_refused_with_a_sentence(world, entity, desk, case_id, asked):
    refused = submit(desk, entity, case_id, "procedure", procedure=asked)
    assert refused.status_code == 422
    assert the_case(world, entity, case_id).procedure == "integrity_report"


def test_an_exception_is_shown_with_its_reason_and_the_case_can_go_on(entity, desk, case_id):
    done = submit(desk, entity, case_id, "exceptions", excuse="acknowledge/reporter_objects", excuse_why=WHY)
    assert done.status_code == 303
    page = desk.get(url(entity, case_id)).text
    assert "Niet nodig: De melder wil geen bevestiging" in page
    assert "Bevestig de ontvangst" in page, "it may still be done"
    assert WHY in desk.get(url(entity, case_id, "terms")).text


def test_an_exception_without_a_reason_keeps_what_was_typed(world, entity, desk, case_id):
    refused = submit(desk, entity, case_id, "exceptions", excuse="", excuse_why=WHY)
    assert refused.status_code == 422
    assert WHY in refused.text
    forged = submit(desk, entity, case_id, "exceptions", excuse="feedback/too_busy", excuse_why=WHY)
    assert forged.status_code == 422
    assert the_case(world, entity, case_id).term_changes == {}


def test_pressing_twice_claims_once(entity, desk, case_id):
    html = desk.get(url(entity, case_id, "terms")).text
    form = {**fields(html, "exceptions"), "excuse": "acknowledge/already_handled", "excuse_why": WHY}
    for _ in range(2):
        assert desk.post(url(entity, case_id, "exceptions"), form).status_code == 303
    assert desk.get(url(entity, case_id, "terms")).text.count(WHY) == 1


def test_a_stale_page_changes_nothing_and_says_so(world, entity, desk, case_id):
    html = desk.get(url(entity, case_id, "terms")).text
    form = {**fields(html, "exceptions"), "excuse": "acknowledge/already_handled", "excuse_why": WHY}
    submit(desk, entity, case_id, "procedure", procedure="whistleblower")
    stale = desk.post(url(entity, case_id, "exceptions"), form)
    assert stale.status_code == 409
    assert WHY in stale.text
    assert the_case(world, entity, case_id).term_changes == {}


def test_an_extension_reaches_the_reporter_in_plain_words(world, app, entity, desk, case_id):
    from spreekbuis.intake.course import course_of

    submit(desk, entity, case_id, "procedure", procedure="whistleblower")
    done = submit(
        desk, entity, case_id, "extensions", extension="feedback/external_channel", extension_why=WHY
    )
    assert done.status_code == 303
    with world.inside(entity) as session, app.test_request_context("/", headers={"Accept-Language": "nl"}):
        [answer] = [
            i for i in course_of(session.get_one(Case, (entity.id, case_id))) if i.title == "Antwoord"
        ]
        assert "meer tijd nodig" in answer.text
        assert "onderzoek vraagt aantoonbaar meer tijd" in answer.text


def test_an_excused_step_is_not_promised_to_the_reporter(world, app, entity, desk, case_id):
    from spreekbuis.intake.course import course_of

    submit(desk, entity, case_id, "exceptions", excuse="acknowledge/reporter_objects", excuse_why=WHY)
    with world.inside(entity) as session, app.test_request_context("/"):
        titles = [item.title for item in course_of(session.get_one(Case, (entity.id, case_id)))]
    assert "Bevestiging" not in titles


def test_only_a_prevention_adviser_sees_the_decision_about_a_formal_request(world, entity):
    colleague = world.handler(entity, DeskKind.WELLBEING)
    adviser = world.browser(world.adviser(entity))
    with world.inside(entity) as session:
        made = open_case(a_new_case(category="bullying", kind=CaseKind.REPORT, identity=Identity.NAMED))
        session.flush()
        key = world.key(entity, made.id)
        choose_procedure(made, "wellbeing_formal")
        acknowledge(made, key, "Gelezen.")
        case_id = made.id
    assert "Beslis over het formele verzoek" not in colleague.get(url(entity, case_id, "terms")).text
    html = adviser.get(url(entity, case_id, "terms")).text
    form = {**fields(html, "decision"), "accepted": "yes", "answer": "We onderzoeken dit."}
    theirs = {**form, "csrf": colleague.csrf}
    assert colleague.post(url(entity, case_id, "decision"), theirs).status_code == 403
    for _ in range(2):
        assert adviser.post(url(entity, case_id, "decision"), form).status_code == 303
    with world.inside(entity):
        texts = [m.text for m in read_dialogue(world.key(entity, case_id), internal=False)]
    assert texts.count("We onderzoeken dit.") == 1
    assert the_case(world, entity, case_id).decided_at is not None


def test_a_case_of_another_desk_or_entity_does_not_exist(world, entity, case_id):
    other = world.entity()
    for stranger in (world.handler(entity, DeskKind.WELLBEING), world.handler(other, DeskKind.INTEGRITY)):
        for place in (entity, other):
            assert stranger.get(url(place, case_id, "terms")).status_code in (403, 404)


def test_the_page_of_a_case_asks_no_more_than_before(world, entity, desk, case_id):
    """The rules come from this process's memory."""
    from tests.statements import statements_sent

    desk.get(url(entity, case_id))
    with statements_sent() as sent:
        desk.get(url(entity, case_id))
        desk.get(f"/desk/{entity.ovo}/cases")
    assert not [s for s in sent if re.search(r"\bprocedure_version\b\s*(WHERE|ORDER)", str(s.text))]
