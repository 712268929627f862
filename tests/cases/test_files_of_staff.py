"""Files that a handler sends: scanned and stored while no transaction is open, all of them or none."""

import io

import pytest
from sqlalchemy import func, select

from spreekbuis.access.models import Membership
from spreekbuis.cases.models import Attachment
from spreekbuis.cases.opening import open_case
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.vault import files as accepting
from spreekbuis.vault.scanning import NoScanner
from spreekbuis.vault.storage import storage
from tests.cases.conftest import a_new_case
from tests.intake.flow import PDF, field
from tests.statements import open_transactions


@pytest.fixture
def desk(world):
    """A handler's browser on a case, and what is kept of it."""

    class AtDesk:
        entity = world.entity()
        account = world.member(entity, "handler", DeskKind.INTEGRITY)

        def __init__(self):
            with world.inside(self.entity):
                self.url = f"/desk/{self.entity.ovo}/cases/{open_case(a_new_case()).id}"
            self.browser = world.browser(self.account)
            page = self.browser.get(self.url)
            self.form = {"version": field(page, "version"), "once": str(new_id()), "to": "note"}

        def send(self, *files, text="Zie de bijlage.", **changes):
            data = {**self.form, "text": text, **changes}
            data["files"] = [(io.BytesIO(content), name) for name, content in files]
            return self.browser.post(f"{self.url}/write", data, content_type="multipart/form-data")

        def attached(self):
            with world.inside(self.entity) as session:
                return session.scalar(select(func.count()).select_from(Attachment))

        def stored(self):
            return len(storage().keys_of(self.entity.id, today()))

        def leaves(self):
            with world.inside(self.entity) as session:
                membership = session.scalars(select(Membership).where(Membership.account_id == self.account))
                for one in membership:
                    session.delete(one)

    return AtDesk()


@pytest.fixture
def while_scanning(monkeypatch):
    """What happens each time that a file is scanned; gives how many transactions were open then."""
    seen, things = [], []

    class Watching(NoScanner):
        def finds_virus(self, file):
            seen.append(open_transactions())
            for thing in things:
                thing()
            return super().finds_virus(file)

    monkeypatch.setattr(accepting, "scanner", Watching)
    return seen, things


def test_no_transaction_is_open_while_files_of_staff_are_scanned(desk, while_scanning):
    sent = desk.send(("een.pdf", PDF), ("twee.pdf", PDF))
    assert sent.status_code == 303
    assert while_scanning[0] == [0, 0]
    assert desk.attached() == desk.stored() == 2


def test_a_form_that_would_be_refused_has_no_file_scanned(desk, while_scanning):
    assert desk.send(("een.pdf", PDF), text="").status_code == 422
    assert desk.send(("een.pdf", PDF), version="0").status_code == 409
    assert while_scanning[0] == []
    assert desk.stored() == 0


def test_the_same_form_twice_brings_its_files_once(desk, while_scanning):
    for _ in range(2):
        assert desk.send(("een.pdf", PDF)).status_code == 303
    assert while_scanning[0] == [0]
    assert desk.attached() == desk.stored() == 1


def test_when_the_same_form_was_quicker_the_files_are_forgotten(desk, while_scanning):
    _, things = while_scanning

    def be_quicker():
        things.clear()
        assert desk.send(("een.pdf", PDF)).status_code == 303

    things.append(be_quicker)
    assert desk.send(("een.pdf", PDF)).status_code == 303
    assert desk.attached() == desk.stored() == 1


def test_when_a_colleague_was_quicker_the_page_asks_for_the_files_again(desk, while_scanning):
    _, things = while_scanning

    def be_quicker():
        things.clear()
        other = {"to": "note", "text": "Ik was eerst.", "version": desk.form["version"]}
        assert desk.browser.post(f"{desk.url}/write", other).status_code == 303

    things.append(be_quicker)
    refused = desk.send(("een.pdf", PDF))
    assert refused.status_code == 409
    assert "Zie de bijlage." in refused.text
    assert "Kies je bestanden opnieuw." in refused.text
    assert desk.attached() == desk.stored() == 0


def test_a_bad_file_keeps_all_of_them_out(desk):
    refused = desk.send(("een.pdf", PDF), ("twee.exe", b"MZ"))
    assert refused.status_code == 422
    assert "twee.exe" in refused.text
    assert desk.attached() == desk.stored() == 0


def test_who_left_the_desk_while_the_files_were_scanned_writes_nothing(desk, while_scanning):
    while_scanning[1].append(desk.leaves)
    assert desk.send(("een.pdf", PDF)).status_code in (403, 404)
    assert desk.attached() == desk.stored() == 0
