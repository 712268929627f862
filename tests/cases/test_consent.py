"""Who the reporter is leaves the desk with consent only, or by legal duty after a notice; and consent can end."""

import io
import json
import zipfile
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from spreekbuis import clock
from spreekbuis.access.models import DeskLetter
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases import receiving, referral
from spreekbuis.cases.consent import Sharing, may_name, set_consents, tell_legal_duty
from spreekbuis.cases.dialogue import MessageKind, read_dialogue, write_message
from spreekbuis.cases.export.disclosure import disclose
from spreekbuis.cases.export.dossier import IdentityStaysHere, take_out
from spreekbuis.cases.export.redactions import digest, disclosed, rules_of
from spreekbuis.cases.minutes import agree, correct, write_minutes
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.cases.referral import Destination, Stage, Why
from spreekbuis.cases.wishes import Preference, Way, ask_meeting, prefer_contact
from spreekbuis.clock import local_date
from spreekbuis.db.scope import PLATFORM
from spreekbuis.db.session import db, transaction
from spreekbuis.directory.catalogue import Identity
from spreekbuis.directory.models import Entity, EntityStatus
from spreekbuis.documents.plain import as_text
from spreekbuis.errors import Invalid
from spreekbuis.web.dates import day_in_words
from tests.cases.test_referral import INTEGRITY, WELLBEING, Two
from tests.intake.flow import field

NAME, PHONE = "Magazijnier Wouterloot", "0470 00 00 02"


@pytest.fixture
def two(world):
    """The case of a reporter who gave a name, in confidence."""
    two = Two(world)
    with two.acting(two.handler) as case:
        case.identity = Identity.CONFIDENTIAL
        case.reporter_sealed = two.key.seal("reporter", json.dumps({"name": NAME, "phone": PHONE}))
    return two


def taken_over(two, letter_id):
    """Identity, class and name as the receiver has them."""
    case_id = two.accept(letter_id)
    with two.world.inside(two.there):
        case = db.session.get_one(Case, (two.there.id, case_id))
        key = two.world.key(two.there, case_id)
        name = (
            json.loads(key.open("reporter", case.reporter_sealed))["name"] if case.reporter_sealed else None
        )
        return case.identity, case.reporter_class, name


def test_without_consent_a_case_goes_on_without_name_contact_data_and_class(two):
    assert taken_over(two, two.sent()) == ("anonymous", "other", None)


def test_with_consent_it_goes_on_with_them(two):
    with two.acting(None) as case:
        set_consents(case, [Sharing.EXTERNAL])
    assert taken_over(two, two.sent()) == ("confidential", "staff", NAME)


def test_consent_for_somebody_else_is_none(two):
    with two.acting(None) as case:
        set_consents(case, [Sharing.LINE, Sharing.OTHER_DESK, Sharing.JUSTICE])
    assert taken_over(two, two.sent())[2] is None


def test_the_other_desk_of_the_entity_has_a_consent_of_its_own(two):
    made = two.propose(Destination(two.here.id, "bullying"))
    with two.acting(None) as case:
        set_consents(case, [Sharing.EXTERNAL])
        assert referral.sharing_of(case, referral.open_referral(case.id)) is Sharing.OTHER_DESK
        referral.agree(case, two.key, made, named=True)
        assert case.shares_with == ["other_desk", "external"]
    case_id = two.accept(made, two.colleague, two.here, WELLBEING)
    with two.world.inside(two.here):
        assert db.session.get_one(Case, (two.here.id, case_id)).reporter_sealed is not None


def test_a_yes_that_is_withdrawn_on_the_way_takes_the_name_out_of_the_letter(two):
    made = two.propose()
    mailbox = two.mailbox()
    assert "Mijn naam en hoe je me bereikt mogen mee" in mailbox.get("/inbox").text
    assert mailbox.post(f"/inbox/referral/{made}/yes", {"named": "yes"}).status_code == 303
    assert mailbox.post("/inbox/consent", {}).status_code == 303
    assert taken_over(two, made) == ("anonymous", "other", None)


def test_a_withdrawal_holds_also_when_the_receiver_left_meanwhile(two):
    made = two.propose()
    mailbox = two.mailbox()
    mailbox.post(f"/inbox/referral/{made}/yes", {"named": "yes"})
    with transaction(PLATFORM) as session:
        session.execute(update(Entity).where(Entity.id == two.there.id).values(status=EntityStatus.LEFT))
    assert mailbox.post("/inbox/consent", {}).status_code == 303
    with transaction(PLATFORM) as session:
        assert session.get_one(DeskLetter, made).contents_sealed is None
    two.jobs(referral.ANSWERED)
    assert two.stage(made) == Stage.UNANSWERED


def test_who_has_no_mailbox_says_in_a_talk_whether_the_name_may_go_along(two):
    two.by_phone()
    with two.acting(two.handler) as case:
        made = referral.propose(
            case, two.key, Destination(two.there.id, "fraud"), Why.BETTER_PLACED, "x",
            agreed_in_talk=True, named_in_talk=True,
        ).id  # fmt: skip
        assert case.shares_with == ["external"]
    assert taken_over(two, made)[2] == NAME
    page = two.world.browser(two.handler).get(f"/desk/{two.here.ovo}/cases/{two.case_id}").text
    assert "gezegd in een gesprek" in page


def test_an_actor_outside_is_told_no_name_and_the_page_says_so(two):
    made = two.propose(Destination(actor_code="ombudsman"))
    address = f"/desk/{two.here.ovo}/cases/{two.case_id}/refer"
    browser = two.world.browser(two.handler)
    assert "daar is geen toestemming voor" in browser.get(address).text
    with two.acting(None) as case:
        referral.agree(case, two.key, made, named=True)
    assert "De naam van de melder mag mee." in browser.get(address).text


def copy(two, **more):
    with two.acting(two.handler) as case:
        return as_text(
            take_out(case, two.key, "Entiteit", notes=False, **{"what": "pdf", **more}).document
        ).decode()


def test_a_copy_for_somebody_else_has_no_name_without_consent_also_not_in_the_texts(two):
    with two.acting(two.handler) as case:
        write_message(case, two.key, author="handler", text=f"Dag {NAME}, we bellen op {PHONE}.")
    assert NAME in copy(two)
    hidden = copy(two, to=Sharing.JUSTICE)
    for told in (NAME, "Wouterloot", PHONE, "vertrouwelijk melden"):
        assert told not in hidden, told
    assert "Dag [weggelaten: identiteit van de melder], we bellen" in " ".join(hidden.split())
    with two.acting(None) as case:
        set_consents(case, [Sharing.JUSTICE])
    assert NAME in copy(two, to=Sharing.JUSTICE)
    assert NAME not in copy(two, to=Sharing.LINE)
    with two.acting(None) as case:
        set_consents(case, [])
    assert NAME not in copy(two, to=Sharing.JUSTICE)


def test_attachments_are_refused_to_who_may_not_know_with_the_way_out(two):
    two.attach()
    with pytest.raises(IdentityStaysHere):
        copy(two, to=Sharing.EXTERNAL, what="zip")
    browser, address = two.world.browser(two.handler), f"/desk/{two.here.ovo}/cases/{two.case_id}/file"
    page = browser.post(f"{address}/export", {"what": "zip", "to": "external"})
    assert page.status_code == 409
    assert "De wet vraagt de naam" in page.text
    law = {"law_to": "external", "law_reasons": "De auditdecreten vragen het.", "once": field(page, "once")}
    assert browser.post(f"{address}/named-by-law", law).status_code == 303
    answer = browser.post(f"{address}/export", {"what": "zip", "to": "external"})
    assert "bijlagen/01-bewijs.txt" in zipfile.ZipFile(io.BytesIO(answer.data)).namelist()
    with two.world.inside(two.here):
        asked = select(AuditEvent.data).where(AuditEvent.kind == "case.exported").order_by(AuditEvent.at)
        told = [(data["to"], data["named"]) for data in db.session.scalars(asked)]
    assert told == [("external", True)]


def test_by_legal_duty_the_reporter_reads_before_why_and_once(two):
    once = uuid4()
    with two.acting(two.handler) as case:
        assert not may_name(case, Sharing.JUSTICE)
        with pytest.raises(Invalid):
            tell_legal_duty(case, two.key, Sharing.JUSTICE, "", once=once)
        for _ in range(2):
            tell_legal_duty(case, two.key, Sharing.JUSTICE, "De onderzoeksrechter vraagt het.", once=once)
        assert (may_name(case, Sharing.JUSTICE), may_name(case, Sharing.LINE)) == (True, False)
    with two.world.inside(two.here):
        told = [m for m in read_dialogue(two.key, internal=False) if m.kind == MessageKind.LEGAL_DUTY]
        assert [m.text for m in told] == [
            "De wet verplicht ons om te zeggen wie je bent. Aan: De politie of het gerecht.\n\n"
            "De onderzoeksrechter vraagt het."
        ]
        asked = select(CaseEvent.data).where(CaseEvent.kind == "named_by_law")
        assert list(db.session.scalars(asked)) == [{"to": "justice"}]
    assert "De onderzoeksrechter vraagt het." in two.mailbox().get("/inbox").text


def test_the_law_may_ask_it_on_a_closed_case_too(two):
    two.close()
    browser, address = two.world.browser(two.handler), f"/desk/{two.here.ovo}/cases/{two.case_id}/file"
    page = browser.get(address)
    form = {"law_to": "justice", "law_reasons": " ", "once": field(page, "once")}
    assert browser.post(f"{address}/named-by-law", form).status_code == 422
    assert browser.post(f"{address}/named-by-law", {**form, "law_to": "everybody"}).status_code == 422
    assert browser.post(f"{address}/named-by-law", {**form, "law_reasons": "Een vonnis."}).status_code == 303
    assert "Ja, de wet vraagt het en de melder weet het" in browser.get(address).text


def test_a_reporter_without_a_name_has_nothing_to_consent_to(world):
    two = Two(world)
    with two.acting(two.handler) as case:
        assert may_name(case, Sharing.JUSTICE)
    browser = world.browser(two.handler)
    assert "De wet vraagt de naam" not in browser.get(f"/desk/{two.here.ovo}/cases/{two.case_id}/file").text
    two.propose()
    assert "Mijn naam en hoe je me bereikt mogen mee" not in two.mailbox().get("/inbox").text


def test_who_receives_reads_no_name_in_the_letter_before_accepting(two):
    made = two.sent()
    with two.acting(two.receiver, two.there):
        desks = frozenset([two.there.desks[INTEGRITY]])
        _, letter = receiving.read_letter(made, desks, two.world.reader(two.receiver))
    assert (letter.reporter, letter.identity, letter.reporter_class) == (None, "anonymous", "other")


def test_the_dossier_and_the_version_to_share_say_what_the_reporter_decided_and_asked(two):
    with two.acting(None) as case:
        set_consents(case, [Sharing.JUSTICE, Sharing.LINE])
        set_consents(case, [Sharing.JUSTICE])
        prefer_contact(case, two.key, Preference("phone", PHONE, "na zes uur"))
        ask_meeting(case, two.key, Way.OFFICE, "Liefst op vrijdag.")
    with two.acting(two.handler) as case:
        first = write_minutes(case, two.key, "Het was elke vrijdag.").id
    with two.acting(None) as case:
        correct(case, two.key, first, "Het was donderdag.")
    with two.acting(two.handler) as case:
        second = write_minutes(case, two.key, "Het was elke donderdag.").id
        write_minutes(case, two.key, "Nog een gesprek.")
    with two.acting(None) as case:
        agree(case, second)
    with two.acting(two.handler) as case:
        tell_legal_duty(case, two.key, Sharing.EXTERNAL, "Een decreet.", once=uuid4())
        seen = digest(map(rules_of(case, two.key).pieces, disclosed(two.key)))
        shared = as_text(disclose(case, two.key, "Entiteit", seen=seen)).decode()
    today = day_in_words(local_date(clock.now()))
    for words in (
        f"De politie of het gerecht: Ja, gezegd op {today}",
        f"De leidinggevende of de personeelsdienst: Nee, ingetrokken op {today}",
        "De preventieadviseur: Nee, niet gevraagd of niet gegeven",
        f"De wet vraagt het: de melder is verwittigd op {today}",
        "Gesprek gevraagd: bij het loket", "De melder stuurde een verbetering",
        f"De melder ging akkoord op {today}",
        "Wacht op akkoord van de melder", "verslag van een gesprek", "verbetering van het verslag", "Bel me",
    ):  # fmt: skip
        assert words in " ".join(copy(two).split()), words
        assert words not in " ".join(shared.split()), (
            "whoever gets that version learns nothing of the reporter"
        )
    assert PHONE in copy(two)
    assert PHONE not in shared


def test_a_dossier_without_any_of_it_has_no_empty_chapters(world):
    two = Two(world)
    told = copy(two)
    assert "Mag de naam van de melder gedeeld worden?" not in told
    assert "Gesprekken die gevraagd" not in told
