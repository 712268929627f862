"""The page of one case: dialogue, course, facts, deadlines, and what can be done now."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from sqlalchemy import or_, select, update
from werkzeug.wrappers import Response

from spreekbuis.access.case_keys import is_closed_to_some, seal_to_readers
from spreekbuis.access.models import Membership
from spreekbuis.cases import shown
from spreekbuis.cases.answers import answers_shown
from spreekbuis.cases.consent import SHARING_LABELS, consents_of
from spreekbuis.cases.contacts import HAPPENED_ELSEWHERE, ShownContact, read_contacts
from spreekbuis.cases.course import course_of
from spreekbuis.cases.deadlines import Deadline, deadlines, next_deadline
from spreekbuis.cases.dialogue import MessageKind, ShownFile, ShownMessage, read_dialogue, read_file
from spreekbuis.cases.doors import my_desks, my_key, myself, room
from spreekbuis.cases.finding import case_for, note_reading
from spreekbuis.cases.keeping.state import notes_on
from spreekbuis.cases.left_notes import take_in_notes
from spreekbuis.cases.minutes import MINUTES_LABELS, minutes_in
from spreekbuis.cases.models import Case
from spreekbuis.cases.numbers import number_of
from spreekbuis.cases.people_part import people_part
from spreekbuis.cases.procedures import OUTCOMES, SET_BY_HAND, State, Step, may_move, procedure_of
from spreekbuis.cases.related_part import related_part
from spreekbuis.cases.tasks_part import tasks_part
from spreekbuis.cases.wishes import REACH_LABELS, Reach, contact_preference, titles_of
from spreekbuis.cases.workflow import handlers_for, movers
from spreekbuis.clock import today
from spreekbuis.db.base import new_id
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    DESK_OF_TOPIC,
    EVERY_CATEGORY,
    CaseKind,
    Identity,
    ReporterClass,
    Topic,
)
from spreekbuis.errors import type_text
from spreekbuis.identity.models import Account
from spreekbuis.vault.cleaning import Cleaned
from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.files import download
from spreekbuis.web import door
from spreekbuis.web.access import Permission, Role


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
    people = _handlers(case)
    me = door.the_account().id
    owed = next_deadline(case)
    closed, who = case.closed_at is not None, movers(case)
    url = url_for("cases.show", ovo=door.the_entity().ovo_code, case_id=case.id)
    contacts = _contacts(key)  # first: files that were left become those of a message
    messages = _messages(key, me, url)
    return make_response(
        render_template(
            "cases/case.html",
            case=case,
            url=url,
            number=number_of(case.topic, case.year, case.number),
            category=words.category.get(case.category, case.category),
            state=words.state[case.state],
            tag_kind=shown.STATE_TAGS[case.state],
            owed=owed and _owed(owed),
            messages=messages,
            told_reprisals=any(message["told_reprisals"] for message in messages),
            sharing=[(SHARING_LABELS[sharing], given) for sharing, given in consents_of(case.shares_with)]
            if case.identity != Identity.ANONYMOUS or case.shares_with
            else [],
            answers=answers_shown(case, key),
            course=course_of(case, people, me, owed),
            facts=facts_of(case, key, words, people, me, now),
            deadlines=[shown_deadline(d, case) for d in deadlines(case)],
            sources=[d.source for d in deadlines(case)],
            keeping=notes_on(case),
            contacts=[
                {
                    "who": words.channel[c.channel], "when": shown.day(c.at, now), "iso": shown.iso(c.at),
                    "text": gettext("Deze nota wacht op een collega met een vroegere sleutel.") if c.left else c.note,
                    "kind": "note",
                }
                for c in contacts
            ],
            closed=closed,
            may_acknowledge=may_move(case, State.ACKNOWLEDGED, who),
            may_give_feedback=may_move(case, State.FEEDBACK_GIVEN, who),
            may_close=may_move(case, State.CLOSED, who),
            states=[(s, words.state[s]) for s in sorted(SET_BY_HAND) if may_move(case, s, who)],
            kinds=[(k, words.kind[k]) for k in CaseKind if k is not CaseKind.NEW],
            kind_chosen=case.kind != CaseKind.NEW,
            outcomes=[(o, words.outcome[o]) for o in OUTCOMES[CaseKind(case.kind)]],
            categories=_categories(case, words),
            handlers=sorted(_pickable(case, people), key=lambda person: person[1]),
            mine=case.handler_id == me,
            **people_part(case, key, me),
            **tasks_part(case, key),
            **related_part(case, url_for("cases.work_list", ovo=door.the_entity().ovo_code)),
            channels=[(c, words.channel[c]) for c in HAPPENED_ELSEWHERE],
            today=now.isoformat(),
            pass_on_url=f"{url}/pass-on" if case.topic == Topic.CITIZENS else "",
            acknowledgement=_acknowledgement(case),
            errors=dict(errors or {}),
            kept=kept,
            version=kept.get("version", case.version) if errors and not stale else case.version,
            stale=stale,
            unsent=_unsent(case, kept) if stale else [],
            once=new_id,
        ),
        status,
    )  # fmt: skip


def _contacts(key: ContentKey) -> list[ShownContact]:
    """The contacts; notes that the front office left are taken in first."""
    contacts = read_contacts(key)
    if not any(contact.left for contact in contacts):
        return contacts
    me = myself()
    take_in_notes(key, me.account_id, me.secret)
    return read_contacts(key)


def _unsent(case: Case, kept: Mapping[str, str]) -> list[str]:
    """What was typed in a form that is not on the page any more, since a colleague was first: it must not be lost."""
    still = {
        "task_text": case.closed_at is None,
        "acknowledgement": may_move(case, State.ACKNOWLEDGED),
        "feedback": may_move(case, State.FEEDBACK_GIVEN),
        "closing": may_move(case, State.CLOSED) and case.kind != CaseKind.NEW,
        **dict.fromkeys(("text", "person_name", "person_function", "person_contact"), case.closed_at is None),
        "person_description": case.closed_at is None,
    }
    return [kept[name] for name, shown_again in still.items() if kept.get(name) and not shown_again]


def _handlers(case: Case) -> dict[UUID, str]:
    """How the handlers of the case's desk are called by their colleagues."""
    rows = db.session.execute(
        select(Account.id, Account.label)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.entity_id == current_entity_id(),
            Membership.desk_id == case.desk_id,
            Membership.role == Role.HANDLER,
            or_(Membership.until.is_(None), Membership.until >= today()),
        )
    )
    return {row.id: row.label for row in rows}


def _pickable(case: Case, people: Mapping[UUID, str]) -> list[tuple[UUID, str]]:
    """To whom the case can be given."""
    may = handlers_for(case)
    return [person for person in people.items() if person[0] in may]


def _messages(key: ContentKey, me: UUID, url: str) -> list[dict[str, Any]]:
    dialogue = read_dialogue(key, internal=True)
    states = {minutes.message.id: str(MINUTES_LABELS[minutes.state]) for minutes in minutes_in(dialogue)}
    return [_message(message, me, url, states.get(message.id, "")) for message in dialogue]


def _message(message: ShownMessage, me: UUID, url: str, minutes_state: str) -> dict[str, Any]:
    if message.internal:
        who, kind = gettext("Interne notitie, niet zichtbaar voor de melder"), "note"
    elif message.author == "reporter":
        who, kind = gettext("Melder"), ""
    else:
        who, kind = gettext("Loket, jij") if message.account_id == me else gettext("Loket"), "own"
    return {
        "who": ", ".join(filter(None, (who, *titles_of(message), minutes_state))),
        "kind": kind,
        "when": shown.minute(message.at),
        "iso": shown.iso(message.at),
        "text": message.text,
        "told_reprisals": message.kind == MessageKind.REPRISALS,
        "files": [{"label": _label(f), "url": f"{url}/files/{f.id}"} for f in message.files],
    }


def _label(file: ShownFile) -> str:
    """A handler must know when a file is not byte for byte what was sent."""
    if file.cleaned in (Cleaned.CLEANED, Cleaned.PARTLY):
        return gettext(
            "%(name)s (%(size)s, zonder verborgen gegevens)", name=file.name, size=_size(file.size)
        )
    return gettext("%(name)s (%(size)s)", name=file.name, size=_size(file.size))


def _size(size: int) -> str:
    """Kilobytes, or megabytes from one on."""
    kilobytes = max(1, round(size / 1024))
    return f"{kilobytes} kB" if kilobytes < 1024 else f"{kilobytes / 1024:.1f} MB".replace(".", ",")


def _owed(deadline: Deadline) -> dict[str, str]:
    tag = shown.due(deadline.due_on, today())
    assert tag is not None
    step = shown.labels().step[deadline.step]
    return {"kind": tag.kind, "text": gettext("%(step)s: %(when)s", step=step, when=tag.text)}


def shown_deadline(deadline: Deadline, case: Case) -> dict[str, Any]:
    now = today()
    kind, text = "hold", ""
    if deadline.met_on is not None:
        late = deadline.met_on > deadline.due_on
        kind, text = ("late" if late else "met"), shown.day(deadline.met_on, now)
        text = gettext("%(day)s, te laat", day=text) if late else text
    elif deadline.excused is not None:
        text = gettext("Niet nodig: %(reason)s", reason=deadline.excused)
    elif case.closed_at is not None:
        text = gettext("Niet gebeurd")
    elif deadline.paused:
        text = gettext("Staat stil tot de melder antwoordt")
    else:
        kind, text = shown.due(deadline.due_on, now) or ("ok", "")
        text = shown.day(deadline.due_on, now) if kind == "ok" else text
    more = deadline.extended and gettext("Verlengd: %(reason)s", reason=deadline.extended)
    return {"label": deadline.label, "kind": kind, "text": text, "more": more or ""}


def facts_of(
    case: Case, key: ContentKey, words: shown.Labels, people: Mapping[UUID, str], me: UUID, now: date
) -> list[tuple[str, str]]:
    """What is known of the case in short, the reporter's name and contact data included; `me` is who reads it.

    Days of the year of `now` are shown without their year.
    """
    handler = gettext("Niemand")
    if case.handler_id is not None:
        handler = gettext("Jij") if case.handler_id == me else people.get(case.handler_id, gettext("Collega"))
    found = [
        (gettext("Dossier"), number_of(case.topic, case.year, case.number)),
        (gettext("Soort"), words.kind[case.kind]),
        (gettext("Procedure"), str(procedure_of(case).label)),
        (
            gettext("Melder"),
            f"{words.reporter_class[case.reporter_class]}, {words.identity[case.identity].lower()}",
        ),
        *reporter_facts(case, key),
        *_preference(case, key),
        (gettext("Kanaal"), words.channel[case.channel]),
        (gettext("Ontvangen"), shown.day(case.received_at, now)),
    ]
    if case.duty_accepted_at is not None:
        found.append(
            (
                gettext("Spreekplicht"),
                gettext("Aanvaard op %(day)s", day=shown.day(case.duty_accepted_at, now)),
            )
        )
    found.append((gettext("Behandelaar"), handler))
    if case.outcome is not None:
        found.append((gettext("Uitkomst"), words.outcome[case.outcome]))
    if case.score is not None:
        found.append((gettext("Score van de melder"), gettext("%(score)s op 5", score=case.score)))
        if case.score_comment_sealed is not None:
            found.append((gettext("Commentaar"), key.open("score_comment", case.score_comment_sealed)))
    return found


def reporter_facts(case: Case, key: ContentKey) -> list[tuple[str, str]]:
    """Name and contact data, when the reporter gave them."""
    if case.reporter_sealed is None:
        return []
    given: dict[str, str] = json.loads(key.open("reporter", case.reporter_sealed))
    known = {
        "name": gettext("Naam"), "contact": gettext("Bereikbaar via"), "email": gettext("E-mail"),
        "phone": gettext("Telefoon"), "address": gettext("Postadres"), "function": gettext("Functie"),
    }  # fmt: skip
    return [(known.get(name, name), value) for name, value in given.items() if value]


def _preference(case: Case, key: ContentKey) -> list[tuple[str, str]]:
    """How and when the reporter wants to be reached, when that was said."""
    wanted = contact_preference(case.contact_preference_sealed, key)
    if wanted is None:
        return []
    words = [str(REACH_LABELS[Reach(wanted.reach)]), wanted.where, wanted.when]
    return [(gettext("Contact nemen"), ", ".join(filter(None, words)))]


def _categories(case: Case, words: shown.Labels) -> list[tuple[str, str]]:
    desk = DESK_OF_TOPIC[Topic(case.topic)]
    return [
        (c.code, words.category[c.code]) for c in EVERY_CATEGORY.values() if DESK_OF_TOPIC[c.topic] is desk
    ]


def _acknowledgement(case: Case) -> str:
    """A first version of the acknowledgement, in the reporter's language."""
    with force_locale(case.language):
        if case.reporter_class == ReporterClass.CITIZEN:
            term = procedure_of(case).term(Step.FEEDBACK)
            return gettext(
                "Dank je voor je bericht. We hebben het goed ontvangen. Je krijgt antwoord binnen %(days)s dagen nadat"
                " je schreef. Je kunt hier altijd iets toevoegen.",
                days=term.days if term else "",
            )
        return gettext(
            "Dank je voor je bericht. We hebben het goed ontvangen en nemen het ernstig."
            " Uiterlijk 3 maanden na vandaag laten we je weten wat ermee gebeurd is."
            " Je kunt hier altijd iets toevoegen."
        )
