"""1700: citizens and businesses write with their name, get a copy, and their message goes to the entity it is about."""

import re
from email import message_from_bytes
from uuid import UUID

import pytest
from sqlalchemy import func, select

from spreekbuis.access.models import DeskLetter
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.changes import record_fact
from spreekbuis.cases.citizens.host import OtherHost, make_host
from spreekbuis.cases.citizens.models import CitizenMessage, CitizensHost
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.clock import today
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Organisation
from spreekbuis.figures.own import own_breakdowns, own_tiles
from spreekbuis.figures.reading import Figures
from spreekbuis.figures.roll_up import roll_up_all, verify
from spreekbuis.intake import citizen_message
from spreekbuis.jobs.models import Job
from spreekbuis.jobs.outbox import DEFINED
from spreekbuis.web.access import Role
from tests.figures.test_facts import shown
from tests.intake.flow import field, hidden, words

TEXT = "De bus van 7 uur komt al een week niet."
SUBJECT = "Bus komt niet"
EMAIL = "afzender@voorbeeld.example"
CITIZENS = DeskKind.CITIZENS


class Citizen:
    """Somebody who writes to 1700, about an organisation."""

    def __init__(self, world, about="") -> None:
        self.world, self.browser, self.about = world, world.browser(), about

    def send(self, token="", **typed):
        form = {
            "token": token or field(self.browser.get("/1700/message"), "token"), "sender": "citizen",
            "name": "Burger", "email": EMAIL, "entity": self.about, "unknown": "" if self.about else "yes",
            "agreed": "yes", "subject": SUBJECT, "text": TEXT, **typed,
        }  # fmt: skip
        return self.browser.post("/1700/message", {k: v for k, v in form.items() if v})

    def open(self, sent):
        self.browser.post("/inbox/open", {"code": " ".join(words(sent))})
        return self.browser.get("/inbox")


@pytest.fixture
def host(world):
    return world.host()


@pytest.fixture
def there(world, host):
    return world.entity()


@pytest.fixture
def free(host, there):
    """The OVO code of an organisation that is no entity."""
    with transaction(PLATFORM) as session:
        return session.scalars(
            select(Organisation.ovo_code).where(Organisation.ovo_code.not_in((host.ovo, there.ovo))).limit(1)
        ).one()


def cases(world, entity):
    with world.inside(entity) as session:
        found = session.scalars(select(Case)).all()
        session.expunge_all()
        return list(found)


def message(world, host):
    with world.inside(host) as session:
        found = session.scalars(select(CitizenMessage)).one()
        session.expunge_all()
        return found


def desk(world, host):
    (case,) = cases(world, host)
    return world.handler(host, CITIZENS), f"/desk/{host.ovo}/cases/{case.id}"


def run_jobs():
    with transaction(PLATFORM) as session:
        waiting = [(row.name, row.args, row.tenant_id) for row in session.scalars(select(Job))]
    for name, args, entity_id in waiting:
        with transaction(tenant(entity_id) if entity_id else PLATFORM):
            DEFINED[name].work(**args)


def test_who_works_here_is_shown_the_protected_way_before_anything_is_typed(world, host):
    page = world.browser().get("/1700").text
    assert "/report" in page
    assert "beschermde kanaal" in page
    assert "<textarea" not in page
    for language in ("en", "fr", "de"):
        assert "beschermde kanaal" not in world.browser().get(f"/1700?lang={language}").text


def test_a_message_is_a_sealed_case_of_the_desk_of_1700_with_a_copy_and_a_receipt(world, host, there):
    citizen = Citizen(world, there.ovo)
    page = citizen.send()
    assert page.status_code == 200, page.text
    for told in (TEXT, SUBJECT, there.name, "Burger", EMAIL, "B-"):
        assert told in page.text
    (case,) = cases(world, host)
    assert (case.topic, case.desk_id, case.procedure) == ("citizens", host.desks[CITIZENS], "citizens_1700")
    assert (case.reporter_class, case.identity) == ("citizen", "confidential")
    assert cases(world, there) == []
    assert message(world, host).about == there.ovo
    assert TEXT in citizen.open(page).text


def test_the_same_form_twice_is_one_message_and_another_text_another(world, host, there):
    citizen = Citizen(world, there.ovo)
    token = field(citizen.browser.get("/1700/message"), "token")
    first, again = citizen.send(token), citizen.send(token)
    assert words(first) == words(again)
    assert "niets dubbel" in again.text
    assert len(cases(world, host)) == 1
    assert words(citizen.send(token, text="Nog iets anders.")) != words(first)
    assert len(cases(world, host)) == 2


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "niet anoniem"), ({"email": ""}, "hoe we je bereiken"),
        ({"email": "geen adres"}, "Vul een e-mailadres in"),
        ({"email": "a@b.be\r\nBcc: c@d.be"}, "Vul een e-mailadres in"),
        ({"email": "a,b@c.be"}, "Vul een e-mailadres in"),
        ({"sender": "boef"}, "Kies een"), ({"subject": ""}, "waarover"), ({"text": " "}, "Schrijf je vraag"),
        ({"entity": "bestaatniet"}, "geen organisatie"), ({"entity": "agentschap"}, "Kies welke"),
        ({"text": "x" * 100_001}, "te lang"), ({"entity": ""}, "Vul in over wie"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(world, host, there, typed, says):
    page = Citizen(world, there.ovo).send(**typed)
    assert page.status_code == 422
    assert says in page.text
    assert SUBJECT in page.text or "subject" in typed
    assert cases(world, host) == []


def test_a_phone_number_or_an_address_is_enough_and_nothing_is_mailed_then(world, host):
    assert Citizen(world).send(email="", phone="0470 00 00 00").status_code == 200
    assert Citizen(world).send(email="", address="Voorbeeldlaan 1\n1000 Brussel").status_code == 200
    with transaction(PLATFORM) as session:
        assert not session.scalar(
            select(func.count()).select_from(Job).where(Job.name == citizen_message.MAIL_ARRIVED)
        )


def test_without_a_host_nobody_can_write(world):
    assert "Schrijven kan hier nu niet" in world.browser().get("/1700").text
    assert "<textarea" not in world.browser().get("/1700/message").text
    assert world.browser().post(
        "/1700/message", {"sender": "citizen", "name": "a", "phone": "1", "unknown": "yes", "subject": "b", "text": "c"}
    ).status_code == 404  # fmt: skip


def test_the_mail_says_that_it_arrived_and_nothing_else_and_the_address_is_gone_then(app, world, host):
    Citizen(world).send()
    known = message(world, host).mail_locked
    assert known is not None
    assert EMAIL.encode() not in known
    with transaction(PLATFORM) as session:
        (row,) = session.scalars(select(Job).where(Job.name == citizen_message.MAIL_ARRIVED))
        assert EMAIL not in str(row.args)
    before = set(app.extensions["settings"].mail_folder.glob("*.eml"))
    for _ in range(2):
        run_jobs()
    (made,) = set(app.extensions["settings"].mail_folder.glob("*.eml")) - before
    mail = message_from_bytes(made.read_bytes())
    assert mail["To"] == EMAIL
    assert TEXT not in str(mail)
    assert SUBJECT not in str(mail)
    assert message(world, host).mail_locked is None


def test_one_address_gets_a_handful_of_mails_and_every_message_still_comes(world, host):
    for number in range(8):
        assert Citizen(world).send(text=f"Bericht {number}").status_code == 200
    with world.inside(host) as session:
        mails = [one is not None for one in session.scalars(select(CitizenMessage.mail_locked))]
    assert len(mails) == 8
    assert mails.count(True) == 5


def test_a_flood_is_stopped_with_the_text_kept(world, host, monkeypatch):
    monkeypatch.setattr(citizen_message, "PER_MINUTE", 0)
    page = Citizen(world).send()
    assert page.status_code == 429
    assert TEXT in page.text
    assert cases(world, host) == []


def test_the_copy_is_a_pdf_of_what_was_written(world, host, there):
    citizen = Citizen(world, there.ovo)
    kept = hidden(citizen.send())
    kept.pop("code")
    made = citizen.browser.post("/1700/copy", kept)
    assert made.data.startswith(b"%PDF")
    assert made.headers["Cache-Control"] == "no-store"
    assert citizen.browser.post("/1700/copy", {}).status_code == 422


def test_a_message_counts_apart_and_never_as_a_case_of_spreekbuis(world, host, there):
    Citizen(world, there.ovo).send()
    assert shown(world, host) == {("citizens", "received"): (1, 0)}
    browser, url = desk(world, host)
    page = browser.get(url)
    browser.post(
        f"{url}/contacts", hidden(page) | {"channel": "phone", "at": today().isoformat(), "note": "Gebeld."}
    )
    assert shown(world, host) == {("citizens", "received"): (1, 0)}


def test_staff_cannot_be_counted_as_citizens(world, host):
    page = world.browser().get(f"/o/{host.ovo}/report/story?category=bullying")
    assert 'value="citizen"' not in page.text
    sent = world.browser().post(
        f"/o/{host.ovo}/report/check",
        hidden(page) | {"text": "x", "identity": "anonymous", "reporter_class": "citizen"},
    )
    assert sent.status_code == 422


def test_another_desk_of_the_host_and_other_entities_see_nothing(world, host, there):
    Citizen(world, there.ovo).send()
    _, url = desk(world, host)
    strangers = [world.handler(host, DeskKind.INTEGRITY), world.handler(there, DeskKind.WELLBEING)]
    strangers.append(world.browser(world.member(host, Role.ENTITY_ADMINISTRATOR)))
    for stranger in strangers:
        assert stranger.get(f"{url}/pass-on").status_code in (403, 404)
        for what in ("entity", "desk", "letter", "posted"):
            assert stranger.post(f"{url}/pass-on/{what}", {"day": today().isoformat()}).status_code in (
                403,
                404,
            )


def test_it_goes_to_the_desk_of_a_subscribed_entity_without_asking_again(world, host, there):
    citizen = Citizen(world, there.ovo)
    sent = citizen.send()
    browser, url = desk(world, host)
    page = browser.get(f"{url}/pass-on")
    assert there.name in page.text
    form = {"once": field(page, "once"), "category": "other", "explanation": "Via 1700."}
    assert browser.post(f"{url}/pass-on/desk", form).status_code == 303
    assert browser.post(f"{url}/pass-on/desk", form).status_code == 303
    with transaction(PLATFORM) as session:
        (letter,) = session.execute(select(DeskLetter.id, DeskLetter.to_id)).all()
        assert letter.to_id == there.id
    assert cases(world, host)[0].state == "referred"
    receiver = world.handler(there, DeskKind.WELLBEING)
    read = receiver.get(f"/desk/{there.ovo}/letters/{letter.id}")
    assert TEXT in read.text
    receiver.post(f"/desk/{there.ovo}/letters/{letter.id}/accept")
    run_jobs()
    (case,) = cases(world, there)
    assert (case.reporter_class, case.procedure) == ("citizen", "citizens_1700")
    assert shown(world, there) == {("citizens", "taken_over"): (1, 0)}
    assert cases(world, host)[0].outcome == "referred"
    assert TEXT in citizen.open(sent).text


def test_it_goes_by_letter_to_who_is_not_subscribed_with_a_record(world, host, free):
    citizen = Citizen(world, free)
    sent = citizen.send()
    browser, url = desk(world, host)
    made = browser.post(f"{url}/pass-on/letter", {"address": "Voorbeeldlaan 1"})
    assert made.data.startswith(b"%PDF")
    page = browser.get(f"{url}/pass-on")
    assert (
        browser.post(
            f"{url}/pass-on/desk", hidden(page) | {"category": "other", "explanation": "x"}
        ).status_code
        == 422
    )
    form = {
        "once": field(page, "once"),
        "day": today().isoformat(),
        "told": "Op de post.",
        "note": "Aangetekend.",
    }
    for _ in range(2):
        assert browser.post(f"{url}/pass-on/posted", form).status_code == 303
    (case,) = cases(world, host)
    assert (case.state, case.outcome) == ("closed", "referred")
    known = message(world, host)
    assert known.posted_on == today()
    assert known.posted_by is not None
    with world.inside(host) as session:
        events = session.scalars(select(CaseEvent.kind).where(CaseEvent.case_id == case.id)).all()
        assert events.count("posted") == 1
        trail = session.scalars(select(AuditEvent.data).where(AuditEvent.subject_id == case.id)).all()
    assert "Aangetekend" not in str(trail)
    seen = citizen.open(sent).text
    assert "Op de post." in seen
    assert "Aangetekend" not in seen


@pytest.mark.parametrize("day", ["", "2099-01-01", "2001-01-01", "gisteren"])
def test_a_letter_cannot_be_posted_on_a_day_that_cannot_be(world, host, free, day):
    Citizen(world, free).send()
    browser, url = desk(world, host)
    page = browser.post(f"{url}/pass-on/posted", {"day": day, "told": "Op de post."})
    assert page.status_code == 422
    assert cases(world, host)[0].state == "new"


def test_what_the_sender_did_not_agree_to_or_took_back_goes_nowhere(world, host, there, free):
    citizen = Citizen(world, there.ovo)
    inbox = citizen.open(citizen.send())
    taken = {"given": "no", "about": field(inbox, "about")}
    for _ in range(2):
        assert citizen.browser.post("/inbox/pass-on", taken).status_code == 303
    browser, url = desk(world, host)
    form = {"category": "other", "explanation": "Via 1700.", "day": today().isoformat(), "told": "x"}
    for what in ("desk", "letter", "posted"):
        assert browser.post(f"{url}/pass-on/{what}", form).status_code == 409
    citizen.browser.post("/inbox/pass-on", {**taken, "given": "yes"})
    assert browser.post(f"{url}/pass-on/desk", form).status_code == 303
    assert citizen.browser.post("/inbox/pass-on", taken).status_code == 409


def test_another_organisation_needs_another_yes(world, host, there, free):
    citizen = Citizen(world, there.ovo)
    citizen.open(citizen.send())
    browser, url = desk(world, host)
    assert browser.post(f"{url}/pass-on/entity", {"entity": "bestaatniet"}).status_code == 422
    assert browser.post(f"{url}/pass-on/entity", {"entity": free}).status_code == 303
    assert message(world, host).agreed_at is None
    stale = citizen.browser.post("/inbox/pass-on", {"given": "yes", "about": there.ovo})
    assert stale.status_code == 409
    assert citizen.browser.post("/inbox/pass-on", {"given": "yes", "about": free}).status_code == 303
    assert message(world, host).agreed_at is not None


def test_one_entity_is_the_host_and_gets_a_desk_with_a_key(app, world):
    one, other = world.entity(), world.entity()
    for _ in range(2):
        with transaction(PLATFORM):
            make_host(one.ovo)
    with pytest.raises(OtherHost), transaction(PLATFORM):
        make_host(other.ovo)
    with transaction(PLATFORM):
        assert db.session.scalars(select(CitizensHost.tenant_id)).all() == [one.id]
    assert Citizen(world).send().status_code == 200
    assert len(cases(world, one)) == 1


def test_other_cases_have_nothing_of_1700(world, host):
    case_id: UUID = world.case(host)
    browser = world.handler(host, DeskKind.INTEGRITY)
    url = f"/desk/{host.ovo}/cases/{case_id}"
    assert "pass-on" not in re.findall(r'href="([^"]+)"', browser.get(url).text)
    assert browser.get(f"{url}/pass-on").status_code == 409


def test_a_recount_of_the_facts_finds_messages_and_referrals_where_they_are_counted(world, host, there, free):
    Citizen(world, there.ovo).send()
    Citizen(world, free).send(subject="Per brief")
    for case in cases(world, host):
        browser, url = world.handler(host, CITIZENS), f"/desk/{host.ovo}/cases/{case.id}/pass-on"
        browser.post(f"{url}/posted", {"day": today().isoformat(), "told": "Op de post."})
    case_id = world.case(there)
    with world.inside(there):
        case = db.session.get_one(Case, (there.id, case_id))
        case.outcome = "referred"
        record_fact(case)
    roll_up_all()
    assert verify() == []


def test_the_host_alone_sees_a_number_of_1700_so_that_no_first_case_is_told_elsewhere(world):
    with world.app.test_request_context():
        for what, seen in (("received", True), ("taken_over", False)):
            figures = Figures({("citizens", what): (6, 0)})
            assert ("Berichten aan 1700" in [tile.label for tile in own_tiles(figures, today().year)]) is seen
            assert own_breakdowns(figures, today().year) == own_breakdowns(Figures(), today().year)
