"""The room of the keys, and what its pages share."""

from uuid import UUID

from flask_babel import gettext as _

from spreekbuis.access.recovery import Kit, Officer
from spreekbuis.directory.catalogue import DESK_LABELS, DeskKind
from spreekbuis.web.forms import Reading
from spreekbuis.web.room import Room

room = Room("keys")


def desk_title(kind: DeskKind, came_from: str | None = None) -> str:
    """A desk at the start of a line: Loket Integriteit. With the entity from which it came."""
    label = str(DESK_LABELS[kind])
    title = label[:1].upper() + label[1:]
    return _("%(desk)s (vroeger %(entity)s)", desk=title, entity=came_from) if came_from else title


def officer_options(officers: list[Officer]) -> list[tuple[str, str]]:
    """Who can hold a part, for a select."""
    return [(str(officer.account_id), f"{officer.label} ({officer.email})") for officer in officers]


def officers_given(officers: list[Officer], kit: Kit | None, me: UUID) -> dict[str, str]:
    """What the two selects begin with: who holds a part now; at first myself, and the colleague when there is only
    one."""
    if kit is not None and kit.parts:
        now = [str(part.officer.account_id) for part in kit.parts]
        possible = {str(officer.account_id) for officer in officers}
        return {
            name: one if one in possible else ""
            for name, one in zip(("officer_a", "officer_b"), now, strict=True)
        }
    others = [str(officer.account_id) for officer in officers if officer.account_id != me]
    return {"officer_a": str(me), "officer_b": others[0] if len(others) == 1 else ""}


def read_officers(form: Reading, officers: list[Officer]) -> list[UUID]:
    """The two who were chosen; what is wrong about them goes to the form."""
    possible = [str(officer.account_id) for officer in officers]
    chosen = [form.one_of(name, possible) for name in ("officer_a", "officer_b")]
    return [UUID(one) for one in chosen if one is not None]
