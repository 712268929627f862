"""The work list as a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, gettext, ngettext
from flask_babel import lazy_gettext as _l

from spreekbuis.cases import shown
from spreekbuis.cases.assigning import Refused, handlers_at
from spreekbuis.cases.doors import my_desks, room
from spreekbuis.cases.numbers import number_of, read_number
from spreekbuis.cases.procedures import State
from spreekbuis.cases.saved_filters import filters_of
from spreekbuis.cases.work_list import CAP, Asked, Cursor, Listed, Row, View, counts, listed
from spreekbuis.clock import today
from spreekbuis.directory.catalogue import CATEGORIES, CaseKind
from spreekbuis.directory.listing import Pages
from spreekbuis.errors import type_text
from spreekbuis.web import door
from spreekbuis.web.access import Permission
from spreekbuis.web.frame import NavItem

E = TypeVar("E", bound=StrEnum)

VIEW_LABELS: dict[View, LazyString] = {
    View.OPEN: _l("Alle open"),
    View.LATE: _l("Te laat"),
    View.WEEK: _l("Deze week"),
    View.MINE: _l("Van mij"),
    View.FREE: _l("Niet toegewezen"),
    View.WAITING: _l("Wacht op melder"),
    View.TASKS: _l("Taken"),
    View.CLOSED: _l("Afgesloten"),
}
_FILTERS = ("view", "kind", "category", "state", "number")


@room.in_nav(_l("Werklijst"))
@room.get("/desk/<ovo:ovo>/cases", Permission.HANDLE_CASES)
def work_list() -> ResponseReturnValue:
    """The open cases of my desks, the most urgent first."""
    return list_page()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent from the list and not accepted, to show it again with what is wrong."""

    errors: Mapping[str, type_text] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    handler: str = ""
    filter_name: str = ""
    refused: tuple[Refused, ...] = ()


NOTHING_TYPED = Typed()


def list_page(typed: Typed = NOTHING_TYPED) -> str:
    """The list as the address asks for it; after a form that was not accepted, with what was chosen."""
    asked, number_unknown = asked_of_address()
    now, language = today(), shown.language()
    words = shown.labels_in(language)
    account_id, desks = door.the_account().id, my_desks()
    found = listed(desks, account_id, asked, now, _cursor(asked))
    counted = counts(desks, account_id, now)
    return render_template(
        "cases/work_list.html",
        rows=_shown(
            found.rows, account_id, now, language, tasks=asked.view is View.TASKS and asked.number is None
        ),
        typed=typed,
        handlers=handlers_at(desks) if found.rows and asked.view is not View.CLOSED else (),
        **_saved(asked, account_id),
        pages=_pages(found),
        views=_views(asked, counted, language),
        chips=_chips(asked, words),
        asked=asked,
        number=request.args.get("number", "").strip()[:20],
        number_unknown=number_unknown,
        late=_late(counted[View.LATE]),
        closed=asked.view is View.CLOSED,
        kinds=tuple(words.kind.items()),
        categories=tuple(words.category.items()),
        states=tuple((code, label) for code, label in words.state.items() if code != State.CLOSED),
    )


class ShownRow(NamedTuple):
    """A line of the list, in words."""

    pick: str
    """The value of its checkbox: the case, and who handles it."""
    url: str
    number: str
    category: str
    step: str
    """What is owed next; of a closed case its outcome."""
    due: shown.Due | None
    closed_on: str
    late: bool
    state: str
    tag: str
    handler: str
    received: str
    channel: str
    unread: bool


def _shown(rows: list[Row], account_id: UUID, now: date, language: str, *, tasks: bool) -> list[ShownRow]:
    """`tasks`: what is to do and by when, instead of the next step and its term."""
    words = shown.labels_in(language)
    me, colleague, nobody, to_close, task = (
        gettext("Jij"),
        gettext("Collega"),
        gettext("Niemand"),
        gettext("Afsluiten"),
        gettext("Taak of controle"),
    )
    here = list_url()
    lines = []
    for row in rows:
        is_open = row.closed_at is None
        owed_on = row.next_task_on if tasks else row.next_due_on if is_open else None
        due = shown.due_in(language, owed_on, now) if owed_on else None
        step = words.step[row.next_step] if row.next_step else to_close
        others = nobody if row.handler_id is None else colleague
        lines.append(
            ShownRow(
                pick=f"{row.id}/{row.handler_id or ''}",
                url=f"{here}/{row.id}",
                number=number_of(row.topic, row.year, row.number),
                category=words.category.get(row.category, row.category),
                step=task if tasks else step if is_open else words.outcome[row.outcome or ""],
                due=due,
                closed_on=shown.day_in(language, row.closed_at, now) if row.closed_at is not None else "",
                late=due is not None and due.kind == "late",
                state=words.state[row.state],
                tag=shown.STATE_TAGS[row.state],
                handler=me if row.handler_id == account_id else others,
                received=shown.day_in(language, row.received_at, now),
                channel=words.channel[row.channel],
                unread=row.unread_by_desk and row.state != State.NEW,
            )
        )
    return lines


def _choice(name: str, options: type[E]) -> E | None:
    try:
        return options(request.args.get(name, ""))
    except ValueError:
        return None


def asked_of_address() -> tuple[Asked, bool]:
    """What the address asks for, and whether it has a number that cannot be one. The rest is ignored."""
    if not request.args:
        return Asked(), False
    category = request.args.get("category", "")
    text = request.args.get("number", "").strip()
    number = read_number(text, today().year)
    asked = Asked(
        view=_choice("view", View) or View.OPEN,
        kind=_choice("kind", CaseKind),
        category=category if category in CATEGORIES else None,
        state=_choice("state", State),
        number=number,
    )
    if asked.view is View.CLOSED or asked.state is State.CLOSED:
        asked = replace(asked, view=View.CLOSED, state=None)
    return asked, bool(text) and number is None


def _cursor(asked: Asked) -> Cursor | None:
    """Where the page continues. An address that was tampered with starts at the beginning."""
    if not request.args:
        return None
    for name, backwards in (("after", False), ("before", True)):
        at, _, case_id = request.args.get(name, "").rpartition("~")
        try:
            key = datetime.fromisoformat(at) if asked.view is View.CLOSED else date.fromisoformat(at)
            cursor = Cursor(key, UUID(case_id), backwards)
        except ValueError:
            continue
        if not isinstance(key, datetime) or key.tzinfo is not None:
            return cursor
    return None


def list_url() -> str:
    """The list without any filter. Also on the answer to a form that was sent from it."""
    return url_for("cases.work_list", ovo=door.the_entity().ovo_code)


def address(**changes: str | None) -> str:
    """The address of the list as it is now, with changes; a change begins at the first page."""
    asked = request.args
    kept = {name: asked[name] for name in _FILTERS if name in asked} if asked else {}
    values: dict[str, Any] = {name: value for name, value in (kept | changes).items() if value}
    return url_for("cases.work_list", ovo=door.the_entity().ovo_code, **values)


def _saved(asked: Asked, account_id: UUID) -> dict[str, Any]:
    """The filters that this account keeps, and whether this one can be kept."""
    here = replace(asked, number=None)
    saved = filters_of(account_id)
    return {
        "saved": [
            (name, _address_of(kept), kept == here and asked.number is None) for name, kept in saved.items()
        ],
        "keepable": here != Asked() and asked.number is None and here not in saved.values(),
        "query": f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else "",
    }


def _address_of(kept: Asked) -> str:
    codes = {"view": kept.view, "kind": kept.kind, "category": kept.category, "state": kept.state}
    values: dict[str, Any] = {name: code for name, code in codes.items() if code}
    return url_for("cases.work_list", ovo=door.the_entity().ovo_code, **values)


def _pages(found: Listed) -> Pages:
    def to(name: str, cursor: Cursor | None) -> str:
        return address(**{name: f"{cursor.at.isoformat()}~{cursor.id}"}) if cursor else ""

    summary = ngettext(
        "%(num)s dossier op deze bladzijde", "%(num)s dossiers op deze bladzijde", len(found.rows)
    )
    return Pages(summary, to("before", found.previous), to("after", found.next))


@lru_cache(maxsize=8)
def _view_labels(_language: str) -> dict[View, str]:
    return {view: str(label) for view, label in VIEW_LABELS.items()}


def _views(asked: Asked, counted: dict[View, int], language: str) -> list[NavItem]:
    """The tabs. They keep what was chosen that fits each view."""
    kept = urlencode({name: request.args[name] for name in ("kind", "category") if request.args.get(name)})
    tabs, here = [], list_url()
    for view, label in _view_labels(language).items():
        chosen = "&".join(part for part in (kept, "" if view is View.OPEN else f"view={view}") if part)
        tabs.append(
            NavItem(
                label,
                f"{here}?{chosen}" if chosen else here,
                current=view is asked.view and asked.number is None,
                count=None if view not in counted else f"{CAP}+" if counted[view] > CAP else counted[view],
            )
        )
    return tabs


def _chips(asked: Asked, words: shown.Labels) -> list[dict[str, Any]]:
    chosen = {
        "number": str(asked.number) if asked.number else None,
        "kind": words.kind[asked.kind] if asked.kind else None,
        "category": words.category[asked.category] if asked.category else None,
        "state": words.state[asked.state] if asked.state else None,
    }
    return [{"label": label, "url": address(**{name: None})} for name, label in chosen.items() if label]


def _late(count: int) -> str:
    if not count:
        return ""
    if count > CAP:
        return gettext("Meer dan %(cap)s dossiers zijn te laat.", cap=CAP)
    return ngettext("%(num)s dossier is te laat.", "%(num)s dossiers zijn te laat.", count)
