"""Work of this room: the mail with an invitation."""

from uuid import UUID

from sqlalchemy import select

from spreekbuis.access.models import Invitation
from spreekbuis.clock import now
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.directory.models import Entity
from spreekbuis.jobs.outbox import job
from spreekbuis.notify import mail
from spreekbuis.web import links

MAIL_INVITATION = "access.mail_invitation"
LINK = "invitation"


@job(MAIL_INVITATION)
def mail_invitation(id: str) -> None:  # noqa: A002 (the name of the argument in the outbox)
    """Send the link of an open invitation; one that was withdrawn, accepted or is over sends nothing."""
    row = db.session.execute(
        select(Invitation.email, Invitation.language, Entity.name)
        .join(Entity, Entity.id == Invitation.tenant_id)
        .where(
            Invitation.id == UUID(id),
            Invitation.tenant_id == current_entity_id(),
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > now(),
        )
    ).one_or_none()
    if row is not None:
        path = f"/invitation/{links.sign(LINK, UUID(id))}"
        mail.deliver("invitation", row.email, row.language, entity=row.name, path=path)
