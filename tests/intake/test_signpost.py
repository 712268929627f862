"""The signpost: every answer leads to somebody who keeps a confidence, and nothing of it stays behind."""

import itertools
from html import unescape

import pytest

from spreekbuis.directory.actor_kinds import KINDS
from spreekbuis.directory.actors import ACTORS
from spreekbuis.directory.catalogue import TOPIC_LABELS
from spreekbuis.entities.actors import OwnActor, set_actor
from spreekbuis.intake.signpost import HELPS, LINE_MANAGER, Answers, Place, Wish, directions
from tests.world import Tenant, World

CONFIDENTIAL = {k["code"]: bool(k["confidential"]) for k in KINDS} | {
    a["kind"]: a["confidential"] for a in ACTORS
}
NEAR = {k["code"] for k in KINDS if not k["central"]}
CENTRAL = {a["kind"] for a in ACTORS}
YES_NO = (False, True)
EVERY_ANSWER = [
    Answers(*answer) for answer in itertools.product(TOPIC_LABELS, Wish, Place, YES_NO, YES_NO, YES_NO)
]


def shown(answers: Answers, reachable=()) -> tuple[str, ...]:
    found = directions(answers, CONFIDENTIAL, NEAR, reachable)
    return found.near + found.central


def test_every_answer_leads_to_somebody_who_keeps_a_confidence_and_can_be_reached():
    for answers in EVERY_ANSWER:
        for reachable in ((), NEAR):
            found = shown(answers, reachable)
            assert any(CONFIDENTIAL[k] and (k in CENTRAL or k in reachable) for k in found), answers


def test_whoever_asks_for_confidence_is_shown_nobody_else():
    for answers in EVERY_ANSWER:
        if answers.confidential:
            assert all(CONFIDENTIAL[kind] for kind in shown(answers, NEAR)), answers


def test_the_line_manager_never_comes_first_and_never_when_it_is_about_that_person():
    for answers in EVERY_ANSWER:
        found = shown(answers, NEAR)
        assert found[0] != LINE_MANAGER, answers
        if answers.about_manager:
            assert LINE_MANAGER not in found, answers


def test_whoever_wants_to_go_outside_is_sent_to_nobody_inside():
    for answers in EVERY_ANSWER:
        if answers.place is Place.OUTSIDE:
            assert not NEAR.intersection(shown(answers, NEAR)), answers


def test_whoever_wants_to_stay_inside_stays_there_when_somebody_safe_is_reachable():
    for answers in EVERY_ANSWER:
        if answers.place is Place.INSIDE:
            assert NEAR.issuperset(shown(answers, NEAR)), answers
            assert CENTRAL.intersection(shown(answers, ())), answers


def test_whoever_asks_for_protection_outside_finds_the_ombudsman_first():
    for topic in TOPIC_LABELS:
        assert shown(Answers(topic, Wish.PROTECT, Place.OUTSIDE))[0] == "ombudsman"


def test_every_kind_of_actor_is_there_for_something_and_known():
    assert {h.kind for h in HELPS} == NEAR | CENTRAL
    assert len(HELPS) == len(NEAR | CENTRAL)


def ask(browser, entity: Tenant | None, *also: str, **answers: str):
    path = f"/o/{entity.ovo}/signpost" if entity else "/signpost"
    return browser.get(path, query_string={"place": "anywhere", **answers, "also": also})


def test_the_questions_are_asked_by_get_and_no_cookie_is_set(world, entity):
    for path in ("/signpost", f"/o/{entity.ovo}/signpost"):
        page = world.browser().get(path)
        assert page.status_code == 200
        assert 'method="get"' in page.text
        assert 'method="post"' not in page.text
        assert "Set-Cookie" not in page.headers


def test_an_answer_shows_who_can_help_and_sets_no_cookie(world, entity):
    page = ask(world.browser(), entity, topic="integrity", wish="examine")
    assert page.status_code == 200
    for name in ("Contactpersoon integriteit", "Audit Vlaanderen", "melding.audit@voorbeeld.example"):
        assert name in page.text
    assert "Sociale dienst" not in page.text
    assert f"/o/{entity.ovo}/report?topic=integrity" in page.text
    assert "Set-Cookie" not in page.headers


def test_danger_comes_before_everything_else(world, entity):
    page = ask(world.browser(), entity, "danger", topic="safety", wish="advice").text
    assert page.index("Bel 112") < page.index("In je eigen entiteit")
    assert page.index("Bel 112") < page.index('name="topic"')


def test_the_entitys_own_addresses_stand_there_and_another_entitys_never(world, entity):
    other = world.entity()
    with world.inside(other):
        set_actor(OwnActor("confidential_counsellor", email="ander@voorbeeld.example"))
    with world.inside(entity):
        set_actor(
            OwnActor(
                "confidential_counsellor", "Vertrouwenspersonen Brussel", "vp@voorbeeld.example", "02 553 00 00",
                "Havenlaan 88", "elke dinsdag",
            )
        )  # fmt: skip
    page = unescape(ask(world.browser(), entity, topic="wellbeing", wish="talk").text)
    for text in (
        "Vertrouwenspersonen Brussel",
        "vp@voorbeeld.example",
        "02 553 00 00",
        "Havenlaan 88",
        "dinsdag",
    ):
        assert text in page
    assert "ander@voorbeeld.example" not in page
    assert "vp@voorbeeld.example" not in ask(world.browser(), None, topic="wellbeing", wish="talk").text


def test_an_entity_without_service_shows_the_way_and_no_report(world):
    closed = world.entity(entitled=False)
    page = ask(world.browser(), closed, topic="wellbeing", wish="talk").text
    assert "Vertrouwenspersoon" in page
    assert f"/o/{closed.ovo}/report" not in page


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"topic": "wellbeing"},
        {"topic": "nonsense", "wish": "talk"},
        {"topic": "x" * 5000, "wish": "\x00"},
    ],
)
def test_half_an_answer_is_asked_again_with_what_was_chosen(world, entity, answers):
    page = ask(world.browser(), entity, "unheard-of", **answers)
    assert page.status_code == 422
    if answers.get("topic") == "wellbeing":
        assert 'value="wellbeing" id="topic-wellbeing" checked' in page.text


@pytest.mark.parametrize("lang", ["nl", "en", "fr", "de"])
def test_the_actors_speak_four_languages(world: World, entity: Tenant, lang):
    page = unescape(ask(world.browser(), entity, topic="wellbeing", wish="talk", lang=lang).text)
    names = {k["code"]: k["names"][lang] for k in KINDS}
    assert names["confidential_counsellor"] in page
    assert names["hr_partner"] in page


def test_the_signpost_is_found_before_instead_of_and_after_reporting(world, entity, reporter):
    visitor, of_entity = world.browser(), f"/o/{entity.ovo}/signpost"
    assert 'href="/signpost"' in visitor.get("/").text
    assert of_entity in visitor.get(f"/o/{entity.ovo}/report").text
    closed = world.entity(entitled=False)
    assert f"/o/{closed.ovo}/signpost" in visitor.get(f"/o/{closed.ovo}/report").text
    receipt = reporter.report()
    assert of_entity in receipt.text
