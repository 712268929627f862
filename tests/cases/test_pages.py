"""The pages of the desk: who sees what, what a form does, and that nothing typed is lost."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from sqlalchemy import func, select

from spreekbuis import clock
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.models import Attachment, Case, Contact, Message
from spreekbuis.cases.opening import open_case
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import CaseKind, DeskKind
from spreekbuis.web.access import Role
from tests.cases.conftest import REPORT, a_new_case


@pytest.fixture
def entity(world):
    return world.entity()


@pytest.fixture
def desk(world, entity):
    """The browser of a handler of the integrity desk."""
    return world.handler(entity, DeskKind.INTEGRITY)


def opened(world, entity, **changes):
    with world.inside(entity):
        case = open_case(a_new_case(**changes))
        return case.id


def url(entity, case_id, action=""):
    return f"/desk/{entity.ovo}/cases/{case_id}" + (f"/{action}" if action else "")


def the_case(world, entity, case_id):
    with world.inside(entity) as session:
        case = session.get_one(Case, (entity.id, case_id))
        session.expunge(case)
        return case


def fields(html, action):
    """The hidden fields of the form with this action, as a browser would send them."""
    form = re.search(rf'action="[^"]*/{action}".*?</form>', html, re.DOTALL)[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def submit(desk, entity, case_id, action, **data):
    html = desk.get(url(entity, case_id)).text
    return desk.post(url(entity, case_id, action), {**fields(html, action), **data})


def test_the_list_shows_the_case_with_its_deadline_and_not_a_word_of_its_text(world, entity, desk):
    case_id = opened(world, entity)
    page = desk.get(f"/desk/{entity.ovo}/cases")
    assert page.status_code == 200
    assert url(entity, case_id) in page.text
    for words in (
        "Fraude",
        "Ontvangst bevestigen",
        "nog 7 dagen",
        "Nieuw",
        "Niemand",
        "Website",
    ):
        assert words in page.text
    assert REPORT not in page.text


def test_a_new_message_of_the_reporter_is_marked_until_the_case_is_opened(world, entity, desk):
    case_id = opened(world, entity)
    submit(desk, entity, case_id, "acknowledge", acknowledgement="Dank je.")
    with world.inside(entity) as session:
        case = session.get_one(Case, (entity.id, case_id))
        write_message(case, world.key(entity, case_id), author="reporter", text="Nog iets.")
    assert "nieuw bericht" in desk.get(f"/desk/{entity.ovo}/cases").text
    desk.get(url(entity, case_id))
    assert "nieuw bericht" not in desk.get(f"/desk/{entity.ovo}/cases").text


@pytest.mark.parametrize(
    ("days_ago", "words"),
    [
        (9, "2 dagen te laat"),
        (8, "1 dag te laat"),
        (7, "Vandaag"),
        (6, "Morgen"),
        (4, "Nog 3 dagen"),
        (3, "nog 4 dagen"),
    ],
)
def test_a_deadline_is_told_in_words(world, entity, desk, days_ago, words):
    with clock.at(clock.now() - timedelta(days=days_ago)):
        opened(world, entity)
    assert words in desk.get(f"/desk/{entity.ovo}/cases").text


def test_the_most_urgent_case_comes_first_and_pages_follow_without_loss(world, entity, desk):
    with world.inside(entity):
        for n in range(60):
            with clock.at(datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n % 20)):
                open_case(a_new_case())
    seen, address = [], f"/desk/{entity.ovo}/cases"
    pages = []
    while address:
        html = desk.get(address).text
        pages.append(re.findall(r'scope="row"[^>]*><a href="([^"]+)"', html))
        seen += pages[-1]
        following = re.search(r'href="([^"]+)" rel="next"', html)
        address = following[1].replace("&amp;", "&") if following else None
        back = re.search(r'href="([^"]+)" rel="prev"', html)
        if back:
            again = desk.get(back[1].replace("&amp;", "&")).text
            assert re.findall(r'scope="row"[^>]*><a href="([^"]+)"', again) == pages[-2]
    assert len(seen) == len(set(seen)) == 60
    assert [len(page) for page in pages] == [25, 25, 10]
    with world.inside(entity) as session:
        in_order = session.scalars(select(Case.id).order_by(Case.next_due_on, Case.id)).all()
    assert [address.rsplit("/", 1)[1] for address in seen] == [str(case_id) for case_id in in_order]


def test_views_and_filters_show_what_they_say(world, entity, desk):
    with clock.at(clock.now() - timedelta(days=30)):
        late = opened(world, entity, category="bribery")
    request = opened(world, entity, kind=CaseKind.INFORMATION_REQUEST, category="leak")
    here = f"/desk/{entity.ovo}/cases"
    number = the_case(world, entity, request)
    for query, shown, hidden in (
        ("view=late", late, request),
        ("kind=information_request", request, late),
        ("category=bribery", late, request),
        (f"number={number.year}-{number.number:03d}", request, late),
        (f"number=I-{number.year}-{number.number:03d}", request, late),
        (f"number={number.number}", request, late),
    ):
        html = desk.get(f"{here}?{query}").text
        assert str(shown) in html, query
        assert str(hidden) not in html, query
    submit(desk, entity, late, "handler")
    mine, free = desk.get(f"{here}?view=mine").text, desk.get(f"{here}?view=free").text
    assert (str(late) in mine, str(request) in mine) == (True, False)
    assert (str(late) in free, str(request) in free) == (False, True)


@pytest.mark.parametrize(
    "query",
    [
        "view=nonsense", "kind=x&category=y&state=z", "after=x", "after=2026-01-01~nonsense", "before=~",
        "number=abc",
        "number=999999-1", "view=closed&after=2026-01-01~00000000-0000-0000-0000-000000000000", "number=%00",
        "after=9999-12-31~00000000-0000-0000-0000-000000000000", "view=closed&state=closed", "number=٣",
        "number=9999-999999",
    ],
)  # fmt: skip
def test_an_address_that_was_tampered_with_still_gives_a_page(world, entity, desk, query):
    opened(world, entity)
    assert desk.get(f"/desk/{entity.ovo}/cases?{query}").status_code == 200


def test_a_handler_sees_nothing_of_another_desk_or_entity(world, entity, desk):
    hidden = opened(world, entity, category="bullying")
    other = world.entity()
    elsewhere = opened(world, other)
    page = desk.get(f"/desk/{entity.ovo}/cases").text
    assert str(hidden) not in page
    assert 'class="count">0<' in page
    assert 'class="count">1<' not in page
    for case_id in (hidden, elsewhere, new_id()):
        assert desk.get(url(entity, case_id)).status_code == 404
        for action in (
            "acknowledge",
            "write",
            "feedback",
            "close",
            "state",
            "kind",
            "category",
            "handler",
            "contacts",
        ):
            assert desk.post(url(entity, case_id, action), {"text": "x"}).status_code == 404
        assert desk.get(url(entity, case_id, f"files/{new_id()}")).status_code == 404
    assert desk.get(f"/desk/{other.ovo}/cases").status_code == 403
    assert desk.get(url(other, elsewhere)).status_code == 403


def test_others_than_handlers_do_not_enter(world, entity):
    case_id = opened(world, entity)
    for browser in (
        world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR)),
        world.browser(world.platform_member(Role.CENTRAL_ANALYST)),
    ):
        assert browser.get(f"/desk/{entity.ovo}/cases").status_code == 403
        assert browser.get(url(entity, case_id)).status_code == 403
    assert world.browser().get(url(entity, case_id)).status_code == 303


def test_reading_a_case_stands_in_the_trail_once_per_sitting(world, entity, desk):
    case_id = opened(world, entity)
    assert REPORT in desk.get(url(entity, case_id)).text
    desk.get(url(entity, case_id))
    with world.inside(entity) as session:
        reads = select(func.count()).select_from(AuditEvent).where(AuditEvent.kind == "case.read")
        assert session.scalar(reads) == 1
        assert not session.scalar(select(Case.unread_by_desk))
    with clock.at(clock.now() + timedelta(minutes=20)):
        desk.get(url(entity, case_id))
    world.handler(entity, DeskKind.INTEGRITY).get(url(entity, case_id))
    with world.inside(entity) as session:
        assert session.scalar(reads) == 2


def test_a_case_is_walked_from_receipt_to_closing(world, entity, desk):
    case_id = opened(world, entity)
    assert submit(desk, entity, case_id, "acknowledge", acknowledgement="Dank je wel.").status_code == 303
    assert submit(desk, entity, case_id, "kind", kind="report").status_code == 303
    assert submit(desk, entity, case_id, "state", state="in_progress").status_code == 303
    assert submit(desk, entity, case_id, "write", to="reporter", text="Welke maand?").status_code == 303
    assert submit(desk, entity, case_id, "write", to="note", text="Offertes nakijken").status_code == 303
    assert submit(desk, entity, case_id, "state", state="waiting_for_reporter").status_code == 303
    assert submit(desk, entity, case_id, "state", state="in_progress").status_code == 303
    assert submit(desk, entity, case_id, "category", category="bribery").status_code == 303
    assert (
        submit(
            desk, entity, case_id, "contacts", channel="phone", at=clock.today().isoformat(), note="Gebeld"
        ).status_code
        == 303
    )
    assert submit(desk, entity, case_id, "feedback", feedback="Dit deden we.").status_code == 303
    assert submit(desk, entity, case_id, "close", outcome="founded", closing="Dank je.").status_code == 303
    case = the_case(world, entity, case_id)
    assert (case.state, case.outcome, case.category) == ("closed", "founded", "bribery")
    page = desk.get(url(entity, case_id)).text
    for words in (
        "Welke maand?",
        "Offertes nakijken",
        "is-note",
        "Gegrond",
        "Gebeld",
        "Terugkoppeling gegeven",
    ):
        assert words in page
    assert "/close" not in page
    assert str(case_id) in desk.get(f"/desk/{entity.ovo}/cases?view=closed").text
    assert str(case_id) not in desk.get(f"/desk/{entity.ovo}/cases").text


def test_a_second_press_does_nothing_twice(world, entity, desk):
    case_id = opened(world, entity)
    html = desk.get(url(entity, case_id)).text
    for action, data in (
        ("acknowledge", {"acknowledgement": "Dank je."}),
        ("write", {"to": "note", "text": "Notitie"}),
        ("contacts", {"channel": "phone", "at": clock.today().isoformat(), "note": ""}),
        ("kind", {"kind": "report"}),
        ("state", {"state": "in_progress"}),
    ):
        sent = {**fields(desk.get(url(entity, case_id)).text, action), **data}
        for _ in range(2):
            assert desk.post(url(entity, case_id, action), sent).status_code == 303, action
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 3
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
    assert html


def test_another_text_from_an_old_form_is_not_swallowed_but_given_back(world, entity, desk):
    case_id = opened(world, entity)
    sent = {**fields(desk.get(url(entity, case_id)).text, "write"), "to": "note", "text": "Eerste tekst"}
    assert desk.post(url(entity, case_id, "write"), sent).status_code == 303
    second = desk.post(url(entity, case_id, "write"), {**sent, "text": "Tweede tekst"})
    assert second.status_code == 409
    assert "Tweede tekst</textarea>" in second.text
    again = {**fields(second.text, "write"), "to": "note", "text": "Tweede tekst"}
    assert desk.post(url(entity, case_id, "write"), again).status_code == 303
    assert "Tweede tekst" in desk.get(url(entity, case_id)).text


def test_a_stale_form_says_so_and_keeps_the_text(world, entity, desk):
    case_id = opened(world, entity)
    mine = fields(desk.get(url(entity, case_id)).text, "acknowledge")
    colleague = world.handler(entity, DeskKind.INTEGRITY)
    submit(colleague, entity, case_id, "kind", kind="report")
    answer = desk.post(url(entity, case_id, "acknowledge"), {**mine, "acknowledgement": "Mijn lange tekst"})
    assert answer.status_code == 409
    assert "Intussen veranderde iemand dit dossier" in answer.text
    assert "Mijn lange tekst</textarea>" in answer.text
    assert the_case(world, entity, case_id).state == "new"


def test_reading_makes_no_form_of_a_colleague_stale(world, entity, desk):
    case_id = opened(world, entity)
    mine = fields(desk.get(url(entity, case_id)).text, "acknowledge")
    world.handler(entity, DeskKind.INTEGRITY).get(url(entity, case_id))
    answer = desk.post(url(entity, case_id, "acknowledge"), {**mine, "acknowledgement": "Dank je"})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("write", {"to": "reporter", "text": " \n "}),
        ("write", {"to": "reporter", "text": "x" * 100_001}),
        ("write", {"to": "everybody", "text": "Tekst"}),
        ("kind", {"kind": "new"}),
        ("kind", {}),
        ("category", {"category": "bullying"}),
        ("category", {"category": "<script>"}),
        ("handler", {"handler": "nobody"}),
        ("handler", {"handler": "00000000-0000-0000-0000-000000000000"}),
        ("contacts", {"channel": "web", "at": "2026-02-30", "note": "Tekst"}),
        ("contacts", {"channel": "phone", "at": "1999-01-01", "note": "Tekst"}),
        ("contacts", {"channel": "phone", "at": "2999-01-01", "note": "Tekst"}),
    ],
)
def test_bad_input_gives_the_page_back_with_what_was_typed(world, entity, desk, action, data):
    case_id = opened(world, entity)
    before = the_case(world, entity, case_id)
    hidden = fields(desk.get(url(entity, case_id)).text, "write")
    answer = desk.post(url(entity, case_id, action), {**hidden, **data})
    assert answer.status_code == 422
    assert 'id="summary"' in answer.text
    assert "<script>" not in answer.text
    for text in (data.get("text", "").strip(), data.get("note", "")):
        assert text in answer.text
    assert the_case(world, entity, case_id).version == before.version


@pytest.mark.parametrize("action", ["state", "feedback", "close"])
def test_a_tampered_form_cannot_jump_over_a_state(world, entity, desk, action):
    case_id = opened(world, entity, kind=CaseKind.REPORT)
    hidden = fields(desk.get(url(entity, case_id)).text, "write")
    data = {"state": "in_progress", "feedback": "x", "outcome": "founded", "closing": "x"}
    assert desk.post(url(entity, case_id, action), {**hidden, **data}).status_code == 409
    assert the_case(world, entity, case_id).state == "new"


def test_a_form_without_its_token_changes_nothing(world, entity, desk):
    case_id = opened(world, entity)
    answer = desk.client.post(url(entity, case_id, "kind"), data={"kind": "report", "version": "1"})
    assert answer.status_code in {403, 409}
    assert the_case(world, entity, case_id).kind == "new"


def test_a_file_of_the_handler_is_kept_and_downloaded_by_the_desk_alone(world, entity, desk):
    case_id = opened(world, entity)
    sent = submit(
        desk, entity, case_id, "write", to="note", text="Zie bijlage",
        files=(BytesIO(b"een verslag in gewone tekst\n"), "verslag.txt"),
    )  # fmt: skip
    assert sent.status_code == 303
    with world.inside(entity) as session:
        file_id = session.scalars(select(Attachment.id)).one()
    page = desk.get(url(entity, case_id)).text
    assert "verslag.txt (1 kB)" in page
    download = desk.get(url(entity, case_id, f"files/{file_id}"))
    assert download.data == b"een verslag in gewone tekst\n"
    assert "attachment" in download.headers["Content-Disposition"]
    other_desk = world.handler(entity, DeskKind.WELLBEING)
    assert other_desk.get(url(entity, case_id, f"files/{file_id}")).status_code == 404
    assert desk.get(url(entity, opened(world, entity), f"files/{file_id}")).status_code == 404
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).where(AuditEvent.kind == "attachment.read")) == 1


def new_contact(desk, entity, **data):
    page = desk.get(f"/desk/{entity.ovo}/contacts/new")
    once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
    token = re.search(r'name="token" value="([^"]+)"', page.text)[1]
    usual = {
        "once": once, "token": token, "channel": "phone", "about": "Belde over een bestelling", "category": "fraud",
        "kind": "new", "identity": "named", "reporter_class": "staff", "name": "Contactpersoon",
        "contact": "", "number": "",
    }  # fmt: skip
    sent = {**usual, **data}
    return sent, desk.post(f"/desk/{entity.ovo}/contacts/new", sent)


def onward(answer):
    """Where the page goes that shows the words of the receipt."""
    assert answer.status_code == 200, answer.text
    return re.search(r'class="button" href="([^"]+)"', answer.text)[1]


def receipt_words(answer):
    return re.findall(r"<li>(\w+)</li>", re.search(r'id="receipt-words".*?</ol>', answer.text, re.DOTALL)[0])


def test_a_call_becomes_a_case_once(world, entity, desk):
    sent, answer = new_contact(desk, entity)
    again = desk.post(f"/desk/{entity.ovo}/contacts/new", sent)
    assert onward(answer) == onward(again)
    page = desk.get(onward(answer)).text
    for words in ("Belde over een bestelling", "Contactpersoon", "Jij", "Telefoon"):
        assert words in page


def test_whoever_called_comes_back_with_the_words_that_the_handler_reads_out(world, entity, desk):
    sent, answer = new_contact(desk, entity)
    assert receipt_words(answer) == receipt_words(desk.post(f"/desk/{entity.ovo}/contacts/new", sent))
    caller = world.browser()
    assert caller.post("/inbox/open", {"code": " ".join(receipt_words(answer))}).location == "/inbox"
    assert "Belde over een bestelling" in caller.get("/inbox").text


def test_a_form_without_a_secret_of_ours_gets_a_code_that_nobody_can_foretell(world, entity, desk):
    codes = [receipt_words(new_contact(desk, entity, token=token)[1]) for token in ("", "x", "")]
    assert len({tuple(code) for code in codes}) == 3


def test_a_call_about_an_existing_case_is_added_to_it(world, entity, desk):
    case = the_case(world, entity, opened(world, entity))
    _, answer = new_contact(
        desk, entity, number=f"{case.year}-{case.number:03d}", category="", about="Belde terug"
    )
    assert str(case.id) in answer.location
    assert "Belde terug" in desk.get(answer.location).text


def test_a_number_of_another_desk_is_unknown_here(world, entity, desk):
    case = the_case(world, entity, opened(world, entity, category="bullying"))
    for number in (f"W-{case.year}-{case.number}", f"{case.year}-{case.number}", "1999-1", "onzin"):
        _, answer = new_contact(desk, entity, number=number)
        assert answer.status_code == 422
        assert "Belde over een bestelling</textarea>" in answer.text


def test_a_call_for_the_other_desk_goes_there_and_is_closed_to_who_took_it(world, entity, desk):
    _, answer = new_contact(desk, entity, category="bullying")
    assert onward(answer) == f"/desk/{entity.ovo}/cases"
    assert "ander loket" in answer.text


def test_an_incomplete_contact_keeps_what_was_typed(world, entity, desk):
    _, answer = new_contact(desk, entity, category="", channel="web", about="Toch al wat tekst")
    assert answer.status_code == 422
    assert "Toch al wat tekst</textarea>" in answer.text
    with world.inside(entity) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0
