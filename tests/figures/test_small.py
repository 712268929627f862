"""No hidden number can be computed from the total and what is shown."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.figures.small import THRESHOLD, hide_small

COUNTS = st.lists(st.integers(0, 12), min_size=0, max_size=5).map(
    lambda ns: dict(zip("abcde", ns, strict=False))
)


@given(COUNTS)
def test_a_hidden_number_can_always_be_more_than_one(counts):
    cut = hide_small(counts)
    if cut is None:
        return
    hidden = sorted(cut.small | cut.beside)
    left = sum(counts.values()) - sum(cut.shown.values())
    least_shown = min(cut.shown.values())
    ranges = [
        range(THRESHOLD) if value in cut.small else range(THRESHOLD, least_shown + 1) for value in hidden
    ]
    possible = [guess for guess in product(*ranges) if sum(guess) == left]
    assert tuple(counts[value] for value in hidden) in possible or not hidden
    for place in range(len(hidden)):
        assert len({guess[place] for guess in possible}) > 1


@given(COUNTS)
def test_no_small_number_is_shown_and_none_is_changed_or_lost(counts):
    cut = hide_small(counts)
    if cut is None:
        return
    assert all(n >= THRESHOLD and counts[value] == n for value, n in cut.shown.items())
    assert cut.small == {value for value, n in counts.items() if n < THRESHOLD}
    assert set(cut.shown) | cut.small | cut.beside == set(counts)


def test_without_a_small_number_everything_is_shown():
    cut = hide_small({"a": 5, "b": 70})
    assert cut is not None
    assert (cut.shown, cut.small, cut.beside) == ({"a": 5, "b": 70}, frozenset(), frozenset())


def test_a_single_small_number_takes_the_next_smallest_with_it():
    cut = hide_small({"a": 3, "b": 9, "c": 30, "d": 31})
    assert cut is not None
    assert (set(cut.shown), cut.small, cut.beside) == ({"c", "d"}, {"a"}, {"b"})


def test_zeros_alone_or_fours_alone_would_say_what_they_are():
    for small in (0, 4):
        cut = hide_small({"a": small, "b": small, "c": 9, "d": 30})
        assert cut is not None
        assert cut.beside == {"c"}


def test_nothing_is_shown_when_nothing_can_be_hidden():
    for counts in ({}, {"a": 4}, {"a": 4, "b": 9}, {"a": 1, "b": 2}, {"a": 0, "b": 5, "c": 5}):
        assert hide_small(counts) is None
