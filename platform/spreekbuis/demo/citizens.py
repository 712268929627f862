"""1700 in the demo: messages in three states: new, confirmed, and passed on by letter."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from spreekbuis.actor import REPORTER, Actor, acting_as
from spreekbuis.cases import workflow
from spreekbuis.cases.citizens.passing import Sender, note_posted
from spreekbuis.cases.finding import case_of_reporter
from spreekbuis.cases.keys import Reader, key_of
from spreekbuis.clock import at, now, today
from spreekbuis.db.scope import PLATFORM, tenant
from spreekbuis.db.session import transaction
from spreekbuis.directory.register import organisation_of
from spreekbuis.intake.citizen_message import ToCitizensDesk, send_message
from spreekbuis.intake.reporters import find_receipt


@dataclass(frozen=True, slots=True)
class _Written:
    days_ago: int
    sender: Sender
    about: str
    subject: str
    text: str
    confirmed: str = ""
    posted: str = ""


_MESSAGES = (
    _Written(
        1, Sender.CITIZEN, "OVO990007", "Put in de weg",
        "Op de steenweg voor ons huis ligt al een maand een diepe put. Wanneer wordt die hersteld?",
    ),
    _Written(
        4, Sender.BUSINESS, "", "Wie beslist over mijn subsidie?",
        "Onze vereniging vroeg in het voorjaar een subsidie aan voor zonnepanelen. We kregen geen antwoord.",
        confirmed="Dank je voor je bericht. We zoeken uit wie je kan antwoorden.",
    ),
    _Written(
        12, Sender.CITIZEN, "OVO001834", "Hinder door werken",
        "De werken aan het gebouw achter ons huis beginnen om 6 uur. Mag dat?",
        confirmed="Dank je voor je bericht. We geven het door.",
        posted="We gaven je bericht per brief door. Het antwoord komt van daar.",
    ),
)  # fmt: skip


def write_messages(entity_id: UUID, handler: Reader) -> None:
    """Let three people write, and the desk of 1700 do its work. Twice is once."""
    for number, one in enumerate(_MESSAGES):
        once = uuid5(NAMESPACE_URL, f"https://demo.spreekbuis.example/1700/{number}")
        with at(now() - timedelta(days=one.days_ago)), acting_as(REPORTER), transaction(PLATFORM):
            message = ToCitizensDesk(
                one.sender, "Afzender", f"afzender{number}@voorbeeld.example", "", "",
                organisation_of(one.about) if one.about else None, True, one.subject, one.text, "nl",
            )  # fmt: skip
            receipt = find_receipt(send_message(once.hex, message).code)
            case_id = receipt.case_id if receipt and receipt.tenant_id == entity_id else None
        if case_id is None or not one.confirmed:
            continue
        desk = Actor("account", handler.account_id)
        with at(now() - timedelta(days=one.days_ago - 1)), acting_as(desk), transaction(tenant(entity_id)):
            case = case_of_reporter(case_id, lock=True)
            key = key_of(case.id, handler)
            workflow.acknowledge(case, key, one.confirmed, once=uuid5(once, "confirmed"))
            if one.posted:
                note_posted(case, key, today(), one.posted, "", uuid5(once, "posted"))
