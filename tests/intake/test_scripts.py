"""Answer texts: there from the start in four languages, edited by the central office, kept in every version."""

from uuid import uuid4

import pytest
from sqlalchemy import delete, func, select, tuple_

from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import TOPIC_LABELS, Topic
from spreekbuis.errors import Invalid
from spreekbuis.intake.front.models import Script
from spreekbuis.intake.front.scripts import (
    EditedMeanwhile,
    Wording,
    current_scripts,
    load_scripts,
    newest,
    save_script,
)
from spreekbuis.web.access import Role
from spreekbuis.web.frame import LANGUAGES
from tests.intake.flow import field

NEW = Wording(Topic.OTHER, {"nl": "Openingsuren", "en": ""}, {"nl": "We zijn er van 9 tot 17 uur.", "en": ""})


@pytest.fixture(autouse=True)
def _as_shipped(app, _cleaner):
    """Versions are only added, also here; the owner takes them back."""
    key = tuple_(Script.id, Script.version)
    with _cleaner.connect() as connection:
        shipped = [tuple(row) for row in connection.execute(select(Script.id, Script.version))]
    yield
    with _cleaner.connect() as connection:
        connection.execute(delete(Script).where(key.not_in(shipped)))


def test_every_topic_has_a_text_in_every_language(app):
    with transaction(PLATFORM):
        for topic in TOPIC_LABELS:
            scripts = current_scripts(topic=topic)
            assert scripts
            assert all(set(s.titles) == set(s.texts) == set(LANGUAGES) for s in scripts)


def test_loading_the_texts_again_changes_nothing(app):
    with transaction(PLATFORM) as session:
        before = session.scalar(select(func.count()).select_from(Script))
        load_scripts()
        assert session.scalar(select(func.count()).select_from(Script)) == before


def test_texts_are_found_by_words_in_the_language_of_the_agent(app):
    with transaction(PLATFORM):
        assert [s.topic for s in current_scripts(words="SPREEKPLICHT fraude")] == ["integrity"]
        assert current_scripts(words="spreekplicht", language="en") == []
        assert current_scripts(words="geen enkele tekst") == []


def test_an_edit_is_a_new_version_and_the_old_one_stays(app):
    script_id = uuid4()
    with transaction(PLATFORM):
        assert save_script(script_id, 0, NEW).version == 1
        assert save_script(script_id, 1, NEW).version == 1
        changed = Wording(Topic.OTHER, NEW.titles, {"nl": "We zijn er van 9 tot 18 uur."})
        assert save_script(script_id, 1, changed).version == 2
        assert "en" not in newest(script_id).texts
        with pytest.raises(EditedMeanwhile):
            save_script(script_id, 1, Wording(Topic.OTHER, NEW.titles, {"nl": "Nog iets anders."}))


def test_a_text_needs_dutch(app):
    with pytest.raises(Invalid) as refused, transaction(PLATFORM):
        save_script(uuid4(), 0, Wording(Topic.OTHER, {"en": "Hours"}, {"en": "From 9 to 5."}))
    assert set(refused.value.errors) == {"title_nl", "text_nl"}


def test_the_central_office_writes_edits_and_retires_a_text(world):
    central = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    agent = world.browser(world.platform_member(Role.FRONT_DESK))
    at = f"/central/scripts/{uuid4()}"
    begun = {"version": field(central.get(at), "version"), "topic": "other"}
    first = {**begun, "title_nl": "Openingsuren", "text_nl": "Van 9 tot 17 uur."}
    assert central.post(at, first).status_code == 303
    assert central.post(at, first).status_code == 303, "pressed twice"
    assert "Van 9 tot 17 uur." in agent.get("/front/scripts?q=openingsuren").text
    assert field(central.get(at), "version") == "1"
    assert central.post(at, {**first, "version": "1", "text_nl": "Van 9 tot 18 uur."}).status_code == 303
    late = central.post(at, {**first, "version": "1", "text_nl": "Dag en nacht."})
    assert late.status_code == 409
    assert "Van 9 tot 18 uur." in late.text
    assert "Dag en nacht." in late.text
    assert field(late, "version") == "2"
    assert central.post(f"{at}/retire").status_code == 303
    assert "Openingsuren" not in agent.get("/front/scripts").text
    assert central.post(f"/central/scripts/{uuid4()}/retire").status_code == 404


def test_bad_forms_are_given_back(world):
    central = world.browser(world.platform_member(Role.CENTRAL_ANALYST))
    at = f"/central/scripts/{uuid4()}"
    page = central.post(
        at, {"topic": "zzz", "version": "x", "title_nl": "a" * 500, "text_en": "Only English"}
    )
    assert page.status_code == 422
    assert "Only English" in page.text
    assert central.get(at).status_code == 200


def test_the_front_office_reads_texts_and_edits_none(world):
    agent = world.browser(world.platform_member(Role.FRONT_DESK))
    assert agent.get("/central/scripts").status_code == 403
    page = agent.get("/front/scripts?topic=integrity&language=fr")
    assert "devoir de parole" in page.text
    assert agent.get("/front/scripts?topic=zzz&language=zz&q=%00").status_code == 200
