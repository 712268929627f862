"""The version of a case that may be disclosed, to whoever: what the case is, its course in days as far as it tells
nothing of the reporter, and what reporter and desk wrote, with '[weggelaten: …]' where something is left out.

It says what it may hold, and nothing else gets in: no notes, contacts, tasks, consents, wishes, scores, answers, names
of handlers or files, nor who may not see the case. What is left out is never given to what writes the document."""

from collections.abc import Iterator, Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases import shown
from spreekbuis.cases.changes import Happened
from spreekbuis.cases.dialogue import ShownMessage
from spreekbuis.cases.export.redactions import Piece, Why, digest, disclosed, left_out, rules_of
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import procedure_of
from spreekbuis.clock import local_date, now
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import Identity
from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said
from spreekbuis.errors import Conflict, type_text
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.dates import day_in_words

TOLD: Mapping[Happened, type_text] = {
    Happened.RECEIVED: _l("Ontvangen"),
    Happened.ACKNOWLEDGED: _l("Ontvangst bevestigd"),
    Happened.REFERRED: _l("Doorverwezen"),
    Happened.FEEDBACK: _l("Terugkoppeling gegeven"),
    Happened.CLOSED: _l("Afgesloten"),
}
"""What of the course is disclosed. Who was spoken with, what was asked, agreed or feared is not."""


class SomethingNew(Conflict):
    title = _l("Er is iets veranderd sinds je keek")
    advice = _l(
        "Er kwam een bericht bij, of een collega veranderde iets. Kijk alles opnieuw na en download dan."
    )


def disclose(case: Case, key: ContentKey, entity: str, *, seen: str) -> Document:
    """The document, audited. `seen`: the digest of what the handler looked at (export.redactions.digest).

    Raises CannotOpen, and SomethingNew when there is more or less by now than was looked at.
    """
    messages, rules = disclosed(key), rules_of(case, key)
    cut = [rules.pieces(message) for message in messages]
    if seen != digest(cut):
        raise SomethingNew
    record(
        Audited.CASE_EXPORTED,
        case.id,
        {"what": "redacted", "notes": False, "messages": len(messages), "files": 0},
    )
    number, made_at = number_of(case.topic, case.year, case.number), now()
    return Document(
        title=_("Dossier %(number)s, versie om te delen", number=number),
        subtitle=_("%(entity)s. Gemaakt op %(when)s.", entity=entity, when=shown.minute(made_at)),
        language=shown.language(),
        made_at=made_at,
        blocks=[*_facts(case), *_course(case), *_talk(messages, cut)],
        contents=True,
    )


def as_told(cut: Sequence[Piece]) -> str:
    """The text of a message with what is left out."""
    return "".join(piece.text if piece.why is None else left_out(piece.why) for piece in cut)


def _facts(case: Case) -> Iterator[Block]:
    words = shown.labels()
    yield Paragraph(
        _(
            "Waar iets is weggelaten, staat tussen haken waarom. Interne notities, contacten, antwoorden op vragen,"
            " namen van behandelaars en bijlagen staan er niet in."
        )
    )
    yield Heading(_("Feiten"))
    facts = [
        (_("Dossier"), number_of(case.topic, case.year, case.number)),
        (_("Soort"), words.kind[case.kind]),
        (_("Regime"), str(procedure_of(case).label)),
        (_("Onderwerp"), words.category.get(case.category, case.category)),
        (_("Stand"), words.state[case.state]),
    ]
    if case.identity != Identity.ANONYMOUS:
        facts.append((_("Melder"), left_out(Why.REPORTER)))
    if case.outcome is not None:
        facts.append((_("Uitkomst"), words.outcome[case.outcome]))
    yield Facts(facts)


def _course(case: Case) -> Iterator[Block]:
    happened = db.session.execute(
        select(CaseEvent.kind, CaseEvent.at)
        .where(
            CaseEvent.entity_id == case.entity_id,
            CaseEvent.case_id == case.id,
            CaseEvent.kind.in_(TOLD),
        )
        .order_by(CaseEvent.at, CaseEvent.id)
    )
    yield Heading(_("Verloop"))
    yield Facts([(day_in_words(local_date(at)), str(TOLD[Happened(kind)])) for kind, at in happened])


def _talk(messages: Sequence[ShownMessage], cut: Sequence[Sequence[Piece]]) -> Iterator[Block]:
    yield Heading(_("Gesprek"))
    for message, told in zip(messages, cut, strict=True):
        who = _("Melder") if message.author == "reporter" else _("Loket")
        yield Said(who, day_in_words(local_date(message.at)), as_told(told))
        if message.files:
            count = len(message.files)
            yield Paragraph(
                ngettext("%(num)s bijlage, niet meegegeven", "%(num)s bijlagen, niet meegegeven", count),
                small=True,
            )
