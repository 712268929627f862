"""The register and the signpost."""

import pytest
from markupsafe import escape
from sqlalchemy import func, select

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.cards import in_language
from spreekbuis.directory.loading import load_register
from spreekbuis.directory.models import Actor, ActorKind, Organisation, OrganisationPeriod
from spreekbuis.directory.register import organisation_of, policy_area_on, search


def found(query: str, **kwargs) -> list[str]:
    with transaction(PLATFORM):
        return [o.ovo_code for o in search(query, **kwargs)]


def counts() -> list[int]:
    tables = (Organisation, OrganisationPeriod, Actor, ActorKind)
    with transaction(PLATFORM):
        return [db.session.scalar(select(func.count()).select_from(table)) for table in tables]


def test_loading_the_register_twice_changes_nothing(app):
    before = counts()
    with transaction(PLATFORM):
        load_register()
    assert counts() == before
    assert before[0] == 24


def test_all_central_actors_and_actor_kinds_of_the_domain_are_there(app):
    with transaction(PLATFORM):
        assert db.session.scalar(select(func.count()).select_from(Actor)) == 7
        nearby = db.session.scalars(select(ActorKind).where(ActorKind.central.is_(False))).all()
        assert len(nearby) == 8
        assert all(kind.offers["nl"] and kind.offers["en"] for kind in nearby)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("wegen verkeer", "OVO990007"),
        ("FINANCIEN", "OVO990003"),
        ("ovo000100", "OVO000100"),
        ("de lijn", "OVO000100"),
    ],
)
def test_organisations_are_found_by_words_without_accents_or_case(app, query, code):
    assert code in found(query)


def test_the_best_match_comes_first(app):
    assert found("vlaamse")[0] == "OVO990014"
    assert found("agentschap", limit=3) == ["OVO001835", "OVO000039", "OVO990015"]


@pytest.mark.parametrize("query", ["", "   ", "%", "日本", "geen enkele"])
def test_nothing_is_found_for_what_is_in_no_name(app, query):
    assert found(query) == []


def test_a_code_is_known_however_it_was_typed(app):
    with transaction(PLATFORM):
        assert organisation_of(" ovo000067 ").ovo_code == "OVO000067"
        assert organisation_of("OVO123456") is None
        assert policy_area_on("OVO000067") == "CJSM"


def test_a_name_that_is_missing_in_a_language_is_shown_in_dutch():
    assert in_language({"nl": "Sociale dienst", "en": "Social service"}, "en") == "Social service"
    assert in_language({"nl": "Sociale dienst"}, "fr") == "Sociale dienst"
    assert in_language(None, "nl") == ""


def test_the_signpost_shows_what_each_actor_does_and_how_to_reach_it(world):
    page = world.browser().get("/actors").text
    with transaction(PLATFORM) as session:
        for actor in session.scalars(select(Actor)):
            assert str(escape(actor.names["nl"])) in page
            assert str(escape(actor.offers["nl"])) in page
            assert f"mailto:{actor.email}" in page
    assert "Vertrouwenspersoon" in page


def test_the_signpost_speaks_the_readers_language(world):
    assert "Confidential counsellor" in world.browser().get("/actors?lang=en").text
