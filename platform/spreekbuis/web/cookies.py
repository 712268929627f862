"""The few cookies there are: strictly necessary, host-bound, unreadable for scripts. Nobody is followed."""

from datetime import timedelta

from flask import current_app, request
from werkzeug.wrappers import Response

from spreekbuis.settings import Settings

SIGN_IN = "sign-in"
MAILBOX = "mailbox"
FORM = "form"
LANGUAGE = "lang"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _full_name(name: str) -> str:
    return f"__Host-{name}" if _settings().secure else name


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
        samesite="Strict" if name != SIGN_IN else "Lax",
        path="/",
    )


def drop_cookie(response: Response, name: str) -> None:
    response.delete_cookie(_full_name(name), path="/", secure=_settings().secure, httponly=True)
