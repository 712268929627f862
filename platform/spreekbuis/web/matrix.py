"""Who may enter which door: derived from what the routes declare, for the documentation and for the tests."""

from flask import Flask

from spreekbuis.web.access import Audience, Role, permissions_of
from spreekbuis.web.room import Route, routes_of

YES, NO, AGAIN = "✓", "·", "↻"


def opens(
    route: Route,
    roles: frozenset[Role],
    *,
    signed_in: bool = False,
    reporter: bool = False,
    directory: bool = False,
) -> bool:
    """Whether this door lets in somebody with these roles, those in an entity being of the entity in the address.

    `signed_in` with both factors; `reporter`: has opened a case with its receipt code; `directory`: shows the token of
    that entity.
    """
    match route.may:
        case Audience.EVERYONE:
            return True
        case Audience.RETURNING_REPORTER:
            return reporter
        case Audience.DIRECTORY:
            return directory
        case Audience.SIGNED_IN:
            return signed_in
        case permission:
            return signed_in and permission in permissions_of(roles)


def access_matrix(app: Flask) -> str:
    """A Markdown table: a row for each route, a column for each role. Roles are those of the address's entity."""
    title = (
        "# Who may enter which route\n\nMade from the code by `spreekbuis routes`; a test keeps it true. With ↻ behind"
        " it: dangerous, the second factor is\nasked again when it was given more than ten minutes ago.\n\n"
    )
    columns = [
        "",
        "visitor",
        "returning reporter",
        "directory",
        *(role.value.replace("_", " ") for role in Role),
    ]
    lines = [" | ".join(columns), " | ".join(["---", *[":---:"] * (len(columns) - 1)])]
    for route in sorted(routes_of(app), key=lambda r: (r.rule, r.method)):
        marks = [
            opens(route, frozenset()),
            opens(route, frozenset(), reporter=True),
            opens(route, frozenset(), directory=True),
            *(opens(route, frozenset({role}), signed_in=True) for role in Role),
        ]
        name = f"`{route.method} {route.rule}`" + (f" {AGAIN}" if route.dangerous else "")
        lines.append(" | ".join([name, *(YES if mark else NO for mark in marks)]))
    return title + "\n".join(f"| {line} |" for line in lines) + "\n"
