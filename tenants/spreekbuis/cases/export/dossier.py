"""A case as a document: facts, course, terms, dialogue, contacts and the list of its attachments."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases import shown
from spreekbuis.cases.amounts import cents_in_words
from spreekbuis.cases.answers import answers_shown
from spreekbuis.cases.consent import Sharing, may_name
from spreekbuis.cases.contacts import read_contacts
from spreekbuis.cases.course import course_of
from spreekbuis.cases.deadlines import Deadline, deadlines
from spreekbuis.cases.dialogue import ShownMessage, StoredFile, read_dialogue, read_files
from spreekbuis.cases.export.redactions import Why, left_out, without_reporter
from spreekbuis.cases.export.reporter_blocks import reporter_blocks, said_as, states_of
from spreekbuis.cases.facts import facts_of
from spreekbuis.cases.labels import labels_of
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.results import (
    MEASURE_KIND_LABELS,
    MEASURE_STATE_LABELS,
    Result,
    measures_in,
    result_of,
)
from spreekbuis.cases.tasks import SIGN_LABELS, tasks_in
from spreekbuis.clock import now, today
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import FOLLOW_UP_LABELS
from spreekbuis.documents.blocks import Block, Document, Facts, Heading, Paragraph, Said
from spreekbuis.errors import Conflict
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.dates import day_in_words

NOBODY = UUID(int=0)
"""No reader in particular: a document says who, never 'you'."""


class IdentityStaysHere(Conflict):
    """Attachments may tell who the reporter is, and who gets them may not know."""

    title = _l("De melder gaf hiervoor geen toestemming")
    advice = _l(
        "De bijlagen kunnen tonen wie de melder is. Neem de pdf: daarin is de identiteit weggelaten. Verplicht de wet"
        " om de naam te geven? Schrijf de melder dan eerst waarom, onder ‘De wet vraagt de naam’."
    )


@dataclass(frozen=True, slots=True)
class Original:
    """An attachment to take out. `path` is its name in the archive; `sent` says with which message it came."""

    path: str
    sent: str
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is taken out of a case, opened; what is left to do needs no database, and no language.

    `words`: of the list of attachments, which is written when their contents have been read.
    """

    number: str
    document: Document
    originals: Sequence[Original]
    heading: str
    damaged: str


def take_out(
    case: Case, key: ContentKey, entity: str, *, notes: bool, what: str, to: Sharing | None = None
) -> Dossier:
    """The dossier of a case in the language of this request, audited. `notes`: with internal notes and their files;
    `to`: for whom outside the desk, None for the desk itself.

    Who may not know who the reporter is (cases.consent) gets it without name, contact data and class, also where they
    stand in a text, and without attachments, of which nobody has looked what they tell. Raises CannotOpen, and
    IdentityStaysHere for attachments all the same.
    """
    anonymous = to is not None and not may_name(case, to)
    if anonymous and what == "zip":
        raise IdentityStaysHere
    messages = read_dialogue(key, internal=notes)
    originals = [] if anonymous else list(_originals(messages, read_files(key, internal=notes)))
    record(
        Audited.CASE_EXPORTED,
        case.id,
        {
            "what": what, "notes": notes, "messages": len(messages), "files": len(originals),
            "to": to.value if to else "desk", "named": not anonymous,
        },
    )  # fmt: skip
    number = number_of(case.topic, case.year, case.number)
    made_at = now()
    blocks = _blocks(case, key, messages, notes=notes, anonymous=anonymous)
    document = Document(
        title=_("Dossier %(number)s", number=number),
        subtitle=_("%(entity)s. Gemaakt op %(when)s.", entity=entity, when=shown.minute(made_at)),
        language=shown.language(),
        made_at=made_at,
        blocks=list(_without_reporter(case, key, blocks) if anonymous else blocks),
        contents=True,
    )
    damaged = _("Niet meer leesbaar: dit bestand is weg of beschadigd, en zit er niet bij.")
    return Dossier(number, document, originals, _("Bijlagen"), damaged)


def _without_reporter(case: Case, key: ContentKey, blocks: Iterable[Block]) -> Iterator[Block]:
    """The same, without name and contact data of the reporter in any text."""
    leave_out = without_reporter(case, key, left_out(Why.REPORTER))
    for block in blocks:
        match block:
            case Said():
                yield replace(block, text=leave_out(block.text))
            case Paragraph():
                yield replace(block, text=leave_out(block.text))
            case Facts():
                yield replace(block, pairs=[(label, leave_out(value)) for label, value in block.pairs])
            case _:
                yield block


def _blocks(
    case: Case, key: ContentKey, messages: Sequence[ShownMessage], *, notes: bool, anonymous: bool
) -> Iterator[Block]:
    people = people_of(case, messages)
    yield Paragraph(
        _(
            "Dit document bevat persoonsgegevens en is vertrouwelijk. Bewaar het veilig, en niet langer dan nodig."
        )
    )
    if not notes:
        yield Paragraph(_("Interne notities en contacten staan er niet in."))
    known = facts_of(
        case, key, shown.labels(), people, NOBODY, date.min, left_out(Why.REPORTER) if anonymous else ""
    )
    yield Heading(_("Feiten"))
    yield Facts(
        [
            *known.rest,
            *known.first,
            (_("Stand"), shown.labels().state[case.state]),
        ]
    )
    yield from reporter_blocks(case, messages)
    yield from terms_blocks(case)
    yield from course_blocks(case, people)
    yield from result_blocks(case, key)
    if notes:
        yield from task_blocks(case, key)
    answers = answers_shown(case, key)
    if answers:
        yield Heading(_("Antwoorden op vragen"))
        yield Facts(answers)
    yield Heading(_("Gesprek"))
    states = states_of(messages)
    for message in messages:
        yield Said(
            said_as(who_said(message, people), message, states), shown.minute(message.at), message.text
        )
        if message.files:
            names = ", ".join(file.name for file in message.files)
            yield Paragraph(_("Bijlagen: %(names)s", names=names), small=True)
    if notes:
        yield Heading(_("Contacten"))
        contacts = read_contacts(key)
        for contact in contacts:
            yield Said(shown.labels().channel[contact.channel], shown.minute(contact.at), contact.note)
        if not contacts:
            yield Paragraph(_("Er zijn nog geen gesprekken, mails of brieven vastgelegd."))


def terms_blocks(case: Case) -> Iterator[Block]:
    """Each term: kept or missed, and where it comes from."""
    yield Heading(_("Termijnen"))
    for deadline in deadlines(case):
        yield Facts([(str(deadline.label), _kept(deadline, case))])
        if deadline.extended is not None:
            yield Paragraph(_("Verlengd: %(reason)s", reason=deadline.extended), small=True)
        yield Paragraph(str(deadline.source), small=True)


def course_blocks(case: Case, people: Mapping[UUID, str]) -> Iterator[Block]:
    """What happened, by day and hour."""
    yield Heading(_("Verloop"))
    yield Facts(
        [
            (step["when"], f"{step['title']}. {step['text']}".strip())
            for step in course_of(case, people, NOBODY, None)
        ]
    )


def result_blocks(case: Case, key: ContentKey) -> Iterator[Block]:
    """Measures, damage, recoveries, and what a central actor did; nothing when there is nothing to tell."""
    result, measures = result_of(case), measures_in(case, key)
    if result == Result() and not measures:
        return
    yield Heading(_("Resultaat"))
    known = []
    if result.damage_cents is not None:
        known.append((_("Geschatte schade, in euro"), cents_in_words(result.damage_cents)))
    if result.recovered_cents is not None:
        known.append((_("Teruggekregen, in euro"), cents_in_words(result.recovered_cents)))
    if result.follow_up is not None and result.follow_up_on is not None:
        told = f"{FOLLOW_UP_LABELS[result.follow_up]}, {day_in_words(result.follow_up_on)}"
        known.append((_("Wat een centrale actor ermee deed"), told))
    if known:
        yield Facts(known)
    for measure in measures:
        due = "" if measure.due_on is None else day_in_words(measure.due_on)
        words = (str(MEASURE_KIND_LABELS[measure.kind]), str(MEASURE_STATE_LABELS[measure.state]))
        yield Said(", ".join(words), due, measure.text)


def task_blocks(case: Case, key: ContentKey) -> Iterator[Block]:
    """Checks for reprisals that were answered, and the tasks of the desk."""
    tasks = [task for task in tasks_in(case, key) if task.id is not None]
    if not tasks:
        return
    yield Heading(_("Taken"))
    for task in tasks:
        words = "" if task.sign is None else str(SIGN_LABELS[task.sign])
        yield Said(task.label, day_in_words(task.due_on), "\n".join(filter(None, (words, task.note))))


def people_of(case: Case, messages: Sequence[ShownMessage]) -> dict[UUID, str]:
    """How everybody is called who wrote on the case, or was given it."""
    events = db.session.scalars(
        select(CaseEvent.data["handler"].astext).where(
            CaseEvent.entity_id == case.entity_id,
            CaseEvent.case_id == case.id,
            CaseEvent.data.has_key("handler"),
        )
    )
    given = {UUID(handler) for handler in events if handler}
    return labels_of({case.handler_id, *given, *(message.account_id for message in messages)})


def who_said(message: ShownMessage, people: Mapping[UUID, str]) -> str:
    """Who wrote a message."""
    if message.author == "reporter":
        return _("Melder")
    who = people.get(message.account_id or NOBODY, _("een collega"))
    return _("Interne notitie, %(who)s", who=who) if message.internal else _("Loket, %(who)s", who=who)


def _kept(deadline: Deadline, case: Case) -> str:
    due = day_in_words(deadline.due_on)
    if deadline.met_on is not None:
        met = day_in_words(deadline.met_on)
        if deadline.met_on <= deadline.due_on:
            return _("Op tijd: gedaan op %(met)s, uiterste dag %(due)s", met=met, due=due)
        return _("Te laat: gedaan op %(met)s, uiterste dag was %(due)s", met=met, due=due)
    if deadline.excused is not None:
        return _("Niet nodig: %(reason)s", reason=deadline.excused)
    if case.closed_at is not None:
        return _("Niet gedaan, uiterste dag was %(due)s", due=due)
    if deadline.due_on < today():
        return _("Te laat: nog niet gedaan, uiterste dag was %(due)s", due=due)
    return _("Nog te doen, uiterste dag %(due)s", due=due)


def _originals(
    messages: Sequence[ShownMessage], files: Sequence[tuple[UUID, StoredFile]]
) -> Iterator[Original]:
    sent = {message.id: shown.minute(message.at) for message in messages}
    for place, (message_id, file) in enumerate(files, 1):
        yield Original(f"{_('bijlagen')}/{place:02}-{file.name}", sent[message_id], file)
