"""The mailbox of the front office: a mail becomes a contact once, and lies nowhere else."""

import os
import re
import smtplib
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from spreekbuis.access.models import LeftFile
from spreekbuis.cases.keeping.erasure import drop_contents, erase
from spreekbuis.cases.keeping.grounds import Ground
from spreekbuis.cases.models import Attachment, Case
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.intake.front import mail_box
from spreekbuis.intake.front.letters import read_envelope
from spreekbuis.intake.front.mail_box import (
    DONE,
    KEPT,
    MOST,
    answer_mail,
    empty_done,
    look_in_box,
    put_mail_away,
)
from spreekbuis.intake.front.models import HandledMail
from spreekbuis.intake.upkeep import drop_orphans
from spreekbuis.jobs.models import Job
from spreekbuis.vault import files as accepting
from spreekbuis.vault.cleaning import Cleaned, Cleaning
from spreekbuis.vault.storage import storage
from spreekbuis.web.access import Role
from tests.intake.flow import PDF, Reporter, hidden, words
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
    """What the worker does after the commit: move the files, then answer."""
    for name, work in (("front.put_mail_away", put_mail_away), ("front.answer_mail", answer_mail)):
        with transaction(PLATFORM) as session:
            for job in session.scalars(select(Job).where(Job.name == name)).all():
                work(**job.args)
                session.delete(job)


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


def test_another_mail_under_an_id_that_was_handled_waits_like_any_other(app, agent, abb, box):
    """Whoever writes a mail chooses its id."""
    put(box, "eerst.eml", text="niets", From="b@voorbeeld.example", Message_ID="<zelfde@voorbeeld.example>")
    keep(agent, listed(agent)[0])
    work_off(app)
    put(box, "echt.eml", Message_ID="<zelfde@voorbeeld.example>")
    put(box, "ook.eml", text="niets", From="c@voorbeeld.example", Message_ID="<zelfde@voorbeeld.example>")
    assert len(listed(agent)) == 2
    assert listed(agent, "apart") == []
    assert "Al verwerkt" not in agent.browser.get(listed(agent)[0]).text


def test_what_machines_sent_does_not_hide_what_people_wrote(agent, abb, box):
    for number in range(MOST + 1):
        put(box, f"a{number}.eml", Auto_Submitted="auto-replied")
        os.utime(box / f"a{number}.eml", (1, 1))
    put(box, "echt.eml")
    page = agent.browser.get("/front/mails").text
    assert "Functie A" in page
    assert len(listed(agent)) == 1
    assert len(listed(agent, "apart")) == MOST


def test_the_head_of_a_mail_is_read_once_however_often_one_looks(agent, abb, box, monkeypatch):
    reads = []

    def reading(raw, own):
        reads.append(len(raw))
        return read_envelope(raw, own)

    monkeypatch.setattr(mail_box, "read_envelope", reading)
    put(box)
    put(box, "groot.eml", text="x" * 2**20)
    for _ in range(3):
        assert len(listed(agent)) == 2
    assert len(reads) == 2
    assert max(reads) <= 2**16
    put(box, text="Nu iets anders.")
    assert len(listed(agent)) == 2
    assert len(reads) == 3


def test_a_list_reads_so_much_and_says_that_there_is_more(agent, abb, box, monkeypatch):
    monkeypatch.setattr(mail_box, "NEW_BYTES", 4096)
    for number in range(3):
        put(box, f"{number}.eml")
    page = agent.browser.get("/front/mails").text
    assert "nog niet allemaal bekeken" in page
    listed(agent)
    assert len(listed(agent)) == 3
    assert "nog niet allemaal bekeken" not in agent.browser.get("/front/mails").text


def test_the_text_of_a_forwarded_mail_comes_into_the_case(world, app, agent, abb, box):
    (box / "x.eml").write_bytes(
        b"From: a@voorbeeld.example\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\r\nzie hieronder\r\n"
        b"--X\r\nContent-Type: message/rfc822\r\n\r\nFrom: chef@voorbeeld.example\r\nSubject: dreigement\r\n"
        b"Content-Type: text/html\r\n\r\n<p>IK ONTSLA JE</p>\r\n--X--\r\n"
    )
    keep(agent, listed(agent)[0])
    (case,) = cases(world, abb)
    told = texts(world, abb, case)[0][1]
    assert "zie hieronder" in told
    assert "From: chef@voorbeeld.example\nSubject: dreigement" in told
    assert "IK ONTSLA JE" in told


def test_the_page_says_what_of_a_mail_was_left_out(agent, abb, box):
    put(box, "een.eml", text="woord " * 30_000)
    put(box, "twee.eml")
    long, short = [agent.browser.get(url).text for url in listed(agent)]
    assert "Dit lieten we weg" in long
    assert "Het einde van de tekst" in long
    assert "Dit lieten we weg" not in short


REFUSED = smtplib.SMTPRecipientsRefused({"a@voorbeeld.example": (550, b"no")})
LATER = smtplib.SMTPRecipientsRefused({"a@voorbeeld.example": (451, b"later")})


def refusing(monkeypatch, error):
    """The mail server of the sender answers with this; gives how often it was asked."""
    asked = []

    def refuse(*args, **_values):
        asked.append(args)
        raise error

    monkeypatch.setattr(mail_box, "deliver", refuse)
    return asked


@pytest.mark.parametrize("error", [REFUSED, smtplib.SMTPDataError(554, b"no"), ValueError("head")], ids=repr)
def test_a_sender_who_cannot_be_told_is_tried_once_and_the_agents_read_it(
    app, agent, abb, box, monkeypatch, error
):
    put(box)
    keep(agent, listed(agent)[0])
    asked = refusing(monkeypatch, error)
    for _ in range(3):
        work_off(app)
    assert len(asked) == 1
    assert listed(agent) == listed(agent, "apart") == []
    page = agent.browser.get("/front/mails?view=apart").text
    assert "a@voorbeeld.example: Vraag" in page
    with at(now() + KEPT + timedelta(days=1)):
        assert empty_done() == {"mails": 1}
    assert "a@voorbeeld.example: Vraag" not in agent.browser.get("/front/mails?view=apart").text


@pytest.mark.parametrize(
    "error", [LATER, smtplib.SMTPServerDisconnected(), smtplib.SMTPNotSupportedError(), OSError()], ids=repr
)
def test_what_may_pass_is_tried_again_and_the_mail_lies_in_done_meanwhile(
    app, agent, abb, box, monkeypatch, error
):
    put(box)
    keep(agent, listed(agent)[0])
    refusing(monkeypatch, error)
    for _ in range(2):
        with pytest.raises(type(error)):
            work_off(app)
    assert [file.name for file in box.glob("*.eml")] == []
    with at(now() + KEPT + timedelta(days=1)):
        assert empty_done() == {"mails": 1}


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\u2028Bcc: x@voorbeeld.example", "a@[127.0.0.1]", "a b@voorbeeld.example", "a" * 250 + "@b.example",
        "root@localhost", "é@voorbeeld.example", "=?utf-8?q?a=0d=0aBcc=3a_x=40voorbeeld=2eexample?= <a@>",
        "-oQ/tmp@@b.example", "@", "a@\x00.be",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_gets_no_mail_and_holds_nothing_up(
    app, agent, abb, box, monkeypatch, address
):
    if not address.isascii():
        refusing(monkeypatch, smtplib.SMTPNotSupportedError())
    (box / "x.eml").write_bytes(b"From: Functie A <" + address.encode() + b">\r\nSubject: s\r\n\r\nhoi")
    (url,) = listed(agent) or listed(agent, "apart")
    keep(agent, url, contact="0478 00 00 00")
    work_off(app)
    assert list(box.glob("*.eml")) == []
    assert list(app.extensions["settings"].mail_folder.glob("*.eml")) == []


def test_strangers_who_invent_numbers_lock_no_agent_out(world, agent, abb, box):
    world.case(abb)
    (case,) = cases(world, abb)
    for number in range(6):
        put(box, f"{number}.eml", text=f"{number}", Subject=f"bij I-2026-{900 + number} OVO001835")
    for number, url in enumerate(listed(agent)):
        _, page = keep(agent, url, existing=f"I-2026-{900 + number}")
        assert page.status_code == 422
    _, right = keep(agent, listed(agent)[0], existing=f"I-{case.year}-{case.number:03d}")
    assert right.status_code == 200


def test_other_numbers_than_the_mail_names_count_for_the_agent_and_its_own_for_the_mail(
    world, agent, abb, box
):
    put(box, Subject="bij I-2026-900 OVO001835")
    (url,) = listed(agent)
    codes = [keep(agent, url, existing="I-2026-900")[1].status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    codes = [keep(agent, url, existing=f"I-2026-{800 + number}")[1].status_code for number in range(6)]
    assert codes == [422] * 5 + [429]


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
            assert look_in_box().counts == (0, 0)
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


SECRET = b"De naam van de chef staat hierin."


def contents(app, entity):
    """What lies in the storage for the entity."""
    return [
        file for file in (app.extensions["settings"].storage / str(entity.id)).rglob("*") if file.is_file()
    ]


def tie(world, agent, abb, box, *attach, **typed):
    """A mail with attachments, tied to the case that the entity has."""
    put(box, attach=attach or [("brief.txt", SECRET), ("bon.pdf", PDF)])
    (case,) = cases(world, abb)
    typed = {"existing": f"I-{case.year}-{case.number:03d}", **typed}
    return keep(agent, listed(agent)[0], **typed)


def test_the_attachments_of_a_mail_come_on_the_case_that_exists_for_its_desk_alone(
    app, world, agent, abb, box
):
    case_id = world.case(abb)
    before = len(contents(app, abb))
    _, page = tie(world, agent, abb, box)
    assert page.status_code == 200
    assert len(contents(app, abb)) == before + 2
    assert not any(SECRET in file.read_bytes() for file in contents(app, abb))
    with world.inside(abb) as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0
        assert session.scalar(select(func.count()).select_from(LeftFile)) == 2
    url = f"/desk/{abb.ovo}/cases/{case_id}"
    assert world.handler(abb, DeskKind.WELLBEING).get(url).status_code == 404
    desk = world.handler(abb, DeskKind.INTEGRITY)
    page = desk.get(url)
    files = re.findall(rf'href="({url}/files/[0-9a-f-]+)"', page.text)
    assert len(files) == 2
    assert SECRET in {desk.get(file).data for file in files}
    with world.inside(abb) as session:
        assert session.scalar(select(func.count()).select_from(LeftFile)) == 0
    assert len(re.findall(rf'href="({url}/files/[0-9a-f-]+)"', desk.get(url).text)) == 2


def test_the_reporter_does_not_see_what_the_front_office_passed_along(app, world, agent, abb, box):
    reporter = Reporter(world.browser(), abb)
    code = " ".join(words(reporter.report(category="fraud")))
    tie(world, agent, abb, box, existing=code, entity="")
    (case,) = cases(world, abb)
    world.handler(abb, DeskKind.INTEGRITY).get(f"/desk/{abb.ovo}/cases/{case.id}")
    reporter.open_mailbox(code)
    assert "brief.txt" not in reporter.browser.get("/inbox").text


def test_a_file_that_may_not_come_is_said_and_the_others_come(world, agent, abb, box):
    world.case(abb)
    _, page = tie(world, agent, abb, box, ("virus.exe", b"MZ"), ("brief.txt", SECRET))
    assert "virus.exe" in page.text
    with world.inside(abb) as session:
        assert session.scalar(select(func.count()).select_from(LeftFile)) == 1


def test_a_wrong_number_or_a_second_press_leaves_no_file_behind(app, world, agent, abb, box):
    world.case(abb)
    before = len(contents(app, abb))
    _, refused = tie(world, agent, abb, box, existing="I-1999-123")
    assert refused.status_code == 422
    assert len(contents(app, abb)) == before
    form, _ = tie(world, agent, abb, box)
    kept = len(contents(app, abb))
    assert agent.browser.post("/front/contacts", form).status_code == 200
    assert len(contents(app, abb)) == kept == before + 2


def test_no_transaction_is_open_while_attachments_for_a_case_that_exists_are_cleaned(
    world, agent, abb, box, monkeypatch
):
    world.case(abb)
    seen = []

    def watch(source, _media_type, **_options):
        seen.append(open_transactions())
        return Cleaning(Cleaned.NOTHING, source)

    monkeypatch.setattr(accepting, "clean", watch)
    tie(world, agent, abb, box)
    assert set(seen) == {0}


def test_an_erased_case_takes_files_along_that_nobody_took_in(app, world, agent, abb, box):
    case_id = world.case(abb)
    before = len(contents(app, abb))
    tie(world, agent, abb, box)
    with world.inside(abb) as session:
        case = session.get_one(Case, (abb.id, case_id))
        case.closed_at = now()
        session.flush()
        erase(case, Ground.TERM)
    with world.inside(abb):
        drop_contents()
    assert len(contents(app, abb)) == before


def test_files_that_wait_for_a_handler_are_no_orphans(app, world, agent, abb, box):
    world.case(abb)
    tie(world, agent, abb, box)
    kept = len(contents(app, abb))
    with at(now() + timedelta(days=2)), world.inside(abb):
        drop_orphans()
    assert len(contents(app, abb)) == kept
