"""The key of a case: each text opens in its own field, of its own case, and nowhere else."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.vault.content import ContentKey
from spreekbuis.vault.sealing import CannotOpen, new_secret

ENTITY, CASE, SECRET = UUID(int=1), UUID(int=2), bytes(range(32))
KEY = ContentKey(ENTITY, CASE, SECRET)


@given(st.text(), st.text(max_size=30))
def test_every_text_comes_back_as_it_was(text: str, field: str):
    text = text.encode("utf-8", "ignore").decode()
    field = field.encode("utf-8", "ignore").decode()
    assert KEY.open(field, KEY.seal(field, text)) == text


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (ContentKey(ENTITY, UUID(int=9), SECRET), "message/1"),
        (ContentKey(CASE, ENTITY, SECRET), "message/1"),
        (KEY, "message/2"),
        (KEY, "message"),
        (ContentKey(ENTITY, CASE, new_secret()), "message/1"),
    ],
    ids=["another case", "swapped", "another message", "another field", "another key"],
)
def test_a_text_that_was_moved_never_opens(key: ContentKey, field: str):
    sealed = KEY.seal("message/1", "wat niemand anders mag lezen")
    with pytest.raises(CannotOpen):
        key.open(field, sealed)


def test_a_case_that_moves_to_another_entity_opens_as_before():
    sealed = KEY.seal("message/1", "wat het loket las")
    assert ContentKey(UUID(int=9), CASE, SECRET).open("message/1", sealed) == "wat het loket las"


def test_the_key_of_a_file_is_bound_like_a_text():
    sealed = KEY.seal_key("attachment/1/content", SECRET)
    assert KEY.open_key("attachment/1/content", sealed) == SECRET
    with pytest.raises(CannotOpen):
        KEY.open_key("attachment/2/content", sealed)


def test_a_key_is_not_shown_by_printing():
    assert SECRET.hex() not in repr(KEY)
    assert str(SECRET) not in f"{KEY!r} {KEY}"
