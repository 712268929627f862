"""The words of a code as a person typed them."""

from babel.lists import format_list
from flask_babel import get_locale
from flask_babel import gettext as _

from spreekbuis.vault.receipt_code import AmbiguousWord, NotAReceiptCode, ReceiptCode, parse


def code_typed(typed: str) -> ReceiptCode | str:
    """The code, or the sentence that says what to check."""
    try:
        return parse(typed)
    except AmbiguousWord as doubt:
        meant = format_list(doubt.candidates, style="or", locale=get_locale())
        return str(
            _("Bedoel je bij woord %(position)s misschien %(meant)s?", position=doubt.position, meant=meant)
        )
    except NotAReceiptCode as flaw:
        if flaw.position is None:
            return str(_("Een toegangscode heeft 8 woorden. Kijk na of je ze allemaal intypte."))
        return str(
            _("Woord %(position)s kennen we niet. Kijk na hoe je het schreef.", position=flaw.position)
        )
