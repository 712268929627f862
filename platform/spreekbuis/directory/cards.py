"""Actors as their reader sees them, and as cards and rows for an address book: vCard 4.0 (RFC 6350) and CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, uuid5

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import select

from spreekbuis.db.session import db
from spreekbuis.directory.catalogue import REGION_LABELS, SPOKEN_LABELS, Region, Spoken
from spreekbuis.directory.central_actors import there_today
from spreekbuis.directory.models import Actor
from spreekbuis.errors import type_text
from spreekbuis.figures.export import BYTE_ORDER_MARK, harmless

_LONGEST_LINE = 75
"""Octets, without the line break (RFC 6350, 3.2)."""


@dataclass(frozen=True, slots=True)
class Card:
    """An actor in the reader's language. What is not known is empty."""

    code: str
    """Which actor it is, in the whole installation."""
    name: str
    offers: str
    confidential: bool
    called: str = ""
    """As the entity calls it, when that is something else."""
    email: str = ""
    phone: str = ""
    address: str = ""
    web: str = ""
    reachable: str = ""
    languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    confirmed_on: date | None = None

    @property
    def known(self) -> bool:
        """Whether there is a way to reach it."""
        return bool(self.email or self.phone or self.address or self.web)

    @property
    def spoken(self) -> str:
        """The languages in words."""
        return ", ".join(str(SPOKEN_LABELS[Spoken(code)]) for code in self.languages)

    @property
    def where(self) -> str:
        """The regions in words; empty for everywhere."""
        return ", ".join(str(REGION_LABELS[Region(code)]) for code in self.regions)


def in_language(texts: Mapping[str, str] | None, code: str) -> str:
    """The text in this language, else in Dutch, else nothing."""
    return (texts or {}).get(code) or (texts or {}).get("nl", "")


def central_cards(language: str) -> list[tuple[str, Card]]:
    """The central actors of today with their kinds, in their order. One query."""
    actors = db.session.scalars(select(Actor).where(there_today()).order_by(Actor.position, Actor.code))
    return [
        (
            a.kind,
            Card(
                a.code, in_language(a.names, language), in_language(a.offers, language), a.confidential, "", a.email,
                a.phone, a.address, a.web, in_language(a.reachable, language), tuple(a.languages), tuple(a.regions),
                a.confirmed_on,
            ),
        )
        for a in actors
    ]  # fmt: skip


def as_vcards(*parts: tuple[str, Iterable[Card]]) -> Response:
    """A download with a card for each that can be reached. `parts`: organisations, each with what is a part of it."""
    text = "".join(
        _vcard(card, organisation) for organisation, cards in parts for card in cards if card.known
    )
    return _download(text, "text/vcard", "vcf")


def as_csv(cards: Iterable[Card]) -> Response:
    """A download that a Belgian Excel opens without questions, in which no text is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    head: list[type_text] = [
        _("Dienst of functie"), _("Naam in de entiteit"), _("Wat ze doen"), _("Vertrouwelijk"), _("E-mailadres"),
        _("Telefoonnummer"), _("Postadres of plaats"), _("Website"), _("Wanneer bereikbaar"), _("Talen"),
        _("Provincies"), _("Nagekeken op"),
    ]  # fmt: skip
    writer.writerow(map(str, head))
    for c in cards:
        cells = (
            c.name, c.called, c.offers, _("ja") if c.confidential else _("nee"), c.email, c.phone, c.address, c.web,
            c.reachable, c.spoken, c.where, c.confirmed_on.isoformat() if c.confirmed_on else "",
        )  # fmt: skip
        writer.writerow(harmless(str(cell)) for cell in cells)
    return _download(BYTE_ORDER_MARK + buffer.getvalue(), "text/csv", "csv")


def _download(text: str, mimetype: str, ending: str) -> Response:
    return Response(
        text,
        content_type=f"{mimetype}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="spreekbuis.{ending}"'},
    )


def _vcard(card: Card, organisation: str) -> str:
    note = "\n".join(filter(None, (card.offers, card.reachable, card.where)))
    lines = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "KIND:org",
        f"UID:urn:uuid:{uuid5(NAMESPACE_URL, f'spreekbuis actor {card.code}')}",
        f"FN:{_value(card.called or card.name)}",
        f"ORG:{_value(organisation)};{_value(card.name)}",
    ]
    if card.email:
        lines.append(f"EMAIL:{_value(card.email)}")
    if card.phone:
        dialled = "".join(c for c in card.phone if c.isdigit() or c == "+")
        lines.append(f"TEL;VALUE=uri:tel:{dialled}")
    if card.address:
        lines.append(f"ADR:;;{_value(card.address)};;;;")
    if card.web:
        lines.append(f"URL:{card.web}")
    lines += [f"LANG;PREF={place}:{code}" for place, code in enumerate(card.languages, 1)]
    lines.append(f"NOTE:{_value(note)}")
    if card.confirmed_on:
        lines.append(f"REV:{card.confirmed_on:%Y%m%d}T000000Z")
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCARD"] for part in _folded(line))


def _value(text: str) -> str:
    """A text value, or one component of a value that has several: these four are escaped (RFC 6350, 3.4)."""
    for character, escaped in (("\\", "\\\\"), ("\n", "\\n"), (",", "\\,"), (";", "\\;")):
        text = text.replace(character, escaped)
    return text


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; what continues one begins with a space. No character is cut in two."""
    part, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LONGEST_LINE:
            yield part
            part, size = " ", 1
        part, size = part + character, size + octets
    yield part
