"""Amounts of money as people write them in Dutch: "1.234,56"."""

import re

_AMOUNT = re.compile(r"(?:€\s*)?([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,15})(?:,([0-9]{1,2}))?")


def read_cents(text: str) -> int | None:
    """The cents of an amount in euro: "1.234,56", "1234,5", "€ 12". None when it is none: "1.5" may mean two things."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        return None
    return int(match[1].replace(".", "")) * 100 + int((match[2] or "").ljust(2, "0"))


def cents_in_words(cents: int) -> str:
    """ "1.234,56", as the field takes it back."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02}"
