"""The library of instruments, and the members who said to have read and understood what their entity asks."""

import io
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.instruments.library import EditedMeanwhile, Written, newest, publish, retire
from spreekbuis.instruments.models import InstrumentAsk, InstrumentVersion
from spreekbuis.instruments.reading import ask_to_read, asked_instruments, confirm_read, stop_asking
from spreekbuis.instruments.reminders import MAIL, look_for_unread_of, mail_unread
from spreekbuis.jobs.models import Job
from spreekbuis.web.access import Role
from tests.security.house import A_PDF
from tests.world import Tenant, World

CODE = Written(
    "code_of_conduct", {"nl": "De code", "en": "The code"}, {"nl": "Wees eerlijk.\n\n<b>Altijd</b>"}, {}, {}
)


@pytest.fixture
def entity(world: World) -> Tenant:
    return world.entity()


@pytest.fixture
def office(world):
    return world.browser(world.platform_member(Role.CENTRAL_ANALYST))


@pytest.fixture
def owner(_cleaner):
    """Of the tables: versions are only added by everybody else."""
    with _cleaner.connect() as connection:
        yield connection


def put(written: Written = CODE, instrument_id: UUID | None = None, begun_with: int = 0) -> UUID:
    instrument_id = instrument_id or new_id()
    with transaction(PLATFORM):
        publish(instrument_id, begun_with, written)
    return instrument_id


def version_of(instrument_id) -> int:
    with transaction(PLATFORM):
        found = newest(instrument_id)
        assert found is not None
        return found.version


def test_each_change_is_a_version_and_the_same_again_is_none(app):
    instrument_id = put()
    put(instrument_id=instrument_id)
    put(replace(CODE, texts={"nl": "Wees eerlijk."}), instrument_id, 1)
    with transaction(PLATFORM), pytest.raises(EditedMeanwhile):
        publish(instrument_id, 1, replace(CODE, texts={"nl": "Iets anders."}))
    assert version_of(instrument_id) == 2
    for _press in range(2):
        with transaction(PLATFORM):
            retire(instrument_id)
    assert version_of(instrument_id) == 3
    with transaction(PLATFORM), pytest.raises(NotFound):
        retire(new_id())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "script"}, "kind"),
        ({"titles": {"en": "Only English"}}, "title_nl"),
        ({"texts": {}}, "text_nl"),
        ({"links": {"nl": "javascript:alert(1)"}}, "link_nl"),
    ],
)
def test_what_cannot_be_published_is_refused(app, change, field):
    with transaction(PLATFORM), pytest.raises(Invalid) as refused:
        publish(new_id(), 0, replace(CODE, **change))
    assert set(refused.value.errors) == {field}


def test_everybody_reads_the_library_and_its_files(world, office):
    instrument_id = new_id()
    at = f"/central/instruments/{instrument_id}"
    form = {"kind": "manual", "title_nl": "Handleiding X", "text_nl": "Zo <i>doe</i> je dat.", "version": "0"}
    wrong = office.post(at, form | {"file_nl": (io.BytesIO(b"geen pdf"), "x.pdf"), "link_fr": "ftp://x"})
    assert wrong.status_code == 422
    assert "Zo &lt;i&gt;doe" in wrong.text
    text = office.post(at, form | {"file_nl": (io.BytesIO(b"gewone tekst"), "x.txt")})
    assert "Kies een pdf-bestand." in text.text
    assert office.post(at, form | {"file_nl": (io.BytesIO(A_PDF), "code.pdf")}).status_code == 303
    visitor = world.browser()
    assert "Handleiding X" in visitor.get("/instruments").text
    page = visitor.get(f"/instruments/{instrument_id}")
    assert "Zo &lt;i&gt;doe" in page.text
    file = visitor.get(f"/instruments/{instrument_id}/file/nl")
    assert file.data.startswith(b"%PDF")
    assert "attachment" in file.headers["Content-Disposition"]
    assert visitor.get(f"/instruments/{instrument_id}/file/fr").status_code == 404
    assert office.post(at, form | {"text_nl": "Anders.", "version": "1"}).status_code == 303
    assert visitor.get(f"/instruments/{instrument_id}/file/nl").status_code == 200
    stale = office.post(at, form | {"text_nl": "Nog anders.", "version": "1"})
    assert stale.status_code == 409
    assert "Nog anders." in stale.text
    assert office.post(at, form | {"version": "2", "without_nl": "yes"}).status_code == 303
    assert visitor.get(f"/instruments/{instrument_id}/file/nl").status_code == 404
    assert office.post(f"{at}/retire").status_code == 303
    assert visitor.get(f"/instruments/{instrument_id}").status_code == 404


def test_a_member_confirms_once_per_version_and_the_administrator_sees_who_did_not(world, entity):
    instrument_id = put()
    boss, handler = (
        world.member(entity, Role.ENTITY_ADMINISTRATOR),
        world.member(entity, Role.HANDLER, DeskKind.INTEGRITY),
    )
    administrator, member = world.browser(boss), world.browser(handler)
    mine, asked = f"/entity/{entity.ovo}/instruments", f"/entity/{entity.ovo}/instruments/asked"
    read = {"instrument": str(instrument_id), "version": "1"}
    assert member.post(mine, read).status_code == 409, "nobody asks for it"
    for _press in range(2):
        assert administrator.post(asked, {"instrument": str(instrument_id), "asks": "yes"}).status_code == 303
    assert "0 van 2" in administrator.get(asked).text
    assert "De code" in member.get(mine).text
    for _press in range(2):
        assert member.post(mine, read).status_code == 303
    assert "Gelezen en begrepen" in member.get(mine).text
    page = administrator.get(asked).text
    assert "1 van 2" in page
    assert page.count("<li>Testaccount</li>") == 1
    put(replace(CODE, texts={"nl": "Nieuw."}), instrument_id, 1)
    assert "0 van 2" in administrator.get(asked).text
    assert member.post(mine, read).status_code == 409, "that version is not in force any more"
    assert member.post(mine, {"instrument": "x", "version": "x"}).status_code == 422
    assert member.post(asked, {"instrument": str(instrument_id), "asks": "no"}).status_code == 403
    assert administrator.post(asked, {"instrument": str(instrument_id), "asks": "no"}).status_code == 303
    assert "De code" not in member.get(mine).text


def test_what_one_entity_asks_is_nothing_to_another(world, entity):
    other, instrument_id = world.entity(), put()
    member = world.member(other, Role.HANDLER, DeskKind.INTEGRITY)
    with world.inside(entity):
        ask_to_read(instrument_id)
        confirm_read(instrument_id, 1, world.account())
    with world.inside(other):
        assert asked_instruments() == []
        with pytest.raises(Conflict):
            confirm_read(instrument_id, 1, member)
        stop_asking(instrument_id)
    with world.inside(entity):
        (asked,) = asked_instruments()
        assert len(asked.done) == 1


def test_who_did_not_read_after_two_weeks_is_reminded_once_a_month(world, entity, app, owner):
    instrument_id = put()
    late, done = (world.member(entity, Role.HANDLER, DeskKind.INTEGRITY) for _ in range(2))
    with world.inside(entity):
        ask_to_read(instrument_id)
        confirm_read(instrument_id, 1, done)
        assert look_for_unread_of() == {"members": 0}
    before = now() - timedelta(days=15)
    with world.inside(entity) as session:
        session.execute(update(InstrumentAsk).values(since=before))
    owner.execute(update(InstrumentVersion).values(made_at=before))
    for _day in range(2):
        with world.inside(entity):
            assert look_for_unread_of() == {"members": 1}
    with transaction(PLATFORM):
        assert db.session.scalar(select(func.count()).where(Job.name == MAIL)) == 1
    with world.inside(entity):
        mail_unread(str(late))
        mail_unread(str(done))
    folder = app.extensions["settings"].mail_folder
    (sent,) = [m.read_text() for m in folder.glob("*.eml") if "iets te lezen" in m.read_text()]
    assert f"/entity/{entity.ovo}/instruments" in sent
