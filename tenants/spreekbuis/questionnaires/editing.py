"""The central office writes the next version of a questionnaire, and publishes it.

A draft is one row. Every change names the edit that its page showed (`seen`): when a colleague was first, nothing is
written and the page says so.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Literal, NamedTuple

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from spreekbuis.actor import acting
from spreekbuis.audit.trail import Audited, record
from spreekbuis.clock import now
from spreekbuis.db.session import db
from spreekbuis.directory.register import searchable
from spreekbuis.errors import Conflict, Invalid, NotFound
from spreekbuis.questionnaires.definition import (
    LONGEST_OF,
    Definition,
    Kind,
    Question,
    Section,
    Texts,
    parse,
    to_json,
    with_question,
    with_section,
)
from spreekbuis.questionnaires.faults import Fault, faults
from spreekbuis.questionnaires.models import (
    Questionnaire,
    QuestionnaireCategory,
    QuestionnaireDraft,
    QuestionnaireVersion,
)
from spreekbuis.questionnaires.published import Version, published


class DraftChanged(Conflict):
    """A colleague changed the draft after the page was made."""

    title = _l("Een collega was je voor")
    advice = _l("Iemand veranderde intussen deze vragenlijst. Kijk haar na en probeer het opnieuw.")


class NoDraft(Conflict):
    """There is no next version to change: it was published or dropped, or never begun."""

    title = _l("Er is geen nieuwe versie om aan te werken")
    advice = _l("Misschien is ze al gepubliceerd. Begin een nieuwe versie.")


class HasFaults(Invalid):
    """The draft cannot be published yet."""

    def __init__(self, found: Collection[Fault]) -> None:
        super().__init__({f"place-{fault.place}" if fault.place else "": fault.words for fault in found})


class Draft(NamedTuple):
    """The next version as it stands."""

    code: str
    definition: Definition
    edit: int


def questionnaire_of(code: str, *, lock: bool = False) -> Questionnaire:
    """Raises NotFound."""
    wanted = select(Questionnaire).where(Questionnaire.code == code)
    found = db.session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFound
    return found


def draft_of(code: str) -> Draft | None:
    """The next version, when it was begun."""
    row = db.session.get(QuestionnaireDraft, code)
    return Draft(code, parse(row.definition), row.edit) if row else None


def newest_of(known: Questionnaire) -> Definition:
    """What the newest published version asks; nothing while there is none."""
    found = published(Version(known.code, known.version)) if known.version else None
    return found.definition if found else Definition()


def create_questionnaire(name: str) -> str:
    """A questionnaire with an empty draft; gives its code."""
    words = "_".join(searchable(name).split())
    code = "".join(c for c in words if c.isalnum() or c == "_").lstrip("_0123456789")[:20] or "vragen"
    if db.session.get(Questionnaire, code) is not None:
        code = f"{code}_{secrets.token_hex(4)}"
    db.session.add(Questionnaire(code=code, name=name, version=0))
    db.session.flush()
    begin_draft(code)
    return code


def begin_draft(code: str) -> None:
    """Begin the next version as a copy of the newest. One that was begun already stays as it is. Raises NotFound."""
    known = questionnaire_of(code)
    new = db.session.scalar(
        insert(QuestionnaireDraft)
        .values(code=code, definition=to_json(newest_of(known)), edit=1, changed_at=now())
        .on_conflict_do_nothing()
        .returning(QuestionnaireDraft.code)
    )
    if new is not None:
        _note(code, "begun")


def drop_draft(code: str, seen: int) -> None:
    """Throw the next version away. Raises NoDraft, DraftChanged."""
    db.session.delete(_locked(code, seen))
    _note(code, "dropped")


def add_section(code: str, seen: int, title: str) -> str:
    """A new section at the end, with its Dutch title; gives its key. Raises NoDraft, DraftChanged, Invalid."""
    section = Section(_new_key("s"), {"nl": title}, {})
    _change(code, seen, "section.added", lambda d: Definition((*d.sections, section)))
    return section.key


def save_section(code: str, seen: int, key: str, title: Texts, intro: Texts) -> None:
    """Raises NoDraft, DraftChanged, NotFound."""

    def changed(definition: Definition) -> Definition:
        section = definition.section(key)
        if section is None:
            raise NotFound
        return with_section(definition, replace(section, title=title, intro=intro))

    _change(code, seen, "section.saved", changed)


def add_question(code: str, seen: int, section_key: str, kind: Kind, label: str) -> str:
    """A new question at the end of a section, with its Dutch label; gives its key.

    Raises NoDraft, DraftChanged, Invalid.
    """
    question = Question(_new_key("q"), kind, {"nl": label}, {}, longest=LONGEST_OF.get(kind, 0))

    def changed(definition: Definition) -> Definition:
        section = definition.section(section_key)
        if section is None:
            raise Invalid({"section": _l("Kies in welk deel de vraag komt.")})
        return with_section(definition, replace(section, questions=(*section.questions, question)))

    _change(code, seen, "question.added", changed)
    return question.key


def save_question(code: str, seen: int, question: Question) -> None:
    """Put this in the place of the question with its key. Raises NoDraft, DraftChanged, NotFound, Invalid."""

    def changed(definition: Definition) -> Definition:
        if definition.question(question.key) is None:
            raise NotFound
        return with_question(definition, question)

    _change(code, seen, "question.saved", changed)


def move(code: str, seen: int, key: str, way: Literal["up", "down"]) -> None:
    """Move a section, or a question, one place; a question at the edge of its section goes to the next one.

    What stands at the very edge, or is not there, stays. Raises NoDraft, DraftChanged.
    """
    _change(code, seen, "moved", lambda definition: _moved(definition, key, -1 if way == "up" else 1))


def remove(code: str, seen: int, key: str) -> None:
    """Take a question away, or a section with its questions. Raises NoDraft, DraftChanged."""

    def changed(definition: Definition) -> Definition:
        return Definition(
            tuple(
                replace(section, questions=tuple(q for q in section.questions if q.key != key))
                for section in definition.sections
                if section.key != key
            )
        )

    _change(code, seen, "removed", changed)


def publish(code: str, seen: int) -> int:
    """Make the draft the newest version, which reports get from now on; gives its number.

    Raises NoDraft, DraftChanged, HasFaults.
    """
    known = questionnaire_of(code, lock=True)
    draft = _locked(code, seen)
    found = faults(parse(draft.definition))
    if found:
        raise HasFaults(found)
    known.version += 1
    db.session.add(
        QuestionnaireVersion(
            code=code, version=known.version, definition=draft.definition, published_by=acting().account_id
        )
    )
    db.session.delete(draft)
    record(Audited.QUESTIONNAIRE_PUBLISHED, data={"questionnaire": code, "version": known.version})
    return known.version


def serve(code: str, categories: Collection[str]) -> None:
    """Ask this questionnaire in these categories and no others. One that had another questionnaire gets this one.

    Raises NotFound; Invalid while nothing was published.
    """
    known = questionnaire_of(code, lock=True)
    if known.version == 0 and categories:
        raise Invalid({"categories": _l("Publiceer eerst een versie: anders krijgen melders geen vragen.")})
    table = QuestionnaireCategory
    db.session.execute(
        delete(table).where(table.questionnaire == code, table.category.not_in(list(categories)))
    )
    for category in sorted(categories):
        db.session.execute(
            insert(table)
            .values(category=category, questionnaire=code)
            .on_conflict_do_update(index_elements=["category"], set_={"questionnaire": code})
        )
    _note(code, "categories")


class Listed(NamedTuple):
    """A questionnaire in the list. `drafted`: a next version was begun."""

    code: str
    name: str
    version: int
    categories: list[str]
    drafted: bool


def all_questionnaires() -> list[Listed]:
    """By name."""
    categories = (
        select(func.array_agg(QuestionnaireCategory.category))
        .where(QuestionnaireCategory.questionnaire == Questionnaire.code)
        .scalar_subquery()
    )
    found = db.session.execute(
        select(
            Questionnaire.code, Questionnaire.name, Questionnaire.version, categories,
            QuestionnaireDraft.code.is_not(None),
        )
        .outerjoin(QuestionnaireDraft, QuestionnaireDraft.code == Questionnaire.code)
        .order_by(Questionnaire.name, Questionnaire.code)
    )  # fmt: skip
    return [Listed(code, name, version, served or [], draft) for code, name, version, served, draft in found]


def _change(code: str, seen: int, what: str, changed: Callable[[Definition], Definition]) -> None:
    draft = _locked(code, seen)
    definition = to_json(changed(parse(draft.definition)))
    parse(definition)  # nothing is stored that could not be read again
    draft.definition, draft.edit, draft.changed_at = definition, draft.edit + 1, now()
    _note(code, what)


def _locked(code: str, seen: int) -> QuestionnaireDraft:
    draft = db.session.scalar(
        select(QuestionnaireDraft)
        .where(QuestionnaireDraft.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if draft is None:
        raise NoDraft
    if draft.edit != seen:
        raise DraftChanged
    return draft


def _moved(definition: Definition, key: str, step: int) -> Definition:
    sections = list(definition.sections)
    for place, section in enumerate(sections):
        if section.key == key:
            if 0 <= place + step < len(sections):
                sections[place], sections[place + step] = sections[place + step], section
            return Definition(tuple(sections))
        questions = list(section.questions)
        for number, question in enumerate(questions):
            if question.key != key:
                continue
            if 0 <= number + step < len(questions):
                questions[number], questions[number + step] = questions[number + step], question
                sections[place] = replace(section, questions=tuple(questions))
            elif 0 <= place + step < len(sections):
                other = sections[place + step]
                joined = (*other.questions, question) if step < 0 else (question, *other.questions)
                sections[place] = replace(section, questions=tuple(q for q in questions if q is not question))
                sections[place + step] = replace(other, questions=joined)
            return Definition(tuple(sections))
    return definition


def _new_key(kind: str) -> str:
    """Random, so that questions of two questionnaires are never taken for the same one."""
    return f"{kind}{secrets.token_hex(4)}"


def _note(code: str, what: str) -> None:
    record(Audited.QUESTIONNAIRE_CHANGED, data={"questionnaire": code, "what": what})
