"""What will be erased and what was erased, at my desks, with the certificates."""

from uuid import UUID

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import shown
from spreekbuis.cases.doors import my_desks, room
from spreekbuis.cases.keeping import overview
from spreekbuis.cases.keeping.certificate import document_of
from spreekbuis.cases.keeping.grounds import GROUND_LABELS, Ground
from spreekbuis.cases.numbers import number_of
from spreekbuis.clock import today
from spreekbuis.errors import NotFound
from spreekbuis.web import door
from spreekbuis.web.access import Permission


@room.in_nav(_l("Bewaren"), rare=True)
@room.get("/desk/<ovo:ovo>/cases/keeping", Permission.HANDLE_CASES)
def keeping() -> ResponseReturnValue:
    desks, ovo, now = my_desks(), door.the_entity().ovo_code, today()
    certificates = overview.erased(desks, _before())
    more = len(certificates) > overview.PAGE
    shown_now = certificates[: overview.PAGE]

    def file_of(case_id: UUID) -> str:
        return url_for("cases.case_file", ovo=ovo, case_id=case_id)

    return render_template(
        "cases/keeping.html",
        waiting=[
            {
                "url": file_of(w.case_id), "number": number_of(w.topic, w.year, w.number),
                "asked": shown.day(w.asked_at, now), "ground": GROUND_LABELS[Ground(w.ground)],
            }
            for w in overview.waiting(desks)
        ],
        coming=[
            {
                "url": file_of(c.case_id), "number": number_of(c.topic, c.year, c.number),
                "due": shown.day(c.first_night, now),
            }
            for c in overview.coming(desks)
        ],
        erased=[
            {
                "url": url_for("cases.certificate", ovo=ovo, erased_id=c.case_id), "number": c.case_number,
                "when": shown.minute(c.erased_at), "ground": GROUND_LABELS[Ground(c.ground)],
            }
            for c in shown_now
        ],
        next_url=url_for("cases.keeping", ovo=ovo, before=shown_now[-1].case_id) if more else "",
    )  # fmt: skip


@room.get("/desk/<ovo:ovo>/cases/keeping/<uuid:erased_id>", Permission.HANDLE_CASES)
def certificate(erased_id: UUID) -> ResponseReturnValue:
    """The certificate of an erasure, as a PDF."""
    found = overview.certificate_of(my_desks(), erased_id)
    from spreekbuis.documents.pdf import as_pdf  # a large library: only where it is used

    response = make_response(as_pdf(document_of(found, door.the_entity().name)))
    response.mimetype = "application/pdf"
    response.headers.set("Content-Disposition", "attachment", filename=f"{found.case_number}-gewist.pdf")
    return response


def _before() -> UUID | None:
    """After which certificate the page begins. Raises NotFound for what is no identifier."""
    asked = request.args.get("before", "")
    try:
        return UUID(asked) if asked else None
    except ValueError:
        raise NotFound from None
