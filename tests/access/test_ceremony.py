"""The recovery ceremony as a page: both papers typed, good errors, a brake, and nothing of the words kept."""

import logging
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from spreekbuis import clock
from spreekbuis.access import papers, recovery
from spreekbuis.access.desk_keys import desk_states, open_shut_desk
from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.keys import reseal
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.identity.lockout import PAUSE, TRIES
from spreekbuis.jobs.models import Job
from spreekbuis.vault.recovery_share import Part, RecoveryShare, short_name, split
from spreekbuis.vault.sealing import new_secret
from spreekbuis.vault.words import AmbiguousWord
from spreekbuis.web.access import Role
from tests.access.test_key_mails import email
from tests.access.test_recovery import Office

INTEGRITY = DeskKind.INTEGRITY


class Ceremony(Office):
    """An office whose handler lost the reading, and the words on both papers."""

    def __init__(self, world) -> None:
        super().__init__(world)
        world.case(self.entity)
        self.make_kit()
        world.case(self.entity)
        self.reseal()
        self.papers = self.words()
        self.forget_everything()
        self.browser = world.browser(self.administrator)
        self.address = f"/entity/{self.entity.ovo}/keys/recover"

    def reseal(self):
        with self.world.inside(self.entity):
            desk = self.entity.desks[INTEGRITY]
            reseal(desk, self.world.reader(self.handler), desk_states([desk])[0].newest)

    def words(self, language="nl"):
        kit = self.kit().id
        return [" ".join(share.words(kit, language)) for share in self.print_parts()]

    def form(self, **more):
        a, b = self.papers
        return {
            "kit": str(self.kit().id), "part_a": a, "part_b": b, "to": [str(self.handler)],
            "officer_a": str(self.administrator), "officer_b": str(self.handler),
        } | more  # fmt: skip

    def send(self, **more):
        return self.browser.post(self.address, self.form(**more))


@pytest.fixture
def office(world):
    return Ceremony(world)


def changed(text, place, word):
    words = text.split()
    words[place - 1] = word
    return " ".join(words)


def test_the_page_asks_for_the_papers_the_readers_and_the_next_officers(office):
    page = office.browser.get(office.address).text
    assert short_name(office.kit().id) in page
    chosen = re.findall(r'name="to" value="([^"]+)"[^>]* checked', page)
    assert chosen == [], "nobody is chosen beforehand: whoever waits may have let themselves be invited"
    assert email(office.handler) in page, "a name is what somebody chose"
    assert f'value="{office.listener}"' in page
    assert page.count('spellcheck="false"') == 2, "no browser sends the words to a spelling service"


def test_both_papers_let_the_chosen_read_again_and_bring_new_papers(office, world):
    before = office.kit().id
    answer = office.send()
    assert answer.location == f"/entity/{office.entity.ovo}/keys?done=recovered"
    page = office.browser.get(answer.location).text
    assert "Gelukt" in page
    assert page.count("Nog af te drukken") == 2
    assert office.secrets(office.handler)
    fresh = office.kit()
    assert fresh.id != before
    assert {part.officer.account_id for part in fresh.parts} == {office.administrator, office.handler}


def test_nobody_chooses_other_officers_by_recovering(office, world):
    before = office.kit().id
    alias = world.member(office.entity, Role.ENTITY_ADMINISTRATOR)
    answer = office.send(officer_b=str(alias))
    assert answer.status_code == 422
    assert "Wie nu een deel bewaart, blijft dat doen" in answer.text
    assert office.kit().id == before
    assert office.secrets(office.handler) == {}


def test_the_parts_may_stand_in_each_others_place(office):
    a, b = office.papers
    assert office.send(part_a=b.upper(), part_b=a).status_code == 303


def test_one_slip_in_a_word_is_put_right(office):
    a, _ = office.papers
    word = max(a.split(), key=len)
    slip = a.replace(word, word + "q")
    assert office.send(part_a=slip).status_code == 303


@pytest.mark.parametrize(
    ("which", "spoil", "words"),
    [
        ("part_a", lambda text: "", "Vul de 21 woorden van deel A in"),
        ("part_b", lambda text: " . , 12", "Vul de 21 woorden van deel B in"),
        ("part_b", lambda text: text.rsplit(" ", 1)[0], "vulde je 20 woorden in"),
        ("part_a", lambda text: changed(text, 7, "qqqqqqqq"), "Woord 7 van deel A kennen we niet"),
        ("part_b", lambda text: text * 12, "Dit is te lang"),
    ],
)
def test_a_paper_that_cannot_be_read_says_which_part_and_which_word(office, which, spoil, words):
    kit = office.kit().id
    given = office.form()
    answer = office.send(**{which: spoil(given[which])})
    assert answer.status_code == 422
    assert words in answer.text
    other = "part_b" if which == "part_a" else "part_a"
    assert given[other] in answer.text, "what was typed is given back"
    assert answer.headers["Cache-Control"] == "no-store"
    assert office.kit().id == kit
    assert office.secrets(office.handler) == {}


def test_a_word_with_several_corrections_shows_them(office, monkeypatch):
    def unsure(text, kit_id):
        raise AmbiguousWord(3, ("raam", "maan"))

    monkeypatch.setattr(papers, "parse", unsure)
    page = office.send().text
    assert "Woord 3 van deel A klopt niet. Is het ‘raam’, ‘maan’?" in page


def test_a_paper_of_another_entity_fits_nothing(office, world):
    foreign = Ceremony(world)
    answer = office.send(part_b=foreign.papers[1])
    assert answer.status_code == 422
    assert "geen deel van een herstelsleutel van je entiteit" in answer.text
    assert short_name(office.kit().id) in answer.text
    assert office.secrets(office.handler) == {}


def test_the_same_paper_twice_is_told(office):
    answer = office.send(part_b=office.papers[0])
    assert answer.status_code == 422
    assert "In beide vakken staat deel A" in answer.text


def test_papers_of_two_kits_do_not_go_together(office, world):
    old = office.papers
    world.case(office.entity)
    office.make_kit()
    new = office.words()
    answer = office.send(part_a=old[0], part_b=new[0])
    assert answer.status_code == 422
    assert "horen niet bij elkaar" in answer.text


def test_older_papers_open_older_cases_and_the_kit_in_force_stays(office, world):
    office.make_kit()  # the case of before is under a key that only the older papers cover
    with world.inside(office.entity):
        open_shut_desk(office.entity.desks[INTEGRITY])
    now = office.kit().id
    answer = office.send()
    assert answer.location.endswith("?done=recovered-old")
    assert office.kit().id == now
    assert office.secrets(office.handler)


def test_when_older_cases_stay_closed_the_page_says_so(office):
    old = office.kit().id
    office.make_kit()
    office.papers = office.words()
    office.forget_everything()
    answer = office.send()
    assert answer.location.endswith("?done=recovered-partly")
    page = office.browser.get(answer.location).text
    assert "Een deel is gelukt" in page
    assert short_name(old) in page


def test_nobody_chosen_or_the_same_officer_twice_changes_nothing(office, world):
    stranger = str(Office(world).handler)
    kit = office.kit().id
    for wrong, words in (
        ({"to": []}, "Kies minstens één collega"),
        ({"to": [stranger, "x"]}, "Kies minstens één collega"),
        ({"to": [str(office.administrator)]}, "Kies minstens één collega"),
        ({"officer_b": str(office.administrator)}, "Kies twee verschillende medewerkers"),
        ({"officer_b": stranger}, "Kies een van de mogelijkheden"),
        ({"officer_b": ""}, "Kies wie het nieuwe deel B bewaart"),
    ):
        answer = office.send(**wrong)
        assert answer.status_code == 422
        assert words in answer.text
        assert "Leest alleen" not in answer.text
    assert office.kit().id == kit
    assert office.secrets(office.handler) == {}


def test_a_second_press_shows_how_it_is_now(office):
    form = office.form()
    office.browser.post(office.address, form)
    kit = office.kit().id
    answer = office.browser.post(office.address, form)
    assert answer.location.endswith("?done=kit-changed")
    assert office.kit().id == kit


def test_wrong_papers_lock_the_ceremony_for_a_while_and_stand_in_the_trail(office, world):
    wrong = {"part_b": office.papers[0]}
    for _ in range(TRIES):
        assert office.send(**wrong).status_code == 422
    locked = office.send()
    assert locked.status_code == 429
    assert "Te veel pogingen" in locked.text
    assert office.papers[1] in locked.text
    assert office.secrets(office.handler) == {}
    assert refusals(office) == ["no_fit"] * TRIES + ["locked"]
    other = Ceremony(world)
    assert other.send().status_code == 303, "another entity is not locked"
    with clock.at(clock.now() + PAUSE + timedelta(seconds=1)):
        office.browser = world.browser(office.administrator)
        assert office.send().status_code == 303


def refusals(office):
    """Why papers were refused, as the trail has it."""
    with office.world.inside(office.entity) as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.kind == "recovery.refused").order_by(AuditEvent.id)
        ).all()
        assert {event.actor for event in events} <= {f"account:{office.administrator}"}
        return [event.data["why"] for event in events]


def test_a_slip_that_cannot_be_read_is_no_wrong_try_and_stands_in_the_trail(office):
    for _ in range(TRIES + 1):
        assert office.send(part_a=changed(office.papers[0], 1, "qqqqqqqq")).status_code == 422
    assert refusals(office) == ["unreadable"] * (TRIES + 1)
    assert office.send().status_code == 303
    assert refusals(office) == ["unreadable"] * (TRIES + 1)


def test_well_made_papers_of_another_secret_are_wrong_tries_and_stand_in_the_trail(office):
    """Their check bits are right, and so is the name of the kit."""
    kit = office.kit().id
    a, b = (
        " ".join(RecoveryShare(part, share).words(kit, "nl"))
        for part, share in zip(Part, split(new_secret()), strict=True)
    )
    for _ in range(TRIES):
        answer = office.send(part_a=a, part_b=b)
        assert answer.status_code == 409
        assert "openen de herstelsleutel niet" in answer.text
    assert office.send().status_code == 429
    assert refusals(office) == ["forged"] * TRIES + ["locked"]
    assert office.kit().id == kit
    assert office.secrets(office.handler) == {}


def test_without_a_kit_there_is_nothing_to_use(world):
    office = Office(world)
    with world.inside(office.entity) as session:
        kit = session.scalars(select(recovery.RecoveryKey)).one()
        kit.ended_at = kit.made_at
    browser, address = world.browser(office.administrator), f"/entity/{office.entity.ovo}/keys/recover"
    assert "Er is nog geen herstelsleutel" in browser.get(address).text
    assert browser.post(address, {}).status_code == 409


def test_the_typed_words_stand_in_no_log_no_job_and_no_trail(office, world, caplog):
    caplog.set_level(logging.DEBUG)
    rare = [word for text in office.papers for word in text.split() if len(word) > 5]
    assert rare
    office.send(part_a=changed(office.papers[0], 7, "qqqqqqqq"))
    office.send(part_b=office.papers[0])
    office.send()
    written = caplog.text
    with world.inside(office.entity) as session:
        written += str([event.data for event in session.scalars(select(AuditEvent))])
        written += str(session.scalars(select(Job.args)).all())
    assert [word for word in rare if word in written] == []
