"""Handing a case over: to the other desk, to a desk of another entity, or to a central actor.

The reporter decides: nothing goes anywhere before a yes. One exception, by law: an anonymous report that came to the
wrong place is passed on at once (decree of 18 November 2022; identity cannot show). What goes is what the reporter said
and was told, unmodified (cases.letters). The desk that receives it reads it, and accepts or refuses. On acceptance it
has a case of its own, the reporter's words open that one, and the sender's case is closed: it is counted where it is
handled. Until then nobody writes, so that nothing is left behind. A letter that nobody answers comes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

from flask import current_app
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.desk_keys import NoKeyYet, desk_secrets, handlers_with_key
from spreekbuis.access.models import DeskAddress, DeskLetter
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.exclusion import carry_over, withhold_from
from spreekbuis.cases.keys import Reader
from spreekbuis.cases.letters import (
    Letter,
    first_files,
    not_withheld,
    open_letter,
    seal_letter,
    write_letter,
    write_the_rest,
)
from spreekbuis.cases.models import Case, Referral
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.cases.procedures import State
from spreekbuis.clock import now, today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    DESK_OF_TOPIC,
    CaseKind,
    Channel,
    Identity,
    Outcome,
    ReporterClass,
    Topic,
)
from spreekbuis.directory.models import Actor, Entity, EntityStatus
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.identity.models import Account
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.vault.content import ContentKey

MAIL_LETTER = "cases.mail_letter"
MAIL_RECEIVER = "cases.mail_receiver"
ANSWERED = "cases.referral_answered"
UNANSWERED_AFTER = timedelta(days=14)
"""Then a letter comes back to its sender, whose terms go on running. House rule: half of what is left of 3 months
would be too much, a holiday is not."""


class Why(StrEnum):
    WRONG_PLACE = "wrong_place"
    BETTER_PLACED = "better_placed"


WHY_LABELS: dict[Why, LazyString] = {
    Why.WRONG_PLACE: _l("De melding hoort hier niet"),
    Why.BETTER_PLACED: _l("De ander kan beter helpen"),
}


class Stage(StrEnum):
    """How far a referral is."""

    ASKED = "asked"
    """The reporter is asked."""
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SENT = "sent"
    """A desk has the letter."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    PASSED_ON = "passed_on"
    """The reporter agreed to an actor; the desk passes it on itself."""


class Answer(StrEnum):
    """Of the desk that receives a letter."""

    ACCEPTED = "accepted"
    NOT_OURS = "not_ours"
    INVOLVED = "involved"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"


REFUSALS: dict[Answer, LazyString] = {
    Answer.NOT_OURS: _l("Dit hoort niet bij ons"),
    Answer.INVOLVED: _l("We zijn zelf betrokken"),
}


class AlreadyReferred(Conflict):
    title = _l("Er loopt al een doorverwijzing")
    advice = _l("Trek die eerst in, of wacht op het antwoord.")


class NothingAsked(Conflict):
    title = _l("Deze vraag loopt niet meer")
    advice = _l("Kijk hoe je melding er nu voorstaat. Er is niets veranderd.")


class LetterGone(Conflict):
    title = _l("Deze doorverwijzing is al afgehandeld")
    advice = _l("Een collega was je voor, of de afzender trok ze in.")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to: an entity (the own one for its other desk) with the category as which it goes, or a central actor."""

    entity_id: UUID | None = None
    category: str | None = None
    actor_code: str | None = None


FOLLOW: list[Callable[[UUID, UUID, ContentKey], None]] = []
"""What else moves when a case goes on elsewhere, given the entity and the case that it was, and the key of the one that
it is now: the reporter's receipt. Set by the composition root."""


def propose(
    case: Case, key: ContentKey, to: Destination, why: Why, explanation: str, once: UUID | None = None
) -> Referral:
    """Ask the reporter whether the case may go there, or pass it on at once where the law says so.

    The same `once` again gives the referral that it made. Raises Invalid for a destination that is none, CaseClosed,
    AlreadyReferred.
    """
    if once is not None and (made := _made_by(case, once)) is not None:
        return made
    refuse_closed(case)
    _check(case, to)
    if open_referral(case.id) is not None:
        raise AlreadyReferred
    account_id, referral_id = acting().account_id, new_id()
    assert account_id is not None, "a handler proposes"
    referral = Referral(
        entity_id=case.entity_id, id=referral_id, case_id=case.id, to_id=to.entity_id, category=to.category,
        actor_code=to.actor_code, why=why, explanation_sealed=key.seal(_explained(referral_id), explanation),
        state=Stage.ASKED, state_before=case.state, account_id=account_id, once=once,
    )  # fmt: skip
    db.session.add(referral)
    db.session.flush()
    if why is Why.WRONG_PLACE and case.identity == Identity.ANONYMOUS:
        _go(case, key, referral)
    else:
        changed(case, Happened.REFERRAL_ASKED)
    return referral


def agree(case: Case, key: ContentKey, referral_id: UUID) -> None:
    """The reporter says yes: it goes. Raises NotFound, NothingAsked, Invalid when the receiver left meanwhile."""
    referral = _asked(case, referral_id)
    referral.answered_at = now()
    _go(case, key, referral)


def decline(case: Case, referral_id: UUID) -> None:
    """The reporter says no: the case stays. Raises NotFound, NothingAsked."""
    referral = _asked(case, referral_id)
    referral.answered_at = now()
    _end(referral, Stage.DECLINED)
    case.unread_by_desk = True
    changed(case, Happened.REFERRAL_DECLINED)


def withdraw(case: Case, referral_id: UUID) -> None:
    """The desk takes its question back, or the reporter the yes, as long as nobody accepted. Raises NotFound,
    NothingAsked."""
    referral = _open(case, referral_id)
    if referral.state == Stage.SENT and not _answer(referral.id, Answer.WITHDRAWN):
        raise NothingAsked
    _come_back(case, referral, Stage.WITHDRAWN)


def open_referral(case_id: UUID) -> Referral | None:
    """The referral of the case that is not ended, if any."""
    return db.session.scalar(
        select(Referral).where(
            Referral.entity_id == current_entity_id(),
            Referral.case_id == case_id,
            Referral.ended_at.is_(None),
        )
    )


def referrals_of(case_id: UUID) -> list[Referral]:
    """Every referral of the case, the latest first."""
    return list(
        db.session.scalars(
            select(Referral)
            .where(Referral.entity_id == current_entity_id(), Referral.case_id == case_id)
            .order_by(Referral.asked_at.desc(), Referral.id.desc())
        )
    )


def explanation_of(key: ContentKey, referral: Referral) -> str:
    return key.open(_explained(referral.id), referral.explanation_sealed)


def read_letter(letter_id: UUID, desks: frozenset[UUID], reader: Reader) -> tuple[DeskLetter, Letter]:
    """A letter to one of these desks, opened; audited. Raises LetterGone, NoKeyYet."""
    letter = _letter(letter_id, desks)
    secret = desk_secrets(letter.desk_id, reader.account_id, reader.secret).get(letter.version)
    if secret is None:
        raise NoKeyYet
    record(Audited.LETTER_READ, letter.id)
    return letter, open_letter(letter, secret)


def accept(letter_id: UUID, desks: frozenset[UUID], reader: Reader) -> Case:
    """Take the case over: a case of this desk from here on, received when it was sent. Raises as `read_letter`."""
    letter = _letter(letter_id, desks, lock=True)
    _, told = read_letter(letter_id, desks, reader)
    new = NewCase(
        id=letter.id, kind=CaseKind.NEW, category=told.category, channel=Channel(told.channel),
        identity=Identity(told.identity), reporter_class=ReporterClass(told.reporter_class),
        language=told.language, text=told.messages[0].text, reporter=told.reporter,
        duty_accepted=told.duty_accepted, answered=told.answered, files=first_files(told), received_at=letter.sent_at,
        said_at=told.messages[0].at,
    )  # fmt: skip
    case = open_case(new)
    key = ContentKey(case.entity_id, case.id, new.secret)
    write_the_rest(case, key, told.messages[1:])
    changed(case, Happened.CAME_BY_REFERRAL)
    # A sentence of the desk before, kept as it wrote it: it says from where, which the reporter knows.
    note = f"{told.from_entity}, {told.from_number}\n\n{told.explanation}"
    write_message(case, key, author="handler", text=note, internal=True)
    if letter.from_id == case.entity_id:
        carry_over(told.from_case, case, key)
    for follow in FOLLOW:
        follow(letter.from_id, told.from_case, key)
    _answer(letter.id, Answer.ACCEPTED)
    return case


def refuse(letter_id: UUID, desks: frozenset[UUID], why: Answer) -> None:
    """The case stays with its sender, who is told why. Raises LetterGone, KeyError for what is no refusal."""
    letter = _letter(letter_id, desks, lock=True)
    assert why in REFUSALS
    _answer(letter.id, why)


def closed_there(referral_id: UUID) -> datetime | None:
    """When the receiver closed the case that it accepted, as far as the sender may know."""
    return db.session.scalar(
        select(DeskLetter.closed_at).where(
            DeskLetter.id == referral_id, DeskLetter.from_id == current_entity_id()
        )
    )


@job(ANSWERED)
def referral_answered(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """At the sender: close the case that was accepted, or take it back."""
    referral = db.session.scalar(
        select(Referral)
        .where(
            Referral.entity_id == current_entity_id(), Referral.id == UUID(id), Referral.ended_at.is_(None)
        )
        .with_for_update()
    )
    answer = db.session.scalar(
        select(DeskLetter.answer).where(DeskLetter.id == UUID(id), DeskLetter.from_id == current_entity_id())
    )
    if referral is None or answer is None:
        return
    case = db.session.get_one(Case, (current_entity_id(), referral.case_id), with_for_update=True)
    if answer == Answer.ACCEPTED:
        _end(referral, Stage.ACCEPTED)
        set_state(case, State.CLOSED)
        case.closed_at, case.outcome = now(), Outcome.REFERRED
        case.unread_by_desk = False
        changed(case, Happened.REFERRAL_ACCEPTED, Audited.CASE_CLOSED, outcome=Outcome.REFERRED.value)
        return
    _come_back(case, referral, Stage.UNANSWERED if answer == Answer.UNANSWERED else Stage.REFUSED)


@job("cases.return_letters", at=time(4, 30))
def return_letters() -> None:
    """Letters that nobody answered in time come back to their senders."""
    late = db.session.scalars(
        select(DeskLetter.id)
        .where(DeskLetter.answered_at.is_(None), DeskLetter.sent_at < now() - UNANSWERED_AFTER)
        .limit(1000)
    ).all()
    for letter_id in late:
        _answer(letter_id, Answer.UNANSWERED)


def _check(case: Case, to: Destination) -> None:
    if to.actor_code is not None:
        if db.session.get(Actor, to.actor_code) is None:
            raise Invalid({"to": _l("Kies een van de mogelijkheden.")})
        return
    category = CATEGORIES.get(to.category or "")
    if category is None:
        raise Invalid({"category": _l("Kies een van de mogelijkheden.")})
    desk = DESK_OF_TOPIC[category.topic]
    if to.entity_id == case.entity_id and desk is DESK_OF_TOPIC[Topic(case.topic)]:
        raise Invalid(
            {
                "category": _l(
                    "Dit onderwerp hoort al bij jouw loket. Verander het op de pagina van het dossier."
                )
            }
        )
    if to.entity_id is None or _address(to.entity_id, desk) is None:
        raise Invalid({"to": _l("Deze entiteit kan nu geen meldingen ontvangen.")})


def _address(entity_id: UUID, desk: str) -> DeskAddress | None:
    """Where to seal to, held until this transaction ends: the desk's key is not ended meanwhile."""
    return db.session.scalar(
        select(DeskAddress)
        .join(Entity, Entity.id == DeskAddress.tenant_id)
        .where(
            DeskAddress.tenant_id == entity_id,
            DeskAddress.kind == desk,
            Entity.status == EntityStatus.ACTIVE,
            Entity.service_until >= today(),
        )
        .with_for_update(read=True, of=DeskAddress)
        .execution_options(populate_existing=True)
    )


def _go(case: Case, key: ContentKey, referral: Referral) -> None:
    referral.sent_at = now()
    if referral.to_id is None:
        _end(referral, Stage.PASSED_ON)
        case.unread_by_desk = True
        changed(case, Happened.REFERRED)
        return
    assert referral.category is not None, "a desk gets it as something"
    address = _address(referral.to_id, DESK_OF_TOPIC[CATEGORIES[referral.category].topic])
    if address is None:
        raise Invalid({"": _l("Deze entiteit kan nu geen meldingen ontvangen.")})
    name = db.session.scalars(select(Entity.name).where(Entity.id == case.entity_id)).one()
    content = write_letter(case, key, referral.category, name, explanation_of(key, referral))
    sealed = seal_letter(address.public_key, referral.id, address.tenant_id, address.desk_id, content)
    db.session.execute(
        insert(DeskLetter).values(
            id=referral.id, from_id=case.entity_id, to_id=address.tenant_id, desk_id=address.desk_id,
            version=address.version, contents_sealed=sealed, sent_at=referral.sent_at,
        )
    )  # fmt: skip
    referral.state = Stage.SENT
    referral.state_before = case.state
    set_state(case, State.REFERRED)
    record(Audited.LETTER_SENT, referral.id, {"case": str(case.id), "to": str(address.tenant_id)})
    changed(case, Happened.REFERRED)
    enqueue(MAIL_LETTER, entity_id=address.tenant_id, id=str(referral.id))


def _asked(case: Case, referral_id: UUID) -> Referral:
    referral = _open(case, referral_id)
    if referral.state != Stage.ASKED:
        raise NothingAsked
    return referral


def _open(case: Case, referral_id: UUID) -> Referral:
    """That referral of the case, held. Raises NotFound when it has no such one, NothingAsked when it is over."""
    referral = db.session.scalar(
        select(Referral)
        .where(
            Referral.entity_id == current_entity_id(), Referral.case_id == case.id, Referral.id == referral_id
        )
        .with_for_update()
    )
    if referral is None:
        raise NotFound
    if referral.ended_at is not None:
        raise NothingAsked
    return referral


def _come_back(case: Case, referral: Referral, stage: Stage) -> None:
    if case.state == State.REFERRED:
        set_state(case, State(referral.state_before))
    _end(referral, stage)
    case.unread_by_desk = True
    changed(case, Happened.REFERRAL_ENDED, stage=stage.value)


def _end(referral: Referral, stage: Stage) -> None:
    referral.state, referral.ended_at = stage, now()


def _letter(letter_id: UUID, desks: frozenset[UUID], *, lock: bool = False) -> DeskLetter:
    wanted = select(DeskLetter).where(
        DeskLetter.id == letter_id,
        DeskLetter.to_id == current_entity_id(),
        DeskLetter.desk_id.in_(desks),
        not_withheld(),
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    letter = db.session.scalar(wanted)
    if letter is None:
        raise NotFound
    if letter.answered_at is not None:
        raise LetterGone
    return letter


def _answer(letter_id: UUID, answer: Answer) -> bool:
    """Answer a letter, once: its contents are gone after that. Gives whether it was open."""
    sender = db.session.scalar(
        update(DeskLetter)
        .where(DeskLetter.id == letter_id, DeskLetter.answered_at.is_(None))
        .values(answered_at=now(), answer=answer, contents_sealed=None)
        .returning(DeskLetter.from_id)
        .execution_options(synchronize_session=False)
    )
    if sender is None:
        return False
    record(Audited.LETTER_ANSWERED, letter_id, {"answer": answer})
    if answer is not Answer.WITHDRAWN:
        enqueue(ANSWERED, entity_id=sender, id=str(letter_id))
    return True


def _made_by(case: Case, once: UUID) -> Referral | None:
    return db.session.scalar(
        select(Referral).where(
            Referral.entity_id == current_entity_id(), Referral.case_id == case.id, Referral.once == once
        )
    )


def _explained(referral_id: UUID) -> str:
    return f"referral/{referral_id}"


def receivers(letter_id: UUID) -> list[UUID]:
    """Who can read a letter that waits at a desk of the tenant in scope; nobody once it is answered."""
    desk_id = db.session.scalar(
        select(DeskLetter.desk_id).where(
            DeskLetter.id == letter_id,
            DeskLetter.to_id == current_entity_id(),
            DeskLetter.answered_at.is_(None),
            not_withheld(),
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
