"""How the contact point is reached is what the installation says; of what it does not say no page speaks."""

from dataclasses import replace

import pytest

from spreekbuis.settings import Reachable, SettingsError, reachable_by


@pytest.fixture
def reached_by(app, monkeypatch):
    def set_to(**ways):
        monkeypatch.setitem(
            app.extensions, "settings", replace(app.extensions["settings"], reachable=Reachable(**ways))
        )

    return set_to


def test_without_a_number_nobody_is_told_to_call(world, reached_by):
    reached_by()
    browser = world.browser()
    for page in ("/", "/about", "/contact"):
        text = browser.get(page).text
        assert "Bel ons" not in text, page
        assert "Bel, mail" not in text, page
    assert "Bel Spreekbuis" not in browser.get("/contact").text


def test_with_a_number_an_address_and_hours_the_contact_page_shows_them(world, reached_by):
    reached_by(
        phone="02 000 00 00",
        address="Voorbeeldlaan 1, 1000 Brussel",
        hours="maandag tot vrijdag, 9 tot 17 uur",
    )
    browser = world.browser()
    assert "Bel ons" in browser.get("/").text
    page = browser.get("/contact").text
    for told in (
        'href="tel:020000000"',
        "Voorbeeldlaan 1, 1000 Brussel",
        "Open: maandag tot vrijdag, 9 tot 17 uur",
    ):
        assert told in page


def test_the_environment_says_it_in_a_line_each():
    assert reachable_by({}) == Reachable()
    told = {
        "CONTACT_PHONE": " 02 000 00 00 ",
        "CONTACT_ADDRESS": "Voorbeeldlaan 1",
        "CONTACT_HOURS": "altijd",
    }
    assert reachable_by(told) == Reachable("02 000 00 00", "Voorbeeldlaan 1", "altijd")
    with pytest.raises(SettingsError, match="CONTACT_ADDRESS"):
        reachable_by({"CONTACT_ADDRESS": "een\ntwee"})
