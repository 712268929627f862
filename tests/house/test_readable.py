"""Every column of every tenant's table is sealed, or says why it is not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from spreekbuis.vault import readable


@pytest.fixture(scope="module", autouse=True)
def _models(application) -> None:
    """The application loads every table."""


def test_each_column_is_sealed_or_readable_for_one_reason():
    wrong = {
        f"{name}.{column}": why
        for name, declared in readable.tables()
        for column, why in readable.reasons(declared).items()
        if len(why) != 1
    }
    assert not wrong, "declare it Mapped[Sealed], or name it in `readable` with a reason, once"


def test_reasons_name_columns_that_exist():
    for name, declared in readable.tables():
        assert readable.reasons(declared).keys() == set(declared.__table__.columns.keys()), name


def test_a_new_column_without_a_reason_is_found():
    table = Table("forgetful", MetaData(), Column("id", Integer, primary_key=True), Column("diary", Text))
    forgetful = SimpleNamespace(__table__=table, readable={})
    assert readable.reasons(forgetful) == {"id": [readable.KEY], "diary": []}
    forgetful.readable = {"a reason": "diary", "and another": "diary"}
    assert len(readable.reasons(forgetful)["diary"]) == 2


def test_what_people_write_is_sealed():
    """The list of design: text, names and contact data, notes, names of files, comments, keys."""
    sealed = {
        f"{name}.{column}"
        for name, declared in readable.tables()
        for column, why in readable.reasons(declared).items()
        if why == [readable.SEALED]
    }
    assert sealed >= {
        "message.body_sealed", "case.reporter_sealed", "case.answers_sealed",
        "case.score_comment_sealed", "contact.note_sealed",
        "attachment.name_sealed", "attachment.key_sealed", "draft_file.name_sealed", "draft_file.key_sealed",
        "case_key.secret_sealed", "desk_key.secret_sealed", "desk_key_grant.secret_sealed",
        "recovery_share.share_sealed", "term_change.justification_sealed", "left_note.note_sealed",
    }  # fmt: skip


def test_no_free_text_column_holds_what_a_reporter_or_handler_wrote():
    """Text columns of a case and its parts take codes; the words go to sealed columns (see the test above)."""
    of_cases = {
        "case",
        "message",
        "contact",
        "attachment",
        "draft_file",
        "case_event",
        "case_reading",
        "case_key",
        "term_change",
    }
    texts = {
        f"{name}.{column.name}"
        for name, declared in readable.tables()
        if name in of_cases
        for column in declared.__table__.columns
        if column.type.python_type is str
    }
    assert texts == {
        "attachment.media_type", "attachment.storage_key", "attachment.cleaned", "case.kind", "case.topic",
        "case.category", "case.channel", "case.identity", "case.reporter_class", "case.language", "case.state",
        "case.outcome", "case.follow_up",
        "case.next_step", "case.questionnaire", "case_event.kind", "contact.channel", "message.author",
        "draft_file.media_type", "draft_file.storage_key", "draft_file.cleaned", "case.procedure",
        "term_change.step", "term_change.kind", "term_change.code", "term_change.procedure",
        "message.kind", "message.how",
    }  # fmt: skip


def test_the_document_says_what_the_tables_declare():
    document = Path(readable.__file__).with_name("READABLE.md").read_text()
    assert document == readable.document(), (
        "run `spreekbuis readable > platform/spreekbuis/vault/READABLE.md`"
    )
