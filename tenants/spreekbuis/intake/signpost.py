"""The signpost: which actors can help with what somebody carries around. The rules are data; nothing is stored.

The reporter chooses; this only puts the actors that fit in an order, and never leaves anybody without one who
keeps a confidence.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.directory.catalogue import Topic


class Wish(StrEnum):
    """What somebody hopes for."""

    TALK = "talk"
    ADVICE = "advice"
    EXAMINE = "examine"
    PROTECT = "protect"


class Place(StrEnum):
    """Where somebody prefers to go."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    ANYWHERE = "anywhere"


WISH_LABELS: dict[Wish, LazyString] = {
    Wish.TALK: _l("Met iemand praten"),
    Wish.ADVICE: _l("Raad krijgen over wat ik kan doen"),
    Wish.EXAMINE: _l("Dat iemand het onderzoekt"),
    Wish.PROTECT: _l("Beschermd worden tegen gevolgen"),
}
PLACE_LABELS: dict[Place, LazyString] = {
    Place.INSIDE: _l("In mijn eigen entiteit"),
    Place.OUTSIDE: _l("Buiten mijn entiteit"),
    Place.ANYWHERE: _l("Dat maakt niet uit"),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody said. `about_manager`: it is (also) about their line manager; `danger`: somebody is in danger."""

    topic: Topic
    wish: Wish
    place: Place = Place.ANYWHERE
    confidential: bool = False
    about_manager: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """A kind of actor that helps with these wishes about these topics."""

    kind: str
    topics: frozenset[Topic]
    wishes: frozenset[Wish]


LINE_MANAGER = "line_manager"
_TOPICS = {
    "all": frozenset(Topic),
    "wellbeing": frozenset({Topic.WELLBEING}),
    "personal": frozenset({Topic.WELLBEING, Topic.PRIVATE, Topic.OTHER}),
    "private": frozenset({Topic.PRIVATE}),
    "integrity": frozenset({Topic.INTEGRITY}),
    "rules": frozenset({Topic.INTEGRITY, Topic.SAFETY, Topic.OTHER}),
    "prevention": frozenset({Topic.WELLBEING, Topic.SAFETY, Topic.OTHER}),
}
_WISHES = {
    "listen": frozenset({Wish.TALK, Wish.ADVICE}),
    "advise": frozenset({Wish.ADVICE}),
    "examine": frozenset({Wish.EXAMINE}),
    "decide": frozenset({Wish.ADVICE, Wish.EXAMINE}),
    "protect": frozenset({Wish.PROTECT}),
    "unprotected": frozenset({Wish.TALK, Wish.ADVICE, Wish.EXAMINE}),
    "all": frozenset(Wish),
}


def _help(kind: str, topics: str, wishes: str) -> Help:
    return Help(kind, _TOPICS[topics], _WISHES[wishes])


HELPS = (
    # In the entity, the nearest first; the line manager last, whatever happens.
    _help("confidential_counsellor", "personal", "all"),
    _help("integrity_contact", "rules", "all"),
    _help("desk_wellbeing", "personal", "unprotected"),
    _help("desk_integrity", "rules", "unprotected"),
    _help("diversity_officer", "wellbeing", "listen"),
    _help("hr_partner", "personal", "listen"),
    _help("control_anchor", "rules", "decide"),
    _help(LINE_MANAGER, "all", "listen"),
    # Central.
    _help("ombudsman", "all", "protect"),
    _help("prevention", "prevention", "all"),  # whoever asks formally is protected (Welfare Act 1996, art. 32tredecies)
    _help("audit", "integrity", "examine"),
    _help("coordinator", "rules", "unprotected"),
    _help("diversity", "wellbeing", "listen"),
    _help("wellbeing_centre", "wellbeing", "advise"),
    _help("social_service", "private", "unprotected"),
)  # fmt: skip
"""Kinds of actors (directory.actor_kinds) in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Directions:
    """The kinds of actors to show, best first: those of the entity, and the central ones."""

    near: tuple[str, ...]
    central: tuple[str, ...]


def directions(
    answers: Answers, confidential: Mapping[str, bool], near: Collection[str], reachable: Collection[str]
) -> Directions:
    """Who fits. `confidential`: of each kind; `near`: kinds in an entity; `reachable`: those whose address is known.

    Whoever wants to stay inside sees the central actors too when nobody inside who keeps a confidence is reachable.
    """
    fitting = [kind for kind in _fitting(answers) if confidential[kind] or not answers.confidential]
    inside = tuple(kind for kind in fitting if kind in near)
    central = tuple(kind for kind in fitting if kind not in near)
    if answers.place is Place.OUTSIDE:
        return Directions((), central)
    if answers.place is Place.INSIDE and any(confidential[k] and k in reachable for k in inside):
        return Directions(inside, ())
    return Directions(inside, central)


def _fitting(answers: Answers) -> Iterator[str]:
    for help_ in HELPS:
        if answers.topic in help_.topics and answers.wish in help_.wishes:
            if help_.kind == LINE_MANAGER and answers.about_manager:
                continue
            yield help_.kind
