"""The version of a case that may be disclosed: without notes, contacts, names of handlers and of files, and with
'[weggelaten: …]' where something is left out: what a handler marked, and name and contact data of the reporter wherever
they stand, since nobody knows who will read it. What is left out is never given to what writes the document."""

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import ngettext

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases import shown
from spreekbuis.cases.dialogue import ShownMessage, read_dialogue
from spreekbuis.cases.export.dossier import course_blocks, terms_blocks
from spreekbuis.cases.export.redactions import Why, left_out, marks_of, pieces, without_reporter
from spreekbuis.cases.export.reporter_blocks import reporter_blocks, said_as, states_of
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.procedures import procedure_of
from spreekbuis.cases.wishes import REACH_LABELS, Reach, contact_preference
from spreekbuis.clock import local_date, now
from spreekbuis.directory.catalogue import Identity
from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.dates import day_in_words


def disclose(case: Case, key: ContentKey, entity: str) -> Document:
    """The document, audited. Raises CannotOpen."""
    messages = read_dialogue(key, internal=False)
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
        blocks=list(_blocks(case, key, messages)),
        contents=True,
    )


def _blocks(case: Case, key: ContentKey, messages: list[ShownMessage]) -> Iterator[Block]:
    words, marks = shown.labels(), marks_of(key)
    states = states_of(messages)
    leave_out = without_reporter(case, key, left_out(Why.REPORTER))
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
        (_("Ontvangen"), day_in_words(local_date(case.received_at))),
        (_("Stand"), words.state[case.state]),
    ]
    if case.identity != Identity.ANONYMOUS:
        facts.append((_("Melder"), left_out(Why.REPORTER)))
    wanted = contact_preference(case.contact_preference_sealed, key)
    if wanted is not None:
        where = left_out(Why.REPORTER) if wanted.where else ""
        how = ", ".join(filter(None, (str(REACH_LABELS[Reach(wanted.reach)]), where)))
        facts.append((_("Contact nemen"), how))
    if case.outcome is not None:
        facts.append((_("Uitkomst"), words.outcome[case.outcome]))
    yield Facts(facts)
    yield from reporter_blocks(case, messages)
    yield from terms_blocks(case)
    yield from course_blocks(case, {})
    yield Heading(_("Gesprek"))
    for message in messages:
        who = _("Melder") if message.author == "reporter" else _("Loket")
        found = pieces(message.text, marks.get(message.id, []))
        text = "".join(leave_out(piece.text) if piece.why is None else left_out(piece.why) for piece in found)
        yield Said(said_as(who, message, states), shown.minute(message.at), text)
        if message.files:
            count = len(message.files)
            yield Paragraph(
                ngettext("%(num)s bijlage, niet meegegeven", "%(num)s bijlagen, niet meegegeven", count),
                small=True,
            )
