import io
import threading
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pikepdf
import pytest
from sqlalchemy import select, update

from spreekbuis.cases import workflow
from spreekbuis.cases.dialogue import read_file
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.cases.opening import NewFile
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import CaseKind, Outcome
from spreekbuis.intake import patience, typed_code
from spreekbuis.intake.models import ReporterSession
from spreekbuis.intake.reporters import IDLE_LIMIT, hash_of_receipt
from spreekbuis.vault import files as accepting
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.receipt_code import parse
from spreekbuis.vault.storage import storage
from spreekbuis.web.door import hash_token
from tests.intake.flow import PDF, STORY, Reporter, field, hidden, words
from tests.vault import made

TEXT = b"Wat ik nog vond."


@pytest.fixture(autouse=True)
def waited(app, monkeypatch) -> list[float]:
    """How long wrong codes would have waited, in seconds."""
    waits: list[float] = []
    settings = app.extensions["settings"]
    monkeypatch.setitem(app.extensions, "patience", patience.Patience(settings.redis_url, waits.append))
    monkeypatch.setattr(patience, "WRONG_PER_MINUTE", 10**6)
    return waits


@pytest.fixture
def code(reporter) -> str:
    return " ".join(words(reporter.report(("brief.pdf", PDF))))


@pytest.fixture
def inside(reporter, code) -> Reporter:
    """The reporter, with the mailbox open."""
    assert reporter.open_mailbox(code).status_code == 303
    return reporter


def handle(world, entity, *steps) -> None:
    """A handler does these things with the only case."""
    with world.inside(entity):
        case = db.session.scalars(select(Case)).one()
        key = world.key(entity, case.id)
        for step in steps:
            step(case, key)


def acknowledge(case: Case, key: ContentKey) -> None:
    workflow.acknowledge(case, key, "We lazen je melding.")


def note(case: Case, key: ContentKey) -> None:
    workflow.add_note(case, key, "Niet voor de melder.")


def close(case: Case, key: ContentKey) -> None:
    workflow.mark_kind(case, CaseKind.REPORT)
    workflow.close(case, key, Outcome.UNFOUNDED, "We onderzochten het.")


def write(reporter: Reporter, page, text: str, *files: tuple[str, bytes], once: str = "", **more: str):
    data = {
        **more, "once": once or field(page, "once"), "text": text,
        "files": [(io.BytesIO(content), name) for name, content in files],
    }  # fmt: skip
    return reporter.browser.post("/inbox/messages", data, content_type="multipart/form-data")


def test_the_words_open_the_mailbox_with_the_report_and_its_terms(inside):
    page = inside.browser.get("/inbox")
    assert page.status_code == 200
    for shown in (STORY, "brief.pdf", "Pesten", "we hebben je melding ontvangen", "Uiterlijk"):
        assert shown in page.text


@pytest.mark.parametrize(
    "change", [str.upper, str.title, lambda c: c.replace(" ", "-"), lambda c: f"  {c}\n"]
)
def test_the_words_may_be_written_in_any_way(reporter, code, change):
    assert reporter.open_mailbox(change(code)).status_code == 303


def test_a_right_code_never_waits(inside, waited):
    assert waited == []


def test_answers_of_the_desk_are_read_and_its_notes_are_not(world, entity, inside):
    handle(world, entity, acknowledge, note)
    page = inside.browser.get("/inbox")
    assert "We lazen je melding." in page.text
    assert "Niet voor de melder." not in page.text
    assert "het loket heeft je melding gelezen" in page.text


def test_a_message_with_a_file_reaches_the_case_once(inside, count):
    page = inside.browser.get("/inbox")
    for _ in range(2):
        assert write(inside, page, "Nog iets.", ("extra.txt", TEXT)).status_code == 303
    after = inside.browser.get("/inbox?done=inbox-message-sent")
    assert "Je bericht is verstuurd." in after.text
    assert "extra.txt" in after.text
    assert (count(Message), count(Attachment)) == (2, 2)


def test_another_text_in_the_same_form_is_another_message(inside, count):
    page = inside.browser.get("/inbox")
    for text in ("Nog iets.", "Toch iets anders.", "Nog iets.", "Toch iets anders."):
        assert write(inside, page, text).status_code == 303
    after = inside.browser.get("/inbox").text
    assert "Nog iets." in after
    assert "Toch iets anders." in after
    assert count(Message) == 3


def test_another_file_with_the_same_text_is_not_dropped(inside, count):
    page = inside.browser.get("/inbox")
    for content in (TEXT, TEXT + b"anders", TEXT):
        assert write(inside, page, "Nog iets.", ("extra.txt", content)).status_code == 303
    assert (count(Message), count(Attachment)) == (3, 3)


LOCKED = made.pdf(encryption=pikepdf.Encryption(user="slot", owner="slot"))
MAIL = b"From: x@voorbeeld.example\r\nSubject: y\r\n\r\nz"
ATTACHED = made.pdf(attachment=b"de bijlage")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("brief.pdf", LOCKED, "We konden de verborgen gegevens niet uit dit bestand verwijderen."),
        ("mail.eml", MAIL, "We kunnen verborgen gegevens uit dit soort bestand niet verwijderen."),
        ("brief.pdf", ATTACHED, "zitten andere bestanden of onderdelen."),
    ],
)
def test_a_file_that_was_not_cleaned_goes_to_the_desk_only_when_the_reporter_says_so(
    inside, count, name, content, why
):
    page = write(inside, inside.browser.get("/inbox"), "Nog iets.", ("goed.txt", TEXT), (name, content))
    said = unescape(page.text)
    assert page.status_code == 422
    assert f"‘{name}’: " in said
    assert why in said
    assert "Vink aan dat je het wilt laten zoals het is, of stuur een ander bestand." in said
    assert "Nog iets." in said
    assert (count(Message), count(Attachment)) == (1, 1)
    assert write(inside, page, "Nog iets.", (name, content), keep_original="yes").status_code == 303
    assert (count(Message), count(Attachment)) == (2, 2)


def test_the_case_is_not_locked_while_its_files_are_cleaned(app, entity, inside, count, monkeypatch):
    page, meanwhile, accept = inside.browser.get("/inbox"), [], accepting.accept

    def send_again() -> None:
        with app.app_context():
            answer = write(inside, page, "Nog iets.", ("extra.txt", TEXT))
        meanwhile.append(answer.status_code)

    def slow(*told, **options):
        monkeypatch.setattr(accepting, "accept", accept)
        second = threading.Thread(target=send_again)
        second.start()
        second.join(20)
        assert meanwhile == [303]
        return accept(*told, **options)

    monkeypatch.setattr(accepting, "accept", slow)
    assert write(inside, page, "Nog iets.", ("extra.txt", TEXT)).status_code == 303
    assert (count(Message), count(Attachment)) == (2, 2)
    assert len(storage().keys_of(entity.id, today())) == 2  # nothing of the one that was too late


def test_a_file_whose_content_is_gone_is_a_page_that_says_so(world, entity, inside):
    with world.inside(entity):
        file_id, key = db.session.execute(select(Attachment.id, Attachment.storage_key)).one()
        storage().delete(key)
    page = inside.browser.get(f"/inbox/files/{file_id}")
    assert page.status_code == 404
    assert "Dit bestand is er niet meer" in page.text


def test_a_bad_file_costs_neither_the_message_nor_a_file(inside, count):
    page = write(inside, inside.browser.get("/inbox"), "Nog iets.", ("leeg.pdf", b""))
    assert page.status_code == 422
    assert "‘leeg.pdf’ is leeg" in unescape(page.text)
    assert "Nog iets." in page.text
    assert (count(Message), count(Attachment)) == (1, 1)


@pytest.mark.parametrize("text", ["", "x" * 100_001])
def test_an_empty_or_endless_message_is_given_back(inside, count, text):
    page = write(inside, inside.browser.get("/inbox"), text)
    assert page.status_code == 422
    assert text in page.text
    assert count(Message) == 1


def test_a_message_to_a_case_that_was_closed_meanwhile_is_given_back(world, entity, inside, count):
    before = inside.browser.get("/inbox")
    handle(world, entity, acknowledge, close)
    messages = count(Message)
    page = write(inside, before, "Te laat.", ("extra.txt", TEXT))
    assert page.status_code == 409
    assert "Te laat." in page.text
    assert count(Message) == messages


def test_an_own_file_comes_back_as_a_download_and_never_as_a_page(world, entity, inside):
    with world.inside(entity):
        file_id = db.session.scalars(select(Attachment.id)).one()
    page = inside.browser.get(f"/inbox/files/{file_id}")
    assert (page.status_code, page.data) == (200, PDF)
    assert page.headers["Content-Disposition"] == "attachment; filename=brief.pdf"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_file_of_another_report_is_not_there(world, entity, inside):
    other = Reporter(world.browser(), entity)
    other.report(("ander.pdf", PDF))
    with world.inside(entity):
        ids = db.session.scalars(select(Attachment.id).order_by(Attachment.created_at)).all()
    assert [inside.browser.get(f"/inbox/files/{id_}").status_code for id_ in ids] == [200, 404]


def test_a_file_of_a_note_is_not_there_for_the_reporter(world, entity, inside):
    """Its content lies in the storage and opens: only that it belongs to a note keeps it from the reporter."""
    with world.inside(entity):
        own = db.session.scalars(select(Attachment.id)).one()

    def note_with_file(case: Case, key: ContentKey) -> None:
        sent = read_file(key, own, internal=True)
        file = NewFile("nota.pdf", sent.media_type, sent.size, sent.storage_key, sent.key, "cleaned")
        workflow.add_note(case, key, "Niet voor de melder.", files=(file,))

    handle(world, entity, note_with_file)
    with world.inside(entity):
        noted = db.session.scalars(select(Attachment.id).where(Attachment.id != own)).one()
    assert [inside.browser.get(f"/inbox/files/{id_}").status_code for id_ in (own, noted)] == [200, 404]
    assert "nota.pdf" not in inside.browser.get("/inbox").text


def test_a_code_opens_its_own_case_only_whatever_the_entity(world, entity, inside):
    other = Reporter(world.browser(), world.entity())
    other.open_mailbox(" ".join(words(other.report(text="Iets heel anders."))))
    page = other.browser.get("/inbox")
    assert "Iets heel anders." in page.text
    assert STORY not in page.text
    assert "Iets heel anders." not in inside.browser.get("/inbox").text


def test_a_closed_case_is_scored_once(world, entity, inside):
    assert "Hoe tevreden" not in inside.browser.get("/inbox").text
    handle(world, entity, acknowledge, close)
    assert "Hoe tevreden" in inside.browser.get("/inbox").text
    assert inside.browser.post("/inbox/score", {"score": "9"}).status_code == 422
    for score in ("4", "1"):
        assert inside.browser.post("/inbox/score", {"score": score, "comment": "Goed."}).status_code == 303
    with world.inside(entity):
        assert db.session.scalars(select(Case.score)).one() == 4
    assert "Hoe tevreden" not in inside.browser.get("/inbox").text


def test_an_open_case_cannot_be_scored(world, entity, inside):
    assert inside.browser.post("/inbox/score", {"score": "5"}).status_code == 409
    with world.inside(entity):
        assert db.session.scalars(select(Case.score)).one() is None


def test_leaving_ends_the_session_here_and_for_good(inside):
    cookie = inside.browser.client.get_cookie("mailbox")
    assert inside.browser.post("/inbox/leave").status_code == 303
    assert inside.browser.client.get_cookie("mailbox") is None
    inside.browser.client.set_cookie("mailbox", cookie.value)
    assert inside.browser.get("/inbox").status_code == 303


def test_the_cookie_is_strict_and_unreadable_for_scripts(reporter, code):
    cookie = reporter.open_mailbox(code).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires" not in cookie


def test_a_mailbox_closes_by_itself_and_use_keeps_it_open(inside):
    start = now()
    with at(start + IDLE_LIMIT * 0.9):
        assert inside.browser.get("/inbox").status_code == 200
    with at(start + IDLE_LIMIT * 1.5):
        assert inside.browser.get("/inbox").status_code == 200
    with at(start + IDLE_LIMIT * 2.6):
        page = inside.browser.get("/inbox")
        assert page.status_code == 303
        assert page.headers["Location"].startswith("/inbox/open")
        assert "niet meer open op dit toestel" in inside.browser.get(page.headers["Location"]).text
    assert "niet meer open op dit toestel" not in inside.browser.get("/inbox/open").text


def test_a_message_of_an_ended_session_is_kept_and_goes_after_the_code(inside, code, count):
    page = inside.browser.get("/inbox")
    once = field(page, "once")
    with at(now() + IDLE_LIMIT + timedelta(minutes=1)):
        kept = write(inside, page, "Dit mag niet weg.")
        assert kept.status_code == 401
        assert "Dit mag niet weg." in kept.text
        assert count(Message) == 1
        token = field(kept, "csrf")
        assert inside.open_mailbox(code).status_code == 303
        sent = inside.browser.client.post(
            "/inbox/messages", data={**hidden(kept), "text": "Dit mag niet weg.", "csrf": token}
        )
        assert (hidden(kept)["once"], sent.status_code) == (once, 303)
        assert count(Message) == 2


@pytest.mark.parametrize("path", ["/inbox/messages", "/inbox/score", "/inbox/leave"])
def test_nobody_without_a_code_comes_in(world, path):
    visitor = world.browser()
    assert visitor.get("/inbox").status_code == 303
    assert visitor.post(path, {"text": "x"}).status_code == 401
    visitor.client.set_cookie("mailbox", "guessed")
    assert visitor.get("/inbox").status_code == 303


def test_the_session_is_stored_as_a_hash_with_the_key_locked(world, entity, inside):
    cookie = inside.browser.client.get_cookie("mailbox")
    with transaction(PLATFORM):
        rows = db.session.execute(select(ReporterSession.token_hash, ReporterSession.secret_locked)).all()
    assert len(rows) == 1
    with world.inside(entity):
        key = world.key(entity, db.session.scalars(select(Case.id)).one())
    for kept in rows[0]:
        assert cookie.value.encode() not in kept
        assert key.secret not in kept


def test_another_token_on_the_same_row_opens_no_text(world, entity, inside, reporter, code):
    """Who can write the table, and puts the hash of a cookie of their own on a session, reads nothing."""
    with transaction(PLATFORM) as session:
        session.execute(update(ReporterSession).values(token_hash=hash_token("my-own")))
    thief = world.browser()
    thief.client.set_cookie("mailbox", "my-own")
    page = thief.get("/inbox")
    assert page.status_code >= 400
    assert STORY not in page.text


UNKNOWN = "sweater vermoedt weblog harlekijn kwadraat ettelijke symptomen huurprijs"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (UNKNOWN, "We vinden geen melding bij deze woorden"),
        ("", "Een toegangscode heeft 8 woorden"),
        ("boom roos vis", "Een toegangscode heeft 8 woorden"),
        (UNKNOWN.replace("weblog", "qqqqqq"), "Woord 3 kennen we niet"),
        ("\x00" * 40, "Een toegangscode heeft 8 woorden"),
        ("woord " * 20_000, "Een toegangscode heeft 8 woorden"),
        ("' OR 1=1 --", "Een toegangscode heeft 8 woorden"),
    ],
)
def test_a_wrong_code_is_answered_slowly_and_says_what_to_check(world, waited, typed, says):
    page = world.browser().post("/inbox/open", {"code": typed})
    assert page.status_code == 422
    assert says in page.text
    assert len(waited) == 1
    assert 0 < waited[0] <= patience.SLOWEST_ANSWER


def test_a_word_with_two_corrections_asks_which_one_was_meant(world, monkeypatch):
    def doubtful(text: str):
        raise typed_code.AmbiguousWord(2, ("boom", "boon"))

    monkeypatch.setattr(typed_code, "parse", doubtful)
    page = world.browser().post("/inbox/open", {"code": UNKNOWN})
    assert "Bedoel je bij woord 2 misschien boom of boon?" in page.text


def test_after_too_many_wrong_codes_the_answer_is_quick_and_a_right_code_still_opens(
    world, reporter, code, waited, monkeypatch
):
    monkeypatch.setattr(patience, "WRONG_PER_MINUTE", 0)
    page = world.browser().post("/inbox/open", {"code": UNKNOWN})
    assert page.status_code == 429
    assert page.headers["Retry-After"] == "60"
    assert "Wacht een minuut" in page.text
    assert waited == []
    assert reporter.open_mailbox(code).status_code == 303


def test_what_is_kept_of_a_code_cannot_be_tried_without_the_key_of_the_server(app, code, monkeypatch):
    kept = hash_of_receipt(parse(code))
    settings = app.extensions["settings"]
    monkeypatch.setitem(
        app.extensions, "settings", replace(settings, secret_key="another-key-of-a-server" * 2)
    )
    assert hash_of_receipt(parse(code)) != kept
