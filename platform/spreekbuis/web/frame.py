"""What every page has: the `page` object of the templates, language, headers, one log line."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import urlencode

from flask import Flask, current_app, g, has_request_context, request, url_for
from flask_babel import Babel, LazyString
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BaseConverter
from werkzeug.wrappers import Response

from spreekbuis.db import scope as scopes
from spreekbuis.errors import type_text
from spreekbuis.settings import Settings
from spreekbuis.web import csrf, failures, words
from spreekbuis.web.access import ROLE_LABELS, Role, permissions_of
from spreekbuis.web.cookies import FORM, LANGUAGE, read_cookie, write_cookie
from spreekbuis.web.door import EntityHere, Here, SignedIn

if TYPE_CHECKING:
    from spreekbuis.web.room import NavEntry

T = TypeVar("T")

LANGUAGES = {"nl": "Nederlands", "en": "English", "fr": "Français", "de": "Deutsch"}
log = logging.getLogger("spreekbuis.request")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation. `count` is what waits there, or None, and `waits` counts it; what is `rare` stands
    under "Meer"."""

    label: type_text
    url: str
    current: bool = False
    count: int | str | None = None
    rare: bool = False
    waits: Callable[[], int] | None = None


class Language(NamedTuple):
    code: str
    label: str
    native_name: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A one-off message after a redirect."""

    kind: str
    text: type_text


FOOTER: tuple[tuple[str, LazyString], ...] = (
    ("home.about", _l("Over Spreekbuis")),
    ("directory.actors", _l("Waar kan ik terecht?")),
    ("instruments.library", _l("Instrumenten")),
    ("home.privacy", _l("Privacy")),
    ("home.leave_no_traces", _l("Wis je sporen")),
    ("home.accessibility", _l("Toegankelijkheid")),
    ("home.contact", _l("Contact")),
)
FOR_VISITORS: tuple[tuple[str, LazyString], ...] = (
    ("entities.choose", _l("Je entiteit aansluiten")),
    ("identity.sign_in", _l("Aanmelden voor behandelaars en beheerders")),
)

NOTICES: dict[str, Notice] = {}
"""What `?done=<code>` says on the next page. Rooms add theirs with `notice_after`."""


def notice_after(code: str, text: LazyString, kind: str = "ok") -> str:
    """Register the message for `?done=<code>`; gives the code. Raises ValueError for a code that is taken."""
    if code in NOTICES:
        raise ValueError(f"two notices are called {code}")
    NOTICES[code] = Notice(kind, text)
    return code


KEPT = 1_000
"""Parts of pages remembered per process, some kilobytes each; the one that was asked longest ago goes first."""


def drawn(part: Callable[..., T], *given: Hashable, **named: Hashable) -> T:
    """What `part` (a function, or a macro of a template) gives in the language of this request, remembered.

    Only for what looks at its arguments alone: never at `page`, a token, or who asks. And never for text that people
    typed, which has no place in a memory. Raises TypeError for an argument that can change, such as a list.
    """
    return cast(T, _drawn(language(), part, given, tuple(named.items())))


@lru_cache(maxsize=KEPT)
def _drawn(
    _language: str,
    part: Callable[..., object],
    given: tuple[Hashable, ...],
    named: tuple[tuple[str, Hashable], ...],
) -> object:
    return part(*given, **dict(named))


class Page:
    """The `page` of the templates, made anew for each: all that depends on who asks, and where."""

    def __init__(self) -> None:
        here: Here | None = g.get("here")
        self.lang = language()
        self.account: SignedIn | None = here.account if here else None
        self.entity: EntityHere | None = here.entity if here else None
        self._roles: frozenset[Role] = here.roles if here else frozenset()

    @property
    def languages(self) -> list[Language]:
        """Links to this page in the other languages; none on the answer to a POST, which a link would lose."""
        if request.method != "GET":
            return []
        kept = urlencode([(k, v) for k, v in request.args.items(multi=True) if k not in ("lang", "done")])
        here = f"{request.path}?{kept}&lang=" if kept else f"{request.path}?lang="
        return [Language(code, code.upper(), name, here + code) for code, name in LANGUAGES.items()]

    @property
    def csrf(self) -> str:
        return csrf.token()

    @property
    def request_id(self) -> str:
        return str(g.get("request_id", ""))

    @property
    def role_label(self) -> str:
        return drawn(_role_label, self._roles)

    @property
    def nav(self) -> tuple[NavItem, ...]:
        """The main navigation of whoever is signed in, in the entity of this address or outside one."""
        if self.account is None or not self.account.complete:
            return ()
        items = drawn(_nav, self.entity.ovo_code if self.entity else None, self._roles, request.endpoint)
        # the page about an error is drawn when the tenant has been left: then nothing is counted
        in_scope = self.entity is not None and scopes.current().entity_id == self.entity.id
        return tuple(
            replace(item, count=item.waits() or None) if item.waits and in_scope else item for item in items
        )

    @property
    def menu(self) -> tuple[NavItem, ...]:
        return drawn(_menu)

    @property
    def sign_out_url(self) -> str:
        return url_for("identity.sign_out")

    @property
    def notice(self) -> Notice | None:
        return NOTICES.get(request.args.get("done", ""))

    @property
    def footer(self) -> tuple[NavItem, ...]:
        """The pages that explain, on every page; the ways in for whoever has not signed in."""
        return drawn(_footer, self.account is not None)

    @property
    def reporter_home(self) -> str:
        return url_for("home.start")


def _role_label(roles: frozenset[Role]) -> str:
    return ", ".join(str(ROLE_LABELS[role]) for role in sorted(roles))


def _nav(ovo: str | None, roles: frozenset[Role], current: str | None) -> tuple[NavItem, ...]:
    """What these roles see in the entity `ovo`, or outside one; `current` is the endpoint of the page itself."""
    permissions = permissions_of(roles)
    entries: list[NavEntry] = current_app.extensions["nav"]
    values: dict[str, Any] = {"ovo": ovo} if ovo else {}
    return tuple(
        NavItem(
            str(e.label),
            url_for(e.endpoint, **values),
            e.endpoint == current,
            rare=e.rare and e.endpoint != current,
            waits=e.waits,
        )
        for e in entries
        if e.tenant == (ovo is not None) and e.may in permissions
    )


def _menu() -> tuple[NavItem, ...]:
    return (
        NavItem(str(_l("Mijn werkplekken")), url_for("identity.workplaces")),
        NavItem(str(_l("Account en beveiliging")), url_for("identity.account")),
    )


def _footer(signed_in: bool) -> tuple[NavItem, ...]:
    links = FOOTER if signed_in else FOOTER + FOR_VISITORS
    return tuple(NavItem(str(label), url_for(endpoint)) for endpoint, label in links)


def language() -> str:
    """The language of this request: chosen on this page, chosen before, the account's, the browser's, Dutch."""
    if not has_request_context():
        return "nl"
    chosen: str | None = g.get("language")
    if chosen is None:
        here: Here | None = g.get("here")
        chosen = next(
            (
                code
                for code in (
                    request.args.get("lang"),
                    read_cookie(LANGUAGE),
                    here and here.account and here.account.language,
                )
                if code in LANGUAGES
            ),
            None,
        ) or request.accept_languages.best_match(LANGUAGES, "nl")
        g.language = chosen
    return chosen


class OvoConverter(BaseConverter):
    """An entity in an address: `OVO` and six digits."""

    regex = "OVO[0-9]{6}"


def install(app: Flask, translations: Path) -> None:
    """Set up pages on `app`: language, headers, static files, error pages, the request log."""
    app.url_map.converters["ovo"] = OvoConverter
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(translations)
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Europe/Brussels"
    app.config["BABEL_DEFAULT_LOCALE"] = "nl"
    words.install(app, Babel(app, locale_selector=language))
    app.jinja_env.globals["drawn"] = drawn
    app.context_processor(lambda: {"page": Page()})
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    static = Path(app.static_folder or "")
    versions = {
        f.name: hashlib.sha256(f.read_bytes()).hexdigest()[:12] for f in static.glob("*") if f.is_file()
    }

    @app.url_defaults
    def version_static(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = versions.get(values.get("filename", ""), "0")

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        g.request_id = secrets.token_hex(8)

    settings: Settings = app.extensions["settings"]
    always = [*HEADERS.items()]
    if settings.secure:
        always.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"))

    @app.after_request
    def finish_page(response: Response) -> Response:
        headers = response.headers
        own = {name.lower() for name in headers.keys()}  # noqa: SIM118 (its iteration gives pairs)
        for name, value in always:
            if name.lower() not in own:
                headers.add(name, value)
        headers.add("X-Request-ID", g.get("request_id", ""))
        if request.endpoint == "static":
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
            return response
        if "cache-control" not in own:
            headers.add("Cache-Control", "no-store")
        if "vary" not in own:
            headers.add("Vary", "Cookie, Accept-Language")
        if "form_cookie" in g:
            write_cookie(response, FORM, g.form_cookie)
        chosen = request.args.get("lang")
        if chosen in LANGUAGES and chosen != read_cookie(LANGUAGE):
            write_cookie(response, LANGUAGE, str(chosen))
        _log_line(response)
        return response

    failures.install(app)


def _log_line(response: Response) -> None:
    """One line per request: the route's pattern, never the address, its values or where it came from."""
    rule = request.url_rule.rule if request.url_rule else "-"
    log.info(
        "request",
        extra={
            "request_id": g.get("request_id"), "method": request.method, "route": rule,
            "status": response.status_code, "ms": round((time.perf_counter() - g.get("began", 0)) * 1000, 1),
        },
    )  # fmt: skip
