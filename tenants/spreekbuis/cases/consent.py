"""To whom the reporter lets the desk tell who they are.

Directive 2019/1937, article 16, and the decree of 18 November 2022: identity is disclosed only with explicit consent,
or by legal duty. So each kind of sharing is asked apart, is no by default, and can be withdrawn at any time, also when
the case is closed: from that moment on it counts no more.

Where something leaves the desk, `may_name` decides: a letter to another desk (cases.letters) and a copy for somebody
else (cases.export.dossier) go without name, contact data and class of the reporter, unless they said yes or the law
asks it. Then the reporter hears it before, with the reasons (article 16, third paragraph): `tell_legal_duty`.
"""

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString, force_locale, gettext
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.dialogue import MessageKind, Nature, write_message
from spreekbuis.cases.duplicates import mark_unread
from spreekbuis.cases.models import Case
from spreekbuis.directory.catalogue import Identity
from spreekbuis.errors import Invalid
from spreekbuis.vault.content import ContentKey


class Sharing(StrEnum):
    """Who may be told."""

    LINE = "line"
    OTHER_DESK = "other_desk"
    """The wellbeing desk for a case of integrity, and the other way round."""
    PREVENTION = "prevention"
    EXTERNAL = "external"
    JUSTICE = "justice"


SHARING_LABELS: dict[Sharing, LazyString] = {
    Sharing.LINE: _l("De leidinggevende of de personeelsdienst"),
    Sharing.OTHER_DESK: _l("Het andere loket van je entiteit"),
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
    mark_unread(case)


def agree_in_talk(case: Case, to: Sharing) -> None:
    """The reporter, who has no mailbox, said yes to this in a talk; a handler writes it down. Twice is once."""
    if to not in case.shares_with:
        case.shares_with = [
            sharing.value for sharing in Sharing if sharing is to or sharing in case.shares_with
        ]
        changed(case, Happened.CONSENT, to=to.value, given=True, in_talk=True)


def knows_who(case: Case) -> bool:
    """Whether the case holds anything that tells who the reporter is, besides the texts themselves."""
    return (
        case.identity != Identity.ANONYMOUS
        or case.reporter_sealed is not None
        or case.contact_preference_sealed is not None
    )


def may_name(case: Case, to: Sharing) -> bool:
    """Whether these may be told who the reporter is: with consent, now, or after the notice of a legal duty."""
    return not knows_who(case) or to in case.shares_with or to in case.named_by_law


def tell_legal_duty(case: Case, key: ContentKey, to: Sharing, reasons: str, *, once: UUID) -> None:
    """The law obliges the desk to say who the reporter is: write them why, before it is done. From then on these may be
    told. The same `once` again changes nothing; also on a closed case.

    Directive 2019/1937, article 16(3): with an explanation in writing of the reasons. Raises Invalid without reasons,
    OnItsWay while another desk has the case.
    """
    if not reasons:
        raise Invalid({"law_reasons": _l("Schrijf waarom de wet dit vraagt. De melder leest het.")})
    with force_locale(case.language):
        told = gettext(
            "De wet verplicht ons om te zeggen wie je bent. Aan: %(to)s.", to=str(SHARING_LABELS[to])
        )
    write_message(
        case,
        key,
        author="handler",
        text=f"{told}\n\n{reasons}",
        once=once,
        nature=Nature(MessageKind.LEGAL_DUTY),
    )
    if to not in case.named_by_law:
        case.named_by_law = [*case.named_by_law, to.value]
        changed(case, Happened.NAMED_BY_LAW, to=to.value)


def consents_of(shares_with: Collection[str]) -> list[tuple[Sharing, bool]]:
    """The present state: each kind of sharing, and whether the reporter said yes."""
    return [(sharing, sharing in shares_with) for sharing in Sharing]
