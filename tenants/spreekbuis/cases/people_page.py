"""What a handler does with the people of a case, and with who may not see it."""

from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.actions import on_case
from spreekbuis.cases.case_page import case_page
from spreekbuis.cases.doors import keys_together, my_desks, my_key, myself, room
from spreekbuis.cases.exclusion import admit, colleagues, declare_conflict, exclude
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.gate import never
from spreekbuis.cases.left_notes import take_in_notes
from spreekbuis.cases.models import Case
from spreekbuis.cases.once import id_of
from spreekbuis.cases.people import Person, add_person, person_made_by, remove_person
from spreekbuis.cases.people_part import GIVEN_BY_A_COLLEAGUE
from spreekbuis.directory.catalogue import ExclusionReason, PersonRole
from spreekbuis.errors import Invalid
from spreekbuis.vault.content import ContentKey
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import notice_after

PERSON = notice_after("person-kept", _l("De persoon staat nu in het dossier."))
STRUCK = notice_after("person-struck", _l("De persoon is geschrapt."))
KEPT_OUT = notice_after("member-kept-out", _l("Voor die collega bestaat dit dossier nu niet meer."))
ADMITTED = notice_after("member-admitted", _l("Die collega kan dit dossier weer zien."))
DECLARED = notice_after(
    "conflict-declared", _l("Je ziet dat dossier niet meer. Je collega’s kunnen het overnemen.")
)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/people", Permission.HANDLE_CASES)
def person(case_id: UUID) -> ResponseReturnValue:
    """Add a person; a member of the entity who is one does not see the case from then on."""

    def read(form: Reading) -> tuple[Person, UUID, UUID | None]:
        role = form.choice("person_role", PersonRole) or PersonRole.OTHER
        name = form.text("person_name", longest=200)
        about = Person(
            role,
            name,
            form.text("person_function", longest=200, required=False),
            form.text("person_contact", longest=200, required=False),
            form.text("person_description", longest=5_000, required=False, lines=True),
        )
        member = _member(form, "person_member", required=False)
        content = (role, name, about.function, about.contact, about.description, str(member))
        return about, id_of(form.once(), *content), member

    return on_case.act(
        case_id,
        read,
        lambda case, v: person_made_by(case, v[1]),
        lambda case, v: add_person(
            case, _key(case), v[0], once=v[1], member=_seen(case, v[2]), also=_others(case)
        ),
        PERSON,
    )


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/people/<uuid:person_id>/remove", Permission.HANDLE_CASES)
def strike_person(case_id: UUID, person_id: UUID) -> ResponseReturnValue:
    return on_case.act(case_id, lambda _form: person_id, never, remove_person, STRUCK)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/exclusions", Permission.HANDLE_CASES)
def keep_out(case_id: UUID) -> ResponseReturnValue:
    """Keep a colleague out: it must not wait for a fresh page."""

    def read(form: Reading) -> tuple[UUID | None, str]:
        return _member(form, "kept_out", required=True), form.one_of(
            "kept_out_reason", GIVEN_BY_A_COLLEAGUE
        ) or ""

    def do(case: Case, values: tuple[UUID | None, str]) -> None:
        member = _seen(case, values[0])
        if member is None:
            raise Invalid({"kept_out": _l("Kies een van de mogelijkheden.")})
        exclude(case, _key(case), member, ExclusionReason(values[1]), _others(case))

    return on_case.act(case_id, read, never, do, KEPT_OUT, any_version=True)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/exclusions/<uuid:account_id>/end", Permission.HANDLE_CASES)
def end_exclusion(case_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """An exclusion was a mistake."""
    case = case_for(my_desks(), case_id, lock=True)
    admit(case, my_key(case.id), account_id, keys_together(case))
    return on_case.back(case_id, ADMITTED)


@room.post("/desk/<ovo:ovo>/cases/<uuid:case_id>/conflict", Permission.HANDLE_CASES)
def conflict(case_id: UUID) -> ResponseReturnValue:
    """I may not handle this case: after this it does not exist for me."""
    case = case_for(my_desks(), case_id, lock=True)
    if request.form.get("conflict") != "yes":
        errors = {"conflict": _l("Vink aan dat je dit dossier daarna niet meer ziet.")}
        return case_page(case, kept=request.form, errors=errors, status=422)
    declare_conflict(case, _key(case), _others(case))
    return redirect(url_for("cases.work_list", ovo=door.the_entity().ovo_code, done=DECLARED), 303)


def _key(case: Case) -> ContentKey:
    """The key of the case, after the notes were moved under it that the key of the desk opens: who is to be kept out
    has that one."""
    return _take_in(my_key(case.id))


def _others(case: Case) -> dict[UUID, ContentKey]:
    """The same of the cases that are handled as one with it."""
    return {case_id: _take_in(key) for case_id, key in keys_together(case).items()}


def _take_in(key: ContentKey) -> ContentKey:
    me = myself()
    take_in_notes(key, me.account_id, me.secret)
    return key


def _member(form: Reading, name: str, *, required: bool) -> UUID | None:
    """The account that was chosen, or none."""
    value = form.raw(name)
    if not value and not required:
        return None
    try:
        return UUID(value)
    except ValueError:
        form.errors[name] = _l("Kies een van de mogelijkheden.")
        return None


def _seen(case: Case, member: UUID | None) -> UUID | None:
    """The member, when it is one of the colleagues that the form offered."""
    offered = {one.account_id for one in colleagues(case)} - {door.the_account().id}
    return member if member in offered else None
