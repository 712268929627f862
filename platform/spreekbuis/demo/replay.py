"""Play a plan through the operations that the pages use: each step at its moment, in its own transaction.

Playing again changes nothing; a play that was cut off goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from spreekbuis.actor import REPORTER, Actor, acting_as
from spreekbuis.cases import workflow
from spreekbuis.cases.checks import checks_of
from spreekbuis.cases.contacts import ContactReport, register_case, register_contact
from spreekbuis.cases.dialogue import write_message
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.keys import key_of
from spreekbuis.cases.models import Case, CaseEvent, Contact, Message
from spreekbuis.cases.satisfaction import score_case
from spreekbuis.cases.tasks import Sign, answer_check
from spreekbuis.clock import BRUSSELS, at, today
from spreekbuis.db.scope import tenant
from spreekbuis.db.session import db, transaction
from spreekbuis.demo import texts
from spreekbuis.demo.entities import Staff
from spreekbuis.demo.scripts import Act, CaseScript, Step
from spreekbuis.directory.catalogue import CATEGORIES, DESK_OF_TOPIC, Channel, Identity
from spreekbuis.directory.models import Entity
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import NotFound
from spreekbuis.intake.reporters import find_receipt, key_of_receipt
from spreekbuis.intake.story import Story, offer
from spreekbuis.intake.submission import code_of, received_report, submit_report
from spreekbuis.questionnaires.answers import Answered, Answers
from spreekbuis.questionnaires.published import published
from spreekbuis.vault.content import ContentKey

Progress = Callable[[int, int], None]
"""Told how many cases of how many were played."""
DESK_IS_BEHIND = timedelta(days=5)
"""Checks that were due so lately are still to be done."""


class NotEntitled(Exception):
    """The plan opens a case in an entity that takes no reports on that day: the plan is wrong."""


def play_all(
    scripts: Iterable[CaseScript], entities: Mapping[str, UUID], team: Staff, progress: Progress
) -> None:
    """Play every case. `entities`: their ids by OVO code. Raises NotEntitled."""
    cases = list(scripts)
    for number, script in enumerate(cases, 1):
        play(script, entities[script.ovo_code], team)
        progress(number, len(cases))


def play(script: CaseScript, entity_id: UUID, team: Staff) -> None:
    """Open the case and take each of its steps, as far as that has not happened yet."""
    reader = team.handlers[DESK_OF_TOPIC[CATEGORIES[script.category].topic]]
    handler = Actor("account", reader.account_id)
    with at(script.at), acting_as(_opener(script, handler)), transaction(tenant(entity_id)):
        case = _opened(script)
        played = 0 if case is None else _played(case, script)
        case_id = case.id if case is not None else _open(script, entity_id)
    if case_id is None:
        return
    for number, step in list(enumerate(script.steps))[played:]:
        actor = REPORTER if step.act in (Act.REPLY, Act.SCORE) else handler
        with at(step.at), acting_as(actor), transaction(tenant(entity_id)):
            case = case_of_reporter(case_id, lock=True)
            by_web = actor is REPORTER and script.channel is Channel.WEB
            _take(
                case, _reporters_key(script) if by_web else key_of(case.id, reader), step, script.once(number)
            )
    with acting_as(handler), transaction(tenant(entity_id)):
        case = case_of_reporter(case_id, lock=True)
        _check_on_reporter(case, key_of(case.id, reader))


def _check_on_reporter(case: Case, key: ContentKey) -> None:
    """The desk asked for reprisals whenever that was due, but for the last days."""
    due = [check for check in checks_of(case) if check.due_on < today() - DESK_IS_BEHIND]
    for check in due:
        with at(datetime.combine(check.due_on, time(12), BRUSSELS)):
            answer_check(case, key, check.moment, Sign.NO_SIGN, "")


def receipt_code(script: CaseScript) -> str:
    """What the reporter of a case that came through the website would have written down."""
    return received_report(_token(script)).code.text("nl")


def _opener(script: CaseScript, handler: Actor) -> Actor:
    return REPORTER if script.channel is Channel.WEB else handler


def _token(script: CaseScript) -> str:
    """The secret of the form: 32 characters, as a browser would have had."""
    return script.id.hex


def _opened(script: CaseScript) -> Case | None:
    try:
        if script.channel is Channel.WEB:
            return received_report(_token(script)).case
        return case_of_reporter(script.id)
    except NotFound:
        return None


def _open(script: CaseScript, entity_id: UUID) -> UUID | None:
    """Gives None for a case that somebody passed on since."""
    accepting = accepts_reports(db.session.get_one(Entity, entity_id))
    if not accepting:
        raise NotEntitled(script.key)
    address = "" if script.identity is Identity.ANONYMOUS else "personeelslid@voorbeeld.example"
    if script.channel is Channel.WEB:
        story = Story(
            CATEGORIES[script.category], script.text, script.reporter_class, script.identity,
            "Personeelslid" if address else "", address, "", _answered(script),
        )  # fmt: skip
        sent = submit_report(_token(script), story, files_shown=0, language="nl", accepting=accepting)
        return sent.case.id if sent.case is not None else None
    return register_case(
        ContactReport(
            case_id=script.id, channel=script.channel, kind=script.kind, category=script.category,
            identity=script.identity, reporter_class=script.reporter_class, summary=script.text,
            reporter={"email": address},
        ),
        code_of(_token(script)),
    ).id  # fmt: skip


def _answered(script: CaseScript) -> Answered | None:
    """What reporters of the present answer to the questions of their topic; in the replayed year there were none."""
    newest = offer().newest.get(script.category)
    asked = published(newest) if newest and script.key.startswith("present/") else None
    if asked is None:
        return None
    keys = {question.key for question in asked.definition.questions}
    chosen: Answers = {"often": ("more",), "told": ("yes",), "danger": ("no",), **texts.TO_QUESTIONS}
    return Answered(asked, {key: answer for key, answer in chosen.items() if key in keys})


def _played(case: Case, script: CaseScript) -> int:
    """How many of the steps have been taken: they are taken in order."""

    def of_case(table: type[Message | Contact | CaseEvent], column: Any) -> set[Any]:
        found = select(column).where(table.entity_id == case.entity_id, table.case_id == case.id)
        return set(db.session.scalars(found))

    sent = of_case(Message, Message.once) | of_case(Contact, Contact.once)
    states = of_case(CaseEvent, CaseEvent.data["state"].astext)
    for number, step in enumerate(script.steps):
        match step.act:
            case Act.MARK_KIND:
                done = case.kind == step.kind
            case Act.STATE:
                done = step.state in states
            case Act.SCORE:
                done = case.score is not None
            case _:
                done = script.once(number) in sent
        if not done:
            return number
    return len(script.steps)


def _reporters_key(script: CaseScript) -> ContentKey:
    code = code_of(_token(script))
    receipt = find_receipt(code)
    assert receipt is not None, "the case was opened"
    return key_of_receipt(receipt, code)


def _take(case: Case, key: ContentKey, step: Step, once: UUID) -> None:
    match step:
        case Step(act=Act.MARK_KIND, kind=kind) if kind is not None:
            workflow.mark_kind(case, kind)
        case Step(act=Act.ACKNOWLEDGE):
            workflow.acknowledge(case, key, step.text, once=once)
        case Step(act=Act.CONTACT, channel=channel) if channel is not None:
            register_contact(case, key, channel, step.at, step.text, once=once)
        case Step(act=Act.STATE, state=state) if state is not None:
            workflow.change_state(case, state)
        case Step(act=Act.NOTE):
            workflow.add_note(case, key, step.text, once=once)
        case Step(act=Act.WRITE):
            workflow.write_to_reporter(case, key, step.text, once=once)
        case Step(act=Act.REPLY):
            write_message(case, key, author="reporter", text=step.text, once=once)
        case Step(act=Act.FEEDBACK):
            workflow.give_feedback(case, key, step.text, once=once)
        case Step(act=Act.CLOSE, outcome=outcome) if outcome is not None:
            workflow.close(case, key, outcome, step.text, once=once)
        case Step(act=Act.SCORE, score=score) if score is not None:
            score_case(case, key, score, step.text)
        case _:
            raise ValueError(f"the step {step.act} says too little")
