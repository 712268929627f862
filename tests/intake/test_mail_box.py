"""The mailbox of the front office: a mail becomes a contact once, and lies nowhere else."""

import os
import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from spreekbuis.cases.models import Attachment
from spreekbuis.clock import now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.intake.front.mail_box import DONE, KEPT, empty_done, put_mail_away, waiting_mails
from spreekbuis.intake.front.models import HandledMail
from spreekbuis.jobs.models import Job
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import Cleaned, Cleaning
from spreekbuis.vault.storage import storage
from spreekbuis.web.access import Role
from tests.intake.flow import PDF, hidden, words
from tests.intake.front import Agent, cases, counted, texts
from tests.statements import open_transactions

TEXT = "Mijn chef leest mijn mails."


@pytest.fixture
def box(app):
    """The box, empty at first: other tests of this process may have left a mail in it."""
    settings = app.extensions["settings"]
    folder = settings.incoming_mail

    def empty():
        for file in [*folder.rglob("*.eml"), *settings.mail_folder.rglob("*.eml")]:
            file.unlink()

    folder.mkdir(exist_ok=True)
    empty()
    yield folder
    empty()


@pytest.fixture
def agent(world):
    return Agent(world)


@pytest.fixture
def abb(world):
    return world.entity("OVO001835")


def put(box, name="een.eml", *, text=TEXT, attach=(), **head):
    mail = EmailMessage()
    usual = {
        "From": "Functie A <a@voorbeeld.example>",
        "Subject": "Vraag",
        "Message-ID": f"<{name}@voorbeeld.example>",
    }
    for key, value in {**usual, **{k.replace("_", "-"): v for k, v in head.items()}}.items():
        mail[key] = value
    mail.set_content(text)
    for file_name, content in attach:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=file_name)
    (box / name).write_bytes(mail.as_bytes())


def listed(agent, view=""):
    page = agent.browser.get(f"/front/mails?view={view}")
    assert page.status_code == 200
    return re.findall(r'href="(/front/mails/[0-9a-f]+)"', page.text)


def keep(agent, url, **typed):
    page = agent.browser.get(url)
    assert page.status_code == 200, page.text
    about = re.search(r'<textarea[^>]*name="about"[^>]*>\n?(.*?)</textarea>', page.text, re.DOTALL)[1]
    form = {
        **hidden(page), "channel": "email", "about": about, "category": "bullying", "ended": "case",
        "reporter_class": "staff", "language": "nl", "entity": "ABB", "contact": "a@voorbeeld.example", **typed,
    }  # fmt: skip
    return form, agent.browser.post("/front/contacts", form)


def work_off(app):
    """What the worker does after the commit."""
    with transaction(PLATFORM) as session:
        for job in session.scalars(select(Job).where(Job.name == "front.put_mail_away")).all():
            put_mail_away(**job.args)


def test_a_mail_becomes_a_case_with_its_attachments_and_leaves_the_box(world, app, agent, abb, box):
    put(box, attach=[("bon.pdf", PDF)])
    (url,) = listed(agent)
    _, page = keep(agent, url)
    assert page.status_code == 200
    assert len(words(page)) == 8
    (case,) = cases(world, abb)
    assert (case.channel, case.identity) == ("email", "confidential")
    assert TEXT in texts(world, abb, case)[0][1]
    with world.inside(abb) as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1
    assert counted() == [("email", "wellbeing", "case", True)]
    work_off(app)
    assert [f.name for f in (box / DONE).iterdir()] == ["een.eml"]
    assert listed(agent) == []


def test_the_sender_hears_that_the_mail_came_and_nothing_else(app, agent, abb, box):
    put(box)
    keep(agent, listed(agent)[0])
    for _ in range(2):
        work_off(app)
    (sent,) = app.extensions["settings"].mail_folder.glob("*.eml")
    mail = sent.read_text()
    assert "a@voorbeeld.example" in mail
    assert "Auto-Submitted: auto-generated" in mail
    assert TEXT not in mail
    assert "Vraag" not in mail
    with transaction(PLATFORM) as session:
        assert "a@voorbeeld" not in str(session.scalars(select(Job.args)).all())


def test_pressed_twice_is_one_case_also_when_the_mail_has_gone(world, app, agent, abb, box):
    put(box)
    form, first = keep(agent, listed(agent)[0])
    work_off(app)
    again = agent.browser.post("/front/contacts", form)
    assert words(again) == words(first)
    assert len(cases(world, abb)) == len(counted()) == 1


def test_of_two_agents_with_one_mail_the_second_keeps_nothing(world, agent, abb, box):
    put(box)
    (url,) = listed(agent)
    other = Agent(world)
    page = other.browser.get(url)
    keep(agent, url)
    form = {
        **hidden(page), "channel": "email", "about": TEXT, "category": "bullying", "ended": "case", "entity": "ABB",
        "reporter_class": "staff", "language": "nl",
    }  # fmt: skip
    late = other.browser.post("/front/contacts", form)
    assert late.status_code == 409
    assert "al verwerkt" in late.text
    assert len(cases(world, abb)) == 1


@pytest.mark.parametrize(
    "head",
    [
        {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return_Path": "<>"},
        {"X_Auto_Response_Suppress": "All"},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_machine_sent_waits_for_nobody_and_gets_no_answer(app, agent, abb, box, head):
    put(box, **head)
    assert listed(agent) == []
    (url,) = listed(agent, "apart")
    keep(agent, url)
    work_off(app)
    assert list(app.extensions["settings"].mail_folder.glob("*.eml")) == []


def test_the_same_mail_again_is_set_apart_by_its_id_and_is_put_away_without_a_word(app, agent, abb, box):
    put(box)
    keep(agent, listed(agent)[0])
    work_off(app)
    put(box, "kopie.eml", Message_ID="<een.eml@voorbeeld.example>")
    assert listed(agent) == []
    (url,) = listed(agent, "apart")
    assert "Al verwerkt" in agent.browser.get(url).text
    assert agent.browser.post(f"{url}/apart").status_code == 303
    work_off(app)
    assert listed(agent, "apart") == []
    assert len(list(app.extensions["settings"].mail_folder.glob("*.eml"))) == 1


def test_the_same_content_without_an_id_is_seen_when_it_is_opened(app, agent, abb, box):
    raw = b"From: a@voorbeeld.example\r\n\r\nHallo\r\n"
    (box / "a.eml").write_bytes(raw)
    keep(agent, listed(agent)[0])
    work_off(app)
    (box / "b.eml").write_bytes(raw)
    assert "Al verwerkt" in agent.browser.get(listed(agent)[0]).text


def test_attachments_pass_the_same_checks_as_uploads(world, agent, abb, box):
    put(box, attach=[("virus.exe", b"MZ" * 50), ("echt.pdf", PDF), ("vals.pdf", b"geen pdf")])
    _, page = keep(agent, listed(agent)[0])
    assert "virus.exe" in page.text
    assert "vals.pdf" in page.text
    with world.inside(abb) as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1


def test_no_transaction_is_open_while_attachments_are_cleaned_and_what_is_not_kept_is_forgotten(
    world, agent, abb, box, monkeypatch
):
    put(box, attach=[("bon.pdf", PDF)])
    (url,) = listed(agent)
    seen = []

    def watch(source, _media_type, **_options):
        seen.append(open_transactions())
        return Cleaning(Cleaned.NOTHING, source)

    monkeypatch.setattr(accepting, "clean", watch)
    form, first = keep(agent, url)
    again = agent.browser.post("/front/contacts", form)
    assert words(again) == words(first)
    assert set(seen) == {0}
    assert len(storage().keys_of(abb.id, today())) == 1


def test_a_mail_about_a_case_goes_to_that_case(world, agent, abb, box):
    world.case(abb)
    (case,) = cases(world, abb)
    put(box, Subject=f"Re: I-{case.year}-{case.number:03d}", To="spreekbuis+OVO001835@voorbeeld.example")
    url = listed(agent)[0]
    page = agent.browser.get(url).text
    assert f'value="I-{case.year}-{case.number:03d}"' in page
    assert 'value="OVO001835"' in page
    _, kept = keep(agent, url, existing=f"I-{case.year}-{case.number:03d}")
    assert "Genoteerd bij het dossier" in kept.text
    assert len(cases(world, abb)) == 1


def test_what_is_kept_of_a_mail_is_a_mark_that_says_nothing(agent, abb, box):
    put(box)
    keep(agent, listed(agent)[0])
    with transaction(PLATFORM) as session:
        marks = session.scalars(select(HandledMail.mark)).all()
    assert len(marks) == 2
    assert all(len(mark) == 32 for mark in marks)


def test_links_folders_and_other_files_in_the_box_are_no_mails(app, agent, box, tmp_path):
    (tmp_path / "geheim.eml").write_text("Subject: geheim\n\n")
    (box / "link.eml").symlink_to(tmp_path / "geheim.eml")
    (box / "map.eml").mkdir(exist_ok=True)
    (box / "tekst.txt").write_text("x")
    try:
        with transaction(PLATFORM):
            assert waiting_mails() == []
    finally:
        (box / "map.eml").rmdir()
    assert agent.browser.get("/front/mails/onzin").status_code == 404
    assert agent.browser.get("/front/mails/..%2F..%2Fetc%2Fpasswd").status_code == 404


def test_handled_mails_are_deleted_after_a_month(app, box):
    done = box / DONE
    done.mkdir(exist_ok=True)
    for name, age in (("oud.eml", KEPT + timedelta(days=1)), ("nieuw.eml", timedelta(days=1))):
        (done / name).write_text("x")
        moment = (now() - age).timestamp()
        os.utime(done / name, (moment, moment))
    assert empty_done() == {"mails": 1}
    assert [f.name for f in done.iterdir()] == ["nieuw.eml"]


def test_only_the_front_office_opens_the_box(world, box):
    assert world.browser(world.platform_member(Role.CENTRAL_ANALYST)).get("/front/mails").status_code == 403
