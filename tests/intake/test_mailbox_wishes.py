"""What a returning reporter decides: a talk, contact, sharing, the minutes of a conversation, aftercare."""

from html import unescape

import pytest
from sqlalchemy import select, update

from spreekbuis.cases import minutes, workflow
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.models import Case, CaseEvent, Message
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, DeskKind, Outcome
from spreekbuis.vault.sealing import CannotOpen
from tests.intake.flow import Reporter, field, words
from tests.intake.traces import found_in_database

MINUTES = "Je zei dat het elke vrijdag gebeurt."
CORRECTION = "Het was donderdag, niet vrijdag."
NAMED = {"identity": "confidential", "name": "Magazijnier", "phone": "02 553 00 00"}


@pytest.fixture
def inside(reporter: Reporter) -> Reporter:
    """Somebody who reported with a name, with the mailbox open."""
    reporter.open_mailbox(" ".join(words(reporter.report(**NAMED))))
    return reporter


@pytest.fixture
def handler(world, entity):
    return world.handler(entity, DeskKind.WELLBEING)


def with_case(world, entity, do=lambda case, key: None) -> Case:
    """Do this with the only case, with its key; gives the case."""
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        do(case, world.key(entity, case.id))
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        db.session.expunge(case)
        return case


def seen(world, entity) -> None:
    """The desk has read everything."""
    with world.inside(entity) as session:
        session.execute(update(Case).values(unread_by_desk=False))


def close(case, key) -> None:
    workflow.acknowledge(case, key, "We lazen je melding.")
    workflow.mark_kind(case, CaseKind.REPORT)
    workflow.close(case, key, Outcome.UNFOUNDED, "We onderzochten het.")


def events(world, entity, kind: str) -> list[dict]:
    with world.inside(entity):
        found = select(CaseEvent.data).where(CaseEvent.kind == kind).order_by(CaseEvent.at, CaseEvent.id)
        return list(db.session.scalars(found))


def page_of_case(handler, entity, case) -> str:
    return unescape(handler.get(f"/desk/{entity.ovo}/cases/{case.id}").text)


# --- a talk ---------------------------------------------------------------------------------------------------


def test_a_talk_is_asked_once_and_the_desk_sees_how_and_when(world, entity, inside, handler):
    seen(world, entity)
    form = {
        "once": field(inside.browser.get("/inbox"), "once"),
        "meeting_how": "elsewhere",
        "meeting_text": "Na 18 uur.",
    }
    for _ in range(2):
        assert inside.browser.post("/inbox/meeting", form).status_code == 303
    case = with_case(world, entity)
    assert case.unread_by_desk
    shown = page_of_case(handler, entity, case)
    for text in (
        "Melder, vraag om een gesprek, op een andere plek",
        "Na 18 uur.",
        "De melder vraagt een gesprek",
    ):
        assert text in shown
    assert [event["how"] for event in events(world, entity, "meeting_asked")] == ["elsewhere"]
    assert "vraag om een gesprek" in inside.browser.get("/inbox").text


@pytest.mark.parametrize(
    "form", [{}, {"meeting_how": "by-owl"}, {"meeting_how": "phone", "meeting_text": "x" * 2001}]
)
def test_a_talk_that_cannot_be_understood_is_asked_again(world, entity, inside, form):
    page = inside.browser.post("/inbox/meeting", form)
    assert page.status_code == 422
    assert form.get("meeting_text", "") in page.text
    assert events(world, entity, "meeting_asked") == []


# --- contact --------------------------------------------------------------------------------------------------


def test_how_to_be_reached_is_sealed_and_the_last_one_counts(world, entity, inside, handler, database):
    for where in ("0470 00 00 01", "0470 00 00 02", "0470 00 00 02"):
        form = {"contact_reach": "phone", "contact_where": where, "contact_when": "nooit tijdens het werk"}
        assert inside.browser.post("/inbox/contact", form).status_code == 303
    case = with_case(world, entity)
    assert "Bel me, 0470 00 00 02, nooit tijdens het werk" in page_of_case(handler, entity, case)
    assert 'value="0470 00 00 02"' in inside.browser.get("/inbox").text
    assert len(events(world, entity, "contact_preference")) == 2
    assert not found_in_database(database, "0470 00 00 02", "nooit tijdens het werk")


def test_whoever_wants_a_call_gives_a_number(inside):
    page = inside.browser.post("/inbox/contact", {"contact_reach": "phone", "contact_when": "na zes uur"})
    assert page.status_code == 422
    assert "na zes uur" in page.text


# --- sharing --------------------------------------------------------------------------------------------------


def test_nothing_is_shared_by_default_and_each_yes_can_be_withdrawn(world, entity, inside, handler):
    assert with_case(world, entity).shares_with == []
    inside.browser.post("/inbox/consent", {"consent": ["prevention", "line", "nonsense"]})
    assert with_case(world, entity).shares_with == ["line", "prevention"]
    inside.browser.post("/inbox/consent", {"consent": ["prevention"]})
    inside.browser.post("/inbox/consent", {"consent": ["prevention"]})
    case = with_case(world, entity)
    assert case.shares_with == ["prevention"]
    assert [(e["to"], e["given"]) for e in events(world, entity, "consent")] == [
        ("line", True), ("prevention", True), ("line", False),
    ]  # fmt: skip
    shown = page_of_case(handler, entity, case)
    assert "Mag je de naam delen?" in shown
    assert shown.count(">Nee<") == 4
    assert "Naam mag niet gedeeld worden" in shown


def test_consent_is_withdrawn_also_when_the_case_is_closed(world, entity, inside):
    inside.browser.post("/inbox/consent", {"consent": ["justice"]})
    with_case(world, entity, close)
    assert inside.browser.post("/inbox/consent", {}).status_code == 303
    assert with_case(world, entity).shares_with == []


def test_who_reported_without_a_name_is_asked_nothing(world, entity):
    nameless = Reporter(world.browser(), entity)
    nameless.open_mailbox(" ".join(words(nameless.report())))
    page = nameless.browser.get("/inbox").text
    assert 'name="consent"' not in page
    assert "Je meldde zonder naam." in page


# --- the minutes of a conversation ----------------------------------------------------------------------------


def write_minutes(handler, entity, case, text: str = MINUTES):
    at = f"/desk/{entity.ovo}/cases/{case.id}"
    page = handler.get(at)
    version, once = field(page, "version"), field(page, "once")
    return handler.post(f"{at}/write", {"to": "minutes", "text": text, "version": version, "once": once})


def test_the_reporter_agrees_to_the_minutes_once(world, entity, inside, handler):
    case = with_case(world, entity)
    assert write_minutes(handler, entity, case).status_code == 303
    assert "Wacht op akkoord van de melder" in page_of_case(handler, entity, case)
    page = inside.browser.get("/inbox")
    assert "Kijk dit verslag na" in page.text
    seen(world, entity)
    for _ in range(2):
        assert (
            inside.browser.post("/inbox/minutes/agree", {"minutes": field(page, "minutes")}).status_code
            == 303
        )
    assert with_case(world, entity).unread_by_desk
    assert len(events(world, entity, "minutes_agreed")) == 1
    assert "Kijk dit verslag na" not in inside.browser.get("/inbox").text
    assert "verslag van een gesprek, De melder gaat akkoord" in page_of_case(handler, entity, case)


def test_a_correction_and_the_record_both_stay_and_a_new_record_can_follow(world, entity, inside, handler):
    case = with_case(world, entity)
    write_minutes(handler, entity, case)
    page = inside.browser.get("/inbox")
    form = {"minutes": field(page, "minutes"), "once": field(page, "once"), "correction": CORRECTION}
    for _ in range(2):
        assert inside.browser.post("/inbox/minutes/correct", form).status_code == 303
    shown = page_of_case(handler, entity, case)
    for text in (
        MINUTES,
        CORRECTION,
        "De melder stuurde een verbetering",
        "Melder, verbetering van het verslag",
    ):
        assert text in shown
    assert "Kijk dit verslag na" not in inside.browser.get("/inbox").text
    write_minutes(handler, entity, case, "Je zei dat het elke donderdag gebeurt.")
    second = field(inside.browser.get("/inbox"), "minutes")
    assert second != form["minutes"]
    inside.browser.post("/inbox/minutes/agree", {"minutes": second})
    with world.inside(entity):
        records = minutes.minutes_in(read_dialogue(world.key(entity, case.id), internal=False))
        assert [record.state for record in records] == ["corrected", "agreed"]


def test_minutes_that_wait_stand_on_the_page_once(world, entity, inside, handler):
    write_minutes(handler, entity, with_case(world, entity))
    page = inside.browser.get("/inbox").text
    assert page.count(MINUTES) == 1
    assert "Je leest dit verslag hierboven." in page
    inside.browser.post("/inbox/minutes/agree", {"minutes": field(inside.browser.get("/inbox"), "minutes")})
    assert inside.browser.get("/inbox").text.count(MINUTES) == 1


def test_an_empty_correction_is_asked_again_and_one_of_agreed_minutes_refused(world, entity, inside, handler):
    write_minutes(handler, entity, with_case(world, entity))
    at = field(inside.browser.get("/inbox"), "minutes")
    assert inside.browser.post("/inbox/minutes/correct", {"minutes": at}).status_code == 422
    inside.browser.post("/inbox/minutes/agree", {"minutes": at})
    page = inside.browser.post("/inbox/minutes/correct", {"minutes": at, "correction": CORRECTION})
    assert page.status_code == 409
    assert "Je ging al akkoord met dit verslag" in page.text


def test_only_minutes_of_the_own_case_can_be_agreed_to(world, entity, inside, handler):
    with world.inside(entity):
        said = db.session.scalars(select(Message.id)).one()
    stranger = Reporter(world.browser(), world.entity())
    stranger.open_mailbox(" ".join(words(stranger.report())))
    write_minutes(handler, entity, with_case(world, entity))
    own = field(inside.browser.get("/inbox"), "minutes")
    assert stranger.browser.post("/inbox/minutes/agree", {"minutes": own}).status_code == 404
    for named, status in ((str(said), 404), ("nonsense", 422), ("", 422)):
        assert inside.browser.post("/inbox/minutes/agree", {"minutes": named}).status_code == status
    assert events(world, entity, "minutes_agreed") == []


def test_an_ordinary_message_whose_row_says_minutes_does_not_open(world, entity, inside):
    """Whoever can write the table cannot put words before the reporter as a record of what was said."""
    with world.inside(entity) as session:
        session.execute(update(Message).values(kind="minutes"))
    with world.inside(entity), pytest.raises(CannotOpen):
        read_dialogue(world.key(entity, db.session.scalars(select(Case.id)).one()), internal=False)


# --- aftercare ------------------------------------------------------------------------------------------------


def test_aftercare_is_asked_once_of_a_closed_case_which_stays_closed_and_is_unread(
    world, entity, inside, handler
):
    assert inside.browser.post("/inbox/aftercare", {"aftercare": "Te vroeg."}).status_code == 409
    with_case(world, entity, close)
    form = {"once": field(inside.browser.get("/inbox"), "once"), "aftercare": "Mijn ploegbaas negeert me nu."}
    for _ in range(2):
        assert inside.browser.post("/inbox/aftercare", form).status_code == 303
    case = with_case(world, entity)
    assert case.closed_at is not None
    assert case.unread_by_desk
    assert len(events(world, entity, "aftercare_asked")) == 1
    assert "nieuw bericht" in handler.get(f"/desk/{entity.ovo}/cases?view=closed").text
    shown = page_of_case(handler, entity, case)
    assert "Melder, vraag om nazorg" in shown
    assert "Mijn ploegbaas negeert me nu." in shown


def test_an_empty_request_for_aftercare_is_asked_again(world, entity, inside):
    with_case(world, entity, close)
    assert inside.browser.post("/inbox/aftercare", {}).status_code == 422


def test_a_reporter_who_suffers_for_reporting_says_so_once_also_of_a_closed_case(
    world, entity, inside, handler
):
    for closed in (False, True):
        if closed:
            with_case(world, entity, close)
        seen(world, entity)
        text = "Ik moest plots naar een ander team." if closed else ""
        form = {"once": field(inside.browser.get("/inbox"), "once"), "reprisals": text}
        for _ in range(2):
            assert inside.browser.post("/inbox/reprisals", form).status_code == 303
        case = with_case(world, entity)
        assert case.unread_by_desk
        assert (case.closed_at is not None) == closed
        assert len(events(world, entity, "reprisals_told")) == 1 + closed
    page = inside.browser.get("/inbox").text
    assert 'href="/protection' in page
    assert "ondervindt gevolgen van de melding" in page
    shown = page_of_case(handler, entity, case)
    for told in ("Ik moest plots naar een ander team.", "De melder ondervindt gevolgen van de melding."):
        assert told in shown


@pytest.mark.parametrize(
    "what", ["meeting", "contact", "consent", "aftercare", "reprisals", "minutes/agree", "minutes/correct"]
)
def test_nobody_without_the_code_decides_anything(world, what):
    assert world.browser().post(f"/inbox/{what}", {"consent": "line"}).status_code == 401


def test_what_was_written_here_is_nowhere_readable(world, entity, inside, handler, database):
    write_minutes(handler, entity, with_case(world, entity))
    page = inside.browser.get("/inbox")
    inside.browser.post("/inbox/meeting", {"meeting_how": "phone", "meeting_text": "Aan de achterdeur."})
    inside.browser.post(
        "/inbox/minutes/correct", {"minutes": field(page, "minutes"), "correction": CORRECTION}
    )
    assert not found_in_database(database, MINUTES, CORRECTION, "Aan de achterdeur.")
