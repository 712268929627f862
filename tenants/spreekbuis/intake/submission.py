"""Sending a report: once, however often the button is pressed."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_OID, uuid5

from flask_babel import lazy_gettext as _l

from spreekbuis.cases.dialogue import message_made_by, write_message
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.models import Case
from spreekbuis.cases.opening import NewCase, open_case
from spreekbuis.db.scope import current_entity_id
from spreekbuis.directory.catalogue import CaseKind, Channel
from spreekbuis.errors import Conflict, DomainError, NotFound
from spreekbuis.intake.about_desk import keep_out_named
from spreekbuis.intake.drafts import files_of, take_files
from spreekbuis.intake.models import Receipt
from spreekbuis.intake.pace import pace
from spreekbuis.intake.reporters import find_receipt, key_of_receipt, take_receipt
from spreekbuis.intake.story import Story
from spreekbuis.vault.receipt_code import ReceiptCode, from_submission


class ServiceEnded(DomainError):
    """The entity has no service on this day: it takes no new reports."""

    status = 409
    title = _l("Je kunt hier nu geen melding doen")
    advice = _l("Deze organisatie is op dit moment niet aangesloten bij Spreekbuis.")


class FilesGone(Conflict):
    """Files that the page showed wait no longer (they are kept for a day), or others came meanwhile."""

    title = _l("Je bestanden zijn veranderd")
    advice = _l("Kijk na welke bestanden er nog zijn. We bewaren ze één dag.")


class GoesOnElsewhere(Conflict):
    """Another desk took the case over: what is added comes there, through the mailbox."""

    title = _l("Je melding loopt elders verder")
    advice = _l("Open ze met je woorden. Kopieer je tekst als je hem daar wilt toevoegen.")


class Sent(StrEnum):
    NOW = "now"
    BEFORE = "before"
    """The same report was received already."""
    ELSEWHERE = "elsewhere"
    """It was received before, and goes on at another desk: the words open it there."""
    CHANGED = "changed"
    """A first version was received already, and this one says something else or brings more files."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """`case`: none when it goes on elsewhere."""

    case: Case | None
    code: ReceiptCode
    sent: Sent


def code_of(token: str) -> ReceiptCode:
    """The receipt code of a form's secret in this entity: the same secret is another report elsewhere."""
    return from_submission(hashlib.sha256(current_entity_id().bytes + token.encode()).digest())


def submit_report(token: str, story: Story, *, files_shown: int, language: str, accepting: bool) -> Submitted:
    """Open a case with the story and its files, or find the one that this form opened before.

    The receipt is written first: of two sendings at once the second waits for the first, and then finds it.
    Whoever of the desk it is about never had it. `accepting`: whether the entity takes new reports; what was received
    before is shown all the same.
    Raises ServiceEnded, TooQuick, or FilesGone when there are not as many files as `files_shown`.
    """
    code = code_of(token)
    key = take_receipt(code)
    if key is None:
        return _sent_before(token, story, code)
    if not accepting:
        raise ServiceEnded
    files = take_files(token)
    if len(files) != files_shown:
        raise FilesGone
    pace().pass_through(token, current_entity_id())
    case = open_case(
        NewCase(
            id=key.subject_id, secret=key.secret, kind=CaseKind.NEW, category=story.category.code, channel=Channel.WEB,
            identity=story.identity, reporter_class=story.reporter_class, language=language, text=story.text,
            reporter=story.reporter, duty_accepted=story.category.duty_to_speak,
            submission_digest=story.digest(token), answered=story.answered, files=files,
        )
    )  # fmt: skip
    if story.about:
        keep_out_named(case, key, story.about)
    return Submitted(case, code, Sent.NOW)


def add_to_report(token: str, text: str) -> Submitted:
    """Add a text, and the files that wait with the form, to the case that the form opened. Twice is once.

    Raises NotFound when the form opened none, CaseClosed, GoesOnElsewhere.
    """
    code = code_of(token)
    receipt = _receipt_of(code)
    case = _case_of(receipt)
    if case is None:
        raise GoesOnElsewhere
    key, files = key_of_receipt(receipt, code), take_files(token)
    once = uuid5(NAMESPACE_OID, hashlib.sha256(token.encode() + text.encode()).hexdigest())
    if files and message_made_by(case, once) is not None:  # said before, but these files are new
        once = uuid5(once, " ".join(file.storage_key for file in files))
    write_message(case, key, author="reporter", text=text, files=files, once=once)
    return Submitted(case, code, Sent.BEFORE)


def received_report(token: str) -> Submitted:
    """What the form opened before. Raises NotFound."""
    code = code_of(token)
    case = _case_of(_receipt_of(code))
    return Submitted(case, code, Sent.BEFORE if case is not None else Sent.ELSEWHERE)


def _sent_before(token: str, story: Story, code: ReceiptCode) -> Submitted:
    case = _case_of(_receipt_of(code))
    if case is None:
        return Submitted(None, code, Sent.ELSEWHERE)
    same = case.submission_digest == story.digest(token) and not files_of(token).unsent
    return Submitted(case, code, Sent.BEFORE if same else Sent.CHANGED)


def _case_of(receipt: Receipt) -> Case | None:
    """The case that the form opened, held; none when another desk, of this entity or not, took it over."""
    if receipt.tenant_id != current_entity_id():
        return None
    case = case_of_reporter(receipt.case_id, lock=True)
    return case if case.submission_digest is not None else None


def _receipt_of(code: ReceiptCode) -> Receipt:
    receipt = find_receipt(code)
    if receipt is None:
        raise NotFound
    return receipt
