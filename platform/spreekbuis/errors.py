"""Errors of the domain: each can be shown to a person as it is."""

from collections.abc import Mapping
from typing import NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

type_text = str | LazyString


class Onward(NamedTuple):
    """Where somebody who got an error goes on. `endpoint` is a route's, in the entity of the address when it asks for
    one; `post`: it is a deed, not a page."""

    endpoint: str
    label: type_text
    post: bool = False


class DomainError(Exception):
    """Something that was asked cannot be done. `title` says what happened, `advice` what to do now.

    `status` is the HTTP status of a page that shows it; `kept` tells whether what was sent has been kept; `onward`
    is where `advice` leads, when that is one page.
    """

    status = 400
    title: type_text = _l("Dat lukte niet")
    advice: type_text = _l("Ga terug en probeer het opnieuw.")
    onward: Onward | None = None

    def __init__(self, title: type_text | None = None, advice: type_text | None = None) -> None:
        super().__init__(str(type(self).__name__))
        if title is not None:
            self.title = title
        if advice is not None:
            self.advice = advice


class Invalid(DomainError):
    """Input breaks a rule. `errors` maps a field's name to the sentence to show above it."""

    status = 422
    title = _l("Kijk de gegevens na")

    def __init__(self, errors: Mapping[str, type_text]) -> None:
        super().__init__()
        self.errors = dict(errors)


class NotFound(DomainError):
    """The thing does not exist, or not for this viewer: the two look the same on purpose."""

    status = 404
    title = _l("Deze pagina bestaat niet")
    advice = _l("Misschien klopt het adres niet, of heb je er geen toegang toe.")


class NotAllowed(DomainError):
    """The viewer is known and may not do this."""

    status = 403
    title = _l("Je hebt hier geen toegang toe")
    advice = _l("Vraag toegang aan de beheerder van je entiteit.")


class Conflict(DomainError):
    """The state of the thing does not allow it, or somebody else changed it first."""

    status = 409
    title = _l("Dit kan nu niet meer")
    advice = _l("Iemand anders was je misschien voor. Kijk naar de huidige stand en probeer het opnieuw.")
