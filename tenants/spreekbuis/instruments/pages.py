"""The library for everybody; what an entity asks of its members; and what its administrator sees of that."""

from uuid import UUID

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from spreekbuis.clock import local_date
from spreekbuis.directory.cards import in_language
from spreekbuis.errors import Invalid, NotFound
from spreekbuis.instruments import reminders
from spreekbuis.instruments.library import KIND_LABELS, InstrumentKind, current_instruments, published
from spreekbuis.instruments.reading import ask_to_read, asked_instruments, confirm_read, readers, stop_asking
from spreekbuis.vault.files import download
from spreekbuis.web.access import Audience, Permission
from spreekbuis.web.door import the_account, the_entity
from spreekbuis.web.forms import Reading
from spreekbuis.web.frame import language, notice_after
from spreekbuis.web.room import Room

room = Room("instruments")
__all__ = ["reminders", "room"]

READ = notice_after("instrument-read", _l("Genoteerd dat je dit gelezen en begrepen hebt."))
ASKED = notice_after("instrument-asked", _l("Je medewerkers zien nu dat ze dit moeten lezen."))
STOPPED = notice_after("instrument-not-asked", _l("Je medewerkers hoeven dit niet meer te bevestigen."))


@room.get("/instruments", Audience.EVERYONE)
def library() -> ResponseReturnValue:
    spoken = language()
    page = render_template(
        "instruments/library.html",
        rows=[
            {
                "title": in_language(one.titles, spoken), "kind": KIND_LABELS[InstrumentKind(one.kind)],
                "url": url_for("instruments.read", instrument_id=one.id),
                "since": format_date(local_date(one.made_at), "long"),
            }
            for one in current_instruments()
        ],
    )  # fmt: skip
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "all"
    return response


@room.get("/instruments/<uuid:instrument_id>", Audience.EVERYONE)
def read(instrument_id: UUID) -> ResponseReturnValue:
    """One instrument: its text, link and file, in the reader's language or else in Dutch."""
    one, spoken = published(instrument_id), language()
    file = spoken if spoken in one.files else "nl"
    return render_template(
        "instruments/read.html", title=in_language(one.titles, spoken), text=in_language(one.texts, spoken),
        link=in_language(one.links, spoken), kind=KIND_LABELS[InstrumentKind(one.kind)], version=one.version,
        since=format_date(local_date(one.made_at), "long"),
        file=one.files.get(file) and one.files[file]["name"],
        file_url=url_for("instruments.pdf", instrument_id=one.id, spoken=file),
    )  # fmt: skip


@room.get("/instruments/<uuid:instrument_id>/file/<string:spoken>", Audience.EVERYONE)
def pdf(instrument_id: UUID, spoken: str) -> ResponseReturnValue:
    """The file in this language. Raises NotFound."""
    file = published(instrument_id).files.get(spoken)
    if file is None:
        raise NotFound
    return download(
        file["storage_key"], bytes.fromhex(file["secret"]), name=file["name"], media_type="application/pdf",
        size=file["size"],
    )  # fmt: skip


@room.in_nav(_l("Te lezen"), rare=True)
@room.get("/entity/<ovo:ovo>/instruments", Permission.READ_INSTRUMENTS)
def mine() -> ResponseReturnValue:
    """What the entity asks me to read."""
    me, spoken = the_account().id, language()
    return render_template(
        "instruments/mine.html",
        rows=[
            {
                "id": one.instrument.id, "version": one.instrument.version,
                "title": in_language(one.instrument.titles, spoken), "done": me in one.done,
                "url": url_for("instruments.read", instrument_id=one.instrument.id),
                "since": format_date(local_date(one.instrument.made_at), "long"),
            }
            for one in asked_instruments()
        ],
        library_url=url_for("instruments.library"),
    )  # fmt: skip


@room.post("/entity/<ovo:ovo>/instruments", Permission.READ_INSTRUMENTS)
def confirm() -> ResponseReturnValue:
    form = Reading()
    version = form.number("version", least=1, most=99_999)
    instrument_id = _instrument(form)
    form.check()
    confirm_read(instrument_id, version, the_account().id)
    return redirect(url_for("instruments.mine", ovo=the_entity().ovo_code, done=READ), 303)


@room.in_nav(_l("Instrumenten"), rare=True)
@room.get("/entity/<ovo:ovo>/instruments/asked", Permission.MANAGE_ENTITY)
def asked() -> ResponseReturnValue:
    """Which instruments are asked, how many members read them, and who did not yet."""
    spoken, members = language(), readers()
    done = {one.instrument.id: one.done for one in asked_instruments()}
    return render_template(
        "instruments/asked.html",
        rows=[
            {
                "id": one.id, "title": in_language(one.titles, spoken), "asked": one.id in done,
                "url": url_for("instruments.read", instrument_id=one.id), "members": len(members),
                "done": sum(1 for m in members if m.account_id in done.get(one.id, ())),
                "not_yet": [m.label for m in members if m.account_id not in done[one.id]] if one.id in done else [],
            }
            for one in current_instruments()
        ],
    )  # fmt: skip


@room.post("/entity/<ovo:ovo>/instruments/asked", Permission.MANAGE_ENTITY)
def ask() -> ResponseReturnValue:
    """Ask the members to read it, or no longer."""
    form = Reading()
    instrument_id, asks = _instrument(form), form.raw("asks") == "yes"
    form.check()
    (ask_to_read if asks else stop_asking)(instrument_id)
    return redirect(
        url_for("instruments.asked", ovo=the_entity().ovo_code, done=ASKED if asks else STOPPED), 303
    )


def _instrument(form: Reading) -> UUID:
    try:
        return UUID(form.raw("instrument"))
    except ValueError:
        raise Invalid({"instrument": _l("Kies een van de mogelijkheden.")}) from None
