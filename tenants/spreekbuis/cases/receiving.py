"""What a desk does with a letter of another one (cases.referral): read it, take the case over, or give it back."""

from collections.abc import Callable
from datetime import time, timedelta
from uuid import UUID

from flask import current_app
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from spreekbuis.access.desk_keys import NoKeyYet, desk_secrets, handlers_with_key
from spreekbuis.access.models import DeskLetter
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.exclusion import carry_over, withhold_from
from spreekbuis.cases.keys import Reader
from spreekbuis.cases.letters import (
    Answer,
    Copies,
    Letter,
    answer_letter,
    copy_files,
    discard_copies,
    not_withheld,
    open_letter,
    receives,
    write_the_rest,
)
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.cases.referral import MAIL_LETTER
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, Channel, Identity, ReporterClass
from spreekbuis.directory.models import Entity
from spreekbuis.errors import Conflict, NotFound
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.vault.content import ContentKey

MAIL_RECEIVER = "cases.mail_receiver"
UNANSWERED_AFTER = timedelta(days=7)
"""Then a letter comes back to its sender, whose terms go on running: whoever takes it over has as long as any desk has
to acknowledge a report (decree of 18 November 2022)."""

REFUSALS: dict[Answer, LazyString] = {
    Answer.NOT_OURS: _l("Dit hoort niet bij ons"),
    Answer.INVOLVED: _l("We zijn zelf betrokken"),
}


class LetterGone(Conflict):
    title = _l("Deze doorverwijzing is al afgehandeld")
    advice = _l("Een collega was je voor, of de afzender trok ze in.")


class NoService(Conflict):
    title = _l("Jullie entiteit krijgt nu geen nieuwe dossiers")
    advice = _l("Ze is op dit moment niet aangesloten. De doorverwijzing gaat terug naar de afzender.")


FOLLOW: list[Callable[[UUID, UUID, ContentKey], None]] = []
"""What else moves when a case goes on elsewhere, given the entity and the case that it was, and the key of the one that
it is now: the reporter's receipt. Set by the composition root."""


def read_letter(letter_id: UUID, desks: frozenset[UUID], reader: Reader) -> tuple[DeskLetter, Letter]:
    """A letter to one of these desks, opened; audited. Raises NotFound, LetterGone, NoKeyYet."""
    letter = _letter(letter_id, desks)
    secret = _secret_for(letter, reader)
    record(Audited.LETTER_READ, letter.id)
    return letter, open_letter(letter, secret)


def accept(letter_id: UUID, desks: frozenset[UUID], reader: Reader) -> Case:
    """Take the case over: a case of this desk from here on, received when it was sent. Raises as `read_letter`, and
    NoService.

    The files are copied first, while nothing is held: new reports of the desk do not wait for them. A file that is
    there no more, or damaged, is named in the note that says where the case came from.
    """
    if db.session.scalar(select(Entity.id).where(Entity.id == current_entity_id(), *receives())) is None:
        raise NoService
    letter, told = read_letter(letter_id, desks, reader)
    copies = copy_files(told)
    try:
        _letter(letter_id, desks, lock=True)
        case, key = _open_case(letter, told, copies)
        for follow in FOLLOW:
            follow(letter.from_id, told.from_case, key)
        answer_letter(letter.id, Answer.ACCEPTED)
    except BaseException:
        discard_copies(copies)
        raise
    return case


def refuse(letter_id: UUID, desks: frozenset[UUID], reader: Reader, why: Answer) -> None:
    """The case stays with its sender, who is told why. For who can read the letter. Raises as `read_letter`."""
    assert why in REFUSALS
    _secret_for(_letter(letter_id, desks, lock=True), reader)
    answer_letter(letter_id, why)


@job("cases.return_letters", at=time(4, 30))
def return_letters() -> None:
    """Letters come back to their senders when nobody answered in time, or when their receiver is none any more."""
    late = db.session.scalars(
        select(DeskLetter.id)
        .where(
            DeskLetter.answered_at.is_(None),
            or_(
                DeskLetter.sent_at < now() - UNANSWERED_AFTER,
                DeskLetter.to_id.not_in(select(Entity.id).where(*receives())),
            ),
        )
        .limit(1000)
    ).all()
    for letter_id in late:
        answer_letter(letter_id, Answer.UNANSWERED)


def sender_of(letter: DeskLetter) -> str:
    """The name of the entity that sent it: of its row, and not of what the letter says."""
    return db.session.scalars(select(Entity.name).where(Entity.id == letter.from_id)).one()


def _open_case(letter: DeskLetter, told: Letter, copies: Copies) -> tuple[Case, ContentKey]:
    new = NewCase(
        id=letter.id, kind=CaseKind.NEW, category=told.category, channel=Channel(told.channel),
        identity=Identity(told.identity), reporter_class=ReporterClass(told.reporter_class),
        language=told.language, text=told.messages[0].text, reporter=told.reporter,
        duty_accepted=told.duty_accepted, answered=told.answered, files=copies.of_messages[0],
        received_at=letter.sent_at, said_at=told.messages[0].at,
    )  # fmt: skip
    case = open_case(new)
    key = ContentKey(case.entity_id, case.id, new.secret)
    write_the_rest(case, key, told, copies)
    changed(case, Happened.CAME_BY_REFERRAL)
    # A sentence of the desk before, kept as it wrote it: it says from where, which the reporter knows.
    note = f"{sender_of(letter)}, {told.from_number}\n\n{told.explanation}"
    if copies.lost:
        lost = gettext(
            "Deze bijlagen waren er niet meer of waren beschadigd: %(names)s.", names=", ".join(copies.lost)
        )
        note = f"{note}\n\n{lost}"
    write_message(case, key, author="handler", text=note, internal=True)
    if letter.from_id == case.entity_id:
        carry_over(told.from_case, case, key)
    return case, key


def _letter(letter_id: UUID, desks: frozenset[UUID], *, lock: bool = False) -> DeskLetter:
    wanted = select(DeskLetter).where(
        DeskLetter.id == letter_id,
        DeskLetter.to_id == current_entity_id(),
        DeskLetter.desk_id.in_(desks),
        not_withheld(current_entity_id()),
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    letter = db.session.scalar(wanted)
    if letter is None:
        raise NotFound
    if letter.answered_at is not None:
        raise LetterGone
    return letter


def _secret_for(letter: DeskLetter, reader: Reader) -> bytes:
    """What opens the letter. Raises NoKeyYet."""
    secret = desk_secrets(letter.desk_id, reader.account_id, reader.secret).get(letter.version)
    if secret is None:
        raise NoKeyYet
    return secret


def receivers(letter_id: UUID) -> list[UUID]:
    """Who can read a letter that waits at a desk of the tenant in scope; nobody once it is answered."""
    desk_id = db.session.scalar(
        select(DeskLetter.desk_id).where(
            DeskLetter.id == letter_id,
            DeskLetter.to_id == current_entity_id(),
            DeskLetter.answered_at.is_(None),
            not_withheld(current_entity_id()),
        )
    )
    return [] if desk_id is None else [holder.account_id for holder in handlers_with_key(desk_id)]


@job(MAIL_LETTER)
def mail_letter(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """Ask for one mail for each handler of the desk that a letter waits at."""
    for account_id in receivers(UUID(id)):
        enqueue(MAIL_RECEIVER, id=id, account_id=str(account_id))


@job(MAIL_RECEIVER)
def mail_receiver(id: str, account_id: str) -> None:  # noqa: A002
    """Tell a handler that a referral waits, unless it is answered. Nothing of what it says."""
    withhold_from(UUID(account_id))
    if UUID(account_id) not in receivers(UUID(id)):
        return
    settings: Settings = current_app.extensions["settings"]
    entity = db.session.get_one(Entity, current_entity_id())
    account = db.session.get_one(Account, UUID(account_id))
    link = f"{settings.base_url}/desk/{entity.ovo_code}/letters"
    deliver("letter_waits", account.email, account.language, entity=entity.name, link=link)
