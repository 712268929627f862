"""The pages of the front office: register a contact, and see how many there were."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.contacts import HAPPENED_ELSEWHERE
from spreekbuis.cases.opening import SPOKEN, NewFile
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import (
    CATEGORIES,
    CHANNEL_LABELS,
    CONTACT_END_LABELS,
    DESK_LABELS,
    DESK_OF_TOPIC,
    TOPIC_LABELS,
    WORK_RELATED,
    Channel,
    ContactEnd,
    Identity,
    ReporterClass,
    Topic,
)
from spreekbuis.directory.listing import asked
from spreekbuis.directory.models import Organisation
from spreekbuis.directory.register import LONGEST_SEARCH, meant_by
from spreekbuis.errors import Invalid, NotFound, type_text
from spreekbuis.identity.lockout import LockedOut
from spreekbuis.intake.front.attachments import taken_in
from spreekbuis.intake.front.existing import Addition, add_contact, entity_of
from spreekbuis.intake.front.letters import APART_LABELS, Letter
from spreekbuis.intake.front.mail_box import HandledMeanwhile, open_mail, put_away
from spreekbuis.intake.front.parts import LEFT_OUT_LABELS
from spreekbuis.intake.front.registering import Heard, Registered, code_of, register, served, served_among
from spreekbuis.intake.front.scripts import current_scripts, script_of, text_in, title_in
from spreekbuis.intake.reporters import find_receipt
from spreekbuis.intake.signpost_page import central_cards
from spreekbuis.intake.story import LONGEST_FIELD, LONGEST_STORY, new_token, posted_token
from spreekbuis.vault.files import discard
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading, clean
from spreekbuis.web.frame import LANGUAGES, language
from spreekbuis.web.room import Room

room = Room("front")

ENDS = (ContactEnd.ANSWERED, ContactEnd.CASE, ContactEnd.REFERRED)
"""How an agent can end a contact. What else there is follows by itself."""
_END_HINTS: dict[ContactEnd, LazyString] = {
    ContactEnd.ANSWERED: _l("De infovraag wordt meteen afgesloten bij het loket van de entiteit."),
    ContactEnd.CASE: _l("Het loket van de entiteit krijgt het dossier. Jij leest de toegangscode voor."),
    ContactEnd.REFERRED: _l("We tellen alleen het contact. Je tekst bewaren we niet."),
}
FIELDS = (
    "channel", "entity", "ovo", "category", "script", "about", "ended", "answer", "duty", "name", "contact", "may_name",
    "reporter_class", "language", "existing", "mail",
)  # fmt: skip
_USUAL = {
    "channel": Channel.PHONE.value, "ended": "", "reporter_class": ReporterClass.STAFF.value, "language": "nl",
}  # fmt: skip


@room.in_nav(_l("Nieuw contact"))
@room.get("/front/contacts/new", Permission.ANSWER_CONTACTS)
def contact_form() -> ResponseReturnValue:
    return form_page(new_token(), {}, {})


@room.get("/front/contacts/entities", Permission.ANSWER_CONTACTS)
def entities_found() -> ResponseReturnValue:
    """The part of the form that changes while the agent types the entity."""
    return render_template("front/entities_found.html", errors={}, **_entities(asked("entity"), ""))


@room.get("/front/contacts/scripts", Permission.ANSWER_CONTACTS)
def scripts_found() -> ResponseReturnValue:
    """The part of the form that changes with the category and the language."""
    shown = _scripts(asked("category"), asked("language"), "")
    return render_template("front/scripts_found.html", **shown)


@room.post("/front/contacts", Permission.ANSWER_CONTACTS)
def keep_contact() -> ResponseReturnValue:
    """Keep it, and show what the other person has to hear. Sent twice: the same page again."""
    token, form = posted_token() or new_token(), Reading()
    if form.raw("show"):  # without JavaScript: the answer texts for what was chosen
        return form_page(token, _typed(), {})
    try:
        organisation, letter = _organisation(form), mail_of(form.raw("mail"))
        addition = heard = None
        if clean(form.raw("existing")):
            addition = _addition(form, token, organisation, letter)
            entity_id = entity_of(addition)
        else:
            heard = _heard(form, token, organisation)
            entity_id = _opens_at(heard)
        with taken_in(entity_id, letter.files if letter else ()) as attached:
            files = tuple(NewFile.of(file) for file in attached.files.values())
            if addition is not None:
                registered = add_contact(replace(addition, files=files))
            else:
                assert heard is not None
                registered = register(replace(heard, files=files))
            _put_away(registered, letter)
        if registered.again:  # what it brought the first time is there
            discard(attached.files.values())
        return _kept(registered, organisation, heard, attached.refusals)
    except Invalid as invalid:
        db.session.rollback()
        return form_page(token, _typed(), {**invalid.errors, **form.errors}), invalid.status
    except LockedOut as locked:
        db.session.rollback()
        words = _("Te veel foute nummers. Wacht een kwartier en probeer het dan opnieuw.")
        return form_page(token, _typed(), {"existing": words}), locked.status


def _put_away(registered: Registered, letter: Letter | None) -> None:
    """The mail that was registered has been handled. Raises HandledMeanwhile."""
    key = request.form.get("mail", "")
    if key and not registered.again:
        if letter is None:
            raise HandledMeanwhile
        put_away(key, letter, answer=True)


def mail_of(key: str) -> Letter | None:
    """The mail that the form is about; None when it is about none, or it has left the box."""
    try:
        return open_mail(key) if key else None
    except NotFound:
        return None


def _opens_at(heard: Heard) -> UUID | None:
    """The entity at which this contact opens a case that is not there yet."""
    entity = served(heard.organisation) if heard.ended is not ContactEnd.REFERRED else None
    return None if entity is None or find_receipt(code_of(heard, entity.id)) is not None else entity.id


def _heard(form: Reading, token: str, organisation: Organisation | None) -> Heard:
    """A new contact as it was typed. Raises Invalid."""
    form.require(
        {
            "category": _("Kies een onderwerp."),
            "about": _("Schrijf waarover het gaat."),
            "ended": _("Kies hoe het contact afloopt."),
        }
    )
    channel = Channel(form.one_of("channel", HAPPENED_ELSEWHERE) or Channel.PHONE)
    category = form.one_of("category", CATEGORIES) or "other"
    ended = ContactEnd(form.one_of("ended", ENDS) or ContactEnd.REFERRED)
    summary = form.text("about", longest=LONGEST_STORY, lines=True)
    answer = form.text("answer", longest=LONGEST_STORY, required=False, lines=True)
    reporter = {name: form.text(name, longest=LONGEST_FIELD, required=False) for name in ("name", "contact")}
    named = Identity.NAMED if form.raw("may_name") else Identity.CONFIDENTIAL
    spoken_language = form.one_of("language", LANGUAGES) or "nl"
    script = _script(form)
    if script is not None and not answer:
        used = script_of(*script)
        assert used is not None, "it was looked up"
        answer = text_in(used, spoken_language)
    explained = bool(form.raw("duty"))
    tells = CATEGORIES[category].duty_to_speak and ended is ContactEnd.CASE and channel in SPOKEN
    if tells and not explained:
        form.errors.setdefault(
            "duty", _("Leg eerst de spreekplicht uit. De ander kiest dan om door te gaan.")
        )
    reporter_class = ReporterClass(form.one_of("reporter_class", WORK_RELATED) or ReporterClass.STAFF)
    form.check()
    return Heard(
        token, channel, organisation, category, ended, summary,
        answer=answer, identity=named if any(reporter.values()) else Identity.ANONYMOUS,
        reporter_class=reporter_class, language=spoken_language,
        reporter={name: value for name, value in reporter.items() if value}, duty_explained=explained, script=script,
    )  # fmt: skip


def _addition(
    form: Reading, token: str, organisation: Organisation | None, letter: Letter | None
) -> Addition:
    """A contact on a case that exists, as it was typed. Raises Invalid."""
    form.require({"about": _("Schrijf waarover het gaat.")})
    channel = Channel(form.one_of("channel", HAPPENED_ELSEWHERE) or Channel.PHONE)
    note = form.text("about", longest=LONGEST_STORY, lines=True)
    reference = form.text("existing", longest=500)
    form.check()
    named = letter is not None and reference == letter.envelope.reference
    mail = letter.digest.hex() if letter is not None and named else ""
    return Addition(
        token, door.the_account().id, reference, organisation, channel, note, mail, _script(form)
    )  # fmt: skip


def _organisation(form: Reading) -> Organisation | None:
    """The organisation that was typed or chosen. Says so in the form's errors when there is none, or several."""
    text = form.text("entity", longest=LONGEST_SEARCH, required=False)
    if not text:
        return None
    found = meant_by(text)
    chosen = [o for o in found if o.ovo_code == form.raw("ovo")]
    if len(chosen or found) == 1:
        return (chosen or found)[0]
    if found:
        form.errors["ovo"] = _("Kies welke entiteit je bedoelt.")
    else:
        form.errors["entity"] = _("We kennen geen entiteit met deze naam, afkorting of OVO-code.")
    return None


def _script(form: Reading) -> tuple[UUID, int] | None:
    """The answer text that was chosen, in the version that was on the screen; None when it was none of ours."""
    script_id, _at, version = form.raw("script").partition("@")
    try:
        chosen = UUID(script_id), int(version[:6])
    except ValueError:
        return None
    return chosen if script_of(*chosen) is not None else None


def _typed() -> dict[str, str]:
    """What stands in the posted form, to be shown again."""
    return {name: clean(request.form.get(name, ""), lines=name in ("about", "answer")) for name in FIELDS}


def form_page(token: str, typed: dict[str, str], errors: dict[str, type_text]) -> str:
    """The form. Which of several entities is meant is asked in the form itself, with all that was typed."""
    values = {
        **dict.fromkeys(FIELDS, ""),
        **_USUAL,
        **{name: value for name, value in typed.items() if value},
    }
    letter = mail_of(values["mail"])
    apart = letter.envelope.apart if letter else None
    return render_template(
        "front/contact.html",
        apart=APART_LABELS[apart] if apart else "",
        left_out=[LEFT_OUT_LABELS[what] for what in letter.left_out] if letter else [],
        token=token, values=values, errors=errors, letter=letter, accepts=LONGEST_SEARCH,
        channels=[(c, CHANNEL_LABELS[c]) for c in HAPPENED_ELSEWHERE],
        categories=[
            (c.code, _("%(category)s (%(desk)s)", category=c.label, desk=DESK_LABELS[DESK_OF_TOPIC[c.topic]]))
            for c in CATEGORIES.values()
        ],
        ends=[(e, CONTACT_END_LABELS[e], _END_HINTS[e]) for e in ENDS],
        shows={ContactEnd.ANSWERED: "yes", ContactEnd.CASE: "other"},
        reporter_classes=list(WORK_RELATED.items()),
        languages=list(LANGUAGES.items()),
        **_entities(values["entity"], values["ovo"]),
        **_scripts(values["category"], values["language"], values["script"]),
    )  # fmt: skip


def _entities(query: str, chosen: str) -> dict[str, object]:
    """Whom the typed text can mean; one alone is chosen already."""
    found = meant_by(query)
    with_service = served_among(found)
    options = [
        (o.ovo_code, o.name, "" if o.ovo_code in with_service else _("Niet aangesloten: je verwijst door."))
        for o in found
    ]
    known = {o.ovo_code for o in found}
    one = next(iter(known)) if len(known) == 1 else ""
    return {"query": query, "found": options, "chosen": chosen if chosen in known else one}


def _scripts(category: str, spoken_language: str, chosen: str) -> dict[str, object]:
    """The answer texts for the category, in the language that is spoken."""
    topic = CATEGORIES[category].topic if category in CATEGORIES else None
    spoken = spoken_language if spoken_language in LANGUAGES else "nl"
    texts = [] if topic is None else current_scripts(topic=topic, language=spoken)
    return {
        "scripts": [(f"{s.id}@{s.version}", title_in(s, spoken), text_in(s, spoken)) for s in texts],
        "script_chosen": chosen, "spoken": spoken, "topic_chosen": topic is not None,
    }  # fmt: skip


def _kept(
    registered: Registered,
    organisation: Organisation | None,
    heard: Heard | None = None,
    refusals: Sequence[str] = (),
) -> str:
    """What became of it. The words are for the other person: the agent reads them out, and they are shown once."""
    spoken = heard.language if heard else "nl"
    answered, without_service = (registered.ended is e for e in (ContactEnd.ANSWERED, ContactEnd.NO_SERVICE))
    elsewhere = without_service or registered.ended is ContactEnd.REFERRED
    return render_template(
        "front/kept.html",
        ended=registered.ended, number="" if answered else registered.number,
        organisation=organisation.name if organisation else "",
        words=registered.code.words(spoken) if registered.code else (),
        folded=answered, refusals=refusals,
        without_service=without_service, kept_text=heard.summary if heard and without_service else "",
        actors=central_cards() if elsewhere else (),
        again_url=url_for("front.contact_form"),
    )  # fmt: skip


@room.in_nav(_l("Antwoordteksten"))
@room.get("/front/scripts", Permission.ANSWER_CONTACTS)
def scripts() -> ResponseReturnValue:
    """All answer texts: by topic, and by words in them."""
    topic, query = asked("topic"), asked("q")
    spoken = asked("language") if asked("language") in LANGUAGES else language()
    texts = current_scripts(
        topic=Topic(topic) if topic in TOPIC_LABELS else None, words=query, language=spoken
    )
    return render_template(
        "front/scripts.html",
        topic=topic, query=query, spoken=spoken, topics=list(TOPIC_LABELS.items()), languages=list(LANGUAGES.items()),
        scripts=[(TOPIC_LABELS[Topic(s.topic)], title_in(s, spoken), text_in(s, spoken)) for s in texts],
    )  # fmt: skip
