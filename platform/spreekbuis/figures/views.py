"""Pages of figures: the central office's across entities, and an entity's own. None opens a case."""

from datetime import date

from flask import Response, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from spreekbuis.audit import trail
from spreekbuis.audit.trail import Audited
from spreekbuis.clock import today
from spreekbuis.directory.register_history import organisation_on
from spreekbuis.errors import NotFound
from spreekbuis.figures import charts, export, published, reading, words
from spreekbuis.figures import own as own_figures
from spreekbuis.figures.law import law_tables
from spreekbuis.figures.roll_up import figures_engine
from spreekbuis.figures.small import THRESHOLD
from spreekbuis.figures.structure import STRUCTURE_LABELS, Structure
from spreekbuis.jobs.outbox import enqueue
from spreekbuis.web.access import Permission
from spreekbuis.web.door import the_entity
from spreekbuis.web.forms import clean
from spreekbuis.web.frame import drawn
from spreekbuis.web.room import Room

room = Room("figures")
EARLIEST = 1990


def _year() -> int:
    """The year that the address asks for, this year when it asks for none."""
    asked = request.args.get("year")
    if asked is None:
        return today().year
    if not (asked.isascii() and asked.isdigit() and EARLIEST <= int(asked[:5]) <= today().year + 1):
        raise NotFound
    return int(asked)


def _structure() -> Structure:
    """The structure that the address asks for, that of the year when it asks for none."""
    try:
        return Structure(request.args.get("structure", Structure.THEN))
    except ValueError:
        raise NotFound from None


def _structures() -> tuple[tuple[str, str], ...]:
    return tuple((str(structure), str(label)) for structure, label in STRUCTURE_LABELS.items())


def _years(*known: int) -> tuple[tuple[str, str], ...]:
    """The years to choose from, the latest first."""
    return tuple((str(year), str(year)) for year in sorted({*known, today().year}, reverse=True))


def _place(name: str) -> str | None:
    """Where a page of the list begins or ends, as our own link said it."""
    return clean(request.args.get(name, "")) or None


@room.in_nav(_l("Cijfers"))
@room.get("/central/figures", Permission.VIEW_FIGURES)
def dashboard() -> ResponseReturnValue:
    year, structure, area = _year(), _structure(), request.args.get("area") or None
    with reading.reading() as connection:
        areas = reading.policy_areas(connection, year, structure)
        if area is not None and area not in areas:
            raise NotFound
        overview = reading.overview(connection, year, structure, area, areas)
        known = published.published_figures(connection)
    past = {} if area else published.cases_by_year(known)
    shown, line = drawn(
        _charts,
        cells=tuple(overview.figures.cells.items()),
        by_area=tuple(overview.cases_by_area.items()),
        areas=tuple((one.code, one.name) for one in areas.values()),
        by_year=tuple(overview.cases_by_year.items()),
        past=tuple(past.items()),
    )
    this_year = [figure for figure in known if figure.year == year and not area]
    own_past = [figure for figure in this_year if figure.source == published.OWN_SOURCE]
    return render_template(
        "figures/dashboard.html",
        year=year,
        years=_years(year, *overview.cases_by_year, *(figure.year for figure in known)),
        area=area or "",
        area_name=areas[area].name if area else "",
        areas=tuple(
            sorted(
                (
                    (one.code, one.name)
                    for one in areas.values()
                    if one.exists or one.code == area or one.code in overview.cases_by_area
                ),
                key=lambda option: option[1],
            )
        ),
        structure=structure,
        structures=_structures(),
        figures=overview.figures,
        charts=shown,
        line=line,
        law=drawn(law_tables, tuple(overview.figures.cells.items())),
        threshold=THRESHOLD,
        comparisons=[published.compare(figure, overview.figures) for figure in own_past],
        others=[figure for figure in this_year if figure.source != published.OWN_SOURCE],
        words=words,
    )


def _charts(
    cells: tuple[tuple[tuple[str, str], tuple[int, int]], ...],
    by_area: tuple[tuple[str, int], ...],
    areas: tuple[tuple[str, str], ...],
    by_year: tuple[tuple[int, int], ...],
    past: tuple[tuple[int, int], ...],
) -> tuple[tuple[charts.Chart, ...], charts.Chart]:
    """The drawings of these figures, and the line of the years. Of the figures alone, so that `drawn` keeps them."""
    shown = charts.breakdowns(reading.Figures(dict(cells)))
    if by_area:
        shown.append(charts.per_area(dict(by_area), dict(areas)))
    return tuple(shown), charts.per_year({**dict(by_year), **dict(past)}, dict(past))


@room.get("/central/figures/entities", Permission.VIEW_FIGURES)
def by_entity() -> ResponseReturnValue:
    year, structure, after, before = _year(), _structure(), _place("after"), _place("before")
    with reading.reading() as connection:
        page = reading.entities(connection, year, structure, after=after, before=before)
    if (after or before) and not page.rows:
        raise NotFound
    number = words.number
    return render_template(
        "figures/entities.html",
        year=year,
        structure=structure,
        structures=_structures(),
        rows=[
            (row.name, row.name_now if row.name_now != row.name else "", row.ovo_code, row.policy_area,
             number(row.cases), number(row.reports), number(row.information_requests), number(row.contacts),
             words.mean(row.satisfaction))
            for row in page.rows
        ],
        pages={
            "summary": _("Op naam, %(most)s per bladzijde.", most=reading.ENTITIES_PER_PAGE),
            "previous_url": page.before and _beside(year, structure, before=page.before),
            "next_url": page.after and _beside(year, structure, after=page.after),
            "numbers": [],
        },
    )  # fmt: skip


def _beside(year: int, structure: Structure, **place: str) -> str:
    return url_for("figures.by_entity", year=year, structure=structure, **place)  # type: ignore[arg-type]


@room.get("/central/figures.csv", Permission.VIEW_FIGURES)
def export_csv() -> ResponseReturnValue:
    year, structure = _year(), _structure()
    trail.record(Audited.FIGURES_EXPORTED, data={"year": year})
    return Response(
        stream_with_context(export.csv_of(figures_engine(), year, structure)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="spreekbuis-{year}.csv"'},
    )


@room.in_nav(_l("Cijfers"))
@room.get("/entity/<ovo:ovo>/figures", Permission.VIEW_OWN_FIGURES)
def own() -> ResponseReturnValue:
    """The entity's own figures, small numbers hidden: the employer reads them."""
    year = _year()
    overview = reading.own_overview(year)
    return render_template(
        "figures/own.html",
        year=year,
        called=_called_then(year),
        years=_years(year, *own_figures.own_years(overview.cases_by_year)),
        tiles=own_figures.own_tiles(overview.figures, year),
        charts=tuple(own_figures.own_breakdowns(overview.figures, year)),
        line=own_figures.own_line(overview.cases_by_year),
        threshold=THRESHOLD,
    )


def _called_then(year: int) -> str:
    """How the entity of this address was called at the end of a past year, when that was otherwise."""
    here = the_entity()
    then = organisation_on(here.ovo_code, date(year, 12, 31)) if year < today().year else None
    return then.name if then and then.name != here.name else ""


@room.post("/central/figures/verification", Permission.VIEW_FIGURES)
def start_verification() -> ResponseReturnValue:
    """Recount everything in the background; the answer is a page that shows how far it is."""
    return redirect(url_for("jobs.progress", job_id=enqueue("figures.verify")), 303)
