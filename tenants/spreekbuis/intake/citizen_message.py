"""Writing to 1700: a message of a citizen or a business becomes a sealed case at the desk of 1700.

Not anonymous, and for whoever has no link with the work. The sender gets a copy on the page and as a PDF, and finds it
back with the words of the receipt. The mail that it arrived says nothing of it: no content of a case leaves by mail.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.citizens.host import host
from spreekbuis.cases.citizens.models import CitizenMessage
from spreekbuis.cases.citizens.passing import Sender
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db, within
from spreekbuis.directory.catalogue import CITIZENS, CaseKind, Channel, Identity, ReporterClass
from spreekbuis.directory.models import Organisation
from spreekbuis.errors import DomainError, NotFound
from spreekbuis.identity.lockout import LockedOut, count_try, key_of
from spreekbuis.intake.front.registering import mark_of
from spreekbuis.intake.patience import patience
from spreekbuis.intake.reporters import find_receipt, take_receipt
from spreekbuis.jobs.outbox import enqueue, job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.vault.receipt_code import ReceiptCode, from_submission
from spreekbuis.vault.sealing import context, derive, lock, unlock

PER_MINUTE = 60
"""Messages of everybody together; an honest day of 1700 has fewer."""
MAIL_ARRIVED = "citizens.mail_arrived"


class TooBusy(DomainError):
    status = 429
    title = _l("Er komen nu te veel berichten binnen")
    advice = _l("Je tekst is bewaard in dit formulier. Wacht een minuut en verstuur opnieuw.")


@dataclass(frozen=True, slots=True)
class ToCitizensDesk:
    """A message as it was written. `about`: None when the sender does not know; `agreed`: it may be passed on to it."""

    sender: Sender
    name: str
    email: str
    phone: str
    address: str
    about: Organisation | None
    agreed: bool
    subject: str
    text: str
    language: str

    @property
    def whole(self) -> str:
        return f"{self.subject}\n\n{self.text}"

    def mark(self, token: str) -> bytes:
        """What only this form with this content gives: the receipt code follows from it."""
        told = [
            self.sender, self.name, self.email, self.phone, self.address, self.about and self.about.ovo_code,
            self.agreed, self.subject, self.text,
        ]  # fmt: skip
        return mark_of(token, json.dumps(told))


@dataclass(frozen=True, slots=True)
class Arrived:
    """`number`: of the case; `again`: the same form with the same content came before."""

    number: str
    code: ReceiptCode = field(repr=False)
    again: bool


def send_message(token: str, message: ToCitizensDesk) -> Arrived:
    """Open the case at the host, in platform scope. Twice is once. Raises NotFound without a host, TooBusy."""
    at = host()
    if at is None:
        raise NotFound
    entity_id = at.id
    with within(entity_id):
        mark = current_entity_id().bytes + message.mark(token)
        code = from_submission(hashlib.sha256(mark).digest())
        key = take_receipt(code)
        if key is None:
            receipt = find_receipt(code)
            assert receipt is not None, "it stood in the way"
            if receipt.tenant_id != entity_id:  # passed on meanwhile: the words open it there
                return Arrived("", code, again=True)
            case = case_of_reporter(receipt.case_id)
            return Arrived(number_of(case.topic, case.year, case.number), code, again=True)
        if patience().count("messages to 1700") > PER_MINUTE:
            raise TooBusy
        reporter = {
            "name": message.name, "email": message.email, "phone": message.phone, "address": message.address,
        }  # fmt: skip
        case = open_case(
            NewCase(
                id=key.subject_id, secret=key.secret, kind=CaseKind.NEW, category=CITIZENS.code, channel=Channel.WEB,
                identity=Identity.CONFIDENTIAL, reporter_class=ReporterClass.CITIZEN, language=message.language,
                text=message.whole, reporter=reporter, duty_accepted=False,
            )
        )  # fmt: skip
        mails = bool(message.email) and _may_mail(message.email)
        db.session.add(
            CitizenMessage(
                entity_id=entity_id, case_id=case.id, sender=message.sender,
                about=message.about and message.about.ovo_code,
                agreed_at=now() if message.agreed and message.about else None,
                mail_locked=_lock(message.email, case.id) if mails else None,
            )
        )  # fmt: skip
        if mails:
            enqueue(MAIL_ARRIVED, entity_id=entity_id, id=str(case.id))
        return Arrived(number_of(case.topic, case.year, case.number), code, again=False)


@job(MAIL_ARRIVED)
def mail_arrived(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """Say that the message arrived, to the address that was given, and forget it here."""
    message = db.session.get(CitizenMessage, (current_entity_id(), UUID(id)))
    if message is None or message.mail_locked is None:
        return
    address = unlock(_key(), message.mail_locked, _binding(message.case_id)).decode()
    case = case_of_reporter(message.case_id)
    deliver("citizen_message_arrived", address, case.language)
    message.mail_locked = None


def _may_mail(address: str) -> bool:
    """Nobody fills a stranger's mailbox by this form: a handful of mails to one address, then none for a while."""
    with suppress(LockedOut):
        count_try(key_of("1700", address.lower()))
        return True
    return False


def _lock(address: str, case_id: UUID) -> bytes:
    return lock(_key(), address.encode(), _binding(case_id))


def _key() -> bytes:
    settings: Settings = current_app.extensions["settings"]
    return derive(settings.secret_key.encode(), context("mail of 1700"))


def _binding(case_id: UUID) -> bytes:
    return context("address of a sender", case_id)
