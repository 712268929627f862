"""How many contacts there were, for the front office and for the central office."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.contacts import HAPPENED_ELSEWHERE
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import CHANNEL_LABELS, CONTACT_END_LABELS, TOPIC_LABELS
from spreekbuis.errors import type_text
from spreekbuis.figures.office import Count, office_counts
from spreekbuis.web.access import Permission
from spreekbuis.web.room import Room

room = Room("front_counts")


@room.in_nav(_l("Aantallen"))
@room.get("/front/counts", Permission.ANSWER_CONTACTS)
def counts() -> ResponseReturnValue:
    return _counts_page()


@room.get("/central/front-office", Permission.VIEW_FIGURES)
def central_counts() -> ResponseReturnValue:
    """The same counts for the central office."""
    return _counts_page()


def _counts_page() -> str:
    counted = office_counts(today())
    channels: dict[str, type_text] = {c.value: CHANNEL_LABELS[c] for c in HAPPENED_ELSEWHERE}
    topics: dict[str, type_text] = {t.value: label for t, label in TOPIC_LABELS.items()}
    endings: dict[str, type_text] = {e.value: label for e, label in CONTACT_END_LABELS.items()}
    topics[""] = _("Bij een bestaand dossier")
    tables = [
        (_("Per kanaal"), _("Kanaal"), channels, counted.channels),
        (_("Per thema"), _("Thema"), topics, counted.topics),
        (_("Per afloop"), _("Afloop"), endings, counted.endings),
    ]
    return render_template(
        "front/counts.html",
        total=counted.total,
        tables=[
            (title, head, [(label, counts.get(code, Count())) for code, label in labels.items()])
            for title, head, labels, counts in tables
        ],
    )
