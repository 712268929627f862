"""What other desks passed on to mine: read it, take it over or give it back."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from spreekbuis.access.key_doors import desk_title
from spreekbuis.access.models import Desk, DeskLetter
from spreekbuis.cases import receiving, shown
from spreekbuis.cases.doors import my_desks, myself, room
from spreekbuis.cases.letters import Answer, Letter, PassedMessage, count_waiting, waiting_letters
from spreekbuis.cases.wishes import titles_of
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import DeskKind
from spreekbuis.directory.models import Entity
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

TAKEN_OVER = notice_after(
    "letter-accepted", _l("Het dossier is nu van jullie. De toegangscode van de melder opent het.")
)
GIVEN_BACK = notice_after("letter-refused", _l("De melding blijft bij de afzender. Die leest waarom."))


@room.in_nav(_l("Doorverwijzingen"), waits=lambda: count_waiting(my_desks()))
@room.get("/desk/<ovo:ovo>/letters", Permission.HANDLE_CASES)
def letters() -> ResponseReturnValue:
    """What waits for an answer of my desks. No text is opened."""
    ovo = door.the_entity().ovo_code
    waiting = waiting_letters(my_desks())
    names = _names(waiting)
    return render_template(
        "cases/letters.html",
        letters=[
            {
                "from": names[letter.from_id],
                "desk": _desk(letter),
                "sent": shown.day(letter.sent_at, today()),
                "url": url_for("cases.letter", ovo=ovo, letter_id=letter.id),
            }
            for letter in waiting
        ],
    )


@room.get("/desk/<ovo:ovo>/letters/<uuid:letter_id>", Permission.HANDLE_CASES)
def letter(letter_id: UUID) -> ResponseReturnValue:
    """The letter, opened; reading it goes into the trail."""
    return _page(letter_id, {})


@room.post("/desk/<ovo:ovo>/letters/<uuid:letter_id>/accept", Permission.HANDLE_CASES)
def accept_letter(letter_id: UUID) -> ResponseReturnValue:
    case = receiving.accept(letter_id, my_desks(), myself())
    ovo = door.the_entity().ovo_code
    return redirect(url_for("cases.show", ovo=ovo, case_id=case.id, done=TAKEN_OVER), 303)


@room.post("/desk/<ovo:ovo>/letters/<uuid:letter_id>/refuse", Permission.HANDLE_CASES)
def refuse_letter(letter_id: UUID) -> ResponseReturnValue:
    form = Reading()
    why = form.one_of("why", [answer.value for answer in receiving.REFUSALS])
    if why is None or form.errors:
        return _page(letter_id, {"why": _l("Kies waarom.")}), 422
    receiving.refuse(letter_id, my_desks(), myself(), Answer(why))
    return redirect(url_for("cases.letters", ovo=door.the_entity().ovo_code, done=GIVEN_BACK), 303)


def _author(message: PassedMessage) -> str:
    return gettext("Melder") if message.author == "reporter" else gettext("Vorig loket")


def _page(letter_id: UUID, errors: dict[str, Any]) -> str:
    found, told = receiving.read_letter(letter_id, my_desks(), myself())
    ovo, words = door.the_entity().ovo_code, shown.labels()
    return render_template(
        "cases/letter.html",
        told=told,
        answers=told.answered.in_words(shown.language()) if told.answered else [],
        facts=_facts(found, told, words),
        messages=[
            {
                "who": ", ".join((_author(message), *titles_of(message.nature))),
                "kind": "" if message.author == "reporter" else "own",
                "when": shown.minute(message.at), "iso": shown.iso(message.at), "text": message.text,
                "files": [],
            }
            for message in told.messages
        ],
        files=[file.name for message in told.messages for file in message.files],
        refusals=[(answer.value, str(label)) for answer, label in receiving.REFUSALS.items()],
        errors=errors,
        letters_url=url_for("cases.letters", ovo=ovo),
        accept_url=url_for("cases.accept_letter", ovo=ovo, letter_id=letter_id),
        refuse_url=url_for("cases.refuse_letter", ovo=ovo, letter_id=letter_id),
    )  # fmt: skip


def _facts(found: DeskLetter, told: Letter, words: shown.Labels) -> list[tuple[str, str]]:
    who = f"{words.reporter_class[told.reporter_class]}, {words.identity[told.identity].lower()}"
    return [
        (gettext("Afzender"), receiving.sender_of(found)),
        (gettext("Dossier van de afzender"), told.from_number),
        (gettext("Voor"), _desk(found)),
        (gettext("Onderwerp"), words.category.get(told.category, told.category)),
        (gettext("Melder"), who),
        (gettext("Doorgestuurd"), shown.day(found.sent_at, today())),
    ]


def _names(waiting: list[DeskLetter]) -> dict[UUID, str]:
    asked = select(Entity.id, Entity.name).where(Entity.id.in_({letter.from_id for letter in waiting}))
    return {row.id: row.name for row in db.session.execute(asked)} if waiting else {}


def _desk(letter: DeskLetter) -> str:
    kind = db.session.scalars(
        select(Desk.kind).where(Desk.entity_id == current_entity_id(), Desk.id == letter.desk_id)
    ).one()
    return desk_title(DeskKind(kind))
