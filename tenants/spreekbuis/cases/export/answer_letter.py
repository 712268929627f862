"""What to check before answering a question about data, and a first version of the letter.

Sources: GDPR (Regulation (EU) 2016/679), articles 12, 15 to 17, 21 and 23; Directive (EU) 2019/1937, article 16, and
the decree of 18 November 2022: the identity of the reporter is never disclosed without consent or a legal duty.
"""

from datetime import date

from flask_babel import LazyString, force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.cases.export.data_requests import Answer, Asker, Kind
from spreekbuis.web.dates import day_in_words

_ALWAYS = (
    _l(
        "Ga na wie het vraagt, zonder meer gegevens te vragen dan nodig. Twijfel je? Vraag om langs te komen."
    ),
    _l("Bevestig dat je de vraag kreeg, en zeg tegen wanneer je antwoordt."),
)
_IDENTITY = _l(
    "Zeg nooit wie de melder is, en geef niets waaruit dat blijkt. Dat gaat voor op het recht van wie het vraagt"
    " (decreet van 18 november 2022, richtlijn 2019/1937 artikel 16, AVG artikel 23)."
)
_TO_DO: dict[Kind, tuple[LazyString, ...]] = {
    Kind.ACCESS: (
        _l("Geef alleen de gegevens van wie het vraagt. Laat die van anderen weg (AVG artikel 15, lid 4)."),
        _l("Maak daarvoor een versie om te delen, en lees ze helemaal na."),
        _l(
            "Loopt het onderzoek gevaar als iemand dit leest? Dan kan inzage later of gedeeltelijk (AVG artikel 23)."
            " Schrijf op waarom, en vraag advies aan de functionaris voor gegevensbescherming."
        ),
    ),
    Kind.RECTIFICATION: (
        _l(
            "Verbeter wat feitelijk fout is: een naam, een datum, een plaats. Zet de verbetering in een notitie."
        ),
        _l(
            "Een verklaring of een mening blijft staan. Voeg de andere lezing toe als notitie (AVG artikel 16)."
        ),
    ),
    Kind.ERASURE: (
        _l(
            "Wissen hoeft niet zolang de wet bewaring oplegt, of als het dossier nodig is voor een procedure (AVG"
            " artikel 17, lid 3)."
        ),
        _l("Mag het wel? Vraag dan om het dossier vroeger te wissen: een collega moet dat bevestigen."),
    ),
    Kind.OBJECTION: (
        _l("Stop met het gebruik, tenzij er een dwingende reden is die zwaarder weegt (AVG artikel 21)."),
        _l(
            "Een wettelijke opdracht om meldingen te onderzoeken kan zo’n reden zijn. Leg uit waarom in dit geval."
        ),
    ),
}
_AT_THE_END = _l("Weiger je iets? Zeg waarom, en waar iemand klacht kan indienen (AVG artikel 12, lid 4).")


def checklist(kind: Kind, asker: Asker) -> list[LazyString]:
    """What to do, in order."""
    identity = () if asker is Asker.REPORTER else (_IDENTITY,)
    return [*_ALWAYS, *identity, *_TO_DO[kind], _AT_THE_END]


def letter(
    kind: Kind, outcome: Answer, *, reference: str, entity: str, received_on: date, language: str
) -> str:
    """A first version of the answer, in `language`, for the handler to finish. It names nobody, and no case: that
    there is one already tells something."""
    with force_locale(language):
        asked = {
            Kind.ACCESS: _("Je vroeg welke gegevens we over jou hebben."),
            Kind.RECTIFICATION: _("Je vroeg om gegevens over jou te verbeteren."),
            Kind.ERASURE: _("Je vroeg om gegevens over jou te wissen."),
            Kind.OBJECTION: _("Je maakte bezwaar tegen het gebruik van je gegevens."),
        }[kind]
        done = {
            Answer.GRANTED: _("We doen wat je vraagt. [Schrijf wat je precies deed of meegeeft.]"),
            Answer.PARTLY: _(
                "We doen een deel van wat je vraagt. [Schrijf wat wel.] Een ander deel kunnen we niet doen: [schrijf"
                " waarom, met het wetsartikel.]"
            ),
            Answer.REFUSED: _("We kunnen niet doen wat je vraagt: [schrijf waarom, met het wetsartikel.]"),
        }[outcome]
        paragraphs = [
            _("Dag,"),
            _("We kregen je vraag op %(day)s. %(asked)s", day=day_in_words(received_on), asked=asked),
            done,
        ]
        if outcome is not Answer.GRANTED:
            paragraphs.append(
                _(
                    "Gegevens van anderen geven we niet, en ook niets waaruit blijkt of en door wie iets gemeld is."
                    " Dat verbiedt de wet."
                )
            )
        paragraphs += [
            _(
                "Ben je het er niet mee eens? Dan kun je klacht indienen bij de Vlaamse Toezichtcommissie voor de"
                " verwerking van persoonsgegevens, of naar de rechter gaan."
            ),
            _("Met vriendelijke groet,"),
            entity,
            _("Ons kenmerk: %(reference)s", reference=reference),
        ]
        return "\n\n".join(paragraphs)
