"""What every page inherits: labels that belong to fields, findable errors, nothing the policy refuses."""

import re
import time
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string

from tests.web.component_app import POLICY, ROOT, SAMPLES, create_component_app, page_for

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "platform/spreekbuis/web/static"
QUICK_EXIT = "https://www.vlaanderen.be/"
OWN_TEMPLATES = [*sorted((TEMPLATES / "base").glob("*.html")), *sorted((TEMPLATES / "parts").glob("*.html"))]
VOID = {"meta", "link", "input", "br", "hr", "img"}
DRAWN = {"path", "circle", "rect", "line"}


class Document(HTMLParser):
    """The elements of a page, with their attributes, text and ancestors."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[dict] = []
        self.open: list[dict] = []
        self.unbalanced: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        element = {"tag": tag, "attrs": dict(attrs), "names": names, "text": "", "inside": [*self.open]}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1]["tag"] != tag:
            self.unbalanced.append(tag)
            return
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag: str) -> list[dict]:
        return [element for element in self.elements if element["tag"] == tag]

    def by_id(self, name: str) -> dict:
        found = [element for element in self.elements if element["attrs"].get("id") == name]
        assert len(found) == 1, f"{len(found)} elements with id {name!r}"
        return found[0]


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_component_app()


@pytest.fixture
def draw(app):
    """Render a snippet of a template, as a page would, and return its document."""

    def _draw(snippet: str, **values) -> Document:
        with app.test_request_context("/"):
            return Document(render_template_string(snippet, page=page_for("desk"), **values))

    return _draw


@pytest.fixture(scope="module", params=["reporter", "desk"])
def gallery(request, app) -> Document:
    answer = app.test_client().get(f"/{request.param}")
    assert answer.status_code == 200
    return Document(answer.get_data(as_text=True))


FORMS = (
    '{% from "parts/forms.html" import field, textarea, select, picks, checks, cards, checkbox, date_field,'
    " file, button, post_button, error_summary %}"
)


# a field and its words


def test_a_label_belongs_to_its_field(draw):
    page = draw(
        FORMS + "{{ field('name', 'Naam') }}{{ textarea('story', 'Verhaal') }}"
        "{{ select('unit', 'Entiteit', []) }}{{ file('paper', 'Bestand') }}"
    )
    assert [label["attrs"]["for"] for label in page.all("label")] == ["name", "story", "unit", "paper"]
    for label in page.all("label"):
        assert page.by_id(label["attrs"]["for"])["attrs"]["name"] == label["attrs"]["for"]


def test_a_field_is_described_by_its_hint_and_then_its_error(draw):
    page = draw(FORMS + "{{ field('code', 'Code', hint='Acht woorden.', error='Vul de code in.') }}")
    field = page.by_id("code")["attrs"]
    assert field["aria-describedby"] == "code-hint code-error"
    assert field["aria-invalid"] == "true"
    assert page.by_id("code-hint")["text"] == "Acht woorden."
    assert page.by_id("code-error")["text"] == "Fout: Vul de code in."


def test_a_field_without_hint_or_error_describes_nothing(draw):
    field = draw(FORMS + "{{ field('code', 'Code') }}").by_id("code")["attrs"]
    assert "aria-describedby" not in field
    assert "aria-invalid" not in field


def test_a_field_gives_back_what_was_typed_and_escapes_it(draw):
    typed = '"><script>alert(1)</script>'
    page = draw(
        FORMS + "{{ field('name', 'Naam', typed) }}{{ textarea('story', 'Verhaal', typed) }}", typed=typed
    )
    assert page.by_id("name")["attrs"]["value"] == typed
    assert page.by_id("story")["text"].strip("\n") == typed
    assert not page.all("script")


def test_a_long_text_keeps_its_first_empty_line(draw):
    # a browser drops one line break right after <textarea>, so the macro writes one for it
    assert (
        draw(FORMS + "{{ textarea('story', 'Verhaal', text) }}", text="\nNa een lege regel").by_id("story")[
            "text"
        ]
        == "\n\nNa een lege regel"
    )


def test_a_password_is_never_given_back(draw):
    page = draw(FORMS + "{{ field('secret', 'Wachtwoord', 'kastanje', type='password') }}")
    assert "value" not in page.by_id("secret")["attrs"]


def test_what_may_be_skipped_says_so_and_a_filter_says_nothing(draw):
    page = draw(
        FORMS
        + "{{ field('a', 'A') }}{{ field('b', 'B', required=false) }}{{ field('c', 'C', required=none) }}"
    )
    assert [label["text"] for label in page.all("label")] == ["A", "B (mag je overslaan)", "C"]
    assert [element["attrs"].get("aria-required") for element in page.all("input")] == ["true", None, None]


def test_an_attribute_that_is_false_stays_away(draw):
    page = draw(
        FORMS
        + "{{ field('a', 'A', attrs={'disabled': false, 'readonly': true, 'maxlength': 4, 'list': none}) }}"
    )
    attrs = page.by_id("a")["attrs"]
    assert (attrs["readonly"], attrs["maxlength"]) == (None, "4")
    assert not {"disabled", "list"} & set(attrs)


def test_a_zero_is_a_value(draw):
    assert draw(FORMS + "{{ field('days', 'Dagen', 0) }}").by_id("days")["attrs"]["value"] == "0"


@pytest.mark.parametrize("chosen", [2, "2"])
def test_a_choice_stays_chosen_whether_it_comes_from_the_form_or_the_database(draw, chosen):
    options = [(1, "Een"), (2, "Twee"), (22, "Tweeëntwintig")]
    page = draw(
        FORMS + "{{ select('a', 'A', options, chosen) }}{{ picks('b', 'B', options, chosen) }}"
        "{{ checks('c', 'C', options, [chosen]) }}",
        options=options, chosen=chosen,
    )  # fmt: skip
    assert [option["attrs"]["value"] for option in page.all("option") if "selected" in option["attrs"]] == [
        "2"
    ]
    assert [element["attrs"]["id"] for element in page.all("input") if "checked" in element["attrs"]] == [
        "b-2",
        "c-2",
    ]


def test_nothing_is_chosen_before_somebody_chooses(draw):
    page = draw(
        FORMS + "{{ select('a', 'A', [('x', 'X')], none, empty='Kies') }}"
        "{{ picks('b', 'B', [('x', 'X')], none) }}{{ cards('c', 'C', [{'value': 'x', 'label': 'X'}]) }}"
    )
    assert not [element for element in page.elements if {"selected", "checked"} & set(element["attrs"])]
    assert page.all("option")[0]["attrs"]["value"] == ""


GROUPS = [
    "picks('topic', 'Onderwerp', [('a', 'A'), ('b', 'B')]",
    "checks('topic', 'Onderwerp', [('a', 'A')]",
    "cards('topic', 'Onderwerp', [{'value': 'a', 'label': 'A'}]",
    "date_field('topic', 'Onderwerp'",
]


@pytest.mark.parametrize("macro", GROUPS)
def test_a_group_has_a_legend_and_its_error_and_can_be_reached_from_the_summary(draw, macro):
    page = draw(
        FORMS + "{{ error_summary({'topic': 'Kies iets.'}) }}{{ " + macro + ", error='Kies iets.') }}"
    )
    group = page.by_id("topic")
    assert group["tag"] == "fieldset"
    assert group["attrs"]["tabindex"] == "-1"
    assert page.all("legend")[0]["text"].strip() == "Onderwerp"
    assert page.by_id("topic-error")["text"] == "Fout: Kies iets."
    if "date_field" not in macro:
        assert group["attrs"]["aria-describedby"] == "topic-error"
    assert [link["attrs"]["href"] for link in page.all("a")] == ["#topic"]


def test_every_option_carries_its_own_explanation(draw):
    page = draw(
        FORMS + "{{ picks('how', 'Hoe?', [('phone', 'Telefoon', 'Wij bellen je.'), ('web', 'Website')]) }}"
    )
    phone, web = page.all("input")
    assert page.by_id(phone["attrs"]["aria-describedby"])["text"] == "Wij bellen je."
    assert "aria-describedby" not in web["attrs"]


def test_a_follow_up_question_is_named_by_the_option_that_shows_it(draw):
    page = draw(
        FORMS
        + "{{ picks('how', 'Hoe?', [('phone', 'Telefoon'), ('web', 'Website')], shows={'phone': 'a'}) }}"
    )
    assert [element["attrs"].get("data-shows") for element in page.all("input")] == ["a", None]


def test_the_summary_counts_and_links_and_keeps_its_promise(draw):
    page = draw(
        FORMS + "{{ error_summary(errors) }}", errors={"name": "Vul je naam in.", "": "De pagina was te oud."}
    )
    summary = page.by_id("summary")
    assert summary["attrs"]["role"] == "alert"
    assert "Kijk nog 2 dingen na" in summary["text"]
    assert "Wat je al schreef, is er nog." in summary["text"]
    assert [(link["attrs"]["href"], link["text"]) for link in page.all("a")] == [("#name", "Vul je naam in.")]


def test_no_errors_no_summary(draw):
    assert not draw(FORMS + "{{ error_summary({}) }}").elements


def test_a_form_sends_the_token_of_its_page(draw):
    page = draw(
        '{% from "parts/forms.html" import csrf with context %}{{ csrf() }}'
        + FORMS
        + "{{ post_button('Stop', '/stop', token=page.csrf) }}"
    )
    tokens = [element["attrs"] for element in page.all("input")]
    assert [(each["type"], each["name"], each["value"]) for each in tokens] == [
        ("hidden", "csrf", "token-1")
    ] * 2


# the other parts


def test_a_notice_takes_text_or_a_block_and_is_read_aloud_on_request(draw):
    page = draw(
        '{% from "parts/notices.html" import notice %}{{ notice("ok", "Bewaard.", live=true) }}'
        '{{ notice("stop", "Mislukt.", live=true) }}'
        '{% call notice("info", title="Let op.") %}<p>Meer uitleg.</p>{% endcall %}'
    )
    boxes = [element for element in page.all("div") if "notice" in element["attrs"].get("class", "").split()]
    assert [box["attrs"].get("role") for box in boxes] == ["status", "alert", None]
    assert [" ".join(box["text"].split()) for box in boxes] == ["Bewaard.", "Mislukt.", "Let op.Meer uitleg."]


def test_steps_say_where_you_are_and_only_done_steps_are_links(draw):
    page = draw('{% from "parts/steps.html" import steps %}{{ steps(items, 2) }}',
                items=[{"label": name, "url": f"#{name}"} for name in ("a", "b", "c")])  # fmt: skip
    assert [link["attrs"]["href"] for link in page.all("a")] == ["#a"]
    assert [item["attrs"].get("aria-current") for item in page.all("li")] == [None, "step", None]
    assert [item["text"] for item in page.all("li")] == ["a (klaar)", "Stap 2 van 3: b", "c"]


def test_an_internal_note_is_never_drawn_as_a_message(draw):
    page = draw('{% from "parts/talk.html" import talk %}{{ talk(messages) }}', messages=SAMPLES["messages"])
    assert [item["attrs"].get("class") for item in page.all("li") if item["inside"][-1]["tag"] == "ol"] == [
        None, "is-own", "is-fact", "is-ask", "is-note",
    ]  # fmt: skip


def test_a_chart_always_has_its_table_and_hides_a_hidden_number(draw):
    rows = [("Scholen", 111), ("Federaal", None, "< 5"), ("Nul", 0)]
    for name in ("bar_chart", "line_chart"):
        page = draw(
            '{% from "parts/figures.html" import '
            + name
            + " as chart %}{{ chart('c', 'Signalen', rows, 'Niveau', 'Aantal') }}",
            rows=rows,
        )
        assert [cell["text"] for cell in page.all("td")] == ["111", "< 5", "0"]
        assert [cell["text"] for cell in page.all("th")] == ["Niveau", "Aantal", "Scholen", "Federaal", "Nul"]
        assert page.by_id("c")["text"] == "Signalen"
        assert not [element for element in page.elements if "None" in element["attrs"].values()]


@pytest.mark.parametrize("rows", [[], [("2025", 0)], [("2025", None, "–")]])
@pytest.mark.parametrize("name", ["bar_chart", "line_chart"])
def test_a_chart_survives_having_nothing_to_show(draw, name, rows):
    draw(
        '{% from "parts/figures.html" import '
        + name
        + " as chart %}{{ chart('c', 'Signalen', rows, 'Niveau', 'Aantal') }}",
        rows=rows,
    )


def test_a_hidden_cell_has_words_for_who_cannot_see_it(draw):
    page = draw(
        '{% from "parts/figures.html" import count_cell %}{{ count_cell("< 5", "small") }}'
        '{{ count_cell("", "hidden") }}{{ count_cell("", "never") }}{{ count_cell("12") }}'
    )
    assert [cell["text"] for cell in page.all("td")] == [
        "< 5klein aantal, niet getoond",
        "…verborgen",
        "–kan niet voorkomen",
        "12",
    ]


def test_the_words_of_a_receipt_are_not_translated(draw):
    page = draw('{% from "parts/receipt.html" import receipt %}{{ receipt(["anker", "duinpad"]) }}')
    assert page.by_id("receipt-words")["attrs"]["translate"] == "no"
    assert [item["text"] for item in page.all("li")] == ["anker", "duinpad"]


def test_work_without_a_known_end_has_no_value(draw):
    page = draw(
        '{% from "parts/progress.html" import progress %}{{ progress("a", "Lezen") }}'
        '{{ progress("b", "Maken", 0, 14, "0 van 14") }}'
    )
    unknown, known = page.all("progress")
    assert "value" not in unknown["attrs"]
    assert (known["attrs"]["value"], known["attrs"]["max"], known["text"]) == ("0", "14", "0 van 14")
    assert known["attrs"]["aria-labelledby"] == "b-label"


def test_an_unknown_icon_is_an_error(draw):
    with pytest.raises(Exception, match="no attribute 'unicorn'"):
        draw('{% from "parts/icons.html" import icon %}{{ icon("unicorn") }}')


# the frames


def test_a_page_starts_with_a_way_to_its_content(gallery):
    links = gallery.all("a")
    assert links[0]["attrs"] == {"class": "skip", "href": "#inhoud"}
    assert gallery.by_id("inhoud")["tag"] == "main"
    assert len(gallery.all("main")) == len(gallery.all("h1")) == 1


def test_every_id_is_used_once_and_every_reference_exists(gallery):
    ids = Counter(element["attrs"]["id"] for element in gallery.elements if "id" in element["attrs"])
    assert not {name: count for name, count in ids.items() if count > 1}
    for element in gallery.elements:
        for name in ("aria-describedby", "aria-labelledby", "for"):
            for target in element["attrs"].get(name, "").split():
                assert target in ids, f"{element['tag']} points to {target!r}"


def test_every_input_has_a_name_for_people(gallery):
    labelled = {label["attrs"].get("for") for label in gallery.all("label")}
    for element in gallery.elements:
        if element["tag"] in {"input", "select", "textarea"} and element["attrs"].get("type") != "hidden":
            wrapped = any(ancestor["tag"] == "label" for ancestor in element["inside"])
            assert wrapped or element["attrs"]["id"] in labelled, element["attrs"]


def test_the_pages_are_well_formed(gallery):
    assert not gallery.unbalanced
    assert not [
        element for element in gallery.elements if len(element["names"]) != len(set(element["names"]))
    ]


def test_every_landmark_of_a_kind_has_its_own_label(gallery):
    labels = [nav["attrs"]["aria-label"] for nav in gallery.all("nav")]
    assert len(labels) == len(set(labels))


def test_headings_skip_no_level(gallery):
    levels = [
        int(element["tag"][1]) for element in gallery.elements if re.fullmatch(r"h[1-6]", element["tag"])
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_drawings_are_hidden_from_who_listens(gallery):
    for drawing in gallery.all("svg"):
        hidden = [drawing, *drawing["inside"]]
        assert any(element["attrs"].get("aria-hidden") == "true" for element in hidden)


def test_nothing_that_the_policy_refuses(gallery):
    for element in gallery.elements:
        assert element["tag"] != "style"
        assert "style" not in element["attrs"], element
        assert not [name for name in element["attrs"] if name.startswith("on")], element
        for name, value in element["attrs"].items():
            assert not (value or "").lower().startswith(("data:", "javascript:")), (name, value)
            if name in {"href", "src", "action"} and re.match(r"(https?:)?//", value or ""):
                assert value == QUICK_EXIT
    for script in gallery.all("script"):
        assert script["attrs"]["src"].startswith("/static/")
        assert script["text"] == ""


def test_the_reporter_can_leave_at_once(app):
    page = Document(app.test_client().get("/reporter").get_data(as_text=True))
    exits = [link for link in page.all("a") if link["attrs"].get("class") == "exit"]
    assert [(link["attrs"]["href"], link["text"]) for link in exits] == [(QUICK_EXIT, "Verlaat deze site")]
    assert "noreferrer" in exits[0]["attrs"]["rel"]


def test_both_frames_offer_every_language_and_mark_the_current_one(gallery):
    links = [link for link in gallery.all("a") if "hreflang" in link["attrs"]]
    assert [link["attrs"]["hreflang"] for link in links] == ["nl", "en", "fr", "de"]
    assert [link["attrs"]["lang"] for link in links if "aria-current" in link["attrs"]] == ["nl"]
    assert gallery.all("html")[0]["attrs"]["lang"] == "nl"


def test_signing_out_is_a_form_with_a_token(app):
    page = Document(app.test_client().get("/desk").get_data(as_text=True))
    (form,) = [form for form in page.all("form") if form["attrs"]["action"] == "/sign-out"]
    assert form["attrs"]["method"] == "post"
    assert [each["attrs"]["name"] for each in page.all("input") if form in each["inside"]] == ["csrf"]


@pytest.mark.parametrize("frame", ["reporter", "desk"])
def test_a_frame_stands_without_account_entity_menu_or_notice(app, frame):
    bare = page_for("reporter")
    bare.entity = bare.account = bare.notice = None
    bare.role_label, bare.menu = "", []
    with app.test_request_context("/"):
        page = Document(render_template(f"base/{frame}.html", page=bare))
    assert not page.all("details")
    assert not [element for element in page.elements if "tenant" in element["attrs"].get("class", "").split()]


def test_the_central_office_stands_for_all_entities(app):
    central = page_for("desk")
    central.entity = None
    with app.test_request_context("/"):
        page = Document(render_template("base/desk.html", page=central))
    (block,) = [element for element in page.all("div") if element["attrs"].get("class") == "tenant"]
    assert "Alle entiteiten" in block["text"]


def test_a_name_in_the_header_is_escaped(app):
    page = page_for("desk")
    page.entity.name = "<b>Omgeving</b>"
    with app.test_request_context("/"):
        assert "&lt;b&gt;Omgeving" in render_template("base/desk.html", page=page)


# the sources


@pytest.mark.parametrize("path", OWN_TEMPLATES, ids=lambda path: path.name)
def test_no_words_on_screen_escape_translation(path: Path):
    source = path.read_text("utf-8")
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|<!doctype html>", " ", source, flags=re.DOTALL)
    source = re.sub(r"\{\{.*?\}\}", "", source, flags=re.DOTALL)
    source = re.sub(r'[\w-]+="[^"]*"|page--\w+', " ", source)  # what only ever stands inside a tag
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"<[^>]*>", " ", source))
    assert set(words) <= {"Spreekbuis", "VO"}


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)
def test_style_sheets_fetch_nothing(path: Path):
    source = path.read_text("utf-8")
    assert "url(" not in source
    assert "@import" not in source
    assert source.count("{") == source.count("}")


def test_every_follow_up_word_of_the_style_sheet_is_documented():
    known = set(re.findall(r"data-shows~=(\w+)\]", (STATIC / "components.css").read_text("utf-8")))
    note = (TEMPLATES / "parts/forms.html").read_text("utf-8").split("#}")[0]
    told = note.split("Words known to the style sheet:")[1]
    first, last = map(int, re.search(r"q(\d+) to q(\d+)", told).groups())
    counted = {f"q{number}" for number in range(first, last + 1)}
    assert known <= counted | set(re.findall(r"\w+", told))


def test_every_page_of_parts_is_drawn_fast(app):
    with app.test_request_context("/"):
        values = {"page": page_for("desk"), "frame": "base/desk.html", **SAMPLES}
        render_template("gallery.html", **values)
        took = []
        for _ in range(20):
            start = time.perf_counter()
            render_template("gallery.html", **values)
            took.append(time.perf_counter() - start)
    assert (
        min(took) < 0.02
    )  # all parts at once, some forty times what a page needs; an ordinary page takes under 2 ms


def test_the_gallery_answers_under_the_policy_of_the_product(app):
    assert app.test_client().get("/desk").headers["Content-Security-Policy"] == POLICY
