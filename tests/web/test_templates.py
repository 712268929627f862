"""Templates are compiled once per language, with their texts in place; what a person wrote is always escaped."""

import pytest
from flask import Flask, render_template
from flask_babel import Babel, force_locale
from flask_babel import lazy_gettext as _l
from jinja2 import DictLoader
from markupsafe import Markup

from spreekbuis.web import words
from spreekbuis.web.urls import Application

PAGES = {
    "value.html": "<p>{{ value }}</p>",
    "value.txt": "{{ value }}",
    "loop.html": "{% extends 'frame.html' %}{% block content %}"
    "{% for one in value %}<li>{{ loop.index }} {{ one }}</li>"
    "{% else %}<p>{{ _('Leeg') }}</p>{% endfor %}{% endblock %}",
    "frame.html": "<ul>{% block content %}{% endblock %}</ul>",
    "text.html": "<b>{{ _('Ja') }}</b>{% set word = _('Ja') %}<i>{{ word }}</i>{{ _('100 %%') }}",
    "said.html": "{{ _('Dag %(name)s', name=value) }}",
    "said.txt": "{{ _('Dag %(name)s', name=value) }}",
}
FRENCH = {"Ja": "Oui", "Leeg": "Vide"}
NASTY = "<script>\"&'"


@pytest.fixture
def pages(monkeypatch):
    class Catalogue:
        def __init__(self, language: str) -> None:
            self.language = language

        def ugettext(self, text: str) -> str:
            return FRENCH.get(text, text) if self.language == "fr" else text

    def catalogue():
        return Catalogue(words.get_locale().language)

    monkeypatch.setattr("spreekbuis.web.words.get_translations", catalogue)
    monkeypatch.setattr("spreekbuis.web.jinja.get_translations", catalogue)
    app: Flask = Application("tests")
    app.jinja_env.loader = DictLoader(PAGES)
    words.install(app, Babel(app, default_locale="nl"))
    with app.test_request_context("/"):
        yield render_template


def test_what_a_person_wrote_is_escaped_in_a_page_and_not_in_a_mail(pages):
    assert pages("value.html", value=NASTY) == "<p>&lt;script&gt;&#34;&amp;&#39;</p>"
    assert pages("value.txt", value=NASTY) == NASTY
    assert pages("said.html", value="<b>") == "Dag &lt;b&gt;"
    assert pages("said.txt", value="<b>") == "Dag <b>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Markup("<b>"), "<b>"),
        (None, "None"),
        (3, "3"),
        (_l("Ja"), "Ja"),
        (type("Name", (str,), {})("<"), "&lt;"),
    ],
)
def test_every_kind_of_value_is_shown_as_jinja_shows_it(pages, value, shown):
    assert pages("value.html", value=value) == f"<p>{shown}</p>"


def test_a_list_is_written_in_order_and_escaped_and_says_when_it_is_empty(pages):
    assert pages("loop.html", value=["a", "<b>"]) == "<ul><li>1 a</li><li>2 &lt;b&gt;</li></ul>"
    assert pages("loop.html", value=[]) == "<ul><p>Leeg</p></ul>"


def test_each_language_has_its_own_texts_whatever_was_shown_before(pages):
    for language, word in (("nl", "Ja"), ("fr", "Oui"), ("nl", "Ja"), ("fr", "Oui")):
        with force_locale(language):
            assert pages("text.html") == f"<b>{word}</b><i>{word}</i>100 %"
