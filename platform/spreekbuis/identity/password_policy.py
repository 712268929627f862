"""Which passwords are refused, and why."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import Invalid
from spreekbuis.identity.passwords import normal

SHORTEST = 12
LONGEST = 256
"""Characters. No rule about kinds of characters, and no expiry (NIST SP 800-63B, 5.1.1.2)."""

_GUESSES = 10**8
"""How many guesses a password must stand, by the estimate of zxcvbn."""
_JUDGED = 72
"""Characters that the estimate looks at: its cost grows faster than the length."""
_OURS = ["spreekbuis", "wachtwoord", "welkom", "vlaanderen", "vlaamse", "overheid", "melding", "meldpunt"]
_SHORTEST_NAME = 4
"""A shorter part of an address ("hr") stands in too many words to be refused."""


def refuse_weak(field: str, password: str, email: str) -> None:
    """Raises Invalid at `field` with the reason why the owner of `email` cannot have this password."""
    reason = weakness(password, email)
    if reason is not None:
        raise Invalid({field: reason})


def weakness(password: str, email: str) -> LazyString | None:
    """Why the password is refused, or None."""
    password = normal(password)
    if len(password) < SHORTEST:
        return _l(
            "Kies een wachtwoord van minstens %(num)s tekens. Een paar woorden na elkaar werkt goed.",
            num=SHORTEST,
        )
    if len(password) > LONGEST:
        return _l("Kies een wachtwoord van hoogstens %(num)s tekens.", num=LONGEST)
    lower = password.casefold()
    if "spreekbuis" in lower:
        return _l("Je wachtwoord mag het woord ‘spreekbuis’ niet bevatten.")
    local_part = email.split("@")[0].casefold()
    if len(local_part) >= _SHORTEST_NAME and local_part in lower:
        return _l("Je wachtwoord mag het begin van je e-mailadres niet bevatten.")
    return _guessable(password, email)


def _guessable(password: str, email: str) -> LazyString | None:
    # the lists take memory and time to load: only a process in which somebody sets a password pays for them
    from zxcvbn import zxcvbn
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    if password.casefold() in FREQUENCY_LISTS["passwords"]:
        return _l("Dit wachtwoord staat op lijsten van gelekte wachtwoorden. Kies een ander.")
    words = [*_OURS, *email.replace("@", ".").replace("-", ".").split(".")]
    if zxcvbn(password[:_JUDGED], user_inputs=words, max_length=_JUDGED)["guesses"] < _GUESSES:
        return _l(
            "Dit wachtwoord is makkelijk te raden. Gebruik geen bekend woord, geen reeks en geen herhaling."
        )
    return None
