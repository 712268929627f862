"""Reading days and numbers: as written on the page, and nothing that only looks like them."""

from datetime import date

import pytest
from flask import Flask

from spreekbuis.web.forms import Reading


@pytest.fixture
def read(app: Flask):
    def reading(value: str) -> Reading:
        with app.test_request_context("/", method="POST", data={"x": value}):
            form = Reading()
            form.found = (form.day("x"), dict(form.errors))
            form.errors.clear()
            form.counted = (form.number("x", least=0, most=10_000_000), dict(form.errors))
            return form

    return reading


def test_a_day_is_read_as_browsers_send_it(read):
    assert read("2026-11-21").found == (date(2026, 11, 21), {})


@pytest.mark.parametrize(
    "value",
    [
        "20261121",
        "2026-W47-6",
        "2026-W47",
        "2026-325",
        "2026-13-01",
        "2026-1-1",
        "",
        "٢٠٢٦-١١-٢١",
        "2026-11-21\n",
    ],
)
def test_another_way_of_writing_is_no_day(read, value):
    day, errors = read(value).found
    assert day is None
    assert errors


@pytest.mark.parametrize(
    ("value", "number"),
    [("15", 15), ("1500", 1500), ("1.500", 1500), ("1 500", 1500), ("1.234.567", 1234567)],
)
def test_dots_separate_thousands(read, value, number):
    assert read(value).counted == (number, {})


@pytest.mark.parametrize("value", ["1.5", "1.50", "1500.000", "1..500", ".500", "1.", "1,5", "1.500.5"])
def test_a_dot_elsewhere_is_no_number(read, value):
    assert read(value).counted[1]
