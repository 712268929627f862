"""To whom the reporter lets the desk tell who they are.

Directive 2019/1937, article 16, and the decree of 18 November 2022: identity is disclosed only with explicit consent,
or by legal duty. So each kind of sharing is asked apart, is no by default, and can be withdrawn at any time, also when
the case is closed.
"""

from collections.abc import Collection
from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.models import Case


class Sharing(StrEnum):
    """Who may be told."""

    LINE = "line"
    PREVENTION = "prevention"
    EXTERNAL = "external"
    JUSTICE = "justice"


SHARING_LABELS: dict[Sharing, LazyString] = {
    Sharing.LINE: _l("De leidinggevende of de personeelsdienst"),
    Sharing.PREVENTION: _l("De preventieadviseur"),
    Sharing.EXTERNAL: _l("Een dienst buiten de entiteit, zoals Audit Vlaanderen"),
    Sharing.JUSTICE: _l("De politie of het gerecht"),
}


def set_consents(case: Case, given: Collection[Sharing]) -> None:
    """Let the desk share with these and with nobody else. Each change is an event; the same again changes nothing."""
    before = set(case.shares_with)
    wanted = {sharing.value for sharing in given}
    if wanted == before:
        return
    case.shares_with = [sharing.value for sharing in Sharing if sharing in wanted]
    for sharing in Sharing:
        if (sharing in wanted) != (sharing in before):
            changed(case, Happened.CONSENT, to=sharing.value, given=sharing in wanted)
    case.unread_by_desk = True


def consents_of(shares_with: Collection[str]) -> list[tuple[Sharing, bool]]:
    """The present state: each kind of sharing, and whether the reporter said yes."""
    return [(sharing, sharing in shares_with) for sharing in Sharing]
