import io
import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import delete, select

from spreekbuis.cases.dialogue import body_of
from spreekbuis.cases.models import Attachment, Case, Message
from spreekbuis.db.session import db
from spreekbuis.intake.models import DraftFile, EntityCategory
from spreekbuis.vault.storage import storage
from tests.intake.flow import PDF, PNG, STORY, Reporter, field, hidden, words

LONGEST = 100_000


def told_to(world, entity) -> str:
    """The story of the only case."""
    with world.inside(entity):
        message = db.session.scalars(select(Message)).one()
        field = body_of(message.id, "reporter", internal=False)
        return world.key(entity, message.case_id).open(field, message.body_sealed)


def test_a_story_of_100_000_characters_arrives_whole(world, entity, reporter):
    story = "é" * LONGEST
    assert reporter.report(text=story).status_code == 200
    assert told_to(world, entity) == story


def test_one_character_more_is_refused_and_the_story_is_given_back(reporter, count):
    story = "é" * (LONGEST + 1)
    page = reporter.check({**reporter.start(), "text": story})
    assert page.status_code == 422
    assert story in page.text
    assert "1 teken korter" in page.text
    assert count() == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u0301 los accent", "\u0301 los accent"),
        ("Ze\u0301 Mari\u0308e", "Z\u00e9 Mar\u00efe"),
        ("nul\x00 en bel\x07", "nul en bel"),
        ("😀 👩‍🔬 🇧🇪", "😀 👩‍🔬 🇧🇪"),
        ("עברית و عربى 中文 ไทย", "עברית و عربى 中文 ไทย"),
        ("\u202eomgekeerd", "\u202eomgekeerd"),
        ("regel\r\nregel\rregel", "regel\nregel\nregel"),
        ("\U0010ffff \ue000 \ufffd", "\U0010ffff \ue000 \ufffd"),
        ("<script>alert(1)</script> & \"'", "<script>alert(1)</script> & \"'"),
        ("{{ 7 * 7 }} %(name)s %s \\x00", "{{ 7 * 7 }} %(name)s %s \\x00"),
        ("\n\n  eerst wit  ", "eerst wit"),
    ],
)
def test_every_character_that_a_person_can_type_arrives_as_it_was(world, entity, reporter, typed, kept):
    receipt = reporter.report(text=typed)
    assert receipt.status_code == 200
    assert told_to(world, entity) == kept


def test_broken_bytes_are_no_reason_to_fail(reporter):
    form = reporter.start()
    body = f"csrf={reporter.browser.csrf}&token={form['token']}&category=bullying&text=%ff%fe%00%ed%a0%80"
    page = reporter.browser.client.post(
        f"{reporter.at}/check", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert page.status_code == 422
    assert "Kies of je je naam wilt zeggen" in page.text


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00"])
def test_a_report_without_a_story_is_asked_for_one(reporter, text):
    page = reporter.check({**reporter.start(), "text": text})
    assert page.status_code == 422
    assert "Vertel wat er gebeurde." in page.text


def test_a_named_reporter_gives_a_name_and_a_way_to_be_reached(reporter):
    page = reporter.check({**reporter.start(), "identity": "named"})
    assert page.status_code == 422
    assert 'href="#name"' in page.text
    assert 'href="#email"' in page.text


@pytest.mark.parametrize(
    ("tampered", "asked"),
    [
        ({"category": "nonsense"}, "category"),
        ({"category": ""}, "category"),
        ({"identity": "administrator"}, "identity"),
        ({"reporter_class": "'; DROP TABLE"}, "reporter_class"),
        ({"category": "fraud", "duty": ""}, "duty"),
        ({"category": "fraud", "duty": "yes"}, "duty"),
    ],
)
@pytest.mark.parametrize("step", ["check", "send"])
def test_a_tampered_field_is_asked_again_and_the_story_stays(reporter, count, step, tampered, asked):
    fields = {**hidden(reporter.check(reporter.start())), **tampered}
    page = reporter.browser.post(f"{reporter.at}/{step}", fields)
    assert page.status_code == 422
    assert f'href="#{asked}"' in page.text
    assert STORY in page.text
    assert count() == 0


def test_a_category_that_the_entity_no_longer_offers_is_chosen_again(world, entity, reporter, count):
    checked = reporter.check(reporter.start())
    with world.inside(entity):
        db.session.execute(delete(EntityCategory).where(EntityCategory.category == "bullying"))
    page = reporter.send(checked)
    assert page.status_code == 422
    assert '<select class="input" id="category"' in page.text
    assert STORY in page.text
    assert count() == 0


@pytest.mark.parametrize("token", ["", "short", "x" * 33, "é" * 32, "a" * 31 + "\x00"])
def test_a_tampered_secret_is_replaced_and_everything_is_checked_again(reporter, count, token):
    fields = {**hidden(reporter.check(reporter.start())), "token": token}
    page = reporter.browser.post(f"{reporter.at}/send", fields)
    assert page.status_code == 422
    assert STORY in page.text
    assert len(field(page, "token")) == 32
    assert count() == 0


@pytest.mark.parametrize("shown", ["", "-1", "2", "99999999999", "één"])
def test_a_tampered_number_of_files_is_shown_again_before_anything_is_sent(reporter, count, shown):
    fields = {**hidden(reporter.check(reporter.start(), ("brief.pdf", PDF))), "files_shown": shown}
    page = reporter.browser.post(f"{reporter.at}/send", fields)
    assert page.status_code == 409
    assert "brief.pdf" in page.text
    assert STORY in page.text
    assert (count(), count(Attachment)) == (0, 0)
    assert len(words(reporter.send(page))) == 8
    assert count(Attachment) == 1


def test_nobody_gets_or_removes_the_draft_file_of_somebody_else(world, entity, reporter, count):
    reporter.check(reporter.start(), ("geheim.pdf", PDF))
    with world.inside(entity):
        theirs = db.session.scalars(select(DraftFile.id)).one()
    thief = Reporter(world.browser(), entity)
    page = thief.check({**thief.start(), "remove": str(theirs)})
    assert page.status_code == 200
    assert "geheim.pdf" not in page.text
    thief.send(page)
    assert (count(DraftFile), count(Attachment)) == (1, 0)


def test_a_draft_of_one_entity_is_nothing_in_another(world, entity, reporter, count):
    other = world.entity()
    form = reporter.start()
    reporter.check(form, ("geheim.pdf", PDF))
    elsewhere = Reporter(reporter.browser, other)
    page = elsewhere.check(form)
    assert "geheim.pdf" not in page.text
    there = words(elsewhere.send(page))
    here = words(reporter.send(reporter.check(form)))
    assert there != here
    with world.inside(other):
        assert db.session.scalars(select(Attachment)).all() == []
        assert len(db.session.scalars(select(Case)).all()) == 1
    assert (count(), count(Attachment)) == (1, 1)


def test_the_wrong_method_gets_a_page_that_explains(reporter):
    for step in ("check", "send", "edit", "add"):
        page = reporter.browser.get(f"{reporter.at}/{step}")
        assert page.status_code == 405
        assert "Er is niets veranderd" in page.text
    assert reporter.browser.post(reporter.at).status_code == 405


@pytest.mark.parametrize("ovo", ["OVO999999", "OVO00002", "ovo000001", "../etc", "OVO00002%00"])
def test_an_entity_that_does_not_exist_is_a_calm_404(world, ovo):
    page = world.browser().get(f"/o/{ovo}/report")
    assert page.status_code == 404
    assert "Naar de startpagina" in page.text


def test_an_addition_to_nothing_is_a_404(reporter, count):
    page = reporter.browser.post(f"{reporter.at}/add", {"token": "x" * 32, "text": "Nog iets."})
    assert page.status_code == 404
    assert count(Message) == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("leeg.pdf", b"", "‘leeg.pdf’ is leeg"),
        ("virus.exe", b"MZ\x90\x00", "‘virus.exe’ is een soort bestand dat we niet aannemen"),
        ("naamloos", PDF, "‘naamloos’ is een soort bestand dat we niet aannemen"),
        ("foto.png", b"MZ\x90\x00" * 100, "‘foto.png’ is geen echt png-bestand"),
        ("brief.pdf", PNG, "‘brief.pdf’ is geen echt pdf-bestand"),
    ],
)
def test_a_bad_file_is_named_and_the_story_and_the_good_file_stay(reporter, count, name, content, says):
    page = reporter.check(reporter.start(), ("goed.pdf", PDF), (name, content))
    assert page.status_code == 422
    assert says in unescape(page.text)
    assert STORY in page.text
    assert "goed.pdf" in page.text
    assert count(DraftFile) == 1
    form = {**hidden(page), "text": STORY, "identity": "anonymous", "reporter_class": "staff"}
    assert len(words(reporter.send(reporter.check(form)))) == 8
    assert count(Attachment) == 1


def test_files_that_are_too_large_together_are_refused_one_by_one(reporter, count, monkeypatch):
    megabyte = PDF + b"\x00" * (1 << 20)
    _limit(reporter, monkeypatch, 2 << 20)
    page = reporter.check(reporter.start(), ("een.pdf", megabyte), ("twee.pdf", megabyte), ("drie.pdf", PDF))
    assert page.status_code == 422
    assert "‘twee.pdf’ is niet bewaard: samen zijn je bestanden groter dan 2 MB" in page.text
    assert "drie.pdf" in page.text
    assert count(DraftFile) == 2


def test_an_upload_beyond_every_limit_is_stopped_with_a_page(reporter, count):
    reporter.browser.app.config["MAX_CONTENT_LENGTH"], before = (
        1000,
        reporter.browser.app.config["MAX_CONTENT_LENGTH"],
    )
    try:
        page = reporter.check(reporter.start(), ("groot.pdf", PDF * 100))
    finally:
        reporter.browser.app.config["MAX_CONTENT_LENGTH"] = before
    assert page.status_code == 413
    assert "Dat is te groot" in page.text
    assert count(DraftFile) == 0


def test_the_eleventh_file_is_refused(reporter, count):
    page = reporter.check(reporter.start(), *((f"{n}.pdf", PDF) for n in range(11)))
    assert page.status_code == 422
    assert "‘10.pdf’ is niet bewaard" in page.text
    assert count(DraftFile) == 10


def test_a_file_can_be_taken_away_again(world, entity, reporter, count):
    form = reporter.start()
    checked = reporter.check(form, ("weg.pdf", PDF), ("blijft.pdf", PDF))
    page = reporter.browser.post(f"{reporter.at}/edit", hidden(checked))
    mine = re.search(r'name="remove" value="([^"]+)"[^>]*><span>weg\.pdf', page.text)
    assert mine
    with world.inside(entity):
        keys = set(db.session.scalars(select(DraftFile.storage_key)))
    checked = reporter.check({**form, "remove": mine[1]})
    assert "weg.pdf" not in checked.text
    assert "blijft.pdf" in checked.text
    assert len([key for key in keys if _stored(key)]) == 1
    reporter.send(checked)
    assert count(Attachment) == 1


def test_a_connection_lost_in_mid_upload_leaves_nothing(reporter, count):
    form = reporter.start()
    boundary = "grens"
    parts = {"csrf": reporter.browser.csrf, "token": str(form["token"]), "text": STORY}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    body += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="half.pdf"\r\n\r\n%PDF-1.7'
    )
    page = reporter.browser.client.post(
        f"{reporter.at}/check",
        input_stream=io.BytesIO(body.encode()),
        content_type=f"multipart/form-data; boundary={boundary}",
        content_length=len(body) + 5000,
    )
    assert page.status_code in (400, 409, 422)
    assert (count(), count(DraftFile)) == (0, 0)


def _limit(reporter, monkeypatch, size: int) -> None:
    extensions = reporter.browser.app.extensions
    monkeypatch.setitem(extensions, "settings", replace(extensions["settings"], max_upload=size))


def _stored(key: str) -> bool:
    try:
        storage().open(key).close()
    except FileNotFoundError:
        return False
    return True
