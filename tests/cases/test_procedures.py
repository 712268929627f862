"""Procedures as data: what the product ships is whole, what the central office drafts is checked, what is published
never changes."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import ProgrammingError

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.definition import BadDefinition, State, Step, read_definition
from spreekbuis.cases.definition_checks import faults
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import open_case
from spreekbuis.cases.procedure_drafts import (
    DraftChanged,
    NotReady,
    draft_of,
    publish_draft,
    save_draft,
    start_draft,
    with_part,
    without_part,
    wrong_with,
)
from spreekbuis.cases.procedure_models import ProcedureVersion
from spreekbuis.cases.procedure_versions import (
    fits,
    in_force,
    known,
    load_procedures,
    procedure,
    shipped,
    usual,
)
from spreekbuis.cases.workflow import mark_kind
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import TOPIC_LABELS, CaseKind, Identity
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = date(2026, 12, 1)


@pytest.fixture
def versions(app, _cleaner):
    """A place to publish in: what was published goes away after the test."""
    known.read_on = date.min
    yield
    with _cleaner.connect() as connection:
        connection.execute(text("DELETE FROM procedure_version WHERE version > 1"))
    known.procedures = {(code, n): rules for (code, n), rules in known.procedures.items() if n == 1}
    known.read_on = date.min


@pytest.fixture
def office(versions):
    with transaction(PLATFORM), clock.at(NOW):
        yield


def changed(code: str, *path: str | int, to: object) -> dict:
    definition = deepcopy(shipped()[code])
    place = definition
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return definition


def drafted(code: str, definition: dict, valid_from: date = LATER) -> str:
    """A saved draft; gives its revision."""
    draft = start_draft(code)
    save_draft(code, definition, valid_from, str(draft.revision or 1)) if draft.revision else None
    return str(draft.revision)


@pytest.mark.parametrize("code", shipped())
def test_what_is_shipped_has_no_fault_and_every_text_in_four_languages(code):
    rules = read_definition(code, 1, shipped()[code])
    assert faults(rules) == {}
    for term in rules.terms:
        assert (
            len({term.source.texts.nl, term.source.texts.en, term.source.texts.fr, term.source.texts.de}) == 4
        )


def test_what_the_database_has_is_what_is_shipped_and_loading_twice_changes_nothing(app):
    with transaction(PLATFORM) as session:
        load_procedures()
        rows = session.execute(select(ProcedureVersion.code, ProcedureVersion.definition)).all()
    assert {row.code: row.definition for row in rows} == shipped()


def test_every_kind_and_topic_has_exactly_one_usual_procedure(app):
    with transaction(PLATFORM):
        rules = in_force(date(2026, 11, 22))
        for kind in CaseKind:
            for topic in TOPIC_LABELS:
                for identity in Identity:
                    fitting = [r.code for r in rules if r.usual and fits(r, kind, topic, identity)]
                    assert len(fitting) == 1, (kind, topic, identity)
                    assert usual(kind, topic, identity, date(1999, 1, 1)).code == fitting[0]


def test_no_term_of_the_decree_or_the_codex_ever_stands_still():
    for code, definition in shipped().items():
        for term in read_definition(code, 1, definition).terms:
            if "Decreet" in term.source.texts.nl or "Codex" in term.source.texts.nl:
                assert term.pause is None


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("label", "fr"), " ", "label.fr"),
        (("terms", 0, "source", "nl"), "", "terms.0.source.nl"),
        (("terms", 0, "source"), None, "terms.0.source"),
        (("terms", 0, "days"), -1, "terms.0.days"),
        (("terms", 0, "days"), "zeven", "terms.0.days"),
        (("terms", 0, "days"), True, "terms.0.days"),
        (("terms", 0, "after"), "never", "terms.0.after"),
        (("terms", 1, "step"), "acknowledge", "terms"),
        (("terms",), "none", "terms"),
        (("retention", "months"), 1_000_000, "retention.months"),
        (("escalate_after",), [0], "escalate_after"),
        (("escalate_after",), ["x"], "escalate_after"),
        (("states", "new", "to"), ["flying"], "states.new.to"),
        (("help", "de"), "x" * 2_000, "help.de"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(path, value, place):
    with pytest.raises(BadDefinition) as bad:
        read_definition("x", 1, changed("integrity_report", *path, to=value))
    assert place in bad.value.errors


def test_nonsense_is_refused_in_one_go():
    with pytest.raises(BadDefinition) as bad:
        read_definition("x", 1, {"terms": [3], "states": {"new": 7}})
    assert len(bad.value.errors) > 10


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("states", "new", "to"), ["in_progress"], "states.acknowledged.to"),  # a state that is never reached
        (("states", "feedback_given", "to"), [], "states.feedback_given.to"),  # a dead end
        (("states", "closed", "to"), ["new"], "states.closed.to"),
        (("states", "in_progress", "by"), [], "states.in_progress.by"),
        (("terms", 1, "months"), 0, "terms.1.days"),
        (("terms", 0, "after"), "conversation", "terms.0.after"),
        (("retention", "months"), 0, "retention.months"),
        (("retention", "months"), 5, "retention.months"),
        (("retention", "months"), 361, "retention.months"),
        (("terms", 0, "days"), 8, "terms.0.days"),
        (("terms", 0, "after"), "chosen", "terms.0.after"),
        (("terms", 1, "months"), 4, "terms.1.months"),
        (("terms", 1, "days"), 1, "terms.1.months"),
    ],
)
def test_a_definition_that_would_go_wrong_is_found(path, value, place):
    assert place in faults(read_definition("x", 1, changed("integrity_report", *path, to=value)))


def test_feedback_before_the_acknowledgement_is_found():
    definition = changed("integrity_report", "terms", 1, "months", to=0)
    definition["terms"][1] |= {"days": 5, "after": "received"}
    assert "terms.1.days" in faults(read_definition("x", 1, definition))


def test_a_procedure_without_feedback_is_found():
    definition = without_part(shipped()["integrity_report"], "terms.1")
    assert "terms" in faults(read_definition("x", 1, definition))


def test_parts_are_added_empty_and_so_must_be_filled_in():
    definition = with_part(shipped()["integrity_report"], "terms", "conversation")
    assert [term["step"] for term in definition["terms"]] == ["acknowledge", "conversation", "feedback"]
    definition = with_part(definition, "terms.2.extension")
    definition = with_part(definition, "terms.2.extension.reasons")
    definition = with_part(definition, "terms.0.exemptions")
    with pytest.raises(BadDefinition) as bad:
        read_definition("x", 1, definition)
    assert {
        "terms.1.source.nl",
        "terms.2.extension.reasons.0.label.en",
        "terms.0.exemptions.3.label.nl",
    } <= set(bad.value.errors)


@pytest.mark.parametrize(
    "place", ["label", "terms.9.pause", "states.new", "terms.0.source", "retention", "", "terms.x"]
)
def test_a_part_that_does_not_exist_is_not_added_or_taken_away(place):
    with pytest.raises(Invalid):
        with_part(shipped()["integrity_report"], place)
    with pytest.raises(Invalid):
        without_part(shipped()["integrity_report"], place)


def test_a_published_version_holds_for_cases_from_its_day_on_and_older_ones_keep_theirs(world, versions):
    with transaction(PLATFORM), clock.at(NOW):
        start_draft("integrity_report")
    with transaction(PLATFORM) as session, clock.at(NOW):
        definition = changed("integrity_report", "terms", 0, "days", to=5)
        save_draft("integrity_report", definition, LATER, "1")
        session.flush()
        publish_draft("integrity_report", "2")
    entity = world.entity()

    def opened(on: date) -> tuple[int, date | None]:
        moment = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
        with clock.at(moment), world.inside(entity):
            case = open_case(a_new_case())
            return case.procedure_version, case.next_due_on

    old = opened(date(2026, 11, 30))
    assert old == (1, date(2026, 12, 7))
    assert opened(LATER) == (2, date(2026, 12, 6))
    with world.inside(entity) as session, clock.at(datetime(2026, 12, 2, 12, tzinfo=UTC)):
        case = session.scalars(select(Case).where(Case.procedure_version == 1)).one()
        mark_kind(case, CaseKind.INFORMATION_REQUEST)
        mark_kind(case, CaseKind.REPORT)
        assert (case.procedure_version, case.next_due_on) == (1, date(2026, 12, 7))


def test_a_published_version_cannot_be_changed_or_removed(app):
    for statement in (update(ProcedureVersion).values(version=9), delete(ProcedureVersion)):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction(PLATFORM) as session:
            session.execute(statement)


def test_a_version_never_holds_from_today_or_before_the_last_one(office):
    draft = start_draft("integrity_report")
    for day in (NOW.date(), NOW.date() - timedelta(days=400)):
        draft.valid_from = day
        assert "valid_from" in wrong_with(draft)
    draft.valid_from = NOW.date() + timedelta(days=1)
    assert wrong_with(draft) == {}


def test_a_draft_with_a_fault_is_kept_and_not_published(world, versions):
    with transaction(PLATFORM), clock.at(NOW):
        start_draft("whistleblower")
    with transaction(PLATFORM) as session, clock.at(NOW):
        save_draft("whistleblower", changed("whistleblower", "label", "en", to=""), LATER, "1")
        session.flush()
        with pytest.raises(NotReady):
            publish_draft("whistleblower", "2")
        assert "label.en" in wrong_with(draft_of("whistleblower"))


def test_two_who_write_at_once_do_not_overwrite_each_other(versions):
    with transaction(PLATFORM), clock.at(NOW):
        start_draft("whistleblower")
    with transaction(PLATFORM), clock.at(NOW):
        save_draft("whistleblower", shipped()["whistleblower"], LATER, "1")
    with pytest.raises(DraftChanged), transaction(PLATFORM):
        save_draft("whistleblower", {}, LATER, "1")


def test_what_does_not_exist_has_no_draft(office):
    with pytest.raises(NotFound):
        start_draft("nonsense")


# -- pages --------------------------------------------------------------------------------------------------------


@pytest.fixture
def central(world, versions):
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


def form_of(html: str) -> dict[str, object]:
    """What a browser would send of the form of the draft."""
    import re
    from html import unescape

    form = re.search(r'<form[^>]*/draft/save".*?</form>', html, re.DOTALL)[0]
    fields: dict[str, object] = {}
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields[name] = unescape(value).lstrip("\n")
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox":
            if " checked" in tag:
                fields.setdefault(attributes["name"], []).append(attributes["value"])  # type: ignore[attr-defined]
        else:
            fields[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


START = "/central/procedures/integrity_report/draft/start"
DRAFT = "/central/procedures/integrity_report/draft"


def test_the_list_and_a_version_show_terms_sources_and_examples(central):
    page = central.get("/central/procedures")
    assert page.status_code == 200
    assert "Formeel verzoek welzijn" in page.text
    page = central.get("/central/procedures/wellbeing_formal")
    for words in (
        "20 jaar",
        "Laat een jurist dit nakijken",
        "Schrikkeldag",
        "Eén keer te verlengen met 3 maanden",
    ):
        assert words in page.text
    assert central.get("/central/procedures/nonsense").status_code == 404
    assert central.get("/central/procedures/wellbeing_formal?version=7").status_code == 404


def test_saving_the_form_as_it_is_changes_nothing_of_the_definition(central):
    assert central.post(START).status_code == 303
    page = central.get(DRAFT)
    assert "Dit ontwerp kan gepubliceerd worden" in page.text
    assert central.post(f"{DRAFT}/save", {**form_of(page.text), "do": "save"}).status_code == 303
    with transaction(PLATFORM):
        assert draft_of("integrity_report").definition == shipped()["integrity_report"]


def test_a_new_version_is_drafted_checked_and_published_without_programming(central):
    central.post(START)
    form = form_of(central.get(DRAFT).text)
    central.post(f"{DRAFT}/save", {**form, "terms.0.days": "vijf", "label.en": ""})
    page = central.get(DRAFT).text
    assert 'value="vijf"' in page, "what was typed is still there"
    assert "Publiceer deze versie" not in page
    form = form_of(page)
    refused = central.post(f"{DRAFT}/publish", {"revision": form["revision"]})
    assert refused.status_code == 409
    central.post(f"{DRAFT}/save", {**form, "terms.0.days": "5", "label.en": "Integrity report"})
    page = central.get(DRAFT).text
    assert "Publiceer deze versie" in page
    done = central.post(f"{DRAFT}/publish", {"revision": form_of(page)["revision"]})
    assert done.status_code == 303
    with transaction(PLATFORM) as session:
        assert procedure("integrity_report", 2).term(Step.ACKNOWLEDGE).days == 5
        kinds = session.scalars(select(AuditEvent.data).where(AuditEvent.kind == "procedure.published")).all()
    assert [k["version"] for k in kinds] == [2]
    assert central.get(DRAFT).status_code == 404
    assert "Versie 2, vanaf" in central.get("/central/procedures/integrity_report").text


def test_adding_and_removing_a_part_keeps_all_that_was_typed(central):
    central.post(START)
    form = form_of(central.get(DRAFT).text)
    central.post(f"{DRAFT}/save", {**form, "label.nl": "Anders", "do": "add terms", "step": "conversation"})
    form = form_of(central.get(DRAFT).text)
    assert form["label.nl"] == "Anders"
    assert "terms.2.source.nl" in form
    central.post(f"{DRAFT}/save", {**form, "do": "drop terms.1"})
    assert "terms.2.source.nl" not in form_of(central.get(DRAFT).text)
    assert central.post(f"{DRAFT}/save", {**form, "do": "drop terms.77"}).status_code == 422


def test_a_stale_form_changes_nothing(central):
    central.post(START)
    form = form_of(central.get(DRAFT).text)
    central.post(f"{DRAFT}/save", {**form, "label.nl": "Eerst"})
    late = central.post(f"{DRAFT}/save", {**form, "label.nl": "Later"})
    assert late.status_code == 409
    assert central.post(f"{DRAFT}/discard", {"revision": form["revision"]}).status_code == 409
    assert form_of(central.get(DRAFT).text)["label.nl"] == "Eerst"


def test_states_can_be_rearranged_and_a_dead_end_is_told(central):
    central.post(START)
    form = form_of(central.get(DRAFT).text)
    form[f"states.{State.FEEDBACK_GIVEN}.to"] = []
    central.post(f"{DRAFT}/save", form)
    assert "Van hieruit kan het dossier nooit afgesloten worden." in central.get(DRAFT).text
