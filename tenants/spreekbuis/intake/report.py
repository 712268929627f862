"""The pages of a report: topic, story, check, receipt. No session holds it: the form carries all it needs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from flask import current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    IDENTITY_LABELS,
    REPORTER_CLASS_LABELS,
    TOPIC_LABELS,
    Category,
    Identity,
    Topic,
)
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Conflict, Invalid, type_text
from spreekbuis.intake import upkeep
from spreekbuis.intake.course import course_of
from spreekbuis.intake.drafts import Waiting, keep_files, waiting_files
from spreekbuis.intake.signpost import central_actors
from spreekbuis.intake.story import (
    LONGEST_STORY,
    Story,
    category_of_choice,
    new_token,
    offered_categories,
    posted_token,
    read_story,
    topics_of,
    typed,
)
from spreekbuis.intake.submission import (
    FilesGone,
    Sent,
    ServiceEnded,
    Submitted,
    add_to_report,
    received_report,
    submit_report,
)
from spreekbuis.settings import Settings
from spreekbuis.vault.files import ACCEPT, MOST_FILES
from spreekbuis.web.access import Audience
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language
from spreekbuis.web.room import Room

__all__ = ["room", "upkeep"]  # upkeep defines the jobs

room = Room("report")

_TOPIC_CARDS = {
    Topic.WELLBEING: ("heart", _l("Hoe mensen met elkaar omgaan, of hoe je je voelt door je werk.")),
    Topic.INTEGRITY: ("scales", _l("Iemand schendt de regels of het vertrouwen in de overheid.")),
    Topic.SAFETY: ("helmet", _l("Een plek, machine of manier van werken is gevaarlijk.")),
    Topic.PRIVATE: ("home", _l("Zorgen thuis, over geld of over je gezondheid.")),
    Topic.OTHER: ("question", _l("Geen probleem. Vertel het gewoon, wij kijken samen.")),
}
_TOPIC_WORDS = {**TOPIC_LABELS, Topic.OTHER: _l("Ik weet het niet zeker")}
_CATEGORY_QUESTIONS = {
    Topic.WELLBEING: _l("Wat past het best bij welzijn?"),
    Topic.INTEGRITY: _l("Wat past het best bij integriteit?"),
}
_IDENTITY_HINTS = {
    Identity.ANONYMOUS: _l("Niemand weet wie je bent, ook wij niet."),
    Identity.CONFIDENTIAL: _l(
        "Alleen het loket kent je naam. We zeggen hem aan niemand zonder jouw akkoord."
    ),
    Identity.NAMED: _l("We mogen je naam noemen als dat helpt om je melding te onderzoeken."),
}


@room.get("/o/<ovo:ovo>/report", Audience.EVERYONE)
def topic() -> ResponseReturnValue:
    """Step 1. Entities without service get the signpost instead."""
    if not accepts_reports(the_entity()):
        return _elsewhere("ended")
    return _topic_page({})


@room.get("/o/<ovo:ovo>/report/stop", Audience.EVERYONE)
def stop() -> ResponseReturnValue:
    return _elsewhere("stopped")


@room.get("/o/<ovo:ovo>/report/story", Audience.EVERYONE)
def story() -> ResponseReturnValue:
    """Step 2, after the duty to speak where it holds."""
    if not accepts_reports(the_entity()):
        return _elsewhere("ended")
    asked_topic, asked_category = request.args.get("topic", ""), request.args.get("category", "")
    chosen = category_of_choice(offered_categories(), asked_topic, asked_category)
    if chosen is None:
        return _topic_page({"category" if asked_topic else "topic": _("Kies wat het best past.")}), 422
    if chosen.duty_to_speak and request.args.get("duty") != "accepted":
        return render_template(
            "intake/duty.html", category=chosen, story_url=url_for("report.story", ovo=_ovo()),
            stop_url=url_for("report.stop", ovo=_ovo()), back_url=url_for("report.topic", ovo=_ovo()),
        )  # fmt: skip
    return _story_page(
        new_token(),
        {"category": chosen.code, "duty": "accepted" if chosen.duty_to_speak else ""},
        Waiting(()),
        {},
    )


@room.post("/o/<ovo:ovo>/report/check", Audience.EVERYONE)
def check() -> ResponseReturnValue:
    """Step 3: everything once more. Files are kept from here on, for a day."""
    if not accepts_reports(the_entity()):
        return _elsewhere("ended", request.form.get("text", "")), ServiceEnded.status
    token = posted_token() or new_token()
    waiting = keep_files(token, request.files.getlist("files"), _removed())
    return _checked(token, waiting, {"files": " ".join(waiting.refusals)} if waiting.refusals else {})


@room.post("/o/<ovo:ovo>/report/edit", Audience.EVERYONE)
def edit() -> ResponseReturnValue:
    """Back to step 2 with all that was filled in."""
    token = posted_token() or new_token()
    return _story_page(token, typed(), waiting_files(token), {})


@room.post("/o/<ovo:ovo>/report/send", Audience.EVERYONE)
def send() -> ResponseReturnValue:
    """Step 4: the receipt. Sent twice, the same receipt again."""
    token = posted_token()
    if token is None:
        return _checked(
            new_token(), Waiting(()), {"": _("Het formulier was veranderd. Kijk alles nog eens na.")}
        )
    try:
        told = read_story(offered_categories())
    except Invalid as invalid:
        return _story_page(token, typed(), waiting_files(token), invalid.errors), invalid.status
    try:
        submitted = submit_report(
            token, told, files_shown=_files_shown(), language=language(),
            accepting=accepts_reports(the_entity()),
        )  # fmt: skip
    except FilesGone as gone:
        db.session.rollback()  # what waits is what waited before this attempt
        return _check_page(token, told, waiting_files(token), gone), gone.status
    except ServiceEnded as ended:
        return _elsewhere("ended", told.text), ended.status
    return _receipt_page(token, submitted, told.text if submitted.sent is Sent.CHANGED else "")


@room.post("/o/<ovo:ovo>/report/add", Audience.EVERYONE)
def add() -> ResponseReturnValue:
    """Add what a second version said to the report that was received."""
    token = posted_token() or new_token()
    form = Reading()
    text = form.text("text", longest=LONGEST_STORY, lines=True)
    try:
        form.check()
        return _receipt_page(token, add_to_report(token, text), "", added=True)
    except (Invalid, Conflict) as refused:
        db.session.rollback()  # the files wait as before
        errors = refused.errors if isinstance(refused, Invalid) else {"text": refused.title}
        return _receipt_page(token, received_report(token), text, errors), refused.status


def _checked(token: str, waiting: Waiting, errors: dict[str, type_text]) -> ResponseReturnValue:
    """Step 3, or step 2 again with what is wrong."""
    try:
        told = read_story(offered_categories())
    except Invalid as invalid:
        errors = {**invalid.errors, **errors}
    else:
        if not errors:
            return _check_page(token, told, waiting)
    return _story_page(token, typed(), waiting, errors), Invalid.status


def _ovo() -> str:
    return the_entity().ovo_code


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


def _topic_page(errors: Mapping[str, type_text]) -> str:
    """Step 1. `errors` may name `topic` or `category`."""
    topics = topics_of(offered_categories())
    asked = request.args.get("topic", "")
    return render_template(
        "intake/topic.html",
        action=url_for("report.story", ovo=_ovo()), errors=errors, topic=asked,
        category=request.args.get("category", ""),
        cards=[
            {"value": t, "label": _TOPIC_WORDS[t], "icon": icon, "hint": hint, "shows": t}
            for t, (icon, hint) in _TOPIC_CARDS.items()
            if t in topics
        ],
        questions=[
            {
                "topic": t, "legend": _CATEGORY_QUESTIONS[t],
                "options": [(c.code, c.label) for c in categories],
                "error": errors.get("category", "") if t == asked else "",
            }
            for t, categories in topics.items()
            if len(categories) > 1
        ],
    )  # fmt: skip


def _story_page(
    token: str, form: Mapping[str, str], waiting: Waiting, errors: Mapping[str, type_text]
) -> str:
    """Step 2. `form` is what was filled in."""
    category: Category | None = CATEGORIES.get(form.get("category", ""))
    return render_template(
        "intake/story.html",
        action=url_for("report.check", ovo=_ovo()), topic_url=url_for("report.topic", ovo=_ovo()),
        token=token, form=form, waiting=waiting.files, errors=errors, category=category,
        categories=[(c.code, c.label) for c in offered_categories().values()] if "category" in errors else [],
        reporter_classes=list(REPORTER_CLASS_LABELS.items()),
        identities=[(i, label, _IDENTITY_HINTS[i]) for i, label in IDENTITY_LABELS.items()],
        accept=ACCEPT, most_files=MOST_FILES, most_megabytes=_most_megabytes(),
    )  # fmt: skip


def _most_megabytes() -> int:
    settings: Settings = current_app.extensions["settings"]
    return settings.max_upload >> 20


def _check_page(token: str, told: Story, waiting: Waiting, problem: Conflict | None = None) -> str:
    """Step 3. `problem` says why sending did not work."""
    hidden: dict[str, Any] = {
        "token": token, "category": told.category.code, "text": told.text,
        "duty": "accepted" if told.category.duty_to_speak else "",
        "reporter_class": told.reporter_class, "identity": told.identity,
        "name": told.name, "email": told.email, "phone": told.phone, "files_shown": len(waiting.files),
    }  # fmt: skip
    return render_template(
        "intake/check.html",
        send_url=url_for("report.send", ovo=_ovo()), edit_url=url_for("report.edit", ovo=_ovo()),
        topic_url=url_for("report.topic", ovo=_ovo()), told=told, hidden=hidden, waiting=waiting.files,
        problem=problem, topic_label=TOPIC_LABELS[told.category.topic],
        identity_label=IDENTITY_LABELS[told.identity], identity_hint=_IDENTITY_HINTS[told.identity],
        reporter_class_label=REPORTER_CLASS_LABELS[told.reporter_class],
    )  # fmt: skip


def _receipt_page(
    token: str,
    submitted: Submitted,
    changed_text: str,
    errors: Mapping[str, type_text] = MappingProxyType({}),
    *,
    added: bool = False,
) -> str:
    """Step 4. `changed_text`: a second version that was not received, offered as a message to add."""
    words = submitted.code.words(language())
    return render_template(
        "intake/receipt.html",
        words=words, code=" ".join(words), mailbox_url=url_for("mailbox.open_case"),
        course=course_of(submitted.case), again=submitted.sent is not Sent.NOW, added=added, token=token,
        errors=errors, changed_text=changed_text, add_url=url_for("report.add", ovo=_ovo()),
        waiting=waiting_files(token).files if changed_text else (),
    )  # fmt: skip


def _elsewhere(why: str, kept_text: str = "") -> str:
    """Where else to go. `why`: "ended" (no service) or "stopped" (the reporter chose to)."""
    return render_template(
        "intake/elsewhere.html", why=why, actors=central_actors(language()), kept_text=kept_text,
        back_url=url_for("report.topic", ovo=_ovo()),
    )  # fmt: skip
