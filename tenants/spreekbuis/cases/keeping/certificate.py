"""The certificate of an erasure, as a document."""

from datetime import datetime

from flask_babel import gettext as _

from spreekbuis.cases.keeping.grounds import GROUND_LABELS, Ground
from spreekbuis.cases.keeping.models import ErasureCertificate
from spreekbuis.cases.keeping.state import term_in_words
from spreekbuis.cases.labels import labels_of
from spreekbuis.cases.shown import language, minute
from spreekbuis.clock import now
from spreekbuis.documents.blocks import Document, Facts, Heading, Paragraph
from spreekbuis.web.dates import day_in_words


def document_of(certificate: ErasureCertificate, entity: str) -> Document:
    """In the language of this request; the source of the term stays as it was written down."""
    moment = minute(certificate.erased_at)
    return Document(
        title=_("Attest van wissen: dossier %(number)s", number=certificate.case_number),
        subtitle=entity,
        language=language(),
        made_at=now(),
        blocks=[
            Paragraph(
                _(
                    "Op %(moment)s zijn de sleutels van dit dossier vernietigd, en daarmee alle teksten, namen,"
                    " notities en bijlagen. Niemand kan ze nog openen.",
                    moment=moment,
                )
            ),
            Facts(
                [
                    (_("Dossier"), certificate.case_number),
                    (_("Kenmerk"), str(certificate.case_id)),
                    (_("Ontvangen"), day_in_words(certificate.received_on)),
                    (_("Afgesloten"), day_in_words(certificate.closed_on)),
                    (_("Gewist"), moment),
                    (_("Bijlagen gewist"), str(certificate.files)),
                ]
            ),
            Heading(_("Waarom"), 2),
            Facts(
                [
                    (_("Reden"), str(GROUND_LABELS[Ground(certificate.ground)])),
                    (_("Bewaartermijn"), term_in_words(certificate.months)),
                    (_("Bron van de termijn"), certificate.source),
                    *_people(certificate),
                ]
            ),
            Heading(_("Wat blijft"), 2),
            Paragraph(
                _(
                    "Bewaard blijven: dit attest, het logboek van wie wat deed (zonder inhoud), en de cijfers waarin"
                    " het dossier meetelt (zonder naam of tekst)."
                )
            ),
            Paragraph(
                _(
                    "In reservekopieën van vóór dit moment staan de versleutelde teksten en de versleutelde sleutels"
                    " nog, tot die kopieën zelf vervallen. Wie zo’n kopie terugzet, moet daarna opnieuw wissen wat op"
                    " een attest staat."
                )
            ),
            Facts([(_("Laatste regel van het logboek (SHA-256)"), certificate.trail_hash.hex())]),
        ],
    )  # fmt: skip


def _people(certificate: ErasureCertificate) -> list[tuple[str, str]]:
    if certificate.asked_by is None:
        return [(_("Gewist door"), _("Spreekbuis, vanzelf, na de waarschuwing aan het loket"))]
    labels = labels_of({certificate.asked_by, certificate.confirmed_by})
    asked = labels.get(certificate.asked_by, "?")
    confirmed = labels.get(certificate.confirmed_by, "?") if certificate.confirmed_by else "?"
    return [
        (_("Gevraagd door"), _("%(who)s, op %(when)s", who=asked, when=_minute(certificate.asked_at))),
        (_("Bevestigd door"), _("%(who)s, op %(when)s", who=confirmed, when=minute(certificate.erased_at))),
    ]


def _minute(moment: datetime | None) -> str:
    return minute(moment) if moment else "?"
