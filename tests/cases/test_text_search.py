"""Searching in what people wrote: everything that the handler may open, nothing else, and no trace of the words."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.access.models import CaseKey, DeskKeyGrant
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.contacts import register_contact
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.models import Case, Contact, Message
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.text_search import search_texts
from spreekbuis.cases.workflow import add_note
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.directory.catalogue import Channel, DeskKind, Outcome, Topic
from spreekbuis.web.access import Role

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def me(world, entity):
    return world.reader(world.member(entity, Role.HANDLER, INTEGRITY))


def search(world, entity, who, words, desk=INTEGRITY, **more):
    with world.inside(entity):
        return search_texts({entity.desks[desk]}, who, words, **more)


def ids(searched):
    return [case.id for case in searched.found]


def test_all_words_in_any_order_whatever_accents_and_capitals(world, entity, me):
    case_id = world.case(entity, text="De facturen van het café zijn dubbel betaald, zegt de BOEKHOUDER.")
    world.case(entity, text="De facturen kloppen.")
    for words in ("boekhouder facturen", "Café", "CAFE dubbel", "factur boek"):
        assert ids(search(world, entity, me, words)) == [case_id], words
    assert ids(search(world, entity, me, "boekhouder kloppen")) == []


def test_everything_that_was_written_on_a_case_is_looked_at(world, entity, me):
    case_id = world.case(entity, text="Het begin")
    with world.inside(entity):
        key, case = world.key(entity, case_id), case_for({entity.desks[INTEGRITY]}, case_id, lock=True)
        add_note(case, key, "een nota voor collega's")
        register_contact(case, key, Channel.PHONE, now(), "gebeld over de loods")
        case.reporter_sealed = key.seal("reporter", '{"name": "Functie Magazijnier"}')
        case.closed_at, case.outcome = now(), next(iter(Outcome)).value
        score_case(case, key, 4, "vlot geholpen")
    for word in ("begin", "nota", "loods", "magazijnier", "vlot"):
        assert ids(search(world, entity, me, word)) == [case_id], word


def test_the_other_desk_and_the_other_entity_are_not_searched(world, entity, me):
    world.case(entity, topic=Topic.WELLBEING, text="geheim woord")
    world.case(world.entity(), text="geheim woord")
    found = search(world, entity, me, "geheim")
    assert (ids(found), found.looked, found.shut) == ([], 0, 0)
    # and with the desk named by mistake, the key is still missing
    found = search(world, entity, me, "geheim", desk=WELLBEING)
    assert (ids(found), found.looked, found.shut) == ([], 0, 1)


def test_it_goes_in_steps_and_says_where_to_go_on(world, entity, me):
    cases = [world.case(entity, text=f"woord nummer {number}") for number in range(5)]
    seen, after = [], None
    for expected in (2, 2, 1):
        step = search(world, entity, me, "woord", after=after, at_most=2)
        assert step.looked == expected
        seen, after = seen + ids(step), step.after
    assert after is None
    assert seen == cases[::-1]


def test_cases_that_cannot_be_opened_are_counted_and_not_shown(world, entity, me):
    world.case(entity, text="woord")
    with world.inside(entity) as session:
        session.delete(session.scalars(select(DeskKeyGrant)).one())
    assert search(world, entity, me, "woord")[:3] == ([], 0, 1)


def damage_key(session, case_id):
    row = session.scalars(select(CaseKey).where(CaseKey.case_id == case_id)).one()
    row.secret_sealed = changed(row.secret_sealed)


def damage_message(session, case_id):
    row = session.scalars(select(Message).where(Message.case_id == case_id)).one()
    row.body_sealed = changed(row.body_sealed)


def damage_author(session, case_id):
    session.scalars(select(Message).where(Message.case_id == case_id)).one().author = "handler"


def damage_reporter(session, case_id):
    session.get_one(Case, (current_entity_id(), case_id)).reporter_sealed = b"kapot"


def changed(sealed):
    return sealed[:-1] + bytes([sealed[-1] ^ 1])


@pytest.mark.parametrize("damage", [damage_key, damage_message, damage_author, damage_reporter])
def test_a_case_that_was_damaged_stops_nobody_from_searching_the_others(world, entity, me, damage):
    whole, broken, other = (world.case(entity, text="woord") for _ in range(3))
    with world.inside(entity) as session:
        damage(session, broken)
    assert search(world, entity, me, "woord")[1:3] == (2, 1)
    assert ids(search(world, entity, me, "woord")) == [other, whole]


def test_a_contact_that_was_damaged_shuts_its_case_alone(world, entity, me):
    whole, broken = (world.case(entity, text="woord") for _ in range(2))
    with world.inside(entity) as session:
        case = case_for({entity.desks[INTEGRITY]}, broken, lock=True)
        register_contact(case, world.key(entity, broken), Channel.PHONE, now(), "gebeld")
        session.flush()
        session.execute(update(Contact).values(note_sealed=b"kapot"))
    assert ids(search(world, entity, me, "woord")) == [whole]


def test_each_case_that_is_shown_was_read_once_in_a_sitting(world, entity, me):
    shown, other = world.case(entity, text="een zeldzaam woord"), world.case(entity, text="iets anders")
    start = clock.now()
    for later, readings in ((0, [shown]), (59, [shown]), (121, [shown, shown])):
        with clock.at(start + timedelta(minutes=later)):
            search(world, entity, me, "zeldzaam")
        with world.inside(entity) as session:
            read = session.scalars(select(AuditEvent.subject_id).where(AuditEvent.kind == "case.read")).all()
        assert read == readings, later
    with clock.at(start + timedelta(minutes=121)):
        search(world, entity, me, "iets")
    with world.inside(entity) as session:
        kinds = select(AuditEvent.subject_id).where(AuditEvent.kind == "case.read")
        assert session.scalars(kinds.order_by(AuditEvent.sequence)).all() == [shown, shown, other]


@pytest.mark.parametrize("before", ["ﬃ" * 90, "ß" * 90, "e\u0301" * 90, "½" * 90, "İ" * 90])
def test_the_excerpt_is_right_after_characters_that_change_length(world, entity, me, before):
    world.case(entity, text=f"{before} het gezochte ﬁjne woord")
    for word in ("gezochte", "fijne"):
        (found,) = search(world, entity, me, word).found
        assert found.excerpt.endswith("het gezochte ﬁjne woord"), word
        assert found.excerpt.startswith("… ")


def test_the_excerpt_stands_around_the_word(world, entity, me):
    world.case(entity, text="x" * 200 + " het gezochte woord\nen verder " + "y" * 200)
    (found,) = search(world, entity, me, "gezochte").found
    assert re.fullmatch(r"… x+ het gezochte woord en verder y+ …", found.excerpt)


def test_the_trail_knows_that_was_searched_and_not_for_what(world, entity, me):
    world.case(entity, text="een zeldzaam woord")
    search(world, entity, me, "zeldzaam")
    with world.inside(entity) as session:
        told = session.scalars(select(AuditEvent.data).where(AuditEvent.kind == "case.searched")).one()
    assert told == {"cases": 1, "found": 1}


def test_the_page_finds_goes_on_and_keeps_the_words_out_of_the_address(world, entity, monkeypatch):
    from spreekbuis.cases import search_page

    monkeypatch.setattr(search_page, "PATIENCE", -1.0)
    monkeypatch.setattr(search_page, "FIRST", 1)
    browser = world.handler(entity, INTEGRITY)
    for number in range(2):
        world.case(entity, text=f"de loods, keer {number}")
    url = f"/desk/{entity.ovo}/search"
    assert browser.get(url).status_code == 200
    page = browser.post(url, {"words": "loods"}).get_data(as_text=True)
    assert "keer 1" in page
    assert "1 van 2 dossiers doorzocht" in page
    page = browser.post(url, _next_step(page)).get_data(as_text=True)
    assert "keer 0" in page
    page = browser.post(url, _next_step(page)).get_data(as_text=True)
    assert "2 dossiers doorzocht: alles van je loket" in page


def _next_step(page: str) -> dict[str, str]:
    """What the button to go on sends."""
    form = page.split("Zoek verder", maxsplit=1)[0].rsplit("<form", 1)[1]
    return dict(re.findall(r'name="(after|looked|shut|words)" value="([^"]*)"', form))


@pytest.mark.parametrize("words", ["", "ab", " a ", "x" * 101])
def test_too_few_or_too_many_letters_are_refused_and_given_back(world, entity, words):
    browser = world.handler(entity, INTEGRITY)
    answer = browser.post(f"/desk/{entity.ovo}/search", {"words": words})
    assert answer.status_code == 422


def test_a_tampered_step_is_a_fresh_search(world, entity):
    world.case(entity, text="de loods")
    browser = world.handler(entity, INTEGRITY)
    answer = browser.post(
        f"/desk/{entity.ovo}/search", {"words": "loods", "after": "x", "looked": "-1", "shut": "٣"}
    )
    assert "1 dossier gevonden" in answer.get_data(as_text=True)
