"""What a reporter tells: the topics that an entity offers, and the form with the story.

Every form has a secret, its token, from which the receipt code follows. Two rules pull at it: going back and
sending again must be the same report, and nobody else at this computer may come upon somebody's receipt. So:

- Step 1 makes a draft: a public name with its time of making, which stands in the address of step 2. Back and
  forward come to the same address, a new start from step 1 to another one.
- The token is an HMAC, under the server's key, of the draft, the entity and the form cookie of this browser. The
  address in the history, or copied to others, gives nothing without that cookie, which goes with the browser
  session and when the mailbox is closed; and nothing any more once the draft is `DRAFT_LIFETIME` old.
- From step 2 on the forms carry the token itself: who writes longer than that loses nothing.

What remains: whoever opens the very same address in the same browser session within that time, and sends
something, is taken for the same reporter. Those pages are reached with the browser's back button just the same.
Nothing of this is stored.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app, g, request
from flask_babel import gettext as _
from sqlalchemy import and_, select

from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import CATEGORIES, WORK_RELATED, Category, Identity, ReporterClass, Topic
from spreekbuis.errors import Invalid, type_text
from spreekbuis.intake.about_desk import read_about_desk
from spreekbuis.intake.models import EntityCategory
from spreekbuis.questionnaires.answers import Answered, read_answers
from spreekbuis.questionnaires.models import Questionnaire, QuestionnaireCategory
from spreekbuis.questionnaires.published import Published, Version, asked_by, published, version_named
from spreekbuis.settings import Settings
from spreekbuis.web.cookies import FORM, read_cookie
from spreekbuis.web.forms import Reading, clean

LONGEST_STORY = 100_000
"""Characters."""
LONGEST_FIELD = 200
DRAFT_LIFETIME = timedelta(hours=2)
"""How long the address of step 2 leads back to the same report."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_DRAFT = re.compile(r"([0-9a-f]{1,9})-[A-Za-z0-9_-]{16}")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Story:
    """A report as it is told. Name, e-mail and phone are empty for whoever stays anonymous. `about`: who of the desk
    itself it is about (`intake.about_desk`), empty for nobody."""

    category: Category
    text: str
    reporter_class: ReporterClass
    identity: Identity
    name: str
    email: str
    phone: str
    answered: Answered | None = None
    about: str = ""

    @property
    def reporter(self) -> dict[str, str] | None:
        """Who the reporter is, for the desk alone."""
        if self.identity is Identity.ANONYMOUS:
            return None
        return {"name": self.name, "email": self.email, "phone": self.phone}

    def whole(self, language: str) -> str:
        """The story with the answers below it, as one text."""
        answers = self.answered.as_text(language) if self.answered else ""
        return "\n\n".join(filter(None, [self.text, answers]))

    def digest(self, token: str) -> bytes:
        """Tells whether a second sending says the same.

        Keyed with the form's secret, which is stored nowhere: nobody can check a guess at the text with it.
        """
        told = [self.category.code, self.text, self.reporter_class.value, self.identity.value]
        told += [self.name, self.email, self.phone]
        told += [self.answered.as_json()] if self.answered else []
        told += ["about", self.about] if self.about else []
        return hmac.digest(token.encode(), json.dumps(told).encode(), hashlib.sha256)


def new_token() -> str:
    """A secret for a form that came without one of ours: 192 random bits."""
    return secrets.token_urlsafe(24)


def new_draft() -> str:
    """The name of a report that begins: the minute (since 1970, hexadecimal) and 96 random bits."""
    return f"{_this_minute():x}-{secrets.token_urlsafe(12)}"


def asked_draft() -> str | None:
    """The draft that the address names; None when it names none, one that is old, or one that is still to come."""
    draft = request.args.get("draft", "")
    found = _DRAFT.fullmatch(draft)
    if found is None or not 0 <= _this_minute() - int(found[1], 16) <= DRAFT_LIFETIME // _MINUTE:
        return None
    return draft


def token_of(draft: str) -> str:
    """The secret of the form for a draft, in this browser and this entity: 192 bits. See the top of this module."""
    settings: Settings = current_app.extensions["settings"]
    key = hmac.digest(settings.secret_key.encode(), b"report token", hashlib.sha256)
    about = json.dumps([draft, str(current_entity_id()), _browser()])
    return base64.urlsafe_b64encode(hmac.digest(key, about.encode(), hashlib.sha256)[:24]).decode()


def _browser() -> str:
    """The form cookie; a new one, which the frame sends along with the page, when there is none yet."""
    known: str | None = read_cookie(FORM) or g.get("form_cookie")
    if known is None:
        known = g.form_cookie = secrets.token_urlsafe(24)
    return known


def _this_minute() -> int:
    return int(now().timestamp()) // 60


def posted_token() -> str | None:
    """The secret of the form that was posted; None when it is not one of ours."""
    token = request.form.get("token", "")
    return token if _TOKEN.fullmatch(token) else None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the entity in scope lets its staff report, in the order of the catalogue, and what is asked with it: the
    newest version of the questionnaire, by category. One query."""

    categories: dict[str, Category]
    newest: dict[str, Version]


def offer() -> Offer:
    rows = db.session.execute(
        select(EntityCategory.category, Questionnaire.code, Questionnaire.version)
        .outerjoin(QuestionnaireCategory, QuestionnaireCategory.category == EntityCategory.category)
        .outerjoin(
            Questionnaire,
            and_(Questionnaire.code == QuestionnaireCategory.questionnaire, Questionnaire.version > 0),
        )
        .where(EntityCategory.entity_id == current_entity_id())
    )
    found = {row.category: row.code and Version(row.code, row.version) for row in rows}
    return Offer(
        {code: category for code, category in CATEGORIES.items() if code in found},
        {code: newest for code, newest in found.items() if newest},
    )


def category_of_choice(offered: dict[str, Category], topic: str, category: str) -> Category | None:
    """The category that somebody chose: by its code, or by a topic that has one category only.

    None when the choice is not complete, or is not offered. A category outside the topic is a leftover of an
    earlier choice.
    """
    found = offered.get(category)
    if found is not None and topic in ("", found.topic):
        return found
    of_topic = [c for c in offered.values() if c.topic == topic]
    return of_topic[0] if len(of_topic) == 1 else None


def topics_of(offered: dict[str, Category]) -> dict[Topic, list[Category]]:
    """The offered categories under their topics."""
    topics: dict[Topic, list[Category]] = {}
    for category in offered.values():
        topics.setdefault(category.topic, []).append(category)
    return topics


FIELDS = (
    "category", "duty", "text", "reporter_class", "identity", "name", "email", "phone", "keep_original",
    "questionnaire", "about_desk", "about_who",
)  # fmt: skip


class OtherQuestions(Invalid):
    """Another topic was chosen, which has other questions than the form shows. `asked`: those; `kept`: the answers in
    words that have no question any more, so that the story can take them in."""

    def __init__(self, errors: Mapping[str, type_text], asked: Published | None, kept: str) -> None:
        words = _("Je koos een ander onderwerp. Kijk even naar de vragen die daarbij horen.")
        super().__init__({**errors, "questions": words})
        self.asked, self.kept = asked, kept


def questionnaire_shown(offered: Offer | None = None) -> Published | None:
    """The version that the posted form shows; None when it shows none, or names one that is not there. With an offer:
    what it should show, when the form does not say."""
    version = version_named(request.form.get("questionnaire", ""))
    shown = published(version) if version else None
    if shown is None and offered is not None:
        return asked_by(request.form.get("category", ""), offered.newest, None)
    return shown


def typed() -> dict[str, str]:
    """What stands in the posted form, to be shown again."""
    return {name: clean(request.form[name], lines=name == "text") for name in FIELDS if name in request.form}


def typed_text(language: str) -> str:
    """The story that was typed, with the answers, for a page that has no form for it."""
    shown = questionnaire_shown()
    answers = read_answers(Reading(), shown).as_text(language) if shown else ""
    return "\n\n".join(filter(None, [typed().get("text", ""), answers]))


def read_story(offered: Offer, language: str) -> Story:
    """The posted story. Raises Invalid; OtherQuestions, with words in `language`, when the form shows questions of
    another topic, and something of the answers or the rest needs another look."""
    form = Reading()
    form.require(
        {
            "category": _("Kies een onderwerp."),
            "text": _("Vertel wat er gebeurde."),
            "identity": _("Kies of je je naam wilt zeggen."),
            "reporter_class": _("Kies wat je band is met deze organisatie."),
        }
    )
    code = form.one_of("category", offered.categories)
    category = offered.categories[code] if code is not None else None
    if category is not None and category.duty_to_speak and form.raw("duty") != "accepted":
        form.errors["duty"] = _("Lees wat spreekplicht betekent, en kies of je verdergaat.")
    text = form.text("text", longest=LONGEST_STORY, lines=True)
    chosen = form.one_of("reporter_class", WORK_RELATED)
    identity = form.choice("identity", Identity)
    name = email = phone = ""
    if identity in (Identity.CONFIDENTIAL, Identity.NAMED):
        name = form.text("name", longest=LONGEST_FIELD)
        email = form.text("email", longest=LONGEST_FIELD, required=False)
        phone = form.text("phone", longest=LONGEST_FIELD, required=False)
        if not email and not phone:
            form.errors.setdefault("email", _("Geef een e-mailadres of een telefoonnummer."))
    about = read_about_desk(form)
    shown = questionnaire_shown()
    asked = asked_by(category.code, offered.newest, shown.version if shown else None) if category else shown
    answered = read_answers(form, asked) if asked else None
    if _shows_others(shown, asked):
        left = read_answers(Reading(), shown).without(answered) if shown else None
        if form.errors or (left and left.answers):
            raise OtherQuestions(form.errors, asked, left.as_text(language) if left else "")
    form.check()
    assert category is not None
    assert chosen is not None
    assert identity is not None
    return Story(category, text, ReporterClass(chosen), identity, name, email, phone, answered, about)


def _shows_others(shown: Published | None, asked: Published | None) -> bool:
    """Whether the form showed other questions than its category has. A form that names none at all is not ours."""
    if "questionnaire" not in request.form:
        return False
    return (shown and shown.version.code) != (asked and asked.version.code)
