"""Mails about a request to enrol, and the signed link in the first of them."""

from uuid import UUID

from flask import current_app

from spreekbuis.db.session import db
from spreekbuis.directory.models import Organisation
from spreekbuis.entities.enrolment import LINK_LIFETIME
from spreekbuis.entities.models import Enrolment, EnrolmentStatus
from spreekbuis.jobs.outbox import job
from spreekbuis.notify.mail import deliver
from spreekbuis.settings import Settings
from spreekbuis.web import links

PURPOSE = "enrolment"


def enrolment_of_link(token: str) -> UUID:
    """The request that a link names. Raises LinkExpired (after 48 hours) or LinkBroken."""
    return links.read(PURPOSE, token, LINK_LIFETIME)


def _address(endpoint: str, **values: str) -> str:
    """The public address of a page: a job stands in no request that could tell."""
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + current_app.url_map.bind("").build(endpoint, values)


@job("entities.mail_verification")
def mail_verification(enrolment_id: str) -> None:
    """Send the link that confirms the requester's address."""
    enrolment = db.session.get(Enrolment, UUID(enrolment_id))
    if enrolment is None or enrolment.status != EnrolmentStatus.UNVERIFIED:
        return
    token = links.sign(PURPOSE, enrolment.id)
    deliver(
        "enrolment_verify",
        enrolment.requester_email,
        enrolment.language,
        organisation=_name(enrolment),
        url=_address("entities.confirmation", token=token),
    )


@job("entities.mail_decision")
def mail_decision(enrolment_id: str) -> None:
    """Tell the requester what the central office decided."""
    enrolment = db.session.get_one(Enrolment, UUID(enrolment_id))
    if enrolment.status == EnrolmentStatus.APPROVED:
        deliver(
            "enrolment_approved", enrolment.requester_email, enrolment.language, organisation=_name(enrolment)
        )
    elif enrolment.status == EnrolmentStatus.REFUSED:
        deliver(
            "enrolment_refused",
            enrolment.requester_email,
            enrolment.language,
            organisation=_name(enrolment),
            reason=enrolment.reason or "",
            url=_address("entities.choose"),
        )


def _name(enrolment: Enrolment) -> str:
    organisation = db.session.get_one(Organisation, enrolment.ovo_code)
    return organisation.name
