"""The few cookies there are: strictly necessary, host-bound, unreadable for scripts. Nobody is followed.

KNOWN_BROWSER outlives the session, and staff report here too: it goes to the pages for signing in and to no other, so
that it never comes along with a report. `__Host-` does not allow that, `__Secure-` does.
"""

from datetime import timedelta

from flask import current_app, request
from werkzeug.wrappers import Response

from spreekbuis.settings import Settings

SIGN_IN = "sign-in"
MAILBOX = "mailbox"
CHAT = "chat"
FORM = "form"
KNOWN_BROWSER = "known-browser"
ELSEWHERE = "elsewhere"
"""While its owner signs in at an organisation, which sends the browser back here: hence not strict."""
LANGUAGE = "lang"
_FOR_SIGN_IN = (KNOWN_BROWSER, ELSEWHERE)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _full_name(name: str) -> str:
    if not _settings().secure:
        return name
    return f"__Secure-{name}" if name in _FOR_SIGN_IN else f"__Host-{name}"


def read_cookie(name: str) -> str | None:
    return request.cookies.get(_full_name(name)) or None


def write_cookie(response: Response, name: str, value: str, lifetime: timedelta | None = None) -> None:
    """Set a cookie; without `lifetime` it goes with the browser session."""
    response.set_cookie(
        _full_name(name),
        value,
        max_age=lifetime,
        secure=_settings().secure,
        httponly=True,
        samesite="Lax" if name in (SIGN_IN, ELSEWHERE) else "Strict",
        path=_path(name),
    )


def _path(name: str) -> str:
    return "/sign-in" if name in _FOR_SIGN_IN else "/"


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(_full_name(name), path=_path(name), secure=_settings().secure, httponly=True)
