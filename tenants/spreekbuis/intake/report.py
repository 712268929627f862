"""The pages of a report: topic, story, check, receipt. No session holds it: the form carries all it needs."""

from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from spreekbuis.db.session import db
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Conflict, Invalid, type_text
from spreekbuis.intake import upkeep
from spreekbuis.intake.about_desk import goes_elsewhere
from spreekbuis.intake.drafts import Waiting, files_of, keep_files
from spreekbuis.intake.pace import TooQuick, pace
from spreekbuis.intake.report_pages import (
    check_page,
    duty_page,
    no_service_page,
    other_service_page,
    receipt_page,
    stopped_page,
    story_page,
    topic_page,
)
from spreekbuis.intake.saved_drafts import forget_draft
from spreekbuis.intake.story import (
    LONGEST_STORY,
    Offer,
    OtherQuestions,
    asked_draft,
    category_of_choice,
    new_draft,
    new_token,
    offer,
    posted_token,
    questionnaire_shown,
    read_story,
    token_of,
    topics_of,
    typed,
    typed_text,
)
from spreekbuis.intake.submission import (
    FilesGone,
    Sent,
    ServiceEnded,
    add_to_report,
    received_report,
    submit_report,
)
from spreekbuis.questionnaires.published import asked_by
from spreekbuis.web.access import Audience
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

__all__ = ["room", "upkeep"]  # upkeep defines the jobs

room = Room("report")


@room.get("/o/<ovo:ovo>/report", Audience.EVERYONE)
def topic() -> ResponseReturnValue:
    """Step 1. Entities without service get the signpost instead."""
    if not accepts_reports(the_entity()):
        return no_service_page()
    return topic_page({})


@room.get("/o/<ovo:ovo>/report/stop", Audience.EVERYONE)
def stop() -> ResponseReturnValue:
    return stopped_page()


@room.get("/o/<ovo:ovo>/report/story", Audience.EVERYONE)
def story() -> ResponseReturnValue:
    """Step 2, after the duty to speak where it holds. Opened again with the same draft it has its files still."""
    if not accepts_reports(the_entity()):
        return no_service_page()
    asked = request.args.get("topic", "")
    offered = offer()
    chosen = category_of_choice(
        offered.categories, asked, request.args.get("category") or request.args.get(asked, "")
    )
    if chosen is None:
        where = asked if asked in topics_of(offered.categories) else "topic"
        return topic_page({where: _("Kies wat het best past.")}), Invalid.status
    if chosen.duty_to_speak and request.args.get("duty") != "accepted":
        return duty_page(chosen)
    draft = asked_draft()
    token = token_of(draft or new_draft())
    pace().opened(token)
    return story_page(
        token,
        {"category": chosen.code, "duty": "accepted" if chosen.duty_to_speak else ""},
        files_of(token) if draft else Waiting(),
        {},
        asked=asked_by(chosen.code, offered.newest, None),
    )


@room.post("/o/<ovo:ovo>/report/check", Audience.EVERYONE)
def check() -> ResponseReturnValue:
    """Step 3: everything once more. Files are kept from here on, for a day."""
    if not accepts_reports(the_entity()):
        return no_service_page(typed_text(language())), ServiceEnded.status
    token = posted_token() or new_token()
    if goes_elsewhere(request.form.get("about_desk", "")):
        return other_service_page(token)
    waiting, errors = _kept(token)
    return _checked(token, waiting, errors)


@room.post("/o/<ovo:ovo>/report/edit", Audience.EVERYONE)
def edit() -> ResponseReturnValue:
    """Step 2 with all that was filled in: back from the check, in another language, or to choose another topic."""
    if not accepts_reports(the_entity()):
        return no_service_page(typed_text(language())), ServiceEnded.status
    token = posted_token() or new_token()
    waiting, errors = _kept(token)
    choosing = request.form.get("choose") == "category"
    page = story_page(token, typed(), waiting, errors, asked=questionnaire_shown(), choosing=choosing)
    return page, Invalid.status if errors else 200


@room.post("/o/<ovo:ovo>/report/send", Audience.EVERYONE)
def send() -> ResponseReturnValue:
    """Step 4: the receipt. Sent twice, the same receipt again."""
    token = posted_token()
    if token is None:
        return _checked(
            new_token(), Waiting(), {"": _("Het formulier was veranderd. Kijk alles nog eens na.")}
        )
    if goes_elsewhere(request.form.get("about_desk", "")):
        return other_service_page(token)
    offered = offer()
    try:
        told = read_story(offered, language())
    except Invalid as invalid:
        return _again(token, files_of(token), offered, invalid, {})
    try:
        submitted = submit_report(
            token, told, files_shown=_files_shown(), language=language(),
            accepting=accepts_reports(the_entity()),
        )  # fmt: skip
    except FilesGone as gone:
        db.session.rollback()  # what waits is what waited before this attempt
        return check_page(token, told, files_of(token), gone), gone.status
    except TooQuick as quick:
        db.session.rollback()
        page = check_page(token, told, files_of(token), quick)
        return page, quick.status, {"Retry-After": str(quick.seconds)}
    except ServiceEnded as ended:
        return no_service_page(told.whole(language())), ended.status
    forget_draft(token)
    changed = told.whole(language()) if submitted.sent is Sent.CHANGED else ""
    return receipt_page(token, submitted, changed)


@room.post("/o/<ovo:ovo>/report/add", Audience.EVERYONE)
def add() -> ResponseReturnValue:
    """Add what a second version said to the report that was received."""
    token = posted_token() or new_token()
    form = Reading()
    text = form.text("text", longest=LONGEST_STORY, lines=True)
    try:
        form.check()
        return receipt_page(token, add_to_report(token, text), "", added=True)
    except (Invalid, Conflict) as refused:
        db.session.rollback()  # the files wait as before
        errors = refused.errors if isinstance(refused, Invalid) else {"text": refused.title}
        return receipt_page(token, received_report(token), text, errors), refused.status


def _kept(token: str) -> tuple[Waiting, dict[str, type_text]]:
    """The files of the form with those that were posted, and what was wrong with these."""
    waiting = keep_files(
        token,
        request.files.getlist("files"),
        _removed(),
        keep_original=bool(request.form.get("keep_original")),
    )
    return waiting, {"files": " ".join(waiting.refusals)} if waiting.refusals else {}


def _checked(token: str, waiting: Waiting, errors: dict[str, type_text]) -> ResponseReturnValue:
    """Step 3, or step 2 again with what is wrong."""
    offered = offer()
    try:
        told = read_story(offered, language())
    except Invalid as invalid:
        return _again(token, waiting, offered, invalid, errors)
    if errors:
        return _again(token, waiting, offered, Invalid(errors), {})
    return check_page(token, told, waiting)


def _again(
    token: str, waiting: Waiting, offered: Offer, invalid: Invalid, errors: dict[str, type_text]
) -> ResponseReturnValue:
    """Step 2 again with what is wrong, and with the questions that belong there."""
    form, asked = typed(), questionnaire_shown(offered)
    if isinstance(invalid, OtherQuestions):
        asked = invalid.asked
        form["text"] = "\n\n".join(filter(None, [form.get("text", ""), invalid.kept]))
    return story_page(token, form, waiting, {**invalid.errors, **errors}, asked=asked), invalid.status


def _removed() -> set[UUID]:
    removed = set()
    for value in request.form.getlist("remove"):
        try:
            removed.add(UUID(value))
        except ValueError:
            continue
    return removed


def _files_shown() -> int:
    shown = request.form.get("files_shown", "")
    return int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 4 else -1
