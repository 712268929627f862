"""The way to a text: from the session to the case, and how cases move to a new key of their desk."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from uuid import UUID

import pytest
from sqlalchemy import select, update

from spreekbuis.access.desk_keys import NoKeyYet, desk_secrets, newest_key, readers_of, renew_desk_key
from spreekbuis.access.models import CaseKey, DeskKey, DeskKeyGrant
from spreekbuis.cases.dialogue import read_dialogue, read_file
from spreekbuis.cases.keys import Reader, ReadersChanged, key_of, reseal, to_reseal
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.cases.opening import NewFile, open_case
from spreekbuis.cases.workflow import add_note
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind, Topic
from spreekbuis.errors import NotFound
from spreekbuis.identity.keys import make_key
from spreekbuis.vault.sealing import CannotOpen, new_secret
from spreekbuis.web.access import Role
from tests.cases.conftest import a_new_case

INTEGRITY, WELLBEING = DeskKind.INTEGRITY, DeskKind.WELLBEING
TEXT = "Wat alleen het loket mag lezen"


@pytest.fixture
def entity(world):
    return world.entity()


def reader(world, entity, desk=INTEGRITY) -> Reader:
    return world.reader(world.member(entity, Role.HANDLER, desk))


def renew(world, entity, desk=INTEGRITY):
    with world.inside(entity):
        renew_desk_key(entity.desks[desk], readers_of(entity.desks[desk]))


def text_of(world, entity, case_id, who) -> str:
    with world.inside(entity):
        return read_dialogue(key_of(case_id, who), internal=True)[0].text


def step(world, entity, who, at_most=500, desk=INTEGRITY):
    with world.inside(entity):
        return reseal(entity.desks[desk], who, newest(entity, desk), at_most)


def newest(entity, desk=INTEGRITY):
    found = newest_key(entity.desks[desk])
    return found[0] if found else 0


def test_a_handler_of_the_desk_opens_the_text(world, entity):
    case_id = world.case(entity, text=TEXT)
    assert text_of(world, entity, case_id, reader(world, entity)) == TEXT


@pytest.mark.parametrize(
    "changed", [{"internal": False}, {"internal": False, "author": "reporter"}, {"author": "reporter"}]
)
def test_a_note_whose_row_was_changed_opens_for_nobody(world, entity, changed):
    """Who writes in the database cannot show a note to the reporter, nor put it in the reporter's mouth."""
    case_id = world.case(entity, text=TEXT)
    with world.inside(entity) as session:
        key = world.key(entity, case_id)
        add_note(session.get_one(Case, (entity.id, case_id)), key, "alleen voor het loket")
        assert [m.text for m in read_dialogue(key, internal=True)] == [TEXT, "alleen voor het loket"]
        session.execute(update(Message).where(Message.internal).values(**changed))
        for internal in (True, False) if "internal" in changed else (True,):
            with pytest.raises(CannotOpen):
                read_dialogue(key, internal=internal)


def test_a_file_of_a_note_opens_for_the_desk_alone_whatever_was_changed(world, entity):
    case_id = world.case(entity, text=TEXT)
    with world.inside(entity) as session:
        key, case = world.key(entity, case_id), session.get_one(Case, (entity.id, case_id))
        file = NewFile("nota.pdf", "application/pdf", 12, "a/b", new_secret(), "cleaned")
        note = add_note(case, key, "alleen voor het loket", files=(file,))
        file_id = session.scalars(select(Attachment.id)).one()
        said = session.scalars(select(Message.id).where(Message.id != note.id)).one()
        assert read_file(key, file_id, internal=True).key == file.key
        with pytest.raises(NotFound):
            read_file(key, file_id, internal=False)
        session.execute(update(Attachment).values(message_id=said))
        with pytest.raises(CannotOpen):
            read_file(key, file_id, internal=False)
        session.execute(update(Attachment).values(message_id=note.id))
        session.execute(update(Message).where(Message.id == note.id).values(internal=False))
        with pytest.raises(CannotOpen):
            read_file(key, file_id, internal=False)


def test_a_handler_of_the_other_desk_and_of_another_entity_has_no_key(world, entity):
    case_id = world.case(entity, text=TEXT)
    for other in (reader(world, entity, WELLBEING), reader(world, world.entity())):
        with pytest.raises(NoKeyYet), world.inside(entity):
            key_of(case_id, other)


def test_the_right_account_with_the_wrong_secret_opens_nothing(world, entity):
    case_id, who = world.case(entity, text=TEXT), reader(world, entity)
    with pytest.raises(CannotOpen), world.inside(entity):
        key_of(case_id, Reader(who.account_id, new_secret()))


def test_after_a_new_key_pair_a_case_waits_for_a_colleague_and_is_not_broken(world, entity):
    case_id, who = world.case(entity), reader(world, entity)
    with transaction(PLATFORM):
        fresh = Reader(who.account_id, make_key(who.account_id, "een heel ander wachtwoord dan voorheen"))
    with pytest.raises(NoKeyYet), world.inside(entity):
        key_of(case_id, fresh)


def test_what_was_granted_to_an_earlier_key_pair_is_not_mine_to_reseal(world, entity):
    who = reader(world, entity)
    world.case(entity)
    renew(world, entity)
    desk = entity.desks[INTEGRITY]
    with transaction(PLATFORM):
        make_key(who.account_id, "een heel ander wachtwoord dan voorheen")
    with world.inside(entity):
        assert to_reseal([desk]) == {desk: 1}
        assert to_reseal([desk], who.account_id) == {}


def test_a_case_key_moved_to_another_case_opens_nothing(world, entity):
    one, two, who = world.case(entity), world.case(entity), reader(world, entity)
    with world.inside(entity) as session:
        sealed = {row.case_id: row for row in session.scalars(select(CaseKey))}
        sealed[two].secret_sealed = sealed[one].secret_sealed
    with pytest.raises(CannotOpen), world.inside(entity):
        key_of(two, who)


def test_new_cases_take_the_newest_key_and_old_ones_keep_theirs(world, entity):
    who, before = reader(world, entity), world.case(entity, text="vroeger")
    renew(world, entity)
    after = world.case(entity, text="nu")
    with world.inside(entity) as session:
        assert dict(session.execute(select(CaseKey.case_id, CaseKey.version)).all()) == {before: 1, after: 2}
    assert text_of(world, entity, before, who) == "vroeger"
    assert text_of(world, entity, after, who) == "nu"


def test_resealing_goes_step_by_step_until_the_old_key_is_gone(world, entity):
    who = reader(world, entity)
    cases = [world.case(entity, text=f"dossier {number}") for number in range(5)]
    renew(world, entity)
    with world.inside(entity):
        assert to_reseal([entity.desks[INTEGRITY]]) == {entity.desks[INTEGRITY]: 5}
    assert step(world, entity, who, 2) == (2, 3)
    with world.inside(entity) as session:
        assert session.scalars(
            select(DeskKey.version).where(DeskKey.desk_id == entity.desks[INTEGRITY])
        ).all() == [1, 2]
    assert step(world, entity, who, 2) == (2, 1)
    assert step(world, entity, who, 2) == (1, 0)
    assert step(world, entity, who, 2) == (0, 0)
    with world.inside(entity) as session:
        desk = entity.desks[INTEGRITY]
        assert session.scalars(select(DeskKey.version).where(DeskKey.desk_id == desk)).all() == [2]
        assert session.scalars(select(DeskKeyGrant.version).where(DeskKeyGrant.desk_id == desk)).all() == [2]
        assert to_reseal([desk]) == {}
    assert [text_of(world, entity, case_id, who) for case_id in cases] == [
        f"dossier {number}" for number in range(5)
    ]


def test_two_who_reseal_at_once_take_different_cases(world, entity):
    one, two = reader(world, entity), reader(world, entity)
    for _ in range(4):
        world.case(entity)
    renew(world, entity)
    with world.inside(entity):
        first = reseal(entity.desks[INTEGRITY], one, 2, at_most=2)
        # another connection, while the first has not committed
        second = in_another_thread(lambda: step(world, entity, two, 2), world)
    assert (first.done, second.done) == (2, 2)
    assert step(world, entity, one) == (0, 0)


def in_another_thread(work, world):
    def run():
        with world.app.app_context():
            return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(timeout=20)


def test_a_key_is_renewed_while_a_report_comes_in_and_neither_fails(world, entity):
    """The report took the key before the renewal and commits after it: the key must still be there."""
    who = reader(world, entity)
    began, renewed = Event(), Event()

    def report() -> None:
        with world.app.app_context(), world.inside(entity):
            opened.append(open_case(a_new_case(text=TEXT)).id)
            db.session.flush()
            began.set()
            assert renewed.wait(20)

    opened: list[UUID] = []
    reporting = Thread(target=report)
    reporting.start()
    assert began.wait(20)
    renew(world, entity)
    renewed.set()
    reporting.join(20)
    with world.inside(entity) as session:
        assert session.scalars(select(CaseKey.version)).all() == [1]
    assert text_of(world, entity, opened[0], who) == TEXT
    assert step(world, entity, who) == (1, 0)
    assert text_of(world, entity, opened[0], who) == TEXT


def test_a_key_is_renewed_while_a_case_is_resealed_and_neither_fails(world, entity):
    who, case_id = reader(world, entity), world.case(entity, text=TEXT)
    renew(world, entity)
    with world.inside(entity):
        assert reseal(entity.desks[INTEGRITY], who, 2) == (1, 0)
        in_another_thread(lambda: renew(world, entity), world)  # before the resealing commits
    assert text_of(world, entity, case_id, who) == TEXT
    assert step(world, entity, who) == (1, 0)
    assert text_of(world, entity, case_id, who) == TEXT


def test_cases_move_only_to_the_key_whose_readers_were_shown(world, entity):
    who = reader(world, entity)
    world.case(entity)
    renew(world, entity)
    world.case(entity)
    renew(world, entity)
    for other in (1, 2, 4):
        with pytest.raises(ReadersChanged), world.inside(entity):
            reseal(entity.desks[INTEGRITY], who, other)
    with world.inside(entity) as session:
        assert sorted(session.scalars(select(CaseKey.version))) == [1, 2]
    assert step(world, entity, who) == (2, 0)


def test_whoever_has_no_key_cannot_reseal_and_what_another_key_holds_is_left(world, entity):
    who, outsider = reader(world, entity), reader(world, entity, WELLBEING)
    world.case(entity)
    renew(world, entity)
    with pytest.raises(NoKeyYet):
        step(world, entity, outsider)
    with world.inside(entity) as session:  # a newcomer, who got the newest key alone
        grant = session.get_one(DeskKeyGrant, (entity.id, entity.desks[INTEGRITY], 1, who.account_id))
        session.delete(grant)
    assert step(world, entity, who) == (0, 1)


def test_the_desk_of_another_entity_is_not_touched(world, entity):
    who, other = reader(world, entity), world.entity()
    world.case(entity)
    renew(world, entity)
    with pytest.raises(NoKeyYet), world.inside(other):
        reseal(entity.desks[INTEGRITY], who, 2)
    assert step(world, entity, who) == (1, 0)


def test_a_wellbeing_case_is_sealed_to_its_own_desk(world, entity):
    case_id = world.case(entity, topic=Topic.WELLBEING, text=TEXT)
    with pytest.raises(NoKeyYet), world.inside(entity):
        key_of(case_id, reader(world, entity))
    assert text_of(world, entity, case_id, reader(world, entity, WELLBEING)) == TEXT


def test_a_reader_is_not_shown_by_printing(world):
    who = world.reader(world.account())
    assert who.secret.hex() not in repr(who)
    assert str(who.secret) not in f"{who}"


def test_a_case_key_under_another_version_of_the_desk_key_opens_nothing(world, entity):
    """The row names version 2, the ciphertext is of version 1: as if somebody had turned the clock."""
    who, case_id = reader(world, entity), world.case(entity)
    renew(world, entity)
    with world.inside(entity) as session:
        session.scalars(select(CaseKey)).one().version = 2
    with pytest.raises(CannotOpen), world.inside(entity):
        key_of(case_id, who)


def test_a_grant_of_one_version_does_not_serve_as_one_of_another(world, entity):
    who = reader(world, entity)
    world.case(entity)
    renew(world, entity)
    with world.inside(entity) as session:
        old, new = session.scalars(select(DeskKeyGrant).order_by(DeskKeyGrant.version)).all()
        new.secret_sealed = old.secret_sealed
    with pytest.raises(CannotOpen), world.inside(entity):
        desk_secrets(entity.desks[INTEGRITY], who.account_id, who.secret)
