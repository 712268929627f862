"""The central directory: kept by the central office, with days of validity and its history, and confirmed each year."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update

from spreekbuis.audit.models import AuditEvent
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.cards import Card, _vcard
from spreekbuis.directory.central_actors import (
    CentralActor,
    EditedMeanwhile,
    history_of,
    new_code,
    save_actor,
    stale_actors,
    written,
)
from spreekbuis.directory.models import Actor
from spreekbuis.directory.reminders import MAIL, look_for_stale_actors
from spreekbuis.errors import Invalid
from spreekbuis.jobs.models import Job
from spreekbuis.web.access import Role
from tests.world import World

GIVEN = CentralActor(
    "social_service", {"nl": "Sociale dienst Oost"}, {"nl": "Helpt bij zorgen."}, True, email="oost@voorbeeld.example",
    phone="+32 2 553 00 00", web="https://oost.voorbeeld.example", reachable={"nl": "elke werkdag"},
    languages=("nl", "vgt"), regions=("east_flanders",),
)  # fmt: skip


@pytest.fixture(autouse=True)
def as_shipped(app, _cleaner):
    """The directory is shared by all tests: what these change goes."""
    with _cleaner.connect() as connection:
        connection.execute(text("CREATE TEMP TABLE shipped AS TABLE actor"))
        yield
        connection.execute(text("DELETE FROM actor_before"))
        connection.execute(text("DELETE FROM actor"))
        connection.execute(text("INSERT INTO actor TABLE shipped"))
        connection.execute(text("DROP TABLE shipped"))


@pytest.fixture
def office(world):
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


def kept(given: CentralActor = GIVEN, code: str | None = None, begun_with: int = 0) -> str:
    code = code or new_code(new_id())
    with transaction(PLATFORM):
        save_actor(code, begun_with, given)
    return code


def form(given: CentralActor, version: int = 0) -> dict:
    texts = {"names": given.names, "offers": given.offers, "reachable": given.reachable}
    return {
        **{f"{name}_{code}": text for name, by in texts.items() for code, text in by.items()},
        "kind": given.kind, "confidential": "yes" if given.confidential else "", "email": given.email,
        "phone": given.phone, "web": given.web, "languages": list(given.languages), "regions": list(given.regions),
        "version": str(version),
    }  # fmt: skip


def test_a_new_actor_stands_on_the_signpost_at_once(world: World, office):
    code = new_code(new_id())
    for _press in range(2):
        answer = office.post(f"/central/actors/{code}", form(GIVEN))
        assert answer.status_code == 303
    assert "Sociale dienst Oost" in office.get("/central/actors").text
    visitor = world.browser()
    for path in ("/actors", "/signpost?topic=private&wish=talk&place=outside"):
        page = visitor.get(path).text
        assert "Sociale dienst Oost" in page
        assert "Vlaamse Gebarentaal" in page
        assert "Oost-Vlaanderen" in page
    with transaction(PLATFORM):
        assert db.session.scalar(select(func.count()).where(Actor.code == code)) == 1


def test_an_actor_is_shown_between_its_first_and_last_day_alone(world):
    for first, last, shown in (
        (None, today(), True),
        (today(), None, True),
        (None, today() - timedelta(days=1), False),
        (today() + timedelta(days=1), None, False),
    ):
        kept(replace(GIVEN, names={"nl": f"Van {first} tot {last}"}, valid_from=first, valid_to=last))
        assert (f"Van {first} tot {last}" in world.browser().get("/actors").text) is shown


def test_who_saved_last_is_told_that_another_did_before(office):
    code = kept()
    kept(replace(GIVEN, phone="02 111 11 11"), code, 1)
    answer = office.post(f"/central/actors/{code}", form(replace(GIVEN, phone="02 222 22 22"), 1))
    assert answer.status_code == 409
    assert "02 222 22 22" in answer.text
    with transaction(PLATFORM) as session:
        assert session.get_one(Actor, code).phone == "02 111 11 11"
    with transaction(PLATFORM), pytest.raises(EditedMeanwhile):
        save_actor(code, 0, replace(GIVEN, phone="02 333 33 33"))


def test_what_it_was_before_is_kept(office):
    code = kept()
    kept(replace(GIVEN, email="nieuw@voorbeeld.example"), code, 1)
    kept(replace(GIVEN, email="nieuw@voorbeeld.example"), code, 2)
    with transaction(PLATFORM):
        (before,) = history_of(code)
        assert before.was["email"] == GIVEN.email
        kinds = db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.sequence)).all()
        assert kinds == ["central_actor.changed"] * 2
    assert GIVEN.email in office.get(f"/central/actors/{code}").text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "line_manager"}, "kind"),
        ({"names": {"en": "Only English"}}, "names_nl"),
        ({"offers": {}}, "offers_nl"),
        ({"email": "geen adres"}, "email"),
        ({"phone": "bel maar"}, "phone"),
        ({"web": "javascript:alert(1)"}, "web"),
        ({"web": "http://voorbeeld.example"}, "web"),
        ({"email": "", "phone": "", "web": ""}, "email"),
        ({"languages": ("klingon",)}, "languages"),
        ({"regions": ("mars",)}, "regions"),
        ({"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "valid_to"),
    ],
)
def test_what_cannot_be_is_refused(app, change, field):
    with transaction(PLATFORM), pytest.raises(Invalid) as refused:
        save_actor(new_code(new_id()), 0, replace(GIVEN, **change))
    assert set(refused.value.errors) == {field}


def test_what_was_not_accepted_stands_there_still(office):
    data = form(replace(GIVEN, phone="bel maar")) | {"valid_to": "morgen", "names_fr": "É" * 200}
    page = office.post(f"/central/actors/{new_code(new_id())}", data)
    assert page.status_code == 422
    assert "bel maar" in page.text
    assert "Oost" in page.text
    assert office.get("/central/actors/no-such-code").status_code == 404
    assert office.post("/central/actors/no-such-code/confirm").status_code == 404


def test_what_nobody_confirmed_for_a_year_is_marked_until_somebody_does(office):
    code = kept()
    with transaction(PLATFORM) as session:
        session.execute(
            update(Actor).where(Actor.code == code).values(confirmed_on=today() - timedelta(days=366))
        )
    assert "Oud" in office.get("/central/actors").text
    for _press in range(2):
        assert office.post(f"/central/actors/{code}/confirm").status_code == 303
    assert "Oud" not in office.get("/central/actors").text
    with transaction(PLATFORM):
        confirmed = select(func.count()).where(AuditEvent.kind == "central_actor.confirmed")
        assert db.session.scalar(confirmed) == 1


def test_the_central_office_is_reminded_once_a_month(world, office):
    code = kept()
    with transaction(PLATFORM):
        assert look_for_stale_actors() == {"actors": 0}
    with transaction(PLATFORM) as session:
        session.execute(
            update(Actor).where(Actor.code == code).values(confirmed_on=today() - timedelta(days=366))
        )
    for _day in range(2):
        with transaction(PLATFORM):
            assert stale_actors() == 1
            look_for_stale_actors()
    with transaction(PLATFORM):
        assert db.session.scalar(select(func.count()).where(Job.name == MAIL)) == 1


def test_a_card_is_escaped_and_folded_as_the_standard_says():
    """RFC 6350, 3.2 and 3.4."""
    card = Card(
        "x", "Dienst; één, twee\\drie", "Lang " * 40 + "é" * 60, True, email="x@voorbeeld.example", phone="+32 2 5",
        address="Laan 1\n1000 Brussel", web="https://voorbeeld.example", languages=("nl", "fr"),
        confirmed_on=date(2026, 1, 2),
    )  # fmt: skip
    text = _vcard(card, "Entiteit")
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    whole = text.replace("\r\n ", "").split("\r\n")
    assert whole[:3] == ["BEGIN:VCARD", "VERSION:4.0", "KIND:org"]
    assert "FN:Dienst\\; één\\, twee\\\\drie" in whole
    assert "ORG:Entiteit;Dienst\\; één\\, twee\\\\drie" in whole
    assert "TEL;VALUE=uri:tel:+3225" in whole
    assert "ADR:;;Laan 1\\n1000 Brussel;;;;" in whole
    assert "LANG;PREF=1:nl" in whole
    assert "REV:20260102T000000Z" in whole
    assert whole[-2:] == ["END:VCARD", ""]


def test_the_directory_is_there_for_address_books_and_spreadsheets(world):
    kept(replace(GIVEN, names={"nl": "=1+1"}))
    visitor = world.browser()
    cards = visitor.get("/actors/cards.vcf")
    assert cards.mimetype == "text/vcard"
    assert cards.text.count("BEGIN:VCARD") == 8
    table = visitor.get("/actors/table.csv").text
    rows = list(csv.reader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"))
    assert len(rows) == 9
    assert "'=1+1" in [row[0] for row in rows]
    assert "'+32 2 553 00 00" in [row[5] for row in rows]
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)
    assert "attachment" in visitor.get("/actors/table.csv").headers["Content-Disposition"]


def test_what_is_shipped_never_comes_in_the_place_of_what_was_changed(app):
    from spreekbuis.directory.loading import load_register

    with transaction(PLATFORM) as session:
        there = written(session.get_one(Actor, "audit_vlaanderen"))
        save_actor("audit_vlaanderen", 1, replace(there, phone="02 999 99 99"))
    with transaction(PLATFORM) as session:
        load_register()
        assert session.get_one(Actor, "audit_vlaanderen").phone == "02 999 99 99"
