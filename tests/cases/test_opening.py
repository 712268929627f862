"""A case is opened once, at the right desk, with the next number, and nothing of its text is readable."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select, text

from spreekbuis import clock
from spreekbuis.access.models import Desk
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.dialogue import body_of, read_dialogue, read_file
from spreekbuis.cases.models import Case, CaseCounter, CaseEvent, Contact, Message
from spreekbuis.cases.opening import NewFile, open_case
from spreekbuis.db.base import TenantTable
from spreekbuis.db.security import mapped_tables
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES, DESK_OF_TOPIC, Channel, DeskKind, Identity
from spreekbuis.figures.models import Fact
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import CannotOpen, new_secret
from tests.cases.conftest import REPORT, a_new_case
from tests.statements import statements_sent


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_a_case_goes_to_the_desk_of_its_topic(world, category):
    entity = world.entity()
    with world.inside(entity) as session:
        case = open_case(a_new_case(category=category))
        kind = session.scalar(select(Desk.kind).where(Desk.id == case.desk_id))
    assert kind == DESK_OF_TOPIC[CATEGORIES[category].topic]


def test_numbers_count_from_one_per_desk_and_belgian_year(world):
    one, other = world.entity(), world.entity()
    new_years_eve = datetime(2025, 12, 31, 22, 59, tzinfo=UTC)
    midnight_in_brussels = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    with world.inside(one):
        with clock.at(new_years_eve):
            first, of_another_desk, second = (
                open_case(a_new_case(category=c)) for c in ("fraud", "bullying", "leak")
            )
        with clock.at(midnight_in_brussels):
            third = open_case(a_new_case())
        assert (of_another_desk.year, of_another_desk.number) == (2025, 1)
        numbers = [(c.year, c.number) for c in (first, second, third)]
    with world.inside(other), clock.at(new_years_eve):
        elsewhere = open_case(a_new_case())
        assert (elsewhere.year, elsewhere.number) == (2025, 1)
    assert numbers == [(2025, 1), (2025, 2), (2026, 1)]


def test_opening_the_same_case_twice_gives_the_first_and_skips_no_number(world):
    entity, new = world.entity(), a_new_case(submission_digest=b"1" * 32)
    with world.inside(entity):
        open_case(new)
    with world.inside(entity):
        again = open_case(a_new_case(id=new.id, text="Iets anders", category="leak"))
        assert (again.category, again.number, again.submission_digest) == ("fraud", 1, b"1" * 32)
        assert open_case(a_new_case()).number == 2
        assert db.session.scalar(select(func.count()).select_from(Message)) == 2
        assert db.session.scalar(select(func.count()).select_from(Fact)) == 2


def test_the_text_the_names_of_files_and_the_reporter_are_sealed_in_their_place(world):
    entity = world.entity()
    content_key = new_secret()
    file = NewFile("offerte van De Firma.pdf", "application/pdf", 1234, "a/b", content_key, "cleaned")
    who = {"name": "Contactpersoon", "email": "melder@voorbeeld.example"}
    with world.inside(entity):
        case = open_case(a_new_case(files=(file,), reporter=who, identity=Identity.NAMED))
        case_id, sealed = case.id, case.reporter_sealed
    with world.inside(entity):
        key = world.key(entity, case_id)
        (message,) = read_dialogue(key, internal=True)
        assert (message.text, message.author, message.internal) == (REPORT, "reporter", False)
        assert [(f.name, f.media_type, f.size) for f in message.files] == [
            ("offerte van De Firma.pdf", "application/pdf", 1234)
        ]
        assert read_file(key, message.files[0].id, internal=True).key == content_key
        assert json.loads(key.open("reporter", sealed)) == who
        with pytest.raises(CannotOpen):
            key.open(body_of(message.id, "reporter", internal=False), sealed)
        rows = all_rows()
        assert str(case_id) in rows
        for word in (
            "collega keurt",
            "offerte van",
            "Firma",
            "Contactpersoon",
            "melder@voorbeeld.example",
        ):
            for shape in (word, word.encode().hex()):
                assert shape not in rows, word
        assert content_key.hex() not in rows
        assert key.secret.hex() not in rows


def all_rows() -> str:
    """Every row of the entity, of whatever table, bytes as hexadecimal digits."""
    names = [name for name, table in mapped_tables().items() if issubclass(table, TenantTable)]
    return "\n".join(
        row for name in names for row in db.session.scalars(text(f'SELECT to_jsonb(t)::text FROM "{name}" t'))
    )


def test_opening_leaves_an_event_a_fact_and_a_row_in_the_trail(world):
    entity = world.entity()
    with world.inside(entity), clock.at(datetime(2026, 3, 5, 8, tzinfo=UTC)):
        case = open_case(a_new_case())
        case_id = case.id
        assert (case.next_step, case.next_due_on) == ("acknowledge", date(2026, 3, 12))
    with world.inside(entity) as session:
        assert session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case_id)).all() == [
            "received"
        ]
        assert session.scalars(select(AuditEvent.kind).where(AuditEvent.subject_id == case_id)).all() == [
            "case.opened"
        ]
        fact = session.scalars(select(Fact)).one()
        assert (fact.year, fact.month, fact.category, fact.desk, fact.status) == (
            2026,
            3,
            "fraud",
            "integrity",
            "open",
        )


@pytest.mark.parametrize("channel", sorted(set(Channel) - {Channel.WEB}))
def test_what_comes_in_by_another_channel_is_a_contact_too(world, channel):
    entity = world.entity()
    with world.inside(entity) as session:
        case = open_case(a_new_case(channel=channel))
        assert session.scalars(select(Contact.channel)).all() == [channel]
        assert (case.conversation_at is not None) == (channel in {"phone", "chat", "visit"})
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).select_from(Fact).where(Fact.subject == "contact")) == 1


def test_a_web_report_is_no_contact(world):
    with world.inside(world.entity()) as session:
        open_case(a_new_case())
        assert session.scalars(select(Contact)).all() == []


def test_another_entity_cannot_see_the_case(world):
    one, other = world.entity(), world.entity()
    with world.inside(one):
        case_id = open_case(a_new_case()).id
    with world.inside(other) as session:
        assert session.scalar(select(Case).where(Case.id == case_id)) is None
        assert read_dialogue(ContentKey(other.id, case_id, new_secret()), internal=True) == []


def test_the_whole_opening_takes_at_most_twelve_round_trips(app, world):
    entity = world.entity()
    with statements_sent() as statements, world.inside(entity):
        open_case(a_new_case(files=(NewFile("a.pdf", "application/pdf", 1, "k", new_secret(), "cleaned"),)))
    begin_and_commit = 2
    assert len(statements) + begin_and_commit <= 12, statements


def test_desks_of_every_kind_exist_for_every_topic():
    assert set(DESK_OF_TOPIC.values()) == set(DeskKind)


def test_the_counter_holds_the_last_number(world):
    with world.inside(world.entity()) as session:
        for _ in range(3):
            open_case(a_new_case())
        assert session.scalars(select(CaseCounter.last)).all() == [3]
