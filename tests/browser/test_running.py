"""`spreekbuis run` in bad weather: a power cut, a busy port, started twice."""

import socket

import pytest

from tests.browser.conftest import NewPerson
from tests.browser.demo import ENTITY
from tests.browser.installation import Installation, free_port
from tests.browser.reporting import PDF, report, return_with

pytestmark = pytest.mark.browser


def test_after_a_kill_of_everything_a_report_is_still_there(
    demo_home: Installation, people: NewPerson
) -> None:
    words = report(people(demo_home), ENTITY, "Dit bleef staan na de stroompanne.", PDF)
    killed = "\n".join(demo_home.kill_everything())
    for program in ("spreekbuis.cli run", "spreekbuis.cli worker", "gunicorn", "postgres", "valkey"):
        assert program in killed, f"{program} did not run, or was not found:\n{killed}"
    assert not demo_home.processes()
    demo_home.start(demo=True)
    returned = people(demo_home)
    return_with(returned, words)
    assert returned.sees("Dit bleef staan na de stroompanne.")
    assert returned.sees("uurrooster.pdf")
    report(people(demo_home), ENTITY)


def test_a_second_run_on_the_same_data_is_refused(demo_home: Installation) -> None:
    refused = demo_home.run_again(port=free_port())
    assert refused.returncode == 2
    assert str(demo_home.data) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_busy_port_gets_a_clear_message_and_another_suggestion(demo_home: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = demo_home.run_again(port=port)
    assert refused.returncode == 2
    assert f"{port}" in refused.stderr
    assert "PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr
