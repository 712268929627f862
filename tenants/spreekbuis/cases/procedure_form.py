"""The form of a draft: each field is named after its place in the definition ("terms.0.source.nl")."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from werkzeug.datastructures import MultiDict

from spreekbuis.cases.definition import LONGEST_TEXT
from spreekbuis.web.forms import clean

FIXED = {"code", "step", "kinds", "topics", "usual", "refused"}
"""What a form never changes: other texts and rules hang on it."""


def filled(definition: Mapping[str, Any], form: MultiDict[str, str]) -> dict[str, Any]:
    """The definition with what was typed. What is no number stays as it was typed: the check says so later."""
    changed = deepcopy(dict(definition))
    states = changed.pop("states")
    applies = changed.pop("needs_identity")
    _fill(changed, "", form)
    return {
        **changed,
        "needs_identity": applies,
        "states": {
            state: {way: form.getlist(f"states.{state}.{way}") for way in ("to", "by")} for state in states
        },
    }


def _fill(part: dict[str, Any], within: str, form: MultiDict[str, str]) -> None:
    for name, value in part.items():
        place = f"{within}{name}"
        if name in FIXED or value is None:
            continue
        if isinstance(value, dict):
            _fill(value, f"{place}.", form)
        elif name == "escalate_after":
            part[name] = [_number(day) for day in clean(form.get(place, "")).replace(",", " ").split()]
        elif isinstance(value, list):
            for number, entry in enumerate(value):
                _fill(entry, f"{place}.{number}.", form)
        elif isinstance(value, bool):
            part[name] = place in form
        elif name in ("days", "months", "remind_before"):
            part[name] = _number(clean(form.get(place, "")))
        else:
            part[name] = clean(form.get(place, ""))[: LONGEST_TEXT + 1]


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text[:20]
