"""What the central office sees of requests to enrol."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import LazyString, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import Row, literal, select

from spreekbuis.db.session import db
from spreekbuis.directory.listing import Pages, slice_of
from spreekbuis.directory.models import Organisation, PolicyArea
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.errors import NotFound

STATE_LABELS: dict[EnrolmentStatus, LazyString] = {
    EnrolmentStatus.WAITING: _l("Wacht op beslissing"),
    EnrolmentStatus.UNVERIFIED: _l("Adres nog niet bevestigd"),
    EnrolmentStatus.APPROVED: _l("Goedgekeurd"),
    EnrolmentStatus.REFUSED: _l("Geweigerd"),
}
STATE_TAGS: dict[EnrolmentStatus, str] = {
    EnrolmentStatus.WAITING: "new",
    EnrolmentStatus.UNVERIFIED: "wait",
    EnrolmentStatus.APPROVED: "ok",
    EnrolmentStatus.REFUSED: "off",
}


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One page of requests; `before` and `after` name the request from which the neighbouring page starts."""

    rows: list[Row[*tuple[Any, ...]]]
    before: UUID | None
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Tab:
    label: LazyString
    url: str
    current: bool


def requests_in(state: EnrolmentStatus, *, after: str = "", before: str = "") -> RequestPage:
    """Requests in `state`: what waits longest comes first; of what was decided, the newest."""
    wanted = (
        select(
            Enrolment.id, Enrolment.ovo_code, Enrolment.created_at, Enrolment.decided_at, Enrolment.headcount,
            Enrolment.affiliated, Enrolment.requester_function, Organisation.name,
        )
        .join(Organisation, Organisation.ovo_code == Enrolment.ovo_code)
        .where(Enrolment.status == state)
    )  # fmt: skip
    edge = _id(after or before)
    moment = select(Enrolment.created_at).where(Enrolment.id == edge).scalar_subquery()
    rows, earlier, later = slice_of(
        wanted,
        (Enrolment.created_at, Enrolment.id),
        (moment, literal(edge)) if edge else None,
        ascending=state in (EnrolmentStatus.WAITING, EnrolmentStatus.UNVERIFIED),
        backwards=bool(before) and not after,
    )
    return RequestPage(rows, rows[0].id if earlier else None, rows[-1].id if later else None)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound from None


def shown(state: EnrolmentStatus, page: RequestPage) -> dict[str, Any]:
    """What the list's template needs."""
    count = len(page.rows)

    def neighbour(**edge: UUID) -> str:
        return url_for("entities.requests", state=state, **edge)  # type: ignore[arg-type]

    return {
        "state": state,
        "state_label": STATE_LABELS[state],
        "state_tag": STATE_TAGS[state],
        "tabs": [
            Tab(STATE_LABELS[s], url_for("entities.requests", state=s), s is state) for s in STATE_LABELS
        ],
        "rows": page.rows,
        "pages": Pages(
            ngettext("%(num)s aanvraag op deze bladzijde", "%(num)s aanvragen op deze bladzijde", count),
            neighbour(before=page.before) if page.before else None,
            neighbour(after=page.after) if page.after else None,
        ),
    }


def details(enrolment_id: UUID) -> dict[str, Any]:
    """What the template of one request needs. Raises NotFound."""
    enrolment = db.session.get(Enrolment, enrolment_id)
    if enrolment is None:
        raise NotFound
    organisation = db.session.get_one(Organisation, enrolment.ovo_code)
    area = db.session.get_one(PolicyArea, organisation.policy_area)
    state = EnrolmentStatus(enrolment.status)
    return {
        "enrolment": enrolment,
        "organisation": organisation,
        "policy_area": area.name,
        "state_label": STATE_LABELS[state],
        "state_tag": STATE_TAGS[state],
        "can_decide": state is EnrolmentStatus.WAITING,
    }
