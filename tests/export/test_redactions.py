"""What is left out is in no layer of the document, and in the database nobody reads where it stands."""

import io
import zlib
from contextlib import suppress
from itertools import pairwise

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from spreekbuis.audit.models import AuditEvent
from spreekbuis.cases.dialogue import read_dialogue
from spreekbuis.cases.export.models import Redaction
from spreekbuis.cases.export.redactions import Mark, Why, joined, marks_of, pieces, redact_passage
from spreekbuis.cases.finding import case_for
from spreekbuis.db.base import new_id
from spreekbuis.documents.pdf import as_pdf
from spreekbuis.errors import Invalid
from tests.documents.reading import text_of
from tests.keeping.conftest import Desk


def page(desk: Desk, case_id) -> str:
    return desk.browser(desk.one).get(desk.url(case_id, "file/redacted")).text


def post(desk: Desk, case_id, action: str, **form):
    return desk.browser(desk.one).post(desk.url(case_id, f"file/redacted/{action}"), form)


def downloaded(desk: Desk, case_id) -> bytes:
    answer = post(desk, case_id, "download")
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


def test_name_and_contact_data_of_the_reporter_go_everywhere_at_once(desk):
    case_id, _, _ = desk.closed_case()
    post(desk, case_id, "reporter")
    text = text_of(downloaded(desk, case_id)).replace("\n", " ")
    assert "Wouterloot" not in text
    assert "wouterloot" not in text
    assert "[weggelaten: identiteit van de melder]" in text


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
                redact_passage(case, key, passage, Why.SECRET)
            return
        redact_passage(case, key, passage, Why.SECRET)
        first = read_dialogue(key, internal=False)[0]
        cut = pieces(first.text, marks_of(key)[first.id])
        assert "".join("#" if piece.why else piece.text for piece in cut) == shown


def test_the_page_shows_bars_and_lets_take_them_away(desk):
    case_id, _, _ = desk.closed_case()
    post(desk, case_id, "passage", passage="Wouterloot", why="third_person")
    shown = page(desk, case_id)
    assert '<span class="left-out">[weggelaten: gegevens van iemand anders]</span>' in shown
    assert "2 weggelaten passages" not in shown
    assert "1 weggelaten passage" in shown
    before = shown.count("left-out")
    assert post(desk, case_id, "passage", passage="Wouterloot", why="secret").status_code == 303
    assert page(desk, case_id).count("left-out") == before


def test_marks_are_sealed_and_the_trail_counts_them_only(desk):
    case_id, _, _ = desk.closed_case()
    post(desk, case_id, "passage", passage="Wouterloot", why="third_person")
    with desk.inside() as session:
        for sealed in session.scalars(select(Redaction.marks_sealed)):
            assert b"third" not in sealed
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
