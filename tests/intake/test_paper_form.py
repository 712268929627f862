"""The report on paper: what may be told, to whom, and where the form goes."""

from html import unescape

import pytest

from spreekbuis.directory.catalogue import CATEGORIES, WORK_RELATED
from spreekbuis.entities.actors import OwnActor, set_actor


def test_the_form_has_every_topic_and_class_and_says_where_it_goes(world, entity):
    with world.inside(entity):
        set_actor(OwnActor("desk_integrity", address="Loket Integriteit\nVoorbeeldlaan 1"))
    page = unescape(world.browser().get(f"/o/{entity.ovo}/report/paper").text)
    for label in (*(c.label for c in CATEGORIES.values()), *WORK_RELATED.values()):
        assert f"<li>{label}</li>" in page
    assert "Voorbeeldlaan 1" in page
    assert "in een gesloten omslag" in page  # the other desk has no address
    assert "spreekplicht" in page


@pytest.mark.parametrize("lang", ["nl", "en", "fr", "de"])
def test_it_exists_in_four_languages_and_asks_nothing_to_be_sent(world, entity, lang):
    page = world.browser().get(f"/o/{entity.ovo}/report/paper?lang={lang}")
    assert page.status_code == 200
    assert f'<html lang="{lang}">' in page.text
    assert "<form" not in page.text


def test_an_entity_without_service_has_no_form_and_shows_where_else_to_go(world):
    closed = world.entity(entitled=False)
    page = world.browser().get(f"/o/{closed.ovo}/report/paper").text
    assert 'class="blank' not in page
    assert "Hier kun je terecht" in page


def test_it_is_offered_on_the_first_page(world, entity):
    assert f"/o/{entity.ovo}/report/paper" in world.browser().get(f"/o/{entity.ovo}/report").text
