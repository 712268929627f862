"""The report on paper: a blank form to print, with where to hand it in. For whoever cannot or will not use a screen."""

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from spreekbuis.directory.catalogue import DESK_LABELS, DESK_OF_TOPIC, WORK_RELATED, DeskKind
from spreekbuis.entities.actors import own_actors
from spreekbuis.entities.service import accepts_reports
from spreekbuis.intake.report_pages import no_service_page
from spreekbuis.intake.story import offer, topics_of
from spreekbuis.web.access import Audience
from spreekbuis.web.door import the_entity
from spreekbuis.web.room import Room

room = Room("paper")


@room.get("/o/<ovo:ovo>/report/paper", Audience.EVERYONE)
def form() -> ResponseReturnValue:
    """The form in the language of the reader, with the addresses of the desks that the entity entered."""
    if not accepts_reports(the_entity()):
        return no_service_page()
    own, topics = own_actors(), topics_of(offer().categories)
    return render_template(
        "intake/paper.html",
        desks=[
            {
                "label": DESK_LABELS[kind], "known": own.get(f"desk_{kind}"),
                "categories": [c.label for t, found in topics.items() if DESK_OF_TOPIC[t] is kind for c in found],
            }
            for kind in (DeskKind.WELLBEING, DeskKind.INTEGRITY)
        ],
        reporter_classes=list(WORK_RELATED.values()),
        questions=[
            (_("Wat gebeurde er?"), "large"), (_("Wanneer en waar?"), ""), (_("Wie zag het ook, of weet ervan?"), ""),
            (_("Is het nog bezig? Wat zou helpen?"), ""),
        ],
        report_url=url_for("report.topic", ovo=the_entity().ovo_code),
    )  # fmt: skip
