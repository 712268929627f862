"""What a questionnaire may be, what it may not, and what keeps a draft from being published."""

import copy
import json
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from spreekbuis.directory.catalogue import CATEGORIES
from spreekbuis.errors import Invalid
from spreekbuis.questionnaires.defaults import DEFAULTS
from spreekbuis.questionnaires.definition import (
    LANGUAGES,
    MOST_FIELDS,
    MOST_OPTIONS,
    MOST_QUESTIONS,
    MOST_SECTIONS,
    Kind,
    parse,
    to_json,
    untranslated,
)
from spreekbuis.questionnaires.faults import faults
from tests.questionnaires.conftest import a_definition, a_question

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=12,
)
WHOLE = a_definition(
    a_question("often", Kind.ONE, "once", "more"),
    a_question("when", Kind.DATE, when="often=once"),
    a_question("who", Kind.SEVERAL, "colleague", "boss"),
    a_question("told", Kind.YES_NO),
    a_question("more", Kind.LONG, when="told=yes"),
)


def places(value: object, at: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in the JSON, the whole too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inside for place in places(part, (*at, key)))]


def with_other(value: object, place: tuple[object, ...], other: object) -> object:
    if not place:
        return other
    changed = copy.deepcopy(value)
    here = changed
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = other
    return changed


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_questionnaire_or_invalid_and_never_a_crash(data):
    with suppress(Invalid):
        parse(data)


@given(st.sampled_from(places(WHOLE)), json_values)
@settings(max_examples=400, deadline=None)
def test_a_questionnaire_with_one_thing_changed_is_stored_as_it_was_read_or_invalid(place, other):
    data = with_other(WHOLE, place, other)
    try:
        definition = parse(data)
    except Invalid:
        return
    assert parse(json.loads(json.dumps(to_json(definition)))) == definition
    faults(definition)


def test_what_is_stored_is_what_was_read():
    assert to_json(parse(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    "data",
    [
        {"sections": a_definition()["sections"] * (MOST_SECTIONS + 1)},
        a_definition(*[a_question(f"q{n}") for n in range(MOST_QUESTIONS + 1)]),
        a_definition(a_question("a", Kind.ONE, *[f"o{n}" for n in range(MOST_OPTIONS + 1)])),
        a_definition(*[a_question(f"p{n}", Kind.PERIOD) for n in range(MOST_FIELDS // 6 + 1)]),
        a_definition(*[a_question(f"l{n}", Kind.LONG, longest=4000) for n in range(16)]),
        a_definition(
            *[a_question(f"s{n}", Kind.SEVERAL, *"abcdefghijkl") for n in range(3)],
            *[a_question(f"t{n}{o}", when=f"s{n}={o}") for n in range(3) for o in "abcdefghi"],
        ),
        a_definition(a_question("a", longest=5000)),
        a_definition(a_question("a", Kind.YES_NO, "maybe", "sure")),
        a_definition(a_question("a", label={"nl": "x" * 201})),
        a_definition(a_question("a", label={"nl": "  "})),
        a_definition(a_question("a", label={"xx": "x"})),
        a_definition(a_question("A b")),
        a_definition(a_question("a") | {"script": "x"}),
    ],
)  # fmt: skip
def test_there_are_bounds(data):
    with pytest.raises(Invalid):
        parse(data)


@pytest.mark.parametrize(
    ("questions", "place", "words"),
    [
        ([], "deel", "geen vragen"),
        ([a_question("a"), a_question("a")], "a", "dezelfde sleutel"),
        ([a_question("a", label={"en": "Only English"})], "a", "geen Nederlandse tekst"),
        ([a_question("a", help={"fr": "Aide"})], "a", "geen Nederlandse tekst"),
        ([a_question("a", Kind.ONE, "x")], "a", "minstens twee keuzes"),
        ([a_question("a", Kind.ONE, "x", "x")], "a", "Twee keuzes"),
        ([a_question("a", when="b=yes"), a_question("b", Kind.YES_NO)], "a", "pas later"),
        ([a_question("a", Kind.YES_NO, when="a=yes")], "a", "pas later"),
        ([a_question("a", when="gone=yes")], "a", "niet meer is"),
        ([a_question("a", Kind.YES_NO), a_question("b", when="a=maybe")], "b", "nooit kloppen"),
        ([a_question("a"), a_question("b", when="a=yes")], "b", "nooit kloppen"),
    ],
)
def test_a_fault_is_found_and_says_where(app: Flask, questions, place, words):
    found = faults(parse(a_definition(*questions)))
    with app.test_request_context():
        assert [(fault.place, True) for fault in found if words in str(fault.words)] == [(place, True)]


def test_a_whole_one_has_no_faults_and_an_empty_one_has():
    assert faults(parse(WHOLE)) == []
    assert faults(parse({"sections": []}))
    assert faults(parse(a_definition(a_question("a"), title={})))


def test_two_sections_of_one_key_are_a_fault():
    twice = a_definition(a_question("a"))["sections"] + a_definition(a_question("b"))["sections"]
    assert [fault.place for fault in faults(parse({"sections": twice}))] == ["deel"]


@pytest.mark.parametrize("default", DEFAULTS, ids=lambda default: default.code)
def test_what_comes_with_the_product_has_no_faults_is_whole_in_every_language_and_requires_nothing(default):
    definition = parse({"sections": list(default.sections)})
    assert faults(definition) == []
    assert all(untranslated(definition, language) == [] for language in LANGUAGES)
    assert not any(question.required for question in definition.questions)


def test_every_category_has_a_questionnaire_and_only_one():
    served = [category for default in DEFAULTS for category in default.categories]
    assert sorted(served) == sorted(CATEGORIES)
