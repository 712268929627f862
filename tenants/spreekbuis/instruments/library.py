"""The library: instruments that the central office publishes for everybody, kept in every version."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from werkzeug.datastructures import FileStorage

from spreekbuis.audit.trail import Audited, record
from spreekbuis.db.base import new_id
from spreekbuis.db.session import db
from spreekbuis.errors import Conflict, Invalid, NotFound, type_text
from spreekbuis.instruments.models import InstrumentVersion
from spreekbuis.vault.files import accept, discard
from spreekbuis.vault.storage import storage


class InstrumentKind(StrEnum):
    """What it is. Answer texts of the front office are scripts (intake.front.scripts)."""

    CODE_OF_CONDUCT = "code_of_conduct"
    ICT_CODE = "ict_code"
    MANUAL = "manual"
    OTHER = "other"


KIND_LABELS: dict[InstrumentKind, LazyString] = {
    InstrumentKind.CODE_OF_CONDUCT: _l("Deontologische code"),
    InstrumentKind.ICT_CODE: _l("ICT-code"),
    InstrumentKind.MANUAL: _l("Handleiding"),
    InstrumentKind.OTHER: _l("Iets anders"),
}


class EditedMeanwhile(Conflict):
    """Somebody saved a newer version than the one that this form began with."""

    title = _l("Iemand anders paste dit instrument net aan")
    advice = _l("Wat jij schreef staat nog in het formulier. Lees eerst de nieuwe versie.")


@dataclass(frozen=True, slots=True)
class Written:
    """An instrument as it is written, by language code. `files`: as InstrumentVersion has them."""

    kind: str
    titles: Mapping[str, str]
    texts: Mapping[str, str]
    links: Mapping[str, str]
    files: Mapping[str, Any]


def current_instruments() -> list[InstrumentVersion]:
    """What is published, by kind and Dutch title. There are tens of them. One query."""
    latest = select(InstrumentVersion).ext(distinct_on(InstrumentVersion.id)).order_by(
        InstrumentVersion.id, InstrumentVersion.version.desc()
    )  # fmt: skip
    order = list(InstrumentKind)
    found = [one for one in db.session.scalars(latest) if not one.retired]
    return sorted(found, key=lambda one: (order.index(InstrumentKind(one.kind)), one.titles["nl"]))


def newest(instrument_id: UUID) -> InstrumentVersion | None:
    """The newest version, retired or not; None when there never was one."""
    wanted = select(InstrumentVersion).where(InstrumentVersion.id == instrument_id)
    return db.session.scalars(wanted.order_by(InstrumentVersion.version.desc()).limit(1)).one_or_none()


def published(instrument_id: UUID) -> InstrumentVersion:
    """The version in force. Raises NotFound, also when it was retired."""
    found = newest(instrument_id)
    if found is None or found.retired:
        raise NotFound
    return found


def take_files(uploads: Mapping[str, FileStorage]) -> dict[str, Any]:
    """Keep the PDF files that came along, by language; all or none. Raises Invalid at `file_<language>`."""
    ids = {new_id(): code for code in uploads}
    accepted = accept({id_: uploads[code] for id_, code in ids.items()}, keep_original=False)
    errors: dict[str, type_text] = {}
    for id_, code in ids.items():
        file = accepted.files.get(id_)
        if file is None:
            errors[f"file_{code}"] = " ".join(accepted.refusals)
        elif file.media_type != "application/pdf":
            errors[f"file_{code}"] = _l("Kies een pdf-bestand.")
    if errors:
        discard(accepted.files.values())
        raise Invalid(errors)
    return {
        code: {
            "storage_key": file.storage_key,
            "secret": file.key.hex(),
            "name": file.name,
            "size": file.size,
        }
        for id_, code in ids.items()
        for file in [accepted.files[id_]]
    }


def forget_files(files: Mapping[str, Any]) -> None:
    """Files that were taken for what was refused after all."""
    for file in files.values():
        storage().delete(file["storage_key"])


def publish(instrument_id: UUID, begun_with: int, written: Written) -> None:
    """Publish a new version, or a new instrument when `begun_with` is 0. The same again changes nothing.

    Raises Invalid, and EditedMeanwhile when `begun_with` is not the newest version any more.
    """
    errors: dict[str, type_text] = {}
    if written.kind not in set(InstrumentKind):
        errors["kind"] = _l("Kies een van de mogelijkheden.")
    if not written.titles.get("nl"):
        errors["title_nl"] = _l("Schrijf dit minstens in het Nederlands.")
    for code, link in written.links.items():
        if link and (urlsplit(link).scheme != "https" or not urlsplit(link).hostname):
            errors[f"link_{code}"] = _l("Vul een adres in dat met https:// begint.")
    if not (any(written.texts.values()) or any(written.links.values()) or written.files):
        errors["text_nl"] = _l("Geef een tekst, een link of een bestand.")
    if errors:
        raise Invalid(errors)
    values = {
        "kind": written.kind, "titles": _said(written.titles), "texts": _said(written.texts),
        "links": _said(written.links), "files": dict(written.files), "retired": False,
    }  # fmt: skip
    there = newest(instrument_id)
    if there and all(getattr(there, name) == value for name, value in values.items()):
        return
    if (there.version if there else 0) != begun_with:
        raise EditedMeanwhile
    _add(instrument_id, begun_with, values)


def retire(instrument_id: UUID) -> None:
    """Take an instrument out of the library; its versions stay. Twice is once. Raises NotFound."""
    last = newest(instrument_id)
    if last is None:
        raise NotFound
    if not last.retired:
        kept = {name: getattr(last, name) for name in ("kind", "titles", "texts", "links", "files")}
        _add(instrument_id, last.version, kept | {"retired": True})


def _add(instrument_id: UUID, after: int, values: Mapping[str, Any]) -> None:
    made = db.session.scalar(
        insert(InstrumentVersion)
        .values(id=instrument_id, version=after + 1, **values)
        .on_conflict_do_nothing()
        .returning(InstrumentVersion.version)
    )
    if made is None:
        raise EditedMeanwhile
    record(Audited.INSTRUMENT_CHANGED, instrument_id, {"version": made, "retired": values["retired"]})


def _said(texts: Mapping[str, str]) -> dict[str, str]:
    return {code: text for code, text in texts.items() if text}
