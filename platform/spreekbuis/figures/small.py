"""Hide small numbers: who knows the workplace recognises a person in them.

Threshold and complementary suppression: domain.md, "Disclosure control", after the ESS handbook on statistical
disclosure control. What this does not guard against: two looks at the page at different times.
"""

from collections.abc import Mapping
from dataclasses import dataclass

THRESHOLD = 5
"""Counts below this are hidden, 0 as well: that there is nothing says that the next one is the first."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A breakdown of which no hidden value can be computed. `small` are below the threshold; `beside` are not,
    and are hidden since a small one could be computed with them."""

    shown: dict[str, int]
    small: frozenset[str]
    beside: frozenset[str]


def hide_small(counts: Mapping[str, int]) -> Cut | None:
    """What may be seen of a breakdown whose total is known, or None when nothing may be.

    The small ones go, and then the next smallest one by one, for as long as a hidden value can be computed from
    the total, what is shown, and what "small" means.
    """
    small = frozenset(value for value, n in counts.items() if n < THRESHOLD)
    order = sorted(counts.keys() - small, key=lambda value: (counts[value], value))
    for hidden in range(len(order)):
        beside, shown = order[:hidden], order[hidden:]
        left = sum(counts[value] for value in (*small, *beside))
        if not _can_be_computed(left, len(small), len(beside), counts[shown[0]]):
            return Cut({value: counts[value] for value in shown}, small, frozenset(beside))
    return None


def _can_be_computed(left: int, small: int, beside: int, least_shown: int) -> bool:
    """Whether `left`, the total minus what is shown, pins one of the hidden values to a single number.

    A small one lies from 0 to 4, one beside it from 5 to the smallest that is shown: a reader knows that rule.
    """
    ranges = [(0, THRESHOLD - 1)] * small + [(THRESHOLD, least_shown)] * beside
    least, most = sum(low for low, _ in ranges), sum(high for _, high in ranges)
    return any(max(low, left - (most - high)) == min(high, left - (least - low)) for low, high in ranges)
