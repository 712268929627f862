"""What is known of a case in short."""

import json
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from flask_babel import gettext

from spreekbuis.cases import shown
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import procedure_of
from spreekbuis.cases.wishes import REACH_LABELS, Reach, contact_preference
from spreekbuis.vault.content import ContentKey

type_facts = list[tuple[str, str]]


class Facts(NamedTuple):
    """Facts with their names: `first` what a handler needs to go on, and the `rest`."""

    first: type_facts
    rest: type_facts


def facts_of(
    case: Case,
    key: ContentKey,
    words: shown.Labels,
    people: Mapping[UUID, str],
    me: UUID,
    now: date,
    left_out: str = "",
) -> Facts:
    """The facts, the reporter's name and contact data included; `me` is who reads them. `left_out`: what stands in the
    place of who the reporter is, for who may not know.

    Days of the year of `now` are shown without their year.
    """
    who = f"{words.reporter_class[case.reporter_class]}, {words.identity[case.identity].lower()}"
    return Facts(
        [
            (gettext("Melder"), left_out or who),
            *([] if left_out else (*reporter_facts(case, key), *_preference(case, key))),
            (gettext("Ontvangen"), shown.day(case.received_at, now)),
            (gettext("Behandelaar"), handler_of(case, people, me)),
            *_end(case, key, words),
        ],
        [
            (gettext("Dossier"), number_of(case.topic, case.year, case.number)),
            (gettext("Soort"), words.kind[case.kind]),
            (gettext("Procedure"), str(procedure_of(case).label)),
            (gettext("Kanaal"), words.channel[case.channel]),
            *_duty(case, now),
        ],
    )


def handler_of(case: Case, people: Mapping[UUID, str], me: UUID) -> str:
    """How the handler is called by `me`."""
    if case.handler_id is None:
        return gettext("Niemand")
    return gettext("Jij") if case.handler_id == me else people.get(case.handler_id, gettext("Collega"))


def reporter_facts(case: Case, key: ContentKey) -> type_facts:
    """Name and contact data, when the reporter gave them."""
    if case.reporter_sealed is None:
        return []
    given: dict[str, str] = json.loads(key.open("reporter", case.reporter_sealed))
    known = {
        "name": gettext("Naam"), "contact": gettext("Bereikbaar via"), "email": gettext("E-mail"),
        "phone": gettext("Telefoon"), "address": gettext("Postadres"), "function": gettext("Functie"),
    }  # fmt: skip
    return [(known.get(name, name), value) for name, value in given.items() if value]


def _preference(case: Case, key: ContentKey) -> type_facts:
    """How and when the reporter wants to be reached, when that was said."""
    wanted = contact_preference(case.contact_preference_sealed, key)
    if wanted is None:
        return []
    words = [str(REACH_LABELS[Reach(wanted.reach)]), wanted.where, wanted.when]
    return [(gettext("Contact nemen"), ", ".join(filter(None, words)))]


def _duty(case: Case, now: date) -> type_facts:
    if case.duty_accepted_at is None:
        return []
    accepted = gettext("Aanvaard op %(day)s", day=shown.day(case.duty_accepted_at, now))
    return [(gettext("Spreekplicht"), accepted)]


def _end(case: Case, key: ContentKey, words: shown.Labels) -> type_facts:
    """How it ended, and what the reporter thought of it."""
    found: type_facts = []
    if case.outcome is not None:
        found.append((gettext("Uitkomst"), words.outcome[case.outcome]))
    if case.score is not None:
        found.append((gettext("Score van de melder"), gettext("%(score)s op 5", score=case.score)))
        if case.score_comment_sealed is not None:
            found.append((gettext("Commentaar"), key.open("score_comment", case.score_comment_sealed)))
    return found
