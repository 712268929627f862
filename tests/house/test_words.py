"""One word per thing, and the form of address of the house, in every text that people see."""

import re
import sys

import pytest

from tests.house.sources import ROOT

sys.path.insert(0, str(ROOT / "translations"))
import catalogs

INSTEAD = {
    r"\b(?:u|uw)\b": "je, jouw",
    r"\btenants?\b": "entiteit",
    r"\bticket(?:s|nummer)?\b": "dossier",
    r"\bcasus(?:sen)?\b": "dossier",
    r"\b(?:ontvangstcode|meldcode|receipt)\b": "toegangscode",
    r"\bpaswoord(?:en)?\b": "wachtwoord",
    r"\b(?:case|cases)\b": "dossier",
    r"\bklokkenluider(?:s)?code\b": "toegangscode",
    r"\bdoorsturing(?:en)?\b": "doorverwijzing",
    r"\be-?mailadres\b(?<!e-mailadres)": "e-mailadres",
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    found = [m.id if isinstance(m.id, str) else " ".join(m.id) for m in catalogs.texts(catalogs.extract())]
    assert len(found) > 100
    return found


@pytest.mark.parametrize("word", INSTEAD, ids=INSTEAD.values())
def test_the_screen_uses_the_word_of_the_domain(texts, word):
    shown = [re.sub(r"%\(\w+\)s", "", text) for text in texts]
    assert [text for text in shown if re.search(word, text, re.IGNORECASE)] == []


def test_every_text_is_whole_and_has_no_loose_ends(texts):
    for text in texts:
        assert text == text.strip(), repr(text)
        assert "  " not in text, repr(text)


def test_every_text_has_named_placeholders(texts):
    """A translator must be able to change their order."""
    for text in texts:
        assert not re.search(r"%[sd]", text), text


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
def test_a_catalogue_agrees_with_the_code(language):
    """Complete (English), nothing unused, no fuzzy text, the same placeholders."""
    assert [fault for fault in catalogs.faults(catalogs.extract()) if fault.startswith(language)] == []


def test_a_wrong_catalogue_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogs, "HERE", tmp_path)
    code = catalogs.Catalog()
    code.add("Dag %(naam)s", locations=[("a.py", 1)])
    code.add("Nog iets", locations=[("a.py", 2)])
    for language in catalogs.LANGUAGES:
        kept = catalogs.load(language)
        kept.add("Dag %(naam)s", "Hello %(name)s", flags=["python-format"])
        kept.add("Vergeten", "Forgotten")
        catalogs.save(language, kept)
    found = [fault for fault in catalogs.faults(code) if fault.startswith("en")]
    assert any("Vergeten" in fault and "no code uses" in fault for fault in found)
    assert any("no translation of 'Nog iets'" in fault for fault in found)
    assert any("placeholder" in fault for fault in found)


TRANSLATED = {
    r"\btoegangscode\b": {"en": r"receipt code", "fr": r"code d’accès", "de": r"Zugangscode"},
    r"^Stand\b|\bstand\b": {"en": r"status|stands", "fr": r"statut|situation", "de": r"Stand"},
}
"""A Dutch word (ignoring capitals), and what stands for it."""


@pytest.mark.parametrize("language", catalogs.LANGUAGES)
@pytest.mark.parametrize("dutch", TRANSLATED)
def test_a_word_has_one_translation_everywhere(language, dutch):
    wanted = TRANSLATED[dutch][language]
    others = [
        message.id
        for message in catalogs.load(language)
        if message.id
        and re.search(dutch, str(message.id), re.IGNORECASE)
        and not re.search(wanted, str(message.string), re.IGNORECASE)
    ]
    assert others == []
