"""What the pages of a report show."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask import get_template_attribute, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.finding import shown_to_reporter
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    IDENTITY_LABELS,
    WORK_RELATED,
    Category,
    Identity,
    Topic,
)
from spreekbuis.directory.models import EntityStatus
from spreekbuis.entities.service import successor_of
from spreekbuis.errors import Conflict, type_text
from spreekbuis.intake.about_desk import ABOUT_DESK_OPTIONS, AboutDesk
from spreekbuis.intake.course import course_of
from spreekbuis.intake.drafts import Waiting, files_of
from spreekbuis.intake.signpost_page import central_cards
from spreekbuis.intake.story import (
    Story,
    asked_draft,
    new_draft,
    offer,
    questionnaire_shown,
    topics_of,
    typed,
    typed_text,
)
from spreekbuis.intake.submission import Sent, Submitted
from spreekbuis.intake.topics import TOPIC_CARDS, TOPIC_WORDS
from spreekbuis.questionnaires.answers import given_in_form
from spreekbuis.questionnaires.asking import asked as questions_shown
from spreekbuis.questionnaires.published import Published
from spreekbuis.vault.cleaning import CLEANED_TEXTS, NOT_CLEANED, Cleaned
from spreekbuis.vault.files import ACCEPT, MOST_FILES, most_megabytes
from spreekbuis.web.door import the_entity
from spreekbuis.web.frame import LANGUAGES, drawn, language
from spreekbuis.web.reaching import reachable

_CATEGORY_QUESTIONS = {
    Topic.WELLBEING: _l("Wat past het best bij welzijn?"),
    Topic.INTEGRITY: _l("Wat past het best bij integriteit?"),
}
_IDENTITY_HINTS = {
    Identity.ANONYMOUS: _l("Niemand weet wie je bent, ook wij niet."),
    Identity.CONFIDENTIAL: _l(
        "Alleen het loket kent je naam. We zeggen hem aan niemand zonder jouw akkoord."
    ),
    Identity.NAMED: _l("Het loket mag zeggen dat je iets meldde. Aan wie, beslis jij later in je melding."),
}


def _ovo() -> str:
    return the_entity().ovo_code


def topic_page(errors: Mapping[str, type_text]) -> str:
    """Step 1, where a report begins. `errors` may name `topic`, or a topic whose category was not chosen."""
    topics = topics_of(offer().categories)
    asked = request.args.get("topic", "")
    return render_template(
        "intake/topic.html",
        action=url_for("report.story", ovo=_ovo()), errors=errors, topic=asked,
        draft=(errors and asked_draft()) or new_draft(),
        mailbox_url=url_for("mailbox.open_form"), signpost_url=url_for("signpost.of_entity", ovo=_ovo()),
        reopen_url=url_for("draft.reopen_form", ovo=_ovo()), paper_url=url_for("paper.form", ovo=_ovo()),
        cards_shown=[
            {"value": t, "label": TOPIC_WORDS[t], "icon": icon, "hint": hint, "shows": t}
            for t, (icon, hint) in TOPIC_CARDS.items()
            if t in topics
        ],
        questions=[
            {
                "topic": t, "legend": _CATEGORY_QUESTIONS[t], "chosen": request.args.get(t, ""),
                "options": [(c.code, c.label) for c in categories], "error": errors.get(t, ""),
            }
            for t, categories in topics.items()
            if len(categories) > 1
        ],
    )  # fmt: skip


def duty_page(category: Category) -> str:
    """Between step 1 and 2, where the duty to speak holds."""
    return render_template(
        "intake/duty.html", category=category, story_url=url_for("report.story", ovo=_ovo()),
        draft=asked_draft() or new_draft(), stop_url=url_for("report.stop", ovo=_ovo()),
        back_url=url_for("report.topic", ovo=_ovo()),
    )  # fmt: skip


def story_page(
    token: str,
    form: Mapping[str, str],
    waiting: Waiting,
    errors: Mapping[str, type_text],
    *,
    asked: Published | None,
    given: Mapping[str, list[str]] | None = None,
    choosing: bool = False,
) -> str:
    """Step 2. `form` is what was filled in; `asked`: the questions beside the story, and `given` the answers that were
    saved (else those that were posted). `choosing`: with the topics, to choose another one.

    Another language or topic is asked with the form itself, never with a link: a link would lose the text.
    """
    category: Category | None = CATEGORIES.get(form.get("category", ""))
    return render_template(
        "intake/story.html",
        action=url_for("report.check", ovo=_ovo()), edit_url=url_for("report.edit", ovo=_ovo()),
        save_url=url_for("draft.save", ovo=_ovo()),
        languages=[
            (code, name, url_for("report.edit", ovo=_ovo(), lang=code)) for code, name in LANGUAGES.items()
        ],
        token=token, form=form, errors=errors, category=category,
        removable=[(str(file.id), file.name) for file in waiting.unsent],
        questionnaire=asked.version if asked else "",
        questions=_questions(asked, errors, given) if asked else "",
        categories=[(c.code, c.label) for c in offer().categories.values()]
        if choosing or "category" in errors
        else [],
        reporter_classes=list(WORK_RELATED.items()),
        identities=[(i, label, _IDENTITY_HINTS[i]) for i, label in IDENTITY_LABELS.items()],
        about_desk=ABOUT_DESK_OPTIONS,
        accept=ACCEPT, most_files=MOST_FILES, most_megabytes=most_megabytes(),
    )  # fmt: skip


def _questions(
    asked: Published, errors: Mapping[str, type_text], saved: Mapping[str, list[str]] | None
) -> str:
    """The questions with what was filled in; remembered while that is nothing."""
    given = given_in_form(asked.definition) if saved is None else dict(saved)
    if not given and not errors:
        return drawn(_empty_questions, asked)
    shown = questions_shown(asked.definition, language(), given, errors)
    return _macro()(shown, "questions" in errors)


def _empty_questions(asked: Published) -> str:
    return _macro()(questions_shown(asked.definition, language()))


def _macro() -> Callable[..., str]:
    macro: Callable[..., str] = get_template_attribute("parts/questions.html", "questions_of_story")
    return macro


def check_page(token: str, told: Story, waiting: Waiting, problem: Conflict | None = None) -> str:
    """Step 3. `problem` says why sending did not work."""
    hidden: dict[str, Any] = {
        "token": token, "category": told.category.code, "text": told.text,
        "duty": "accepted" if told.category.duty_to_speak else "",
        "reporter_class": told.reporter_class, "identity": told.identity,
        "name": told.name, "email": told.email, "phone": told.phone, "files_shown": len(waiting.files),
        "questionnaire": told.answered.to.version if told.answered else "",
        "about_desk": AboutDesk.NAMED if told.about else "", "about_who": told.about,
    }  # fmt: skip
    about = [
        (_("Onderwerp"), told.category.label), (_("Je naam"), told.name or IDENTITY_LABELS[told.identity]),
        (_("E-mailadres"), told.email), (_("Telefoonnummer"), told.phone),
        (_("Je bent"), WORK_RELATED[told.reporter_class]),
        (_("Wie dit niet mag zien"), told.about),
    ]  # fmt: skip
    return render_template(
        "intake/check.html",
        send_url=url_for("report.send", ovo=_ovo()), edit_url=url_for("report.edit", ovo=_ovo()),
        topic_url=url_for("report.topic", ovo=_ovo()), told=told,
        hidden=[*hidden.items(), *(told.answered.fields() if told.answered else ())],
        answers=told.answered.in_words(language()) if told.answered else [],
        waiting=[
            {
                "name": f.name, "cleaned": CLEANED_TEXTS[Cleaned(f.cleaned)],
                "tells": Cleaned(f.cleaned) in NOT_CLEANED,
            }
            for f in waiting.files
        ],
        waits=bool(waiting.unsent), tells=any(Cleaned(f.cleaned) in NOT_CLEANED for f in waiting.files),
        problem=problem, identity_hint=_IDENTITY_HINTS[told.identity],
        about=[(label, value) for label, value in about if value],
    )  # fmt: skip


def receipt_page(
    token: str,
    submitted: Submitted,
    changed_text: str,
    errors: Mapping[str, type_text] = MappingProxyType({}),
    *,
    added: bool = False,
) -> str:
    """Step 4. `changed_text`: a second version that was not received, offered as a message to add."""
    words = submitted.code.words(language())
    named = request.form.get("about_desk") == AboutDesk.NAMED
    nobody_may = named and submitted.case is not None and shown_to_reporter(submitted.case.id).nobody_may
    return render_template(
        "intake/receipt.html",
        words=words, code=" ".join(words), mailbox_url=url_for("mailbox.open_case"),
        course=course_of(submitted.case) if submitted.case and not nobody_may else (), nobody_may=nobody_may,
        can_call=bool(reachable().phone), elsewhere=submitted.case is None,
        again=submitted.sent is not Sent.NOW, added=added, token=token,
        errors=errors, changed_text=changed_text, add_url=url_for("report.add", ovo=_ovo()),
        waiting=files_of(token).unsent if changed_text else (),
        signpost_url=url_for("signpost.of_entity", ovo=_ovo()), protection_url=url_for("protection.ask"),
    )  # fmt: skip


def no_service_page(kept_text: str = "") -> str:
    if the_entity().status == EntityStatus.PREPARING:
        return _elsewhere(
            _("Je kunt hier nog geen melding doen"),
            _(
                "%(entity)s is nog niet klaar om meldingen te ontvangen. Je staat er niet alleen voor: deze diensten"
                " luisteren nu al.",
                entity=the_entity().name,
            ),
            kept_text=kept_text,
        )
    if the_entity().status == EntityStatus.MERGED and (into := successor_of(the_entity().id)):
        return _elsewhere(
            _("Meld het voortaan bij %(entity)s", entity=into.name),
            _(
                "%(before)s hoort nu bij %(entity)s. Had je al een melding gedaan? Dan blijft je toegangscode werken.",
                before=the_entity().name,
                entity=into.name,
            ),
            onward=(
                _("Doe je melding bij %(entity)s", entity=into.name),
                url_for("report.topic", ovo=into.ovo_code),
            ),
            kept_text=kept_text,
        )
    return _elsewhere(
        _("Je kunt hier nu geen melding doen"),
        _(
            "%(entity)s is op dit moment niet aangesloten bij Spreekbuis. Je staat er niet alleen voor: deze "
            "diensten luisteren ook.",
            entity=the_entity().name,
        ),
        kept_text=kept_text,
    )


def other_service_page(token: str) -> str:
    """For a report about the contact point itself: where else to go, with the way back to what was written. Nothing of
    it is kept."""
    shown = questionnaire_shown()
    answers = given_in_form(shown.definition) if shown else {}
    fields = [("token", token), *((name, text) for name, text in typed().items() if name != "about_desk")]
    return _elsewhere(
        _("Ga naar een dienst buiten dit meldpunt"),
        _(
            "We hebben niets ontvangen of bewaard. Deze diensten staan los van dit meldpunt. Over integriteit: Audit"
            " Vlaanderen of de Vlaamse Ombudsdienst. Over welzijn: de preventieadviseur psychosociaal welzijn."
        ),
        kept_text=typed_text(language()),
        hidden=[*fields, *((name, value) for name, values in answers.items() for value in values)],
    )


def stopped_page() -> str:
    return _elsewhere(
        _("Je bent gestopt"),
        _("We hebben niets bewaard. Wil je eerst met iemand praten? Dat kan ook hier."),
        back_url=url_for("report.topic", ovo=_ovo()),
    )


def _elsewhere(
    title: str,
    lead: str,
    *,
    back_url: str = "",
    onward: tuple[str, str] | None = None,
    kept_text: str = "",
    hidden: Sequence[tuple[str, str]] = (),
) -> str:
    """Where else to go (`onward`: words and address of the one place), and the text that was written so far; `hidden`:
    the fields that lead back to it."""
    return render_template(
        "intake/elsewhere.html", title=title, lead=lead, back_url=back_url, onward=onward,
        kept_text=kept_text, hidden=hidden, edit_url=url_for("report.edit", ovo=_ovo()),
        actors=central_cards(), signpost_url=url_for("signpost.of_entity", ovo=_ovo()),
    )  # fmt: skip
