"""The course of a case, told from its events."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import ARRAY, String, all_, bindparam, literal, select

from spreekbuis.cases import shown
from spreekbuis.cases.changes import Happened
from spreekbuis.cases.checks import MOMENT_LABELS, Moment
from spreekbuis.cases.consent import SHARING_LABELS, Sharing
from spreekbuis.cases.deadlines import Deadline
from spreekbuis.cases.models import Case, CaseEvent
from spreekbuis.cases.procedure_versions import in_force
from spreekbuis.cases.procedures import Step, procedure_of
from spreekbuis.cases.results import MEASURE_STATE_LABELS, MeasureState
from spreekbuis.cases.tasks import SIGN_LABELS, Sign
from spreekbuis.cases.wishes import WAY_LABELS, Way
from spreekbuis.clock import local_date, today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import rows
from spreekbuis.directory.catalogue import FOLLOW_UP_LABELS, FollowUp, Outcome

IN_DIALOGUE = (Happened.MESSAGE, Happened.NOTE)
"""Events that the dialogue shows already."""


_EVENTS = (
    select(CaseEvent.kind, CaseEvent.at, CaseEvent.data)
    .where(
        CaseEvent.entity_id == bindparam("entity"),
        CaseEvent.case_id == bindparam("case"),
        CaseEvent.kind != all_(literal(list(IN_DIALOGUE), ARRAY(String))),
    )
    .order_by(CaseEvent.at, CaseEvent.id)
)


def course_of(
    case: Case, people: Mapping[UUID, str], me: UUID, owed: Deadline | None
) -> list[dict[str, Any]]:
    """What happened, the oldest first, and the step that is owed next. One query.

    `people`: how the handlers of the desk are called; `me` is who looks.
    """
    course = []
    for kind, at, data in rows(_EVENTS, {"entity": current_entity_id(), "case": case.id}):
        title, text = _words(case, Happened(kind), data, people, me)
        course.append(
            {"when": shown.minute(at), "iso": shown.iso(at), "title": title, "text": text, "kind": ""}
        )
    if course and case.closed_at is None:
        course[-1]["kind"] = "now"
    if owed is not None:
        by = shown.day(owed.due_on, today())
        course.append(
            {
                "when": gettext("Uiterlijk %(day)s", day=by), "iso": owed.due_on.isoformat(),
                "title": shown.labels().step[owed.step], "text": "", "kind": "next",
            }
        )  # fmt: skip
    return course


def _words(
    case: Case, kind: Happened, data: Mapping[str, Any], people: Mapping[UUID, str], me: UUID
) -> tuple[str, str]:
    """Title and explanation of an event."""
    words = shown.labels()
    match kind:
        case Happened.RECEIVED:
            text = gettext("Kanaal: %(channel)s.", channel=words.channel[data["channel"]])
            if data.get("duty_accepted"):
                text = gettext("%(text)s Spreekplicht gelezen en aanvaard.", text=text)
            return gettext("Ontvangen"), text
        case Happened.ACKNOWLEDGED:
            assert case.acknowledged_at is not None
            day = (local_date(case.acknowledged_at) - local_date(case.received_at)).days
            term = procedure_of(case).term(Step.ACKNOWLEDGE)
            return gettext("Ontvangst bevestigd"), (
                gettext("Op dag %(day)s van %(days)s.", day=day, days=term.days) if term else ""
            )
        case Happened.STATE:
            return words.state[data["state"]], ""
        case Happened.KIND:
            return gettext("Soort gekozen"), words.kind[data["kind"]]
        case Happened.CATEGORY:
            return gettext("Onderwerp veranderd"), words.category.get(data["category"], data["category"])
        case Happened.ASSIGNED:
            if not data["handler"]:
                return gettext("Zonder behandelaar"), gettext(
                    "Wie het behandelde, werkt niet meer bij dit loket."
                )
            handler = UUID(data["handler"])
            who = gettext("jou") if handler == me else people.get(handler, gettext("een collega"))
            return gettext("Toegewezen"), gettext("Aan %(who)s.", who=who)
        case Happened.CONTACT:
            return gettext("Contact"), words.channel[data["channel"]]
        case Happened.FEEDBACK:
            return gettext("Terugkoppeling gegeven"), ""
        case Happened.CLOSED:
            return gettext("Afgesloten"), words.outcome[data["outcome"]]
        case Happened.SCORED:
            return gettext("Score van de melder"), gettext("%(score)s op 5", score=data["score"])
        case Happened.PERSON:
            added = data["step"] == "added"
            return (gettext("Persoon toegevoegd") if added else gettext("Persoon geschrapt")), ""
        case Happened.EXCLUDED | Happened.ADMITTED:
            who = people.get(UUID(data["account"]), gettext("een collega"))
            if kind is Happened.ADMITTED:
                return gettext("Mag dit dossier weer zien"), who
            return gettext("Mag dit dossier niet zien"), who
        case Happened.PROCEDURE:
            chosen = next((str(p.label) for p in in_force(today()) if p.code == data["procedure"]), "")
            return gettext("Procedure gekozen"), chosen
        case Happened.EXCUSED:
            return gettext("Niet nodig: %(step)s", step=words.step[data["step"]].lower()), ""
        case Happened.EXTENDED:
            return gettext("Termijn verlengd"), words.step[data["step"]]
        case Happened.DECIDED:
            accepted = data["accepted"]
            return gettext("Verzoek aanvaard") if accepted else gettext("Verzoek geweigerd"), ""
        case Happened.MEETING_ASKED:
            return gettext("De melder vraagt een gesprek"), str(WAY_LABELS[Way(data["how"])])
        case Happened.MINUTES:
            return gettext("Verslag van een gesprek"), gettext("De melder kijkt het na.")
        case Happened.MINUTES_CORRECTED:
            return gettext("Verbetering van een verslag"), ""
        case Happened.MINUTES_AGREED:
            return gettext("De melder gaat akkoord met het verslag"), ""
        case Happened.CONTACT_PREFERENCE:
            return gettext("De melder zegt hoe het loket contact mag nemen"), ""
        case Happened.CONSENT:
            to = SHARING_LABELS[Sharing(data["to"])]
            given = (
                gettext("Naam mag gedeeld worden")
                if data["given"]
                else gettext("Naam mag niet gedeeld worden")
            )
            return given, gettext("%(to)s, gezegd in een gesprek", to=to) if data.get("in_talk") else str(to)
        case Happened.NAMED_BY_LAW:
            return gettext("Melder verwittigd: de wet vraagt de naam"), str(
                SHARING_LABELS[Sharing(data["to"])]
            )
        case Happened.AFTERCARE_ASKED:
            return gettext("De melder vraagt nazorg"), ""
        case Happened.REFERRAL_ASKED:
            return gettext("Doorverwijzing voorgesteld"), gettext("De melder beslist.")
        case Happened.REFERRAL_AGREED_IN_TALK:
            return gettext("De melder ging akkoord met een doorverwijzing"), gettext("In een gesprek.")
        case Happened.REFERRAL_DECLINED:
            return gettext("De melder wil geen doorverwijzing"), gettext("Het dossier blijft hier.")
        case Happened.REFERRED:
            return gettext("Doorverwezen"), ""
        case Happened.REFERRAL_ENDED:
            return gettext("De doorverwijzing gaat niet door"), gettext("Het dossier blijft hier.")
        case Happened.REFERRAL_ACCEPTED:
            return gettext("Afgesloten"), gettext("Het andere loket nam het dossier over.")
        case Happened.CAME_BY_REFERRAL:
            return gettext("Overgenomen van een ander loket"), ""
        case Happened.TASK:
            return (gettext("Taak gemaakt") if data["step"] == "added" else gettext("Taak gedaan")), ""
        case Happened.CHECKED:
            return str(MOMENT_LABELS[Moment(data["moment"])]), str(SIGN_LABELS[Sign(data["sign"])])
        case Happened.REPRISALS_TOLD:
            return gettext("De melder ondervindt gevolgen van de melding"), ""
        case Happened.RESULT:
            code = data["follow_up"]
            return gettext("Resultaat ingevuld"), str(FOLLOW_UP_LABELS[FollowUp(code)]) if code else ""
        case Happened.MEASURE:
            state = MeasureState(data["state"])
            return gettext("Maatregel of aanbeveling"), str(MEASURE_STATE_LABELS[state])
        case Happened.MERGED:
            return gettext("Afgesloten"), words.outcome[Outcome.DUPLICATE]
        case Happened.UNMERGED:
            return gettext("Weer open"), ""
        case Happened.FORWARDING:
            given = data["given"]
            yes, no = (
                gettext("Het bericht mag doorgegeven worden"),
                gettext("Het bericht mag niet doorgegeven worden"),
            )
            return (yes if given else no), ""
        case Happened.POSTED:
            posted = date.fromisoformat(data["day"])
            return gettext("Doorgegeven per brief"), gettext(
                "Op de post op %(day)s.", day=shown.day(posted, today())
            )
        case Happened.MESSAGE | Happened.NOTE:
            return gettext("Bericht"), ""
