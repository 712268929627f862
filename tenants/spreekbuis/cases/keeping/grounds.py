"""Why a case is erased, in codes, with the words for the desk and those for the reporter."""

from enum import StrEnum

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l


class Ground(StrEnum):
    TERM = "term"
    """Its term has passed."""
    REPORTER_ASKED = "reporter_asked"
    PERSON_ASKED = "person_asked"
    NOT_OURS = "not_ours"
    MISTAKE = "mistake"
    NOT_NEEDED = "not_needed"


EARLY = tuple(ground for ground in Ground if ground is not Ground.TERM)
"""What two people can choose before the term has passed."""

GROUND_LABELS: dict[Ground, LazyString] = {
    Ground.TERM: _l("De bewaartermijn is voorbij"),
    Ground.REPORTER_ASKED: _l("De melder vraagt het"),
    Ground.PERSON_ASKED: _l("Iemand over wie gegevens in het dossier staan, heeft recht op wissen"),
    Ground.NOT_OURS: _l("De melding hoort niet bij Spreekbuis"),
    Ground.MISTAKE: _l("Vergissing, test of misbruik"),
    Ground.NOT_NEEDED: _l("De gegevens zijn niet meer nodig"),
}

TO_REPORTER: dict[Ground, LazyString] = {
    Ground.TERM: _l("We bewaren een melding niet langer dan nodig, en de bewaartermijn was voorbij."),
    Ground.REPORTER_ASKED: _l("Dat gebeurde omdat de melder het vroeg."),
    Ground.PERSON_ASKED: _l("Dat gebeurde na een vraag op grond van de privacywetgeving."),
    Ground.NOT_OURS: _l("De melding hoorde niet bij Spreekbuis."),
    Ground.MISTAKE: _l("Het loket zag de melding als een vergissing, een test of misbruik."),
    Ground.NOT_NEEDED: _l("De gegevens waren niet meer nodig."),
}
