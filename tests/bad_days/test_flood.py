"""Five hundred reports in an hour from one script, and ten people who report in the same hour."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from spreekbuis.clock import at
from spreekbuis.intake import pace, stock
from spreekbuis.intake.pace import CALM, LONGEST, needed
from tests.intake.flow import PDF, Reporter, hidden, words

NOON = datetime(2026, 11, 10, 11, tzinfo=UTC)
WRITING = timedelta(minutes=6)
"""What a person takes for a story. The page where a report begins says ten minutes."""


def test_what_a_form_waits_grows_slowly_and_ends_at_five_minutes():
    assert needed(0) == needed(CALM) == timedelta(0)
    assert needed(CALM + 1) == timedelta(seconds=10)
    assert needed(500) == LONGEST == timedelta(minutes=5) < WRITING


@pytest.fixture
def script(world, entity, monkeypatch):
    """It opens a form and sends it at once, each time as another browser; gives the answers of so many tries."""

    def tries(count, moment):
        answers = []
        for number in range(count):
            with at(moment + timedelta(seconds=number)):
                one = Reporter(world.browser(), entity)
                answers.append(
                    one.send(one.check({**one.start(), "text": f"Melding {number} van een programma."}))
                )
        return answers

    return tries


def test_the_script_is_slowed_and_people_get_through_at_once(
    world, entity, script, handler, cases, monkeypatch
):
    monkeypatch.setattr(pace, "CALM", 5)  # a smaller flood, in the same proportion
    people = [Reporter(world.browser(), entity) for _ in range(10)]
    with at(NOON):
        begun = [(one, one.start()) for one in people]
    answers = script(60, NOON)
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 54
    refused = unescape(answers[-1].text)
    assert "Er komen hier nu heel veel meldingen binnen" in refused
    assert "Melding 59 van een programma." in refused, "what was written stays"
    assert int(answers[-1].headers["Retry-After"]) <= LONGEST.total_seconds()
    with at(NOON + WRITING):
        received = [one.send(one.check({**form, "text": "Wat ik zelf zag."})) for one, form in begun]
    assert [page.status_code for page in received] == [200] * 10
    assert all(len(words(page)) == 8 for page in received)
    # The list of the desk holds sixteen cases instead of seventy, and each has a number that follows on the last.
    assert len(cases()) == 16
    assert len(handler.numbers()) == 16


def test_who_was_too_quick_waits_a_little_and_then_gets_through_with_the_same_form(
    script, reporter, monkeypatch
):
    monkeypatch.setattr(pace, "CALM", 0)
    script(1, NOON)
    with at(NOON + timedelta(minutes=1)):
        checked = reporter.check(reporter.start(), ("brief.pdf", PDF))
        page = reporter.send(checked)
    assert page.status_code == 429
    assert "Wacht 1 minuut en druk dan opnieuw op ‘Verstuur’" in unescape(page.text)
    with at(NOON + timedelta(minutes=2)):
        page = reporter.browser.post(f"{reporter.at}/send", hidden(page))
    assert page.status_code == 200
    assert len(words(page)) == 8


def test_a_flood_at_one_entity_is_nothing_to_another(world, script, monkeypatch):
    monkeypatch.setattr(pace, "CALM", 2)
    assert script(8, NOON)[-1].status_code == 429
    with at(NOON + timedelta(seconds=9)):
        assert Reporter(world.browser(), world.entity()).report().status_code == 200


def test_an_hour_later_it_is_calm_again(script, monkeypatch):
    monkeypatch.setattr(pace, "CALM", 2)
    assert script(5, NOON)[-1].status_code == 429
    assert script(1, NOON + timedelta(minutes=70))[0].status_code == 200


def test_sending_the_same_report_again_is_never_slowed(reporter, script, monkeypatch):
    with at(NOON):
        checked = reporter.check(reporter.start())
        first = reporter.send(checked)
        monkeypatch.setattr(pace, "CALM", 0)
        script(3, NOON)
        assert words(reporter.send(checked)) == words(first)


def test_when_redis_is_away_reports_come_in(app, reporter, monkeypatch):
    monkeypatch.setitem(app.extensions, "pace", pace.Pace("redis://127.0.0.1:1/0", "secret"))
    monkeypatch.setattr(pace, "CALM", 0)
    assert reporter.report().status_code == 200


def test_files_of_reports_that_are_refused_are_bounded_as_others(entity, reporter, script, monkeypatch):
    """A script that fills the day with files costs the others their files, not their words (intake.stock)."""
    monkeypatch.setattr(stock, "DAY_BYTES", len(PDF))
    assert reporter.report(("brief.pdf", PDF)).status_code == 200
    page = reporter.check(reporter.start(), ("nog.pdf", PDF))
    assert page.status_code == 422
    assert "Er kwamen hier vandaag te veel bestanden binnen." in unescape(page.text)
    assert reporter.report().status_code == 200


def test_the_desk_hands_out_what_came_in_a_few_at_a_time(world, entity, script, handler):
    """The list stays a list: pages of a bounded length, and the ticked rows go to one handler at once."""
    script(CALM, NOON)
    page = handler.numbers("free")
    assert len(page) == 25
    assert "Volgende" in handler.read(f"{handler.list_url}?view=free")


def test_nobodys_address_is_kept(app, reporter, script):
    """What Redis holds of a form is a keyed hash and a moment; of an entity, a count."""
    counting = pace.pace()
    script(2, NOON)
    for name in counting._redis.scan_iter("form-open:*"):
        assert len(name) == len("form-open:") + 64
        assert (counting._redis.get(name) or b"0").isdigit()


def test_on_a_calm_hour_no_difference_between_clocks_refuses_a_report(app, entity):
    """Two machines may differ by a second, and then a form was opened in the future."""
    with app.test_request_context():
        ours = pace.pace()
        with at(NOON + timedelta(minutes=1)):
            ours.opened("a form of a machine that is ahead")
        with at(NOON):
            ours.pass_through("a form of a machine that is ahead", entity.id)
