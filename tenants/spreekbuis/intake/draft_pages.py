"""Save a report to go on later, and go on with it."""

import time
from datetime import timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import local_date
from spreekbuis.entities.service import accepts_reports
from spreekbuis.errors import Conflict, Invalid
from spreekbuis.intake.drafts import files_of, keep_files
from spreekbuis.intake.patience import patience
from spreekbuis.intake.report_pages import no_service_page, story_page
from spreekbuis.intake.saved_drafts import LIFETIME, Draft, forget_draft, open_draft, save_draft
from spreekbuis.intake.story import new_token, posted_token, questionnaire_shown, typed, typed_text
from spreekbuis.intake.submission import ServiceEnded
from spreekbuis.intake.typed_code import code_typed
from spreekbuis.questionnaires.answers import given_in_form
from spreekbuis.questionnaires.published import published, version_named
from spreekbuis.web.access import Audience
from spreekbuis.web.dates import day_in_words
from spreekbuis.web.door import the_entity
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("draft")

ERASED = notice_after("draft-erased", _l("Wat je bewaarde, is gewist."))


@room.post("/o/<ovo:ovo>/report/save", Audience.EVERYONE)
def save() -> ResponseReturnValue:
    """Keep the form of step 2 and show its words, this once."""
    form = typed()
    if not accepts_reports(the_entity()):
        return no_service_page(typed_text(language())), ServiceEnded.status
    asked = questionnaire_shown()
    answers = given_in_form(asked.definition) if asked else {}
    token = posted_token() or new_token()
    waiting = keep_files(
        token, request.files.getlist("files"), keep_original=bool(request.form.get("keep_original"))
    )
    try:
        if waiting.refusals:
            raise Invalid({"files": " ".join(waiting.refusals)})
        saved = save_draft(token, form, answers)
    except (Invalid, Conflict) as refused:
        errors = refused.errors if isinstance(refused, Invalid) else {"": refused.advice}
        return story_page(token, form, waiting, errors, asked=asked), refused.status
    ovo = the_entity().ovo_code
    return render_template(
        "intake/draft_saved.html",
        words=saved.code.words(language()), until=day_in_words(local_date(saved.until), "full"),
        hidden=[
            ("token", token), *form.items(), *((name, value) for name, values in answers.items() for value in values)
        ], edit_url=url_for("report.edit", ovo=ovo),
        reopen_url=url_for("draft.reopen_form", ovo=ovo), home_url=url_for("home.start"),
    )  # fmt: skip


@room.get("/o/<ovo:ovo>/report/reopen", Audience.EVERYONE)
def reopen_form() -> ResponseReturnValue:
    return _code_page("", "")


@room.post("/o/<ovo:ovo>/report/reopen", Audience.EVERYONE)
def reopen() -> ResponseReturnValue:
    """Step 2 with what was saved, or erase it. A wrong code is answered slowly, as that of a receipt is."""
    began = time.monotonic()
    given = request.form.get("code", "")
    found = _draft_of(given)
    if isinstance(found, Draft):
        if request.form.get("do") == "erase":
            keep_files(found.token, (), {file.id for file in files_of(found.token).unsent})
            forget_draft(found.token)
            return redirect(url_for("home.start", done=ERASED), 303)
        if not accepts_reports(the_entity()):
            return no_service_page(found.form.get("text", ""))
        version = version_named(found.form.get("questionnaire", ""))
        asked = published(version) if version else None
        waiting = files_of(found.token)
        return story_page(found.token, found.form, waiting, {}, asked=asked, given=found.answers)
    if not patience().wait(began):
        busy = _("Er worden nu te veel foute codes geprobeerd. Wacht een minuut en probeer het opnieuw.")
        return _code_page(given, busy), 429, {"Retry-After": "60"}
    return _code_page(given, found), Invalid.status


def _draft_of(given: str) -> Draft | str:
    """What was saved under the typed code, or the sentence that says what to check."""
    code = code_typed(given)
    if isinstance(code, str):
        return code
    return open_draft(code) or str(
        _(
            "We vinden niets bij deze woorden. Kijk ze na. Na 7 dagen, of na het versturen, is je tekst gewist."
        )
    )


def _code_page(given: str, error: str) -> str:
    ovo = the_entity().ovo_code
    return render_template(
        "intake/reopen.html", action=url_for("draft.reopen", ovo=ovo), typed=given,
        errors={"code": error} if error else {}, days=LIFETIME // timedelta(days=1),
        start_url=url_for("report.topic", ovo=ovo),
    )  # fmt: skip
