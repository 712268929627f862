"""The other cases that a case has to do with, as its page shows them."""

from typing import Any

from flask_babel import gettext

from spreekbuis.cases import shown
from spreekbuis.cases.models import Case
from spreekbuis.cases.related import UNDO_WITHIN, Related, related_to
from spreekbuis.clock import local_date, now, today


def related_part(case: Case, list_url: str) -> dict[str, Any]:
    """What `cases/related.html` needs; `list_url` is the address of the work list."""
    ways = [("link", gettext("De twee dossiers verwijzen naar elkaar"))]
    if case.closed_at is None:
        duplicate = gettext(
            "Dit dossier is een duplicaat: sluit het af."
            " De melder leest alleen dat de melding samen behandeld wordt met een andere."
        )
        ways.append(("merge", duplicate))
    others = related_to(case)
    return {
        "related": [
            {
                "id": one.id, "number": one.number, "how": one.how, "url": f"{list_url}/{one.id}", "undo": _undo(one),
                "unread": one.how == "duplicate" and one.unread, "differs": one.how == "link" and one.differs,
            }
            for one in others
        ],
        "link_ways": ways,
        "to_others": _to_others([one.number for one in others if one.how == "duplicate"]),
    }  # fmt: skip


def _to_others(duplicates: list[str]) -> str:
    """That a text goes to other reporters as well; nothing when there are none."""
    if not duplicates:
        return ""
    warning = gettext(
        "Je tekst gaat ook naar de melders van %(numbers)s. Schrijf niets waaraan je een melder herkent.",
        numbers=", ".join(duplicates),
    )
    return f" {warning}"


def _undo(one: Related) -> str:
    """Until when the merge can be undone; nothing when that is past."""
    if one.how != "into" or now() > one.since + UNDO_WITHIN:
        return ""
    return gettext("Dat kan tot %(day)s.", day=shown.day(local_date(one.since + UNDO_WITHIN), today()))
