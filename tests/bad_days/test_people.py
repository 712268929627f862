"""Bad days of people: two write at once, a handler leaves in mid-case, a reporter loses the receipt."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select

from spreekbuis.access.models import DeskKey, Membership
from spreekbuis.cases import reminders
from spreekbuis.clock import at, now
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.models import Account
from spreekbuis.intake import patience
from spreekbuis.web.access import Role
from tests.bad_days.conftest import Handler
from tests.intake.flow import Reporter, words
from tests.keeping.conftest import run_all_jobs


def address_of(account_id):
    with transaction(PLATFORM) as session:
        return session.get_one(Account, account_id).email


def test_two_handlers_write_at_once_and_neither_loses_a_word(world, entity, reporter, handler):
    """Each form by itself: tests/cases/test_lost_updates.py."""
    reporter.report()
    (url,) = handler.numbers()
    other = Handler(world.handler(entity, DeskKind.WELLBEING), entity)
    form = re.search(r'<form[^>]*action="[^"]*/write".*?</form>', handler.read(url), re.DOTALL)[0]
    mine = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert other.press(url, "write", to="note", text="Ik belde met de dienst.").status_code == 303
    page = handler.browser.post(f"{url}/write", {**mine, "to": "reporter", "text": "Kun je dinsdag komen?"})
    assert page.status_code == 409
    assert "Kun je dinsdag komen?" in unescape(page.text)
    assert "Ik belde met de dienst." in page.text
    form = re.search(r'<form[^>]*action="[^"]*/write".*?</form>', page.text, re.DOTALL)[0]
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    sent = handler.browser.post(f"{url}/write", {**again, "to": "reporter", "text": "Kun je dinsdag komen?"})
    assert sent.status_code == 303
    page = other.read(url)
    assert "Ik belde met de dienst." in page
    assert "Kun je dinsdag komen?" in page


@pytest.fixture
def leaver(world, entity, reporter):
    """A handler in mid-case: two cases of the three are theirs, and one page of them is still open."""
    account_id = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    leaving = Handler(world.browser(account_id), entity)
    leaving.account_id = account_id
    for _ in range(3):
        Reporter(world.browser(), entity).report()
    leaving.cases = leaving.numbers()
    for url in leaving.cases[:2]:
        assert leaving.press(url, "handler", handler=str(account_id)).status_code == 303
    return leaving


def ends(world, entity, administrator, account_id):
    with world.inside(entity) as session:
        membership = session.scalars(select(Membership.id).where(Membership.account_id == account_id)).one()
    members = f"/entity/{entity.ovo}/members"
    assert administrator.post(f"{members}/{membership}/end").location == f"{members}?done=member-ended"


def test_a_handler_leaves_in_mid_case(world, entity, leaver, handler, administrator, cases, mails):
    typed = leaver.browser.get(leaver.cases[0]).text
    ends(world, entity, administrator, leaver.account_id)

    # The open cases are back with the desk, and the list says so. Nothing else about them changed.
    assert sorted(handler.numbers("free")) == sorted(leaver.cases)
    assert {case.handler_id for case in cases()} == {None}
    page = handler.read(leaver.cases[0])
    assert "Zonder behandelaar" in page
    assert handler.numbers() == leaver.cases

    # Who stays is told by mail: once, whatever the number of cases. Who left is not.
    run_all_jobs()
    told = [to for to, subject in mails if subject == "Dossiers van je loket hebben geen behandelaar meer"]
    with world.inside(entity) as session:
        stays = session.scalars(
            select(Membership.account_id).where(
                Membership.role == Role.HANDLER, Membership.account_id != leaver.account_id
            )
        ).all()
    assert told == [address_of(account_id) for account_id in stays]

    # Terms run on, and the reminder reaches a colleague.
    mails.clear()
    with at(now() + timedelta(days=6)):
        with transaction(PLATFORM):
            reminders.remind()
        run_all_jobs()
    reminded = {to for to, _ in mails}
    assert address_of(leaver.account_id) not in reminded
    assert {address_of(account_id) for account_id in stays} <= reminded

    # The tab that is still open does nothing more, and gives back what was typed in it to nobody else's case.
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', typed))
    for method in (
        lambda: leaver.browser.get(leaver.cases[0]),
        lambda: leaver.browser.get(leaver.list_url),
        lambda: leaver.browser.post(
            f"{leaver.cases[0]}/write", {**hidden, "to": "reporter", "text": "Nog één ding."}
        ),
    ):
        assert method().status_code == 403
    assert "Nog één ding." not in handler.read(leaver.cases[0])

    # The desk has a new key that who left never had; a colleague takes over and goes on.
    with world.inside(entity) as session:
        versions = session.scalars(
            select(DeskKey.version).where(DeskKey.desk_id == entity.desks[DeskKind.WELLBEING])
        ).all()
    assert max(versions) == 2
    assert (
        handler.press(leaver.cases[0], "acknowledge", acknowledgement="Wij nemen het over.").status_code
        == 303
    )


def test_the_last_handler_leaves_and_an_administrator_is_told(
    world, entity, leaver, administrator, cases, mails
):
    ends(world, entity, administrator, leaver.account_id)
    assert {case.handler_id for case in cases()} == {None}
    run_all_jobs()
    assert "Een loket heeft geen behandelaar meer" in {subject for _, subject in mails}
    new = world.member(entity, Role.HANDLER, DeskKind.WELLBEING)
    assert sorted(Handler(world.browser(new), entity).numbers("free")) == sorted(leaver.cases)


def test_closed_cases_keep_the_name_of_who_closed_them(world, entity, leaver, administrator, cases):
    url = leaver.cases[0]
    leaver.press(url, "kind", kind="report")
    leaver.press(url, "acknowledge", acknowledgement="Goed ontvangen.")
    assert leaver.press(url, "close", outcome="founded", closing="Klaar.").status_code == 303
    ends(world, entity, administrator, leaver.account_id)
    assert [case.handler_id for case in cases() if case.closed_at] == [leaver.account_id]


def test_a_reporter_loses_the_receipt(world, entity, reporter, handler, administrator, monkeypatch, app):
    """Nobody can help to open it; the page says so, and what can be done does work."""
    settings = app.extensions["settings"]
    waiting = patience.Patience(settings.redis_url, lambda _seconds: None)
    monkeypatch.setitem(app.extensions, "patience", waiting)
    lost = words(reporter.report())
    page = unescape(reporter.browser.get("/inbox/open").text)
    assert "Niemand kan je nieuwe woorden geven of je melding voor je openen" in page
    assert "Je melding is niet weg." in page
    for path in ("/report", "/contact"):
        assert f'href="{path}"' in page
        assert reporter.browser.get(path).status_code == 200

    # No back door: no page of the people who could be asked shows or makes words for this case.
    (first,) = handler.numbers()
    for text in (handler.read(first), administrator.get(f"/entity/{entity.ovo}/members").text):
        assert not re.search(r"\b" + r"\W+".join(lost[:3]), text)
    assert "receipt__words" not in handler.read(first)
    assert reporter.open_mailbox(" ".join(["fiets"] * 8)).status_code == 422

    # A new report that refers to the first one; the desk lays the two side by side and answers in the new one.
    again = Reporter(world.browser(), entity)
    new = " ".join(
        words(again.report(text="Ik meldde vorige week al iets over pesten. Mijn woorden ben ik kwijt."))
    )
    (second,) = set(handler.numbers()) - {first}
    number = re.search(r"[IW]-\d{4}-\d{3,}", handler.read(first))[0]
    assert handler.press(second, "links", link_how="link", link_number=number).status_code == 303
    assert number in handler.read(second)
    assert (
        handler.press(second, "write", to="reporter", text="We lazen ook je eerste melding.").status_code
        == 303
    )
    assert again.open_mailbox(new).status_code == 303
    assert "We lazen ook je eerste melding." in again.browser.get("/inbox").text
