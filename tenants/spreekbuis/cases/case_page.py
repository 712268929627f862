"""The page of one case: dialogue, course, facts, deadlines, and what can be done now."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update
from werkzeug.wrappers import Response

from spreekbuis.access.case_keys import is_closed_to_some, seal_to_readers
from spreekbuis.cases import shown
from spreekbuis.cases.acts_part import acts_part
from spreekbuis.cases.answers import answers_shown
from spreekbuis.cases.consent import SHARING_LABELS, consents_of
from spreekbuis.cases.contacts import HAPPENED_ELSEWHERE
from spreekbuis.cases.course import course_of
from spreekbuis.cases.deadlines import deadlines, next_deadline
from spreekbuis.cases.dialogue import read_file
from spreekbuis.cases.doors import my_desks, my_key, room
from spreekbuis.cases.duplicates import ended_at
from spreekbuis.cases.exclusion import colleagues, kept_out
from spreekbuis.cases.facts import facts_of
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.keeping.state import notes_on
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.people_part import people_part
from spreekbuis.cases.procedures import State, may_move
from spreekbuis.cases.related_part import related_part
from spreekbuis.cases.talk_part import talk_part
from spreekbuis.cases.tasks_part import tasks_part
from spreekbuis.cases.terms_part import shown_deadline, shown_owed
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CaseKind, Identity
from spreekbuis.errors import type_text
from spreekbuis.vault.files import download
from spreekbuis.web import door
from spreekbuis.web.access import Permission

LAST_STEPS = 5
"""Steps of the course that the page shows unfolded."""


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>", Permission.HANDLE_CASES)
def show(case_id: UUID) -> ResponseReturnValue:
    """The case; reading it goes into the trail and takes away the mark 'unread'."""
    case = case_for(my_desks(), case_id)
    note_reading(case, door.the_account().id)
    if case.unread_by_desk:
        # Past the version on purpose: reading must not make a colleague's open form stale.
        db.session.execute(
            update(Case)
            .where(Case.entity_id == case.entity_id, Case.id == case.id)
            .values(unread_by_desk=False)
            .execution_options(synchronize_session=False)
        )
    if is_closed_to_some(case.id):
        seal_to_readers(my_key(case.id), case.desk_id)
    return case_page(case)


@room.get("/desk/<ovo:ovo>/cases/<uuid:case_id>/files/<uuid:file_id>", Permission.HANDLE_CASES)
def file(case_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """An attachment, as a download."""
    case = case_for(my_desks(), case_id)
    found = read_file(my_key(case.id), file_id, internal=True)
    return download(
        found.storage_key, found.key, name=found.name, media_type=found.media_type, size=found.size
    )


def case_page(
    case: Case,
    *,
    errors: Mapping[str, type_text] | None = None,
    kept: Mapping[str, str] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Response:
    """The page. `kept` is what was typed in a form that was not accepted: `errors` say why, or it was
    `stale`."""
    kept = kept or {}
    now, words, key = today(), shown.labels(), my_key(case.id)
    around, excluded = colleagues(case), kept_out(case.id)
    people = {one.account_id: one.label for one in around if one.handles}
    out = {one.account_id for one in excluded}
    handlers = [(who, label) for who, label in people.items() if who not in out]
    me = door.the_account().id
    owed, terms = next_deadline(case), deadlines(case)
    url = url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id)
    course = course_of(case, people, me, owed)
    return make_response(
        render_template(
            "cases/case.html",
            case=case,
            url=url,
            number=number_of(case.topic, case.year, case.number),
            category=words.category.get(case.category, case.category),
            state=words.state[case.state],
            tag_kind=shown.STATE_TAGS[case.state],
            owed=owed and shown_owed(owed),
            closed=case.closed_at is not None,
            may_write=ended_at(case) is None,
            answers=answers_shown(case, key),
            before=course[:-LAST_STEPS],
            course=course[-LAST_STEPS:],
            facts=facts_of(case, key, words, people, me, now),
            deadlines=[shown_deadline(one, case) for one in terms],
            sources=[one.source for one in terms],
            keeping=notes_on(case),
            channels=[(c, words.channel[c]) for c in HAPPENED_ELSEWHERE],
            today=now.isoformat(),
            **talk_part(key, me, url),
            **acts_part(case, handlers, me, owed),
            **_sharing(case),
            **people_part(key, me, around, excluded),
            **tasks_part(case, key),
            **related_part(case, url_for("cases.work_list", ovo=door.the_entity().ovo_code)),
            errors=dict(errors or {}),
            kept=kept,
            version=kept.get("version", case.version) if errors and not stale else case.version,
            stale=stale,
            unsent=_unsent(case, kept) if stale else [],
            once=new_id,
        ),
        status,
    )


def _sharing(case: Case) -> dict[str, Any]:
    """With whom the reporter lets the name be shared; nothing when there is no name."""
    if case.identity == Identity.ANONYMOUS and not case.shares_with:
        return {"sharing": []}
    sharing = [(str(SHARING_LABELS[one]), given) for one, given in consents_of(case.shares_with)]
    return {"sharing": sharing, "shared_with": sum(given for _, given in sharing)}


def _unsent(case: Case, kept: Mapping[str, str]) -> list[str]:
    """What was typed in a form that is not on the page any more, since a colleague was first: it must not be lost."""
    still = {
        "task_text": case.closed_at is None,
        "acknowledgement": may_move(case, State.ACKNOWLEDGED),
        "feedback": may_move(case, State.FEEDBACK_GIVEN),
        "closing": may_move(case, State.CLOSED) and case.kind != CaseKind.NEW,
        "text": ended_at(case) is None,
        **dict.fromkeys(("person_name", "person_function", "person_contact"), case.closed_at is None),
        "person_description": case.closed_at is None,
    }
    return [kept[name] for name, shown_again in still.items() if kept.get(name) and not shown_again]
