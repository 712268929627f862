"""Pages for what went wrong: what happened, what was kept, what to do now. Never a trace, never a value."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg
from flask import Flask, current_app, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from spreekbuis.errors import DomainError, NotFound, Onward, type_text
from spreekbuis.vault.sealing import CannotOpen
from spreekbuis.web import csrf

if TYPE_CHECKING:
    from spreekbuis.web.door import Here

log = logging.getLogger("spreekbuis.error")


def install(app: Flask) -> None:
    app.register_error_handler(csrf.TokenExpired, _token_expired)
    app.register_error_handler(DomainError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CannotOpen, _cannot_open)
    for away in (OperationalError, PoolTimeout, psycopg.OperationalError):
        app.register_error_handler(away, _database_away)
    app.register_error_handler(Exception, _unexpected)


def error_page(
    status: int, title: type_text, advice: type_text, onward: Onward | None = None
) -> ResponseReturnValue:
    if request.path.startswith("/scim/"):
        return _for_a_directory(status, title)
    return (
        render_template("errors/error.html", status=status, title=title, advice=advice, onward=_link(onward)),
        status,
    )


def _for_a_directory(status: int, title: type_text) -> ResponseReturnValue:
    """An error as SCIM says it (RFC 7644, 3.12), since no person reads it."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
    response = make_response({"schemas": schemas, "status": str(status), "detail": str(title)}, status)
    response.content_type = "application/scim+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="scim"'
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _link(onward: Onward | None) -> dict[str, object] | None:
    """Address and label of where to go on; nothing when that asks for an entity and the address names none."""
    if onward is None:
        return None
    in_entity = current_app.url_map.is_endpoint_expecting(onward.endpoint, "ovo")
    here: Here | None = g.get("here")
    if not in_entity:
        url = url_for(onward.endpoint)
    elif here is not None and here.entity is not None:
        url = url_for(onward.endpoint, ovo=here.entity.ovo_code)
    else:
        return None
    return {"url": url, "label": onward.label, "post": onward.post}


def _token_expired(error: csrf.TokenExpired) -> ResponseReturnValue:
    return (
        render_template("errors/kept.html", title=error.title, advice=error.advice, ask_url=None,
                        action=request.full_path, kept=csrf.kept_fields(), had_files=any(request.files.values())),
        error.status,
    )  # fmt: skip


def _domain_error(error: DomainError) -> ResponseReturnValue:
    return error_page(error.status, error.title, error.advice, error.onward)


def _cannot_open(error: CannotOpen) -> ResponseReturnValue:
    """A sealed text that its key does not open: changed, moved, or sealed to another key. Never what is inside."""
    log.error("a sealed text does not open", exc_info=error, extra={"request_id": g.get("request_id")})
    return error_page(
        500,
        _l("Dit kan niet geopend worden"),
        _l(
            "De versleutelde gegevens passen niet bij de sleutel. Er is niets veranderd of gewist. Meld dit aan de"
            " beheerder van het platform: opnieuw proberen helpt niet."
        ),
    )


_HTTP_TEXTS: dict[int, tuple[LazyString, LazyString]] = {
    400: (_l("Deze aanvraag klopt niet"), _l("Ga terug naar de vorige pagina en probeer het opnieuw.")),
    404: (NotFound.title, NotFound.advice),
    405: (
        _l("Deze pagina kun je zo niet openen"),
        _l("Ga terug naar de vorige pagina en gebruik de knop op die pagina. Er is niets veranderd."),
    ),
    413: (
        _l("Dat is te groot"),
        _l("Er is niets verstuurd. Ga terug met je browser: je tekst staat er nog. Kies kleinere bestanden."),
    ),
}


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestEntityTooLarge):
        request.environ["wsgi.input_terminated"] = True
    status = error.code or 500
    if status < 400 and error.response is not None:
        return error.response
    title, advice = _HTTP_TEXTS.get(status, _HTTP_TEXTS[400])
    response = make_response(error_page(status, title, advice))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)  # RFC 9110, 15.5.6
    return response


def _database_away(error: Exception) -> ResponseReturnValue:
    log.error("database away", exc_info=error, extra={"request_id": g.get("request_id")})
    kept = _kept_of_our_form()
    if kept:
        advice = _l(
            "We weten niet zeker of we het ontvingen. Wat je schreef, staat hieronder. Wacht enkele minuten en druk dan"
            " op ‘Verstuur opnieuw’: twee keer sturen kan geen kwaad."
        )
        return (
            render_template("errors/kept.html", title=_l("Spreekbuis is even niet bereikbaar"), advice=advice,
                            ask_url=None, action=request.full_path, kept=kept, had_files=any(request.files.values())),
            503,
        )  # fmt: skip
    return error_page(
        503,
        _l("Spreekbuis is even niet bereikbaar"),
        _l(
            "Wat je net verstuurde is niet bewaard. Ga terug met je browser: je tekst staat er nog."
            " Probeer het over enkele minuten opnieuw."
        ),
    )


def _kept_of_our_form() -> list[tuple[str, str]]:
    """What somebody wrote in a form of this site; nothing when no text was written, or the form is not ours."""
    if request.method != "POST":
        return []
    try:
        csrf.check()
    except DomainError:
        return []
    kept = csrf.kept_fields()
    return kept if any(" " in value or "\n" in value for _, value in kept) else []


def _unexpected(error: Exception) -> ResponseReturnValue:
    """Something that we did not foresee. The log gets the place, never the values; the page gets a number."""
    log.error("unexpected", exc_info=error, extra={"request_id": g.get("request_id")})
    return error_page(
        500,
        _l("Er ging iets mis bij ons"),
        _l(
            "Wat je net verstuurde is niet bewaard. Ga terug met je browser: je tekst staat er nog."
            " Probeer het over enkele minuten opnieuw."
        ),
    )
