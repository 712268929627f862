"""A report about somebody of the contact point itself: from the first moment that person must not find it.

The reporter is asked before anything is sent, and says one of three things. Nobody of it: nothing special. Somebody,
who is named: whoever of the desk bears that name is kept out in the transaction that opens the case, before a list, a
count or a mail knows of it. Somebody, but rather elsewhere (also for who does not know the name): nothing is sent or
kept, and the page says which services outside can be reached, and how.

Names of handlers are shown to nobody who reports, so there is no list to choose from. What is typed is compared here,
at sending, with the members, and is kept as a sealed person in the case. The comparison leans to one side:

- who shares a word of the name is kept out: too many, which a colleague can undo, is safer than one too few;
- when no member bears the whole name, nobody is known for sure. Then every handler of the desk is kept out: the mailbox
  says at once which authorities can help, and the administrators are told that the case needs another handler
  (`cases.exclusion`). The page says so before sending.

There is no other desk to choose: wellbeing and integrity are apart, each for its own topics (Codex, book I title 3).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_OID, UUID, uuid5

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.exclusion import Colleague, colleagues, exclude
from spreekbuis.cases.models import Case
from spreekbuis.cases.people import Person, add_person
from spreekbuis.cases.workflow import handlers_for
from spreekbuis.characters import bare
from spreekbuis.directory.catalogue import ExclusionReason, PersonRole
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.forms import Reading

LONGEST_NAME = 200
SHORTEST_WORD = 3
"""Letters of a part of a name that counts."""
_PARTICLES = frozenset({"van", "von", "vom", "den", "der", "des", "ten", "ter", "the", "les", "und", "het"})
_WORD = re.compile(r"[^\W\d_]+")


class AboutDesk(StrEnum):
    """What the reporter says of the people who treat reports."""

    NOBODY = "nobody"
    NAMED = "named"
    ELSEWHERE = "elsewhere"


ABOUT_DESK_OPTIONS: list[tuple[AboutDesk, LazyString, LazyString]] = [
    (AboutDesk.NOBODY, _l("Nee, of ik weet het niet"), _l("Je melding gaat naar het loket.")),
    (
        AboutDesk.NAMED,
        _l("Ja, en ik zeg wie"),
        _l("Wie jij noemt, krijgt je melding nooit te zien en merkt er niets van."),
    ),
    (
        AboutDesk.ELSEWHERE,
        _l("Ja, en ik ga liever naar een andere dienst"),
        _l("Ook als je de naam niet kent. Je verstuurt hier niets: je ziet wie je kan helpen en hoe."),
    ),
]


def goes_elsewhere(given: str) -> bool:
    """Whether this answer sends nothing here."""
    return given == AboutDesk.ELSEWHERE


def read_about_desk(form: Reading) -> str:
    """Who of the desk the report is about, in the reporter's words; empty for nobody."""
    about = form.choice("about_desk", AboutDesk, required=False)
    if about is not AboutDesk.NAMED:
        return ""
    who = form.text("about_who", longest=LONGEST_NAME)
    if not who:
        form.errors["about_who"] = _("Schrijf de naam, of kies een ander antwoord.")
    return who


def keep_out_named(case: Case, key: ContentKey, who: str) -> None:
    """Keep out who of the desk bears this name, in a case that is being opened; all its handlers when nobody does for
    sure. The desk reads the name, sealed."""
    add_person(case, key, Person(PersonRole.CONCERNED, who), once=uuid5(NAMESPACE_OID, f"about {case.id}"))
    members = colleagues(case)
    bearing = bearers(who, members)
    for account_id in bearing.may:
        exclude(case, key, account_id, ExclusionReason.NAMED)
    if not bearing.sure:
        for account_id in handlers_for(case):
            exclude(case, key, account_id, ExclusionReason.BY_REPORTER)


@dataclass(frozen=True, slots=True)
class Bearers:
    """Members who share a word of the name, by label. `sure`: one bears all of it, or has this address."""

    may: list[UUID]
    sure: bool


def bearers(who: str, members: Sequence[Colleague]) -> Bearers:
    """Who of the members may be meant by what the reporter wrote: a name, or an e-mail address."""
    written = who.strip().casefold()
    wanted = _words(written.partition("@")[0])
    may: list[UUID] = []
    sure = False
    for member in members:
        known = _words(member.label) | _words(member.email.partition("@")[0])
        address = written == member.email.casefold()
        if address or wanted & known:
            may.append(member.account_id)
            sure = sure or address or wanted <= known
    return Bearers(may, sure)


def _words(name: str) -> set[str]:
    """The words of a name that tell people apart, without capitals and accents."""
    return {word for word in _WORD.findall(bare(name)) if len(word) >= SHORTEST_WORD} - _PARTICLES
