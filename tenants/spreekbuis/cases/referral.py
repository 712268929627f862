"""Handing a case over: to the other desk, to a desk of another entity, or to a central actor.

The reporter decides: nothing goes anywhere before a yes. That is given in the mailbox, or in a talk by who has no words
(a call, a visit). One exception, by law: an anonymous report about integrity that came to the wrong place is passed on
at once to the integrity desk of another (decree of 18 November 2022; identity cannot show), unless the reporter said no
before. Never between wellbeing and integrity: those files are apart (Codex, book I title 3).

What goes is what the reporter said and was told, unmodified (cases.letters); name, contact data and class only when the
reporter wants that too (cases.consent), which stays so until it is accepted: a withdrawn yes rewrites the letter. The
desk that receives it reads it, and
accepts or refuses (cases.receiving). On acceptance it has a case of its own, the reporter's words open that one, and
the sender's case is closed: it is counted where it is handled. Until then nobody writes, so that nothing is left
behind. So nobody can acknowledge either: passing on is the acknowledgement, which the reporter reads in the mailbox.
A letter that nobody answers comes back.

Locks are taken in this order everywhere: the case, its referral, the letter.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.access.models import DeskAddress, DeskLetter
from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.cases.changes import Happened, changed, refuse_closed
from spreekbuis.cases.consent import Sharing, agree_in_talk, may_name, set_consents
from spreekbuis.cases.deadlines import set_state
from spreekbuis.cases.letters import (
    ANSWERED,
    Answer,
    answer_letter,
    note_closed,
    receives,
    seal_letter,
    write_letter,
)
from spreekbuis.cases.models import Case, Referral
from spreekbuis.cases.procedures import State, may_move
from spreekbuis.cases.related import let_go
from spreekbuis.clock import now
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    DESK_OF_TOPIC,
    Channel,
    DeskKind,
    Identity,
    Outcome,
    Topic,
)
from spreekbuis.directory.central_actors import there_today
from spreekbuis.directory.models import Actor, Entity
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.vault.content import ContentKey

MAIL_LETTER = "cases.mail_letter"


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
    """By the desk."""
    TAKEN_BACK = "taken_back"
    """By the reporter, after it was sent."""
    SENT = "sent"
    """A desk has the letter."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    PASSED_ON = "passed_on"
    """The reporter agreed to an actor; the desk passes it on itself."""


class AlreadyReferred(Conflict):
    title = _l("Er loopt al een doorverwijzing")
    advice = _l("Trek die eerst in, of wacht op het antwoord.")


class NothingAsked(Conflict):
    title = _l("Deze vraag loopt niet meer")
    advice = _l("Kijk hoe je melding er nu voorstaat. Er is niets veranderd.")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to: an entity (the own one for its other desk) with the category as which it goes, or a central actor."""

    entity_id: UUID | None = None
    category: str | None = None
    actor_code: str | None = None


def has_mailbox(case: Case) -> bool:
    """Whether the reporter has words, and so can be asked there: who called or came by has none."""
    return case.channel == Channel.WEB


def may_go_at_once(case: Case) -> bool:
    """Whether the case goes to another integrity desk without a question, when it came to the wrong place."""
    return (
        case.identity == Identity.ANONYMOUS
        and case.topic == Topic.INTEGRITY
        and not any(one.state in (Stage.DECLINED, Stage.TAKEN_BACK) for one in referrals_of(case.id))
    )


def propose(
    case: Case,
    key: ContentKey,
    to: Destination,
    why: Why,
    explanation: str,
    once: UUID | None = None,
    *,
    agreed_in_talk: bool = False,
    named_in_talk: bool = False,
    agreed_at: datetime | None = None,
) -> Referral:
    """Ask the reporter whether the case may go there, or pass it on at once where the law says so.

    `agreed_in_talk`: the reporter was asked in a talk and said yes, which counts for who has no mailbox alone;
    `named_in_talk`: and that the name may go along. `agreed_at`: when the sender of a message to 1700 agreed to that,
    name included, before this question. The same `once` again gives the referral that it made. Raises Invalid for a
    destination that is none and for a reporter who cannot be asked, CaseClosed, AlreadyReferred.
    """
    if once is not None and (made := _made_by(case, once)) is not None:
        return made
    refuse_closed(case)
    _check(case, to)
    if open_referral(case.id) is not None:
        raise AlreadyReferred
    at_once = why is Why.WRONG_PLACE and _is_integrity_desk(to) and may_go_at_once(case)
    if not at_once and not agreed_in_talk and not has_mailbox(case):
        raise Invalid(
            {
                "agreed": _l(
                    "Deze melder kwam niet via de website. Vraag het in een gesprek en vink het dan aan."
                )
            }
        )
    account_id, referral_id = acting().account_id, new_id()
    assert account_id is not None, "a handler proposes"
    referral = Referral(
        entity_id=case.entity_id, id=referral_id, case_id=case.id, to_id=to.entity_id, category=to.category,
        actor_code=to.actor_code, why=why, explanation_sealed=key.seal(_explained(referral_id), explanation),
        state=Stage.ASKED, state_before=case.state, account_id=account_id, once=once,
    )  # fmt: skip
    db.session.add(referral)
    db.session.flush()
    if at_once:
        _go(case, key, referral)
    elif agreed_at is not None:
        referral.answered_at = agreed_at
        set_consents(case, [sharing_of(case, referral), *map(Sharing, case.shares_with)])
        _go(case, key, referral)
    elif has_mailbox(case):
        changed(case, Happened.REFERRAL_ASKED)
    else:
        referral.answered_at = now()
        changed(case, Happened.REFERRAL_AGREED_IN_TALK)
        if named_in_talk:
            agree_in_talk(case, sharing_of(case, referral))
        _go(case, key, referral)
    return referral


def agree(case: Case, key: ContentKey, referral_id: UUID, *, named: bool = False) -> None:
    """The reporter says yes: it goes; `named`: with the name, which they let share from here on. Raises NotFound,
    NothingAsked, CaseClosed, Invalid when the receiver left meanwhile."""
    refuse_closed(case)
    referral = _asked(case, referral_id)
    referral.answered_at = now()
    if named:
        set_consents(case, [sharing_of(case, referral), *map(Sharing, case.shares_with)])
    _go(case, key, referral)


def sharing_of(case: Case, referral: Referral) -> Sharing:
    """The consent that this referral needs to go with the name."""
    return Sharing.OTHER_DESK if referral.to_id == case.entity_id else Sharing.EXTERNAL


def renew_letter(case: Case, key: ContentKey) -> None:
    """The reporter changed their mind about the name: a letter that nobody accepted says what they want now, or comes
    back when its receiver is none any more."""
    referral = open_referral(case.id)
    if referral is None or referral.state != Stage.SENT:
        return
    try:
        address, sealed = _sealed(case, key, referral)
    except Invalid:
        answer_letter(referral.id, Answer.UNANSWERED)
        return
    db.session.execute(
        update(DeskLetter)
        .where(DeskLetter.id == referral.id, DeskLetter.answered_at.is_(None))
        .values(version=address.version, contents_sealed=sealed)
    )


def decline(case: Case, referral_id: UUID) -> None:
    """The reporter says no: the case stays. Raises NotFound, NothingAsked."""
    referral = _asked(case, referral_id)
    referral.answered_at = now()
    _end(referral, Stage.DECLINED)
    case.unread_by_desk = True
    changed(case, Happened.REFERRAL_DECLINED)


def withdraw(case: Case, referral_id: UUID) -> None:
    """The desk takes its question or its letter back, as long as nobody accepted. Raises NotFound, NothingAsked."""
    _withdraw(case, referral_id, Stage.WITHDRAWN)


def take_back(case: Case, referral_id: UUID) -> None:
    """The reporter takes back what was sent, as long as nobody accepted: as much a no as a no to the question. Raises
    NotFound, NothingAsked."""
    _withdraw(case, referral_id, Stage.TAKEN_BACK)


def end_question(case: Case) -> None:
    """The reporter is asked no more: the case is closed."""
    going = open_referral(case.id)
    if going is not None:
        _end(going, Stage.WITHDRAWN)
        changed(case, Happened.REFERRAL_ENDED, stage=Stage.WITHDRAWN.value)


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
    case_id = db.session.scalar(
        select(Referral.case_id).where(Referral.entity_id == current_entity_id(), Referral.id == UUID(id))
    )
    answer = db.session.scalar(
        select(DeskLetter.answer).where(DeskLetter.id == UUID(id), DeskLetter.from_id == current_entity_id())
    )
    if case_id is None or answer is None:
        return
    case = db.session.get_one(Case, (current_entity_id(), case_id), with_for_update=True)
    referral = _held(case, UUID(id))
    if referral is None or referral.ended_at is not None:
        return
    if answer == Answer.ACCEPTED:
        _end(referral, Stage.ACCEPTED)
        set_state(case, State.CLOSED)
        case.closed_at, case.outcome = now(), Outcome.REFERRED
        case.unread_by_desk = False
        let_go(case)
        changed(case, Happened.REFERRAL_ACCEPTED, Audited.CASE_CLOSED, outcome=Outcome.REFERRED.value)
        note_closed(case)
        return
    _come_back(case, referral, Stage.UNANSWERED if answer == Answer.UNANSWERED else Stage.REFUSED)


def _check(case: Case, to: Destination) -> None:
    if to.actor_code is not None:
        known = select(Actor.code).where(Actor.code == to.actor_code, there_today())
        if db.session.scalar(known) is None:
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


def _is_integrity_desk(to: Destination) -> bool:
    return to.category is not None and DESK_OF_TOPIC[CATEGORIES[to.category].topic] is DeskKind.INTEGRITY


def _address(entity_id: UUID, desk: str) -> DeskAddress | None:
    """Where to seal to, held until this transaction ends: the desk's key is not ended meanwhile."""
    return db.session.scalar(
        select(DeskAddress)
        .join(Entity, Entity.id == DeskAddress.tenant_id)
        .where(
            DeskAddress.tenant_id == entity_id,
            DeskAddress.kind == desk,
            *receives(),
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
    address, sealed = _sealed(case, key, referral)
    db.session.execute(
        insert(DeskLetter).values(
            id=referral.id, from_id=case.entity_id, to_id=address.tenant_id, desk_id=address.desk_id,
            version=address.version, contents_sealed=sealed, sent_at=referral.sent_at,
        )
    )  # fmt: skip
    if may_move(case, State.ACKNOWLEDGED):
        set_state(case, State.ACKNOWLEDGED)
        case.acknowledged_at = referral.sent_at
        changed(case, Happened.ACKNOWLEDGED)
    referral.state = Stage.SENT
    referral.state_before = case.state
    set_state(case, State.REFERRED)
    record(Audited.LETTER_SENT, referral.id, {"case": str(case.id), "to": str(address.tenant_id)})
    changed(case, Happened.REFERRED)
    enqueue(MAIL_LETTER, entity_id=address.tenant_id, id=str(referral.id))


def _sealed(case: Case, key: ContentKey, referral: Referral) -> tuple[DeskAddress, bytes]:
    """The letter as the reporter wants it now, sealed to the desk; and that desk. Raises Invalid when it is none."""
    assert referral.category is not None, "a desk gets it as something"
    assert referral.to_id is not None, "an actor gets no letter"
    address = _address(referral.to_id, DESK_OF_TOPIC[CATEGORIES[referral.category].topic])
    if address is None:
        raise Invalid({"": _l("Deze entiteit kan nu geen meldingen ontvangen.")})
    named = may_name(case, sharing_of(case, referral))
    content = write_letter(case, key, referral.category, explanation_of(key, referral), named=named)
    return address, seal_letter(address.public_key, referral.id, address.tenant_id, address.desk_id, content)


def _asked(case: Case, referral_id: UUID) -> Referral:
    referral = _open(case, referral_id)
    if referral.state != Stage.ASKED:
        raise NothingAsked
    return referral


def _open(case: Case, referral_id: UUID) -> Referral:
    """That referral of the case, held. Raises NotFound when it has no such one, NothingAsked when it is over."""
    referral = _held(case, referral_id)
    if referral is None:
        raise NotFound
    if referral.ended_at is not None:
        raise NothingAsked
    return referral


def _held(case: Case, referral_id: UUID) -> Referral | None:
    """That referral of the case, held, as it is now. The case itself is held already."""
    return db.session.scalar(
        select(Referral)
        .where(
            Referral.entity_id == current_entity_id(), Referral.case_id == case.id, Referral.id == referral_id
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _withdraw(case: Case, referral_id: UUID, stage: Stage) -> None:
    referral = _open(case, referral_id)
    if referral.state == Stage.SENT and not answer_letter(referral.id, Answer.WITHDRAWN):
        raise NothingAsked
    _come_back(case, referral, stage)


def _come_back(case: Case, referral: Referral, stage: Stage) -> None:
    if case.state == State.REFERRED:
        set_state(case, State(referral.state_before))
    _end(referral, stage)
    case.unread_by_desk = True
    changed(case, Happened.REFERRAL_ENDED, stage=stage.value)


def _end(referral: Referral, stage: Stage) -> None:
    referral.state, referral.ended_at = stage, now()


def _made_by(case: Case, once: UUID) -> Referral | None:
    return db.session.scalar(
        select(Referral).where(
            Referral.entity_id == current_entity_id(), Referral.case_id == case.id, Referral.once == once
        )
    )


def _explained(referral_id: UUID) -> str:
    return f"referral/{referral_id}"
