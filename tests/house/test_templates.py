"""Every template is used, holds no style, script or rule of its own, and names no other site."""

import re

import pytest

from tests.house.sources import ROOT, modules, name, templates

PAGES = [template for template in templates() if template.suffix == ".html"]
every_template = pytest.mark.parametrize("template", PAGES, ids=name)
WAYS_OUT = {"https://www.vlaanderen.be/"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
UNESCAPED = {"templates/parts/icons.html"}
"""Drawings of our own, written in the template itself."""
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def source(template) -> str:
    return COMMENT.sub("", template.read_text())


@every_template
def test_a_template_has_no_style_or_script_of_its_own(template):
    text = source(template)
    assert not re.search(r"<style|\sstyle\s*=", text)
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "javascript:" not in text


@every_template
def test_a_template_names_no_other_site(template):
    named = set(re.findall(r"(?:https?:)?//[a-z0-9][^\s\"'<>{}]+", source(template)))
    assert named <= WAYS_OUT | NAMESPACES


@every_template
def test_a_template_escapes_what_people_wrote(template):
    text = source(template)
    assert not re.search(r"\|\s*safe\b", text) or name(template) in UNESCAPED
    assert "autoescape" not in text


@every_template
def test_a_template_does_not_look_into_the_database_or_the_environment(template):
    assert not re.search(
        r"\b(?:db|config|session|request|g)\.",
        " ".join(re.findall(r"\{[{%].*?[%}]\}", source(template), re.DOTALL)),
    )


def test_every_template_is_used_and_every_used_one_is_there():
    everything = "\n".join([*(m.read_text() for m in modules()), *(source(t) for t in templates())])
    there = {str(t.relative_to(ROOT / "templates")) for t in templates()}
    mails = {f"mail/{found}.txt" for found in re.findall(r"deliver\(\s*[\"']([\w-]+)[\"']", everything)}
    used = set(re.findall(r"[\"']([a-z_]+/[\w/-]+\.(?:html|txt))[\"']", everything)) | mails
    assert there - used == set(), "nothing uses these"
    assert {u for u in used if u.split("/")[0] in {t.split("/")[0] for t in there}} - there == set(), (
        "these are missing"
    )
