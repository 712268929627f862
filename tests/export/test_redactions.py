"""What is left out is in no layer of the document, and in the database nobody reads where it stands."""

import io
import re
import zlib
from contextlib import suppress
from itertools import pairwise

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.checks import Moment
from spreekbuis.cases.dialogue import read_dialogue, write_message
from spreekbuis.cases.exclusion import exclude
from spreekbuis.cases.export.matching import (
    as_read,
    contact_patterns,
    name_patterns,
    passage_pattern,
    places_of,
)
from spreekbuis.cases.export.models import Redaction, RedactionPassage
from spreekbuis.cases.export.redactions import Mark, Why, joined, leave_out_passage, pieces, rules_of
from spreekbuis.cases.finding import case_for
from spreekbuis.cases.tasks import Sign, answer_check
from spreekbuis.db.base import new_id
from spreekbuis.directory.catalogue import DeskKind, ExclusionReason
from spreekbuis.documents.pdf import as_pdf
from spreekbuis.errors import Invalid
from spreekbuis.web.access import Role
from tests.documents.reading import text_of
from tests.keeping.conftest import Desk


def page(desk: Desk, case_id) -> str:
    return desk.browser(desk.one).get(desk.url(case_id, "file/redacted")).text


def post(desk: Desk, case_id, action: str, **form):
    return desk.browser(desk.one).post(desk.url(case_id, f"file/redacted/{action}"), form)


def seen(shown: str) -> str:
    """What the page says that was looked at."""
    return re.search(r'name="seen" value="([0-9a-f]{64})"', shown)[1]


def downloaded(desk: Desk, case_id) -> bytes:
    answer = post(desk, case_id, "download", seen=seen(page(desk, case_id)))
    assert answer.mimetype == "application/pdf"
    return answer.data


def everything_in(content: bytes) -> str:
    """The text as it is shown, and every stream and string of the file, opened."""
    found = [text_of(content), content.decode("latin-1")]
    with pikepdf.open(io.BytesIO(content)) as document:
        for each in document.objects:
            if isinstance(each, pikepdf.Stream) and "/FontDescriptor" not in str(each.keys()):
                raw = each.read_raw_bytes()
                with suppress(zlib.error):
                    raw = zlib.decompress(raw)
                found += [raw.decode("latin-1"), raw.decode("utf-16-be", "ignore")]
    return "\n".join(found)


def test_what_is_left_out_is_in_no_layer_of_the_document(desk):
    case_id, _, _ = desk.closed_case()
    whole = downloaded(desk, case_id)
    assert "offertes" in text_of(whole)
    assert "wouterloot" not in everything_in(whole).casefold(), (
        "the name of the reporter, without being asked"
    )
    post(desk, case_id, "passage", passage="offertes", why="third_person")
    content = downloaded(desk, case_id)
    text = everything_in(content)
    assert "offertes" not in text.casefold()
    assert "[weggelaten: gegevens van iemand anders]" in text_of(content).replace("\n", " ")
    assert "goed van zijn eigen firma" in text_of(content).replace("\n", " ")
    for never in ("Een interne gedachte", "Belde over", "Testaccount", "lijst.txt", "Goed geholpen"):
        assert never not in text


def test_name_and_contact_data_of_the_reporter_go_unasked(desk):
    case_id, _, _ = desk.closed_case()
    text = text_of(downloaded(desk, case_id)).replace("\n", " ")
    assert "wouterloot" not in text.casefold()
    assert "[weggelaten: identiteit van de melder]" in text


def hidden_by(patterns, text: str) -> str:
    marks = joined(Mark(*place, Why.REPORTER) for place in places_of(patterns, text))
    return "".join("#" if piece.why else piece.text for piece in pieces(text, marks))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Groet, Annsofie", "Groet, #"),
        ("Groet, Ann Sofie en A. De Smet", "Groet, # # en A. De #"),
        ("ÁNN-SOFIE de\u00a0Smet", "#"),
        ("A\u00adnn\u200bsofie", "#"),
        ("Anders, Johann", "Anders, Johann"),
    ],
)
def test_a_name_is_found_however_it_is_joined(text, shown):
    assert hidden_by(name_patterns("Ann-Sofie de Smet"), text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bel 0478 12 34 56 of annsofie@x.be.", "Bel # of #."),
        ("+32 478/12.34.56, ANNSOFIE@X.BE", "#, #"),
        ("0032(0)478123456", "#"),
        ("04781234567", "04781234567"),  # one digit more is another number
        ("x047812345", "x047812345"),
        ("vraag naar annsofie", "vraag naar #"),
        ("in lokaal 12 of lokaal  13", "in # of lokaal  13"),
    ],
)
def test_contact_data_are_found_one_by_one_however_they_are_written(text, shown):
    assert hidden_by(contact_patterns("0478/12.34.56, annsofie@x.be, lokaal 12"), text) == shown


def test_what_nobody_sees_hides_no_name(desk):
    case_id, key, _ = desk.open_case()
    with desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        write_message(
            case, key, author="reporter", text="Wouter\u00adloot, Wou\u200bterloot, Wouterl\u00f6o\u0301t"
        )
    post(desk, case_id, "passage", passage="wouterloot", why="third_person")
    assert "outerl" not in everything_in(downloaded(desk, case_id)).casefold()


def test_what_comes_later_is_left_out_too_and_goes_out_only_when_it_was_looked_at(desk):
    case_id, key, _ = desk.open_case()
    post(desk, case_id, "passage", passage="offertes", why="third_person")
    before = seen(page(desk, case_id))
    with desk.inside():
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        write_message(case, key, author="reporter", text="Nog over de offertes van de buur")
    answer = post(desk, case_id, "download", seen=before)
    assert answer.status_code == 409
    assert "Er kwam een bericht bij" in answer.text
    text = text_of(downloaded(desk, case_id))
    assert "buur" in text
    assert "offertes" not in text


def test_nothing_tells_what_was_asked_agreed_or_feared_nor_who_may_not_see_the_case(desk):
    third = desk.world.member(desk.entity, Role.HANDLER, DeskKind.INTEGRITY)
    case_id, key, _ = desk.closed_case()
    with desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        answer_check(case, key, Moment.CLOSED, Sign.SIGNS, "weggepest")
        exclude(case, key, third, ExclusionReason.NAMED)
    text = text_of(downloaded(desk, case_id))
    for never in (
        "Gevolgen",
        "gevolgen",
        "Score",
        "niet zien",
        "Kanaal",
        "Telefoon",
        "Spreekplicht",
        "toestemming",
    ):
        assert never not in text
    assert not re.search(r"\d\d:\d\d", text.rpartition("Gesprek")[2]), "days, not minutes"


def test_a_word_of_every_sentence_is_refused(desk):
    case_id, key, _ = desk.open_case()
    with desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        write_message(case, key, author="reporter", text="de " * 600)
    answer = post(desk, case_id, "passage", passage="de", why="secret")
    assert answer.status_code == 422
    assert "Neem een langer stuk over" in answer.text


def test_addresses_that_stay_are_listed_to_look_at(desk):
    case_id, key, _ = desk.open_case()
    with desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        write_message(
            case, key, author="reporter", text="Schrijf iemand@voorbeeld.example of bel 02 553 00 00."
        )
    listed = page(desk, case_id).partition("Dit staat er nog in")[2]
    assert "iemand@voorbeeld.example" in listed
    assert "02 553 00 00" in listed


def test_a_passage_can_be_taken_back_and_a_place_shown_all_the_same(desk):
    case_id, key, _ = desk.closed_case()
    post(desk, case_id, "passage", passage="offertes", why="secret")
    with desk.inside():
        case = case_for(set(desk.entity.desks.values()), case_id)
        rules = rules_of(case, key)
        first = read_dialogue(key, internal=False)[0]
        start = next(mark.start for mark in rules.marks(first) if mark.why is Why.SECRET)
        passage = rules.passages[0].id
    post(desk, case_id, "show", message_id=str(first.id), start=str(start))
    assert "offertes" in text_of(downloaded(desk, case_id))
    post(desk, case_id, "passage", passage="offertes", why="secret")
    assert "offertes" not in text_of(downloaded(desk, case_id)), "asked again, it is left out again"
    for _ in range(2):
        assert post(desk, case_id, "passage/forget", passage_id=str(passage)).status_code == 303
    assert "offertes" in text_of(downloaded(desk, case_id))


@given(st.text(max_size=80), st.data())
def test_a_place_in_what_is_read_is_a_place_in_what_was_written(text, data):
    read = as_read(text)
    for place in range(len(read.text)):
        start, end = read.span(place, place + 1)
        assert 0 <= start < end <= len(text)
    if read.text:
        start = data.draw(st.integers(0, len(read.text) - 1))
        end = data.draw(st.integers(start + 1, len(read.text)))
        written = slice(*read.span(start, end))
        assert read.text[start:end] in as_read(text[written]).text


def test_a_passage_of_one_letter_is_none():
    assert passage_pattern(" a ") is None
    assert passage_pattern("\u200b\u200b\u200b") is None


def test_a_whole_message_can_be_left_out_and_shown_again(desk):
    case_id, key, _ = desk.closed_case()
    with desk.inside():
        first, second, *_ = read_dialogue(key, internal=False)
    answer = post(desk, case_id, "message", message_id=str(first.id), **{f"why_{first.id}": "secret"})
    assert answer.status_code == 303
    text = text_of(downloaded(desk, case_id)).replace("\n", " ")
    assert "offertes" not in text
    assert second.text in text
    post(desk, case_id, "show", message_id=str(first.id), start="0")
    assert "offertes" in text_of(downloaded(desk, case_id)).replace("\n", " ")


def test_a_note_cannot_be_reached_and_a_message_of_another_case_neither(desk):
    case_id, key, _ = desk.closed_case()
    _, other_key, _ = desk.closed_case()
    with desk.inside():
        note = next(m for m in read_dialogue(key, internal=True) if m.internal)
        strange = read_dialogue(other_key, internal=False)[0]
    for message_id in (note.id, strange.id, new_id()):
        answer = post(desk, case_id, "message", message_id=str(message_id), **{f"why_{message_id}": "secret"})
        assert answer.status_code == 404
    for wrong in ("", "x"):
        assert post(desk, case_id, "message", message_id=wrong, why="secret").status_code == 422


@pytest.mark.parametrize(
    ("passage", "why", "words"),
    [
        ("", "secret", "Vul dit in."), ("k", "secret", "Schrijf minstens 2 tekens."), ("collega", "", "Kies een"),
        ("collega", "because", "Kies een"), ("staat er niet", "secret", "Dit staat nergens in het gesprek."),
    ],
)  # fmt: skip
def test_what_cannot_be_left_out_is_said_and_kept(desk, passage, why, words):
    case_id, _, _ = desk.closed_case()
    answer = post(desk, case_id, "passage", passage=passage, why=why)
    assert answer.status_code == 422
    assert words in answer.text
    assert f"{passage}</textarea>" in answer.text


@pytest.mark.parametrize(
    ("passage", "shown"),
    [
        ("COLLEGA", "Mijn # Wouterloot keurt offertes goed van zijn eigen firma."),
        ("coll", "Mijn # Wouterloot keurt offertes goed van zijn eigen firma."),
        ("lega", None),  # the middle of a word is no name
        ("collega\n  wouterloot", "Mijn # keurt offertes goed van zijn eigen firma."),
        ("firma.", "Mijn collega Wouterloot keurt offertes goed van zijn eigen #"),
    ],
)
def test_a_passage_is_found_whatever_its_capitals_and_line_breaks_to_the_end_of_the_word(
    desk, passage, shown
):
    case_id, key, _ = desk.closed_case()
    with desk.inside(desk.one):
        case = case_for(set(desk.entity.desks.values()), case_id, lock=True)
        if shown is None:
            with pytest.raises(Invalid):
                leave_out_passage(case, key, passage, Why.SECRET)
            return
        leave_out_passage(case, key, passage, Why.SECRET)
        first = read_dialogue(key, internal=False)[0]
        cut = rules_of(case, key).pieces(first)
        shown_now = "".join("#" if piece.why is Why.SECRET else piece.text for piece in cut)
        assert shown_now == shown


def test_the_page_shows_bars_and_lets_take_them_away(desk):
    case_id, _, _ = desk.closed_case()
    post(desk, case_id, "passage", passage="offertes", why="third_person")
    shown = page(desk, case_id)
    assert '<span class="left-out">[weggelaten: gegevens van iemand anders]</span>' in shown
    assert "2 weggelaten passages" in shown, "the reporter's name, and what was asked"
    before = shown.count("left-out")
    assert post(desk, case_id, "passage", passage="offertes", why="secret").status_code == 303
    assert page(desk, case_id).count("left-out") == before


def test_marks_are_sealed_and_the_trail_counts_them_only(desk):
    case_id, _, _ = desk.closed_case()
    post(desk, case_id, "passage", passage="Wouterloot", why="third_person")
    with desk.inside() as session:
        sealed = [*session.scalars(select(RedactionPassage.passage_sealed))]
        assert len(sealed) == 1
        assert b"third" not in sealed[0]
        assert session.scalars(select(Redaction)).all() == []
        events = session.scalars(select(AuditEvent).where(AuditEvent.kind == "case.redacted")).all()
        assert [event.data for event in events] == [{"places": 2}]


MARKS = st.lists(
    st.builds(
        lambda start, length, why: Mark(start, start + length, why),
        st.integers(0, 30), st.integers(1, 10), st.sampled_from(Why),
    )
)  # fmt: skip


@given(MARKS)
def test_joined_marks_hide_the_same_characters_and_do_not_overlap(marks):
    found = joined(marks)
    hidden = {place for mark in marks for place in range(mark.start, mark.end)}
    assert {place for mark in found for place in range(mark.start, mark.end)} == hidden
    assert all(one.end <= two.start for one, two in pairwise(found))
    text = "".join(chr(0x4E00 + n) for n in range(50))
    cut = list(pieces(text, found))
    assert "".join(piece.text for piece in cut) == text
    assert not {ord(c) - 0x4E00 for piece in cut if piece.why is None for c in piece.text} & hidden


def test_the_test_itself_finds_a_text_that_is_there(desk):
    from datetime import UTC, datetime

    from spreekbuis.documents.blocks import Document, Paragraph

    made = as_pdf(Document("x", "", "nl", datetime(2026, 1, 1, tzinfo=UTC), [Paragraph("geheim Wouterloot")]))
    assert "wouterloot" in everything_in(made).casefold()
