"""What kind of browser a session is in: enough for its owner to know it again, and no more.

Browsers send a long line about themselves (RFC 9110, 10.1.5), by which people can be followed. We keep two of the words
below and nothing of the line itself, and never the address that it came from.
"""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.errors import type_text

_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""A sign in the line, and the name; the first that fits, since each claims to be those after it too."""
_SYSTEMS: Final = (
    ("iPhone", "iphone"), ("iPad", "ipad"), ("Android", "android"), ("Windows", "windows"), ("Mac OS X", "mac"),
    ("CrOS", "chromebook"), ("Linux", "linux"),
)  # fmt: skip
_MACHINES: Final[dict[str, type_text]] = {
    "iphone": "iPhone", "ipad": "iPad", "android": _l("een Android-toestel"), "windows": _l("een Windows-computer"),
    "mac": _l("een Mac"), "chromebook": _l("een Chromebook"), "linux": _l("een Linux-computer"),
}  # fmt: skip


def kind_of(line: str) -> str:
    """Two words of ours about the browser that describes itself so, "" when nothing of it is known."""
    browser = next((name for sign, name in _BROWSERS if sign in line), "")
    system = next((code for sign, code in _SYSTEMS if sign in line), "")
    return f"{browser}/{system}" if browser and system else ""


def in_words(kind: str) -> str:
    """The kind for its owner, in the language of the page."""
    browser, _slash, system = kind.partition("/")
    if system not in _MACHINES:
        return _("Een browser die we niet herkennen")
    return _("%(browser)s op %(machine)s", browser=browser, machine=_MACHINES[system])
