"""A questionnaire in a report: on the form, on the check, in the case, in the mailbox; and what must not happen."""

import json
import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from spreekbuis.cases.models import Case
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.intake.models import EntityCategory
from spreekbuis.questionnaires.answers import field_names, kept_answers, read_answers
from spreekbuis.questionnaires.definition import Kind, parse
from spreekbuis.questionnaires.models import Questionnaire
from spreekbuis.questionnaires.published import Published, Version
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.web.forms import Reading
from tests.intake.flow import STORY, Reporter, field, hidden, words
from tests.questionnaires.conftest import OWN, a_definition, a_question
from tests.statements import statements_sent

QUESTIONS = (
    a_question("often", Kind.ONE, "once", "more", label={"nl": "Hoe vaak?", "fr": "Combien de fois ?"}),
    a_question("when", Kind.DATE, when="often=once"),
    a_question("span", Kind.PERIOD, when="often=more"),
    a_question("who", Kind.SEVERAL, "colleague", "boss"),
    a_question("told", Kind.YES_NO),
    a_question("whom", when="told=yes"),
    a_question("more", Kind.LONG),
)
DEFINITION = parse(a_definition(*QUESTIONS))


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def reporter(world, entity) -> Reporter:
    return Reporter(world.browser(), entity)


@pytest.fixture
def version(ask) -> str:
    return ask(*QUESTIONS)


def start(reporter: Reporter, version: str, **answers: object) -> dict[str, object]:
    return {
        **reporter.start(),
        "questionnaire": version,
        **{f"q-{key}": value for key, value in answers.items()},
    }


def kept(world, entity) -> dict[str, object] | None:
    """The answers of the only case, as its key opens them, with the version."""
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        if case.answers_sealed is None:
            return None
        opened = json.loads(world.key(entity, case.id).open("answers", case.answers_sealed))
        return {"version": f"{case.questionnaire}.{case.questionnaire_version}", **opened}


def sent_fields(page) -> list[tuple[str, str]]:
    """Every hidden field, repeated ones too, as a browser sends them."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return [(name, unescape(value)) for name, value in found if name != "csrf"]


def send(reporter: Reporter, checked):
    fields: dict[str, list[str]] = {}
    for name, value in sent_fields(checked):
        fields.setdefault(name, []).append(value)
    return reporter.browser.post(f"{reporter.at}/send", fields)


def test_the_story_page_asks_the_questions_of_the_category(reporter, version):
    page = reporter.browser.get(f"{reporter.at}/story?category=bullying")
    assert field(page, "questionnaire") == version
    assert "Hoe vaak?" in page.text
    assert 'data-shows="q1"' in page.text
    assert 'class="when when--q1"' in page.text
    assert "Alleen als je ‘Keuze once’ antwoordde" in page.text
    other = reporter.browser.get(f"{reporter.at}/story?category=fraud&duty=accepted")
    assert field(other, "questionnaire") == "integrity.1"


def test_a_category_without_a_published_questionnaire_asks_nothing_more(reporter):
    with transaction(PLATFORM) as session:
        session.execute(update(Questionnaire).where(Questionnaire.code == "burnout").values(version=0))
    page = reporter.browser.get(f"{reporter.at}/story?category=burnout")
    assert field(page, "questionnaire") == ""
    assert 'id="questions"' not in page.text
    assert reporter.report(category="burnout").status_code == 200


def test_what_was_answered_stands_on_the_check_page_goes_sealed_to_the_case_and_comes_back(
    world, entity, reporter, version
):
    answers = {
        "often": "more", "span_year": "2025", "span_month": "3", "span-until_year": "2026",
        "who": ["boss", "colleague"], "told": "yes", "whom": "Een collega van boekhouding",
        "more": "Regel één\r\nRegel twee",
    }  # fmt: skip
    checked = reporter.check(start(reporter, version, **answers))
    assert checked.status_code == 200
    for shown in (
        "Keuze more",
        "maart 2025 tot 2026",
        "Keuze colleague\nKeuze boss",
        "Een collega van boekhouding",
    ):
        assert shown in checked.text
    receipt = send(reporter, checked)
    assert kept(world, entity) == {
        "version": version, "often": ["more"], "span": {"start": "2025-03", "end": "2026"},
        "who": ["colleague", "boss"], "told": ["yes"], "whom": "Een collega van boekhouding",
        "more": "Regel één\nRegel twee",
    }  # fmt: skip
    desk = world.handler(entity, DeskKind.WELLBEING)
    with world.inside(entity):
        case_id = db.session.scalars(select(Case.id)).one()
    page = desk.get(f"/desk/{entity.ovo}/cases/{case_id}").text
    assert "Hoe vaak?" in page
    assert "maart 2025 tot 2026" in page
    assert "Combien de fois" in desk.get(f"/desk/{entity.ovo}/cases/{case_id}?lang=fr").text
    reporter.open_mailbox(" ".join(words(receipt)))
    assert "Een collega van boekhouding" in reporter.browser.get("/inbox").text


def test_answers_are_found_by_searching_in_texts(world, entity, reporter, version):
    send(reporter, reporter.check(start(reporter, version, more="De zoutwatertank lekt")))
    found = world.handler(entity, DeskKind.WELLBEING).get(f"/desk/{entity.ovo}/cases/search?q=zoutwatertank")
    assert "zoutwatertank" in found.text.replace("Zoutwatertank", "zoutwatertank")


def test_a_report_without_answers_is_a_report(world, entity, reporter, version):
    assert send(reporter, reporter.check(start(reporter, version))).status_code == 200
    assert kept(world, entity) is None


def test_what_stands_in_a_question_that_was_not_asked_is_not_read(world, entity, reporter, version):
    checked = reporter.check(
        start(
            reporter, version, told="no", whom="Toch niemand", often="once", when_year="2026", span_year="1"
        )
    )
    assert checked.status_code == 200
    assert "Toch niemand" not in checked.text
    send(reporter, checked)
    assert kept(world, entity) == {
        "version": version,
        "often": ["once"],
        "when": {"start": "2026", "end": ""},
        "told": ["no"],
    }


def test_a_condition_on_a_question_that_was_not_asked_itself_does_not_hold(world, entity, reporter, ask):
    version = ask(
        a_question("a", Kind.YES_NO),
        a_question("b", Kind.YES_NO, when="a=yes"),
        a_question("c", when="b=yes"),
    )
    send(reporter, reporter.check(start(reporter, version, a="no", b="yes", c="niet gevraagd")))
    assert kept(world, entity) == {"version": version, "a": ["no"]}


def test_a_required_question_is_asked_for_when_its_condition_holds_alone(reporter, ask):
    version = ask(a_question("a", Kind.YES_NO), a_question("b", when="a=yes", required=True))
    assert reporter.check(start(reporter, version, a="no")).status_code == 200
    page = reporter.check(start(reporter, version, a="yes"))
    assert page.status_code == 422
    assert 'href="#q-b"' in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"often": "x"}, {"often": "__class__"}, {"who": ["boss", "x"]}, {"told": "maybe"}, {"more": "x" * 2001},
        {"often": "once", "when_year": "1"}, {"often": "once", "when_day": "1"},
        {"often": "once", "when_year": "2026", "when_month": "13"},
        {"often": "once", "when_year": "2026", "when_day": "3"},
        {"often": "once", "when_year": "2026", "when_month": "2", "when_day": "30"},
        {"often": "once", "when_year": "²⁰²⁶"}, {"often": "once", "when_year": "9" * 5000},
        {"often": "more", "span_year": "2026", "span-until_year": "2025"},
    ],
)  # fmt: skip
def test_a_wrong_answer_is_said_and_everything_that_was_typed_is_kept(reporter, version, wrong):
    form = start(reporter, version, **({"more": "Nog iets", "whom": "Iemand", "who": ["boss"]} | wrong))
    page = reporter.check(form)
    assert page.status_code == 422
    assert STORY in page.text
    assert (wrong.get("more") or "Nog iets") in page.text
    assert "Iemand" in page.text
    assert 'value="boss" id="q-who-boss" checked' in page.text
    assert field(page, "questionnaire") == version
    assert '<details class="panel more" id="questions" open>' in page.text


def test_going_back_from_the_check_keeps_the_answers_and_so_does_another_language(reporter, version):
    checked = reporter.check(start(reporter, version, who=["boss", "colleague"], more="Nog iets", told="no"))
    fields: dict[str, list[str]] = {}
    for name, value in sent_fields(checked):
        fields.setdefault(name, []).append(value)
    back = reporter.browser.post(f"{reporter.at}/edit?lang=fr", fields)
    assert back.text.count(" checked") >= 4
    assert "Nog iets" in back.text
    assert "Combien de fois ?" in back.text
    assert '<div class="stack" lang="nl">' in back.text  # what has no French is said to be Dutch


def test_the_same_form_with_another_answer_is_a_changed_version(reporter, version):
    form = start(reporter, version, more="Eerst dit")
    first = send(reporter, reporter.check(form))
    again = send(reporter, reporter.check(form))
    assert "niets dubbel verstuurd" in again.text
    changed = send(reporter, reporter.check({**form, "q-more": "Dan dat", "q-told": "no"}))
    assert "Deze versie is anders" in changed.text
    assert "Dan dat" in changed.text
    assert words(changed) == words(first)


def test_a_report_keeps_the_version_that_it_was_filled_in_with(world, entity, reporter, ask, version):
    form = start(reporter, version, more="Nog iets", told="no")
    newer = ask(a_question("more", Kind.LONG, label={"nl": "Heel andere woorden"}))
    assert newer == f"{OWN}.2"
    checked = reporter.check(form)
    assert checked.status_code == 200
    send(reporter, checked)
    assert kept(world, entity) == {"version": version, "told": ["no"], "more": "Nog iets"}
    with world.inside(entity):
        case_id = db.session.scalars(select(Case.id)).one()
    page = world.handler(entity, DeskKind.WELLBEING).get(f"/desk/{entity.ovo}/cases/{case_id}").text
    assert "Vraag more" in page
    assert "Heel andere woorden" not in page
    assert field(reporter.browser.get(f"{reporter.at}/story?category=bullying"), "questionnaire") == newer


@pytest.mark.parametrize("named", ["", "x", f"{OWN}.99", f"{OWN}.0", f"{OWN}.1' OR 1=1", "\x00", "é" * 9000])
def test_a_form_that_names_no_published_version_answers_the_newest(world, entity, reporter, version, named):
    checked = reporter.check(start(reporter, named, more="Nog iets", hope="Rust"))
    assert hidden(checked)["questionnaire"] == version
    send(reporter, checked)
    assert kept(world, entity) == {"version": version, "more": "Nog iets"}


def test_another_topic_with_nothing_answered_goes_straight_on(reporter, version):
    checked = reporter.check({**start(reporter, version), "category": "burnout"})
    assert checked.status_code == 200
    assert hidden(checked)["questionnaire"] == "burnout.1"


def test_choosing_another_topic_loses_no_answer(world, entity, reporter, version):
    """What the other questionnaire asks as well stays there; the rest goes under the story, where one sees it."""
    form = start(reporter, version, more="Nog iets", told="yes", whom="De buur")
    choosing = reporter.browser.post(f"{reporter.at}/edit", {**form, "choose": "category"})
    assert "De buur" in choosing.text
    page = reporter.check({**form, "category": "burnout"})
    assert page.status_code == 422
    assert field(page, "questionnaire") == "burnout.1"
    assert f"{STORY}\n\nVraag whom\nDe buur\n\nVraag more\nNog iets" in page.text
    assert 'value="yes" id="q-told-yes" data-shows="q1" checked' in page.text
    text = f"{STORY}\n\nVraag whom\nDe buur"
    checked = reporter.check({**form, "category": "burnout", "questionnaire": "burnout.1", "text": text})
    assert checked.status_code == 200
    send(reporter, checked)
    assert kept(world, entity) == {"version": "burnout.1", "told": ["yes"]}


def test_unknown_repeated_and_huge_fields_change_nothing(world, entity, reporter, version):
    form = start(reporter, version, told=["no", "yes", "no"], who=["boss"] * 50, nobody="x", often_x="y")
    form |= {"q-": "x", "q-__proto__": "x", "answers": "{}"}
    checked = reporter.check(form)
    assert checked.status_code == 200
    send(reporter, checked)
    assert kept(world, entity) == {"version": version, "told": ["no"], "who": ["boss"]}
    huge = reporter.check(start(reporter, version, more="x" * 3_000_000))
    assert huge.status_code == 422


def test_what_people_write_is_escaped(reporter, ask):
    version = ask(a_question("a", label={"nl": "<b>Vet?</b>"}))
    page = reporter.check(start(reporter, version, a="<script>alert(1)</script>"))
    assert "<script>alert" not in page.text
    assert "<b>Vet" not in page.text
    assert "&lt;b&gt;Vet" in page.text


def test_no_report_page_asks_the_database_more_than_without_questions(world, entity, reporter, version):
    """The newest version comes with the query for the categories; what it asks is known after the first time."""
    reporter.browser.get(f"{reporter.at}/story?category=bullying")
    with statements_sent() as statements:
        reporter.browser.get(f"{reporter.at}/story?category=bullying")
    about = [s.text for s in statements if "questionnaire" in s.text]
    assert len(about) == 1
    assert EntityCategory.__tablename__ in about[0]
    checked = reporter.check(start(reporter, version, more="Nog iets"))
    with statements_sent() as statements:
        send(reporter, checked)
    texts = [s.text for s in statements if "questionnaire" in s.text]
    assert len(texts) == 2  # the categories, and the case itself


def test_the_answers_of_another_entitys_case_do_not_open(world, entity, reporter, version):
    send(reporter, reporter.check(start(reporter, version, more="Nog iets")))
    other = world.entity()
    other_case = world.case(other)
    with world.inside(entity):
        sealed = db.session.scalars(select(Case.answers_sealed)).one()
    with world.inside(other):
        assert db.session.scalars(select(Case.id)).all() == [other_case]
        with pytest.raises(CannotOpen):
            world.key(other, other_case).open("answers", sealed)


def test_hidden_fields_of_the_check_page_carry_each_answer_once(reporter, version):
    checked = reporter.check(start(reporter, version, who=["boss", "colleague"], told="no"))
    carried = [(name, value) for name, value in sent_fields(checked) if name.startswith("q-")]
    assert sorted(carried) == [("q-told", "no"), ("q-who", "boss"), ("q-who", "colleague")]
    assert hidden(checked)["questionnaire"] == version


def test_the_answers_are_given_back_when_the_service_ends_meanwhile(world, entity, reporter, version):
    form = start(reporter, version, more="Nog iets")
    with transaction(PLATFORM) as session:
        session.execute(update(Entity).where(Entity.id == entity.id).values(service_until=None))
    page = reporter.check(form)
    assert page.status_code == 409
    assert "Vraag more\nNog iets" in page.text


@given(
    st.dictionaries(
        st.sampled_from([name for question in DEFINITION.questions for name in field_names(question)]),
        st.lists(
            st.sampled_from(["", "yes", "once", "more", "boss", "1", "13", "2026", "0001"]) | st.text(),
            max_size=3,
        ),
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_is_read_without_a_crash_and_kept_as_it_was_read(app, posted):
    asked = Published(Version("hypothetical", 1), DEFINITION)
    app.extensions.setdefault("questionnaires", {})[asked.version] = asked
    with app.test_request_context(method="POST", data=posted):
        form = Reading()
        answered = read_answers(form, asked)
        assert kept_answers(asked.version, answered.as_json()) == answered
        assert [label for label, _answer in answered.in_words("nl")] == [
            f"Vraag {question.key}" if question.key != "often" else "Hoe vaak?"
            for question in DEFINITION.questions
            if question.key in answered.answers
        ]
        carried = MultiDict(answered.fields())
    if not form.errors:
        with app.test_request_context(method="POST", data=carried):
            assert read_answers(Reading(), asked) == answered
