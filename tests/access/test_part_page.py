"""The officer's page: print the part, type two of its words, and it exists on paper alone."""

import pytest
from sqlalchemy import select

from spreekbuis.access import recovery
from spreekbuis.access.models import RecoveryShare
from spreekbuis.access.papers import asked_places
from spreekbuis.audit.models import AuditEvent
from spreekbuis.db.base import new_id
from spreekbuis.errors import NotFound
from spreekbuis.web.access import Role
from tests.access.test_recovery import Office


@pytest.fixture
def office(world):
    office = Office(world)
    office.make_kit()
    return office


def address(office, rest=""):
    return f"/entity/{office.entity.ovo}/keys/part{rest}"


def words_of(office, account, language="nl"):
    with office.world.inside(office.entity):
        kit_id, share = recovery.my_part(account, office.world.secrets[account])
    return share.words(kit_id, language)


def answers(office, account, **more):
    words, places = words_of(office, account), asked_places(office.kit().id)
    return {"first_word": words[places[0] - 1], "second_word": words[places[1] - 1], "safe": "yes"} | more


def waits(office, account):
    with office.world.inside(office.entity) as session:
        row = session.scalars(select(RecoveryShare).where(RecoveryShare.account_id == account)).one()
        return row.share_sealed is not None


def test_two_different_words_of_the_21_are_asked_and_always_the_same():
    for _ in range(200):
        kit = new_id()
        first, second = asked_places(kit)
        assert 1 <= first < second <= 21
        assert asked_places(kit) == (first, second)


def test_the_officer_prints_types_two_words_and_the_part_is_on_paper_alone(office, world):
    browser = world.browser(office.handler)
    page = browser.get(address(office)).text
    assert "Jij bewaart deel B" in page
    for place in asked_places(office.kit().id):
        assert f"Woord nummer {place}" in page
    for _ in range(2):
        paper = browser.get(address(office, "/paper"))
        assert paper.data.startswith(b"%PDF")
        assert paper.headers["Cache-Control"] == "no-store"
        assert paper.headers["Content-Disposition"].startswith("attachment")
    answer = browser.post(address(office), answers(office, office.handler))
    assert answer.location == address(office) + "?done=part-kept"
    page = browser.get(answer.location).text
    assert "Deel B staat op papier" in page
    assert "Download" not in page
    with pytest.raises(NotFound):
        words_of(office, office.handler)


def test_the_trail_says_that_a_part_was_read_when_it_was_shown_and_only_then(office, world):
    typed, browser = answers(office, office.handler), world.browser(office.handler)
    before = events(office)
    assert browser.post(address(office), typed | {"first_word": "gans"}).status_code == 422
    assert events(office) == before
    browser.get(address(office, "/paper"))
    browser.post(address(office), typed)
    assert events(office) == [*before, "recovery.share_read", "recovery.share_kept"]


def events(office):
    with office.world.inside(office.entity) as session:
        wanted = select(AuditEvent.kind).where(AuditEvent.kind.startswith("recovery.share"))
        return session.scalars(wanted.order_by(AuditEvent.id)).all()


def test_capitals_spaces_and_the_english_paper_are_fine(office, world):
    words, places = words_of(office, office.handler, "en"), asked_places(office.kit().id)
    typed = {
        "first_word": f" {words[places[0] - 1].upper()} ",
        "second_word": words[places[1] - 1],
        "safe": "yes",
    }
    assert world.browser(office.handler).post(address(office), typed).status_code == 303


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"first_word": "gans"}, "first_word"), ({"second_word": "gans"}, "second_word"),
     ({"second_word": ""}, "second_word"), ({"safe": ""}, "safe"), ({"first_word": "x" * 50}, "first_word")],
)  # fmt: skip
def test_a_wrong_word_or_no_tick_keeps_the_part_waiting(office, world, wrong, field):
    answer = world.browser(office.handler).post(address(office), answers(office, office.handler, **wrong))
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert waits(office, office.handler)


def test_the_words_of_the_other_part_prove_nothing(office, world):
    answer = world.browser(office.handler).post(address(office), answers(office, office.administrator))
    assert answer.status_code == 422
    assert waits(office, office.handler)


def test_a_second_press_shows_the_same_page_again(office, world):
    browser, typed = world.browser(office.handler), answers(office, office.handler)
    browser.post(address(office), typed)
    assert browser.post(address(office), typed).location == address(office)


def test_who_holds_no_part_finds_a_calm_page_and_no_paper(office, world):
    browser = world.browser(office.listener)
    assert "Voor jou ligt er niets klaar" in browser.get(address(office)).text
    assert browser.get(address(office, "/paper")).location == address(office)
    assert browser.post(address(office), {"safe": "yes"}).location == address(office)


def test_a_part_that_was_lost_says_whom_to_ask(office, world):
    office.forget_everything()
    page = world.browser(office.handler).get(address(office)).text
    assert "Deel B is verloren" in page
    assert "beheerder van je entiteit" in page


def test_an_officer_of_another_entity_has_no_page_here(office, world):
    for account in (Office(world).administrator, world.platform_member(Role.CENTRAL_ANALYST)):
        browser = world.browser(account)
        assert browser.get(address(office)).status_code == 403
        assert browser.get(address(office, "/paper")).status_code == 403
        assert browser.post(address(office), {}).status_code == 403
