"""The central office writes the next version: rules first, then the pages."""

import re
from html import unescape

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.questionnaires import editing
from spreekbuis.questionnaires.definition import Condition, Definition, Kind, to_json
from spreekbuis.questionnaires.models import Questionnaire, QuestionnaireDraft, QuestionnaireVersion
from spreekbuis.web.access import PLATFORM_ROLES, Role
from tests.intake.flow import Reporter, field
from tests.questionnaires.conftest import OWN, a_question
from tests.world import Browser

AT = f"/central/questionnaires/{OWN}"


@pytest.fixture
def office(world) -> Browser:
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


@pytest.fixture
def begun(ask) -> str:
    """A questionnaire with two questions, of which the next version was begun."""
    ask(a_question("told", Kind.YES_NO), a_question("whom", when="told=yes"))
    with transaction(PLATFORM):
        editing.begin_draft(OWN)
    return OWN


def draft() -> editing.Draft:
    with transaction(PLATFORM):
        found = editing.draft_of(OWN)
        assert found is not None
        return found


def keys(definition: Definition) -> list[list[str]]:
    return [[question.key for question in section.questions] for section in definition.sections]


def test_the_next_version_begins_as_a_copy_and_beginning_twice_is_once(begun):
    first = draft()
    with transaction(PLATFORM):
        editing.move(OWN, 1, "whom", "up")
        editing.begin_draft(OWN)
    assert keys(first.definition) == [["told", "whom"]]
    assert keys(draft().definition) == [["whom", "told"]]


def test_questions_and_sections_move_and_a_question_goes_over_the_edge_of_its_section(begun):
    with transaction(PLATFORM):
        other = editing.add_section(OWN, 1, "Nog een deel")
    steps = [
        ("whom", "down", [["told"], ["whom"]]), ("whom", "down", [["told"], ["whom"]]),
        ("told", "down", [[], ["told", "whom"]]), ("whom", "up", [[], ["whom", "told"]]),
        ("whom", "up", [["whom"], ["told"]]), (other, "up", [["told"], ["whom"]]), (other, "up", [["told"], ["whom"]]),
        ("nobody", "up", [["told"], ["whom"]]),
    ]  # fmt: skip
    for seen, (key, way, expected) in enumerate(steps, 2):
        with transaction(PLATFORM):
            editing.move(OWN, seen, key, way)
        assert keys(draft().definition) == expected, (key, way)


def test_what_is_removed_is_gone_and_a_section_takes_its_questions_along(begun):
    with transaction(PLATFORM):
        editing.remove(OWN, 1, "told")
    assert keys(draft().definition) == [["whom"]]
    with transaction(PLATFORM):
        editing.remove(OWN, 2, "deel")
    assert draft().definition == Definition()


def test_a_draft_with_faults_is_not_published_and_says_where(begun):
    with transaction(PLATFORM):
        editing.move(OWN, 1, "whom", "up")
    with pytest.raises(editing.HasFaults) as refused, transaction(PLATFORM):
        editing.publish(OWN, 2)
    assert set(refused.value.errors) == {"place-whom"}
    with transaction(PLATFORM) as session:
        assert session.get_one(Questionnaire, OWN).version == 1


def test_publishing_makes_the_next_version_and_ends_the_draft(begun):
    with transaction(PLATFORM):
        editing.remove(OWN, 1, "whom")
        assert editing.publish(OWN, 2) == 2
        db.session.flush()
        assert editing.draft_of(OWN) is None
    with transaction(PLATFORM) as session:
        old, new = (session.get_one(QuestionnaireVersion, (OWN, number)) for number in (1, 2))
        assert len(old.definition["sections"][0]["questions"]) == 2
        assert len(new.definition["sections"][0]["questions"]) == 1
        kinds = set(session.scalars(AuditEvent.__table__.select().with_only_columns(AuditEvent.kind)))
    assert {"questionnaire.changed", "questionnaire.published"} <= kinds


@pytest.mark.parametrize("act", ["publish", "drop_draft"])
def test_after_publishing_or_dropping_a_second_press_finds_nothing(begun, act):
    with transaction(PLATFORM):
        getattr(editing, act)(OWN, 1)
    with pytest.raises(editing.NoDraft), transaction(PLATFORM):
        getattr(editing, act)(OWN, 1)


def test_the_second_of_two_editors_writes_nothing(begun):
    with transaction(PLATFORM):
        editing.add_section(OWN, 1, "Van de eerste")
    before = draft()
    for act in (
        lambda: editing.add_section(OWN, 1, "Van de tweede"),
        lambda: editing.save_section(OWN, 1, "deel", {"nl": "Anders"}, {}),
        lambda: editing.remove(OWN, 1, "told"),
        lambda: editing.publish(OWN, 1),
        lambda: editing.drop_draft(OWN, 1),
    ):
        with pytest.raises(editing.DraftChanged), transaction(PLATFORM):
            act()
    assert draft() == before


def test_the_bounds_hold_while_writing(begun):
    with transaction(PLATFORM) as session:
        row = session.get_one(QuestionnaireDraft, OWN)
        questions = [a_question(f"q{number}") for number in range(60)]
        row.definition = {"sections": [{**row.definition["sections"][0], "questions": questions}]}
    with pytest.raises(Invalid), transaction(PLATFORM):
        editing.add_question(OWN, 1, "deel", Kind.SHORT, "Nog een")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE questionnaire_version SET definition = '{}'",
        "DELETE FROM questionnaire_version",
        "TRUNCATE questionnaire_version",
    ],
)
def test_the_database_lets_the_application_change_no_published_version(database, statement):
    engine = create_engine(database["app"])
    with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_a_questionnaire_that_was_never_published_is_asked_nowhere(begun):
    with transaction(PLATFORM):
        code = editing.create_questionnaire("Éérste Hulp!")
        assert code == "eerste_hulp"
        assert editing.create_questionnaire("Éérste Hulp!") != code
        assert editing.create_questionnaire("123 中文") == "vragen"
    with pytest.raises(Invalid), transaction(PLATFORM):
        editing.serve(code, ["bullying"])
    with pytest.raises(NotFound), transaction(PLATFORM):
        editing.serve("nobody", [])


def test_a_category_has_one_questionnaire(begun):
    with transaction(PLATFORM):
        editing.serve(OWN, ["fraud", "burnout"])
    with transaction(PLATFORM):
        served = {row.code: row.categories for row in editing.all_questionnaires()}
    assert sorted(served[OWN]) == ["burnout", "fraud"]
    assert served["burnout"] == []
    assert "fraud" not in served["integrity"]


# -- pages ---------------------------------------------------------------------------------------------------------


def test_only_the_central_office_writes_questionnaires(world, begun):
    for role in PLATFORM_ROLES - {Role.CENTRAL_ANALYST}:
        assert world.browser(world.platform_member(role)).get(AT).status_code == 403
    assert world.browser().get(AT).status_code == 303
    handler = world.browser(world.member(world.entity(), Role.ENTITY_ADMINISTRATOR))
    assert handler.get(AT).status_code == 403


def test_from_the_list_to_a_published_version_that_a_reporter_gets(world, office, ask):
    ask(a_question("more"))
    assert "Vragen van de test" in office.get("/central/questionnaires").text
    assert office.post(f"{AT}/draft").status_code == 303
    page = office.get(AT)
    added = office.post(
        f"{AT}/questions",
        {"edit": field(page, "edit"), "label": "Hoe vaak?", "kind": "one", "section": "deel"},
    )
    assert added.status_code == 303
    address = added.headers["Location"].partition("?")[0]
    form = office.get(address)
    typed = {
        "edit": field(form, "edit"), "label_nl": "Hoe vaak?", "label_fr": "Combien de fois ?", "help_nl": "Ongeveer",
        "option_0_nl": "Vaak", "option_0_fr": "Souvent", "option_0_place": "2", "option_1_nl": "Zelden",
        "option_1_place": "1", "required": "yes",
    }  # fmt: skip
    assert office.post(address, typed).status_code == 303
    question = draft().definition.questions[-1]
    assert [option.label["nl"] for option in question.options] == ["Zelden", "Vaak"]
    assert question.required
    form = office.get(address).text
    assert form.count("Nog niet vertaald") >= 3  # the question, its help and a choice, in English and German
    typed = {
        "edit": re.findall(r'name="edit" value="(\d+)"', form)[0], "label": "En sinds wanneer?", "kind": "date",
        "section": "deel",
    }  # fmt: skip
    since = office.post(f"{AT}/questions", typed).headers["Location"].partition("?")[0]
    page = office.get(since)
    value = f"{question.key}={question.options[1].key}"
    assert f'value="{value}"' in page.text
    saved = {"edit": field(page, "edit"), "label_nl": "En sinds wanneer?", "condition": value}
    assert office.post(since, saved).status_code == 303
    assert draft().definition.questions[-1].condition == Condition(question.key, question.options[1].key)
    preview = office.get(f"{AT}/preview?language=fr").text
    assert '<html lang="fr"' in preview
    assert "Combien de fois ?" in preview
    assert "Souvent" in preview
    published = office.post(f"{AT}/publish", {"edit": field(office.get(AT), "edit")})
    assert published.status_code == 303
    reporter = Reporter(world.browser(), world.entity())
    story = reporter.browser.get(f"{reporter.at}/story?category=bullying")
    assert field(story, "questionnaire") == f"{OWN}.2"
    assert "Hoe vaak?" in story.text
    for number in (1, 2):
        assert office.get(f"{AT}/preview?version={number}").status_code == 200


def test_the_page_lists_what_keeps_it_from_being_published_and_what_is_not_translated(office, begun):
    assert "Alles klopt" in office.get(AT).text
    with transaction(PLATFORM):
        editing.move(OWN, 1, "whom", "up")
    page = office.get(AT)
    assert "De voorwaarde gaat over een vraag die pas later komt." in unescape(page.text)
    assert "/publish" not in page.text
    assert "Niet vertaald: en, fr, de" in page.text
    refused = office.post(f"{AT}/publish", {"edit": field(page, "edit")})
    assert refused.status_code == 422
    assert 'href="#place-whom"' in refused.text


def test_the_second_editor_is_told_and_loses_nothing(office, begun):
    address = f"{AT}/questions/told"
    page = office.get(address)
    typed = {"edit": field(page, "edit"), "label_nl": "Mijn lange nieuwe woorden", "help_fr": "Mes mots"}
    with transaction(PLATFORM):
        editing.move(OWN, 1, "whom", "up")
    refused = office.post(address, typed)
    assert refused.status_code == 409
    assert "Intussen veranderde een collega" in refused.text
    for words in ("Mijn lange nieuwe woorden", "Mes mots"):
        assert words in refused.text
    again = office.post(address, {**typed, "edit": field(refused, "edit")})
    assert again.status_code == 303
    assert keys(draft().definition) == [["whom", "told"]]
    section = office.post(f"{AT}/sections/deel", {"edit": "1", "title_nl": "Een andere titel"})
    assert (section.status_code, "Een andere titel" in section.text) == (409, True)
    added = office.post(
        f"{AT}/questions", {"edit": "1", "label": "Halve vraag", "kind": "short", "section": "deel"}
    )
    assert (added.status_code, "Halve vraag" in added.text) == (409, True)


@pytest.mark.parametrize("place", ["questions/told", "sections/deel"])
def test_what_was_written_on_something_that_a_colleague_removed_comes_back(office, begun, place):
    with transaction(PLATFORM):
        editing.remove(OWN, 1, place.partition("/")[2])
    for edit in ("1", "2"):
        gone = office.post(f"{AT}/{place}", {"edit": edit, "label_nl": "Mijn werk", "title_nl": "Mijn werk"})
        assert gone.status_code == 409
        assert "Mijn werk" in gone.text
    assert office.get(f"{AT}/{place}").status_code == 404


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("", {"name": ""}, 422), ("", {"name": "x" * 81}, 422),
        ("/nobody/draft", {}, 404), ("/nobody/publish", {}, 404),
        (f"/{OWN}/sections", {"edit": "1", "title": ""}, 422),
        (f"/{OWN}/questions", {"edit": "1", "label": "Vraag", "kind": "file", "section": "deel"}, 422),
        (f"/{OWN}/questions", {"edit": "1", "label": "Vraag", "kind": "short", "section": "weg"}, 422),
        (f"/{OWN}/questions/whom", {"edit": "1", "label_nl": "x" * 201, "longest": "200"}, 422),
        (f"/{OWN}/questions/whom", {"edit": "1", "label_nl": "x", "longest": "0"}, 422),
        (f"/{OWN}/questions/whom", {"edit": "x", "label_nl": "x", "longest": "200"}, 409),
        (f"/{OWN}/questions/told", {"edit": "1", "label_nl": "x", "condition": "A B=\x00"}, 422),
        (f"/{OWN}/move", {"edit": "²", "key": "told"}, 409),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_words_and_changes_nothing(office, begun, path, form, status):
    before = to_json(draft().definition)
    assert office.post(f"/central/questionnaires{path}", form).status_code == status
    assert to_json(draft().definition) == before


def test_topics_are_moved_on_the_page(office, begun):
    page = office.post(f"{AT}/categories", {"categories": ["fraud", "nonsense"]})
    assert page.status_code == 303
    assert "Nu: Integriteit" in office.get(AT).text
    with transaction(PLATFORM):
        served = {row.code: row.categories for row in editing.all_questionnaires()}
    assert served[OWN] == ["fraud"]


@pytest.mark.parametrize("asked", ["version=99", "version=x", "version=²", "version=9999999999", "version=0"])
def test_a_preview_of_a_version_that_is_not_there_does_not_exist(office, begun, asked):
    assert office.get(f"{AT}/preview?{asked}").status_code == 404


def test_a_draft_with_conditions_that_cannot_hold_can_still_be_previewed(office, begun):
    with transaction(PLATFORM):
        editing.move(OWN, 1, "whom", "up")
    page = office.get(f"{AT}/preview?language=xx")
    assert page.status_code == 200
    assert "Vraag whom" in page.text
    assert office.get(AT).status_code == 200
    assert office.get(f"{AT}/questions/whom").status_code == 200
