"""What the reporter's side forgets when a case is erased, and what it then says."""

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert

from spreekbuis.cases.keeping.grounds import TO_REPORTER, Ground
from spreekbuis.clock import today
from spreekbuis.db.scope import current_entity_id
from spreekbuis.db.session import db
from spreekbuis.errors import DomainError, Onward
from spreekbuis.intake.models import Receipt, ReporterSession
from spreekbuis.web.dates import day_in_words


class CaseErased(DomainError):
    """The words are right, and the case behind them was erased."""

    status = 410
    title = _l("Deze melding is gewist")
    onward = Onward("home.start", _l("Naar het begin"))

    def __init__(self, receipt: Receipt) -> None:
        assert receipt.erased_on is not None, "only an erased case has a receipt without a key"
        super().__init__(
            advice=_l(
                "We hebben ze gewist op %(day)s. %(because)s Niemand kan ze nog lezen, ook wij niet. Wil je opnieuw"
                " iets melden, dan kan dat.",
                day=day_in_words(receipt.erased_on),
                because=TO_REPORTER[Ground(receipt.erased_because or Ground.TERM)],
            )
        )


def forget_reporter(case_id: UUID, ground: Ground) -> None:
    """Destroy the reporter's copy of the key, and end every mailbox that is open on the case.

    Each receipt stays without it, to tell whoever comes back what happened. Receipts are never changed, so
    it is a new row under the same hash.
    """
    tenant_id = current_entity_id()
    of_case = (Receipt.tenant_id == tenant_id, Receipt.case_id == case_id)
    was = db.session.execute(
        delete(Receipt).where(*of_case).returning(Receipt.lookup_hash, Receipt.public_key)
    ).all()
    for receipt in was:
        db.session.execute(
            insert(Receipt).values(
                lookup_hash=receipt.lookup_hash, tenant_id=tenant_id, case_id=case_id,
                public_key=receipt.public_key, erased_on=today(), erased_because=ground,
            )
        )  # fmt: skip
    db.session.execute(
        delete(ReporterSession).where(
            ReporterSession.tenant_id == tenant_id, ReporterSession.case_id == case_id
        )
    )
