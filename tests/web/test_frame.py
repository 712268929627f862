"""What is drawn once is never shown to somebody else, in another language, entity or place."""

import re

import pytest
from flask import g
from jinja2 import nodes

from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.web.access import Role
from spreekbuis.web.frame import drawn
from tests.house.sources import name, templates

PER_REQUEST = {"page", "csrf", "request", "session", "g"}


def header_of(page: str) -> str:
    return page[page.index("<header") : page.index("<main")]


def test_each_person_sees_an_own_frame_whoever_asked_before(world):
    here, there = world.entity(name="Entiteit <Hier>"), world.entity(name="Entiteit Daar")
    handler, colleague = (world.member(entity, Role.HANDLER, DeskKind.INTEGRITY) for entity in (here, there))
    administrator = world.member(there, Role.ENTITY_ADMINISTRATOR)
    analyst = world.platform_member(Role.CENTRAL_ANALYST)
    asked = {
        (handler, f"/desk/{here.ovo}/cases"): ("Entiteit &lt;Hier&gt;", "Behandelaar"),
        (colleague, f"/desk/{there.ovo}/cases"): ("Entiteit Daar", "Behandelaar"),
        (administrator, f"/entity/{there.ovo}/figures"): ("Entiteit Daar", "Beheerder van de entiteit"),
        (analyst, "/central/figures"): ("Alle entiteiten", "Centrale dienst"),
    }
    browsers = {account: world.browser(account) for account, _ in asked}
    for _ in range(2):
        for (account, address), own in asked.items():
            header = header_of(browsers[account].get(address).text)
            for words in {each for pair in asked.values() for each in pair}:
                assert (words in header) == (words in own)
            for other in {ovo for ovo in (here.ovo, there.ovo) if ovo not in address}:
                assert other not in header
            assert re.findall(r'href="([^"]+)" aria-current="page"', header) == [address]


def test_a_frame_is_in_the_language_that_is_asked_whatever_was_drawn_before(world):
    entity = world.entity()
    desk = world.handler(entity, DeskKind.INTEGRITY)
    for language, label, role in (("nl", "Werklijst", "Behandelaar"), ("en", "Work list", "Handler")) * 2:
        header = header_of(desk.get(f"/desk/{entity.ovo}/cases?lang={language}").text)
        assert f">{label}</a>" in header
        assert f"<span>{role}</span>" in header


def test_the_token_of_a_form_is_of_its_own_browser(world):
    entity = world.entity()
    one, other = (world.handler(entity, DeskKind.INTEGRITY) for _ in range(2))
    for browser in (one, other, one):
        page = browser.get(f"/desk/{entity.ovo}/cases").text
        assert set(re.findall(r'name="csrf" value="(\w+)"', page)) == {browser.csrf}


def test_what_is_drawn_tells_apart_whatever_it_is_given(app):
    made = []

    def part(*given, **named):
        made.append((given, named))
        return f"{given} {named}"

    for language in ("nl", "en"):
        with app.test_request_context("/"):
            g.language = language
            for given in ((), ("a",), ("a", "b"), (("a", "b"),)):
                assert drawn(part, *given) == drawn(part, *given) == f"{given} {{}}"
            assert drawn(part, x="a") == drawn(part, x="a") == "() {'x': 'a'}"
    assert len(made) == 10
    with app.test_request_context("/"), pytest.raises(TypeError):
        drawn(part, ["a list can change"])


def test_a_drawn_macro_looks_at_its_arguments_alone(app):
    """A macro that a template gives to `drawn`, and each that it calls, names nothing of the request."""
    macros, imported, given = {}, {}, []
    for template in templates():
        file = name(template).removeprefix("templates/")
        tree = app.jinja_env.parse(template.read_text())
        macros |= {(file, macro.name): macro for macro in tree.find_all(nodes.Macro)}
        for found in tree.find_all(nodes.FromImport):
            for each in found.names:
                source, alias = each if isinstance(each, tuple) else (each, each)
                imported[file, alias] = (found.template.value, source)
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "drawn":
                given.append((file, call.args[0].name))
    assert given, "no template uses drawn"
    seen, waiting = set(), [imported.get(each, each) for each in given]
    while waiting:
        file, macro = place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        names = {each.name for each in macros[place].find_all(nodes.Name)}
        assert not names & PER_REQUEST, f"{macro} of {file}"
        called = {(file, each) for each in names}
        waiting += [
            each for each in (imported.get(c, c) for c in called) if each in macros and each not in seen
        ]
