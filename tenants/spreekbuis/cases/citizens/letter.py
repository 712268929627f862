"""The letter with which 1700 passes a message on to an organisation that is not subscribed: made on the fly, stored
nowhere. In Dutch, the language of the administration; what the sender wrote stays as it was written."""

from flask_babel import force_locale
from flask_babel import gettext as _

from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.clock import local_date, now, today
from spreekbuis.documents.blocks import Block, Document, Facts, Paragraph, Said
from spreekbuis.vault.content import ContentKey
from spreekbuis.web.dates import day_in_words


def letter(key: ContentKey, *, reference: str, to: str, address: str, sender: list[tuple[str, str]]) -> bytes:
    """The PDF: to whom, from whom, and all that the sender wrote. Files are not in it, their names are."""
    from spreekbuis.documents.pdf import as_pdf  # costly to import

    with force_locale("nl"):
        day = day_in_words(today())
        blocks: list[Block] = [
            Paragraph("\n".join(filter(None, (to, address)))),
            Facts([(_("Datum"), day), (_("Ons kenmerk"), reference), *sender]),
            Paragraph(
                _(
                    "Een burger of onderneming schreef ons het bericht hieronder. Het gaat over jullie organisatie, die"
                    " niet aangesloten is bij Spreekbuis. De afzender gaat ermee akkoord dat jullie het krijgen, met"
                    " naam en contactgegevens. We vragen jullie om de afzender rechtstreeks te antwoorden."
                )
            ),
        ]
        for message in read_dialogue(key, internal=False):
            if message.author == "reporter":
                when = day_in_words(local_date(message.at))
                names = ", ".join(file.name for file in message.files)
                text = f"{message.text}\n\n{_('Bijlagen: %(names)s', names=names)}" if names else message.text
                blocks.append(Said(_("Bericht van de afzender"), when, text))
        return as_pdf(Document(_("1700: bericht van een burger"), reference, "nl", now(), blocks))
