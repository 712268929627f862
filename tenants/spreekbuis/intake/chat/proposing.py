"""What the agent proposes for the case that a talk may become: the entity and the topic.

Only the visitor makes it a case (`keeping`), and sees first what is proposed and what will be kept; each part can be
changed. The proposal is sealed with the key of the chat and goes with its lines.
"""

import json
from dataclasses import asdict, dataclass

from flask_babel import gettext as _

from spreekbuis.directory.catalogue import CATEGORIES, TOPIC_LABELS
from spreekbuis.directory.models import Organisation
from spreekbuis.directory.register import LONGEST_SEARCH, meant_by
from spreekbuis.intake.chat.models import Chat
from spreekbuis.intake.chat.states import TalkIsOver, begun
from spreekbuis.intake.front.registering import served_among
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.forms import Reading


@dataclass(frozen=True, slots=True)
class Proposal:
    """`entity`: its name, as it is on the form; `category`: a code of the catalogue."""

    entity: str
    ovo: str
    category: str


def propose(chat: Chat, key: ContentKey, organisation: Organisation, category: str) -> None:
    """Propose it to the visitor; the last one counts. `chat` is locked. Raises TalkIsOver."""
    if not begun(chat):
        raise TalkIsOver
    proposal = Proposal(organisation.name, organisation.ovo_code, category)
    chat.proposal_sealed = key.seal("chat.proposal", json.dumps(asdict(proposal)))
    chat.version += 1


def proposal_of(chat: Chat, key: ContentKey) -> Proposal | None:
    """What the agent proposed last, if anything. Raises CannotOpen."""
    if chat.proposal_sealed is None:
        return None
    return Proposal(**json.loads(key.open("chat.proposal", chat.proposal_sealed)))


def read_place(form: Reading, where: str) -> tuple[Organisation | None, str]:
    """The entity and the category that a form names, with what is wrong about them; `where`: what to say when the first
    is empty."""
    form.require({"entity": where, "category": _("Kies een onderwerp.")})
    category = form.one_of("category", CATEGORIES) or "other"
    text = form.text("entity", longest=LONGEST_SEARCH)
    if not text:
        return None, category
    found = takes_reports(text)
    chosen = [o for o in found if o.ovo_code == form.raw("ovo")] or found
    if len(chosen) == 1:
        return chosen[0], category
    if found:
        form.errors["ovo"] = _("Kies welke entiteit je bedoelt.")
    else:
        form.errors.setdefault(
            "entity",
            _("We vinden geen entiteit met deze naam die meldingen aanneemt. Probeer een ander woord."),
        )
    return None, category


def takes_reports(text: str) -> list[Organisation]:
    """The entities that somebody can mean and that take reports today."""
    found = meant_by(text)
    served = served_among(found)
    return [o for o in found if o.ovo_code in served]


def choices(text: str) -> list[tuple[str, str]]:
    """Between which entities to choose; none when there is no doubt."""
    found = takes_reports(text) if text else []
    return [(o.ovo_code, o.name) for o in found] if len(found) > 1 else []


def category_options() -> list[tuple[str, str]]:
    """Every category with the desk that gets it, to choose from."""
    return [
        (c.code, _("%(category)s (%(desk)s)", category=c.label, desk=TOPIC_LABELS[c.topic]))
        for c in CATEGORIES.values()
    ]
