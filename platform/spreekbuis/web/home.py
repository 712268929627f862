"""The public start page, the choice of an entity, and the pages that explain."""

from flask import Response, make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from spreekbuis.directory.listing import active_entities, asked, pages
from spreekbuis.web.access import Audience
from spreekbuis.web.reaching import reachable
from spreekbuis.web.room import Room

room = Room("home")

MAIL = "spreekbuis@voorbeeld.example"
MAIL_1700 = "1700@voorbeeld.example"
PHONE_1700 = "1700"
"""Functional addresses; those that end in .example are examples until the central office sets its own."""


def _public(template: str, **values: object) -> Response:
    """A page that search engines may show: somebody in need must be able to find it."""
    response = make_response(render_template(template, **values))
    response.headers["X-Robots-Tag"] = "all"
    return response


@room.get("/", Audience.EVERYONE)
def start() -> ResponseReturnValue:
    actors, about = url_for("directory.actors"), url_for("home.about")
    doors = [
        (
            _("Iemand dichtbij"),
            f"{actors}#nearby",
            _("Praat met de vertrouwenspersoon of de contactpersoon integriteit van je eigen entiteit."),
            "people",
        ),
        (
            _("Je voelt je niet goed door je werk"),
            f"{actors}#prevention_gdpb",
            _("Een preventieadviseur psychosociaal welzijn luistert. Ook de sociale dienst kan helpen."),
            "heart",
        ),
        (
            _("Je bent bang voor gevolgen"),
            url_for("protection.ask"),
            _("Vraag bescherming aan de Vlaamse Ombudsdienst. Dat kan voor, tijdens en na je melding."),
            "shield",
        ),
        (
            _("Je weet van zware fraude"),
            f"{actors}#audit_vlaanderen",
            _("Je kunt ook rechtstreeks naar Audit Vlaanderen. Je hoeft niet eerst bij ons te komen."),
            "scales",
        ),
        (
            _("Liever chatten"),
            url_for("chat.chat"),
            _(
                "Stel je vraag aan een medewerker. Zonder naam, en we bewaren niets zonder dat jij het vraagt."
            ),
            "chat",
        ),
        (
            _("Liever praten dan typen"),
            f"{about}#talk",
            _("Bel ons of vraag een gesprek. De behandelaar noteert wat je vertelt.")
            if reachable().phone
            else _("Vraag in je melding een gesprek. De behandelaar noteert wat je vertelt."),
            "phone",
        ),
        (
            _("Je helpt een collega"),
            url_for("home.choose_entity"),
            _("Ben je leidinggevende of vertrouwenspersoon? Ook jij kunt ons om raad vragen."),
            "user",
        ),
    ]
    return _public(
        "home/start.html",
        doors=doors,
        signpost_url=url_for("signpost.general"),
        open_case_url=url_for("mailbox.open_case"),
        phone_1700=PHONE_1700,
        mail_1700=MAIL_1700,
    )


@room.get("/report", Audience.EVERYONE)
def choose_entity() -> ResponseReturnValue:
    """For which entity somebody wants to report: search, or walk through the list."""
    return _public("home/choose_entity.html", **_found())


@room.get("/report/found", Audience.EVERYONE)
def entities_found() -> ResponseReturnValue:
    """The part of that page that changes while somebody types."""
    return render_template("home/entities_found.html", **_found())


def _found() -> dict[str, object]:
    query = asked("q")
    found = active_entities(query, after=asked("after"), before=asked("before"))
    summary = ngettext(
        "%(num)s entiteit op deze bladzijde", "%(num)s entiteiten op deze bladzijde", len(found.rows)
    )
    return {
        "query": query,
        "found": found,
        "pages": pages(found, summary, "home.choose_entity", {"q": query}),
        "report_url": report_url,
    }


def report_url(ovo_code: str) -> str:
    """Where staff of an entity start a report."""
    return url_for("report.topic", ovo=ovo_code)


@room.get("/about", Audience.EVERYONE)
def about() -> ResponseReturnValue:
    return _public("home/about.html", reachable=reachable(), enrol_url=url_for("entities.choose"))


@room.get("/privacy", Audience.EVERYONE)
def privacy() -> ResponseReturnValue:
    return _public("home/privacy.html")


@room.get("/leave-no-traces", Audience.EVERYONE)
def leave_no_traces() -> ResponseReturnValue:
    return _public("home/leave_no_traces.html")


@room.get("/accessibility", Audience.EVERYONE)
def accessibility() -> ResponseReturnValue:
    return _public("home/accessibility.html")


@room.get("/contact", Audience.EVERYONE)
def contact() -> ResponseReturnValue:
    return _public(
        "home/contact.html", reachable=reachable(), mail=MAIL, mail_1700=MAIL_1700, phone_1700=PHONE_1700
    )
