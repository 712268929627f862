"""The shares of a recovery key: two give the secret, one says nothing, and each comes back from its 21 words."""

import secrets
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spreekbuis.vault.recovery_share import (
    AmbiguousWord,
    NotARecoveryShare,
    OtherKit,
    Part,
    RecoveryShare,
    combine,
    parse,
    split,
)
from spreekbuis.vault.words import LISTS
from tests.vault.test_receipt_code import LISTED, MEANINGS, one_slip

KIT = UUID("1a2b3c4d-0000-4000-8000-00000000000f")
SHARE_A = RecoveryShare(Part.A, bytes(range(32)))
SHARE_B = RecoveryShare(Part.B, bytes(range(32)))

whole = st.binary(min_size=32, max_size=32)
shares = st.builds(RecoveryShare, st.sampled_from(Part), whole)
languages = st.sampled_from(LISTS)


def typed(share: RecoveryShare, language: str = "nl") -> str:
    return " ".join(share.words(KIT, language))


@given(whole)
def test_two_shares_give_the_secret_in_either_order(secret: bytes) -> None:
    a, b = split(secret)
    assert combine(a, b) == combine(b, a) == secret


@given(whole, whole)
def test_one_share_alone_fits_every_secret(secret: bytes, other: bytes) -> None:
    """For each secret there is exactly one other share: nothing in a share prefers one secret to another."""
    for kept in split(secret):
        missing = combine(kept, other)
        assert combine(kept, missing) == other


def test_share_a_is_drawn_without_looking_at_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_bytes", lambda count: bytes(range(count)))
    assert split(bytes(32)) == (bytes(range(32)), bytes(range(32)))
    assert split(b"\xff" * 32) == (bytes(range(32)), bytes(range(255, 223, -1)))


def test_a_secret_is_split_differently_each_time() -> None:
    assert len({part for _ in range(20) for part in split(bytes(range(32)))}) == 40


@pytest.mark.parametrize("length", [0, 31, 33])
def test_secrets_and_shares_have_32_bytes(length: int) -> None:
    for wrong in (
        lambda: split(bytes(length)),
        lambda: combine(bytes(length), bytes(32)),
        lambda: combine(bytes(32), bytes(length)),
        lambda: RecoveryShare(Part.A, bytes(length)),
    ):
        with pytest.raises(ValueError, match="32 bytes"):
            wrong()


def test_known_answers_never_change() -> None:
    assert typed(SHARE_A) == (
        "aalmoes avatar afbetalen aanjagen demo afkomt bouwkunde creatieve affiche valselijk bonsai "
        "flinke ontpopt beklimmen smiley huisstijl nachtbus reboot eigenaren miezerig schnitzel"
    )
    assert typed(SHARE_B) == (
        "lynx avatar afbetalen aanjagen demo afkomt bouwkunde creatieve affiche valselijk bonsai "
        "flinke ontpopt beklimmen smiley huisstijl nachtbus reboot eigenaren midweek shortlist"
    )
    assert typed(SHARE_A, "en") == (
        "aback attitude airtight acceded consulate amassing campaign cocoa algorithm taxpayer byproduct "
        "earthen optimism bayou scanning glad modulus rafters delineate meantime reversals"
    )
    assert typed(SHARE_B, "en") == (
        "lifetime attitude airtight acceded consulate amassing campaign cocoa algorithm taxpayer byproduct "
        "earthen optimism bayou scanning glad modulus rafters delineate meanest royalist"
    )


def test_every_language_but_english_gets_the_dutch_words() -> None:
    assert typed(SHARE_A, "fr") == typed(SHARE_A, "de") == typed(SHARE_A, "nl") != typed(SHARE_A, "en")


def test_a_share_never_shows_itself() -> None:
    for shown in (repr(SHARE_A), str(SHARE_A), f"{SHARE_A}", repr([SHARE_A])):
        assert "RecoveryShare(hidden)" in shown
        assert repr(SHARE_A.share) not in shown
        assert not any(word in shown for word in SHARE_A.words(KIT, "nl"))


def test_an_error_never_shows_what_was_typed() -> None:
    with pytest.raises(NotARecoveryShare) as raised:
        parse(" ".join((*SHARE_A.words(KIT, "nl")[:-1], "geheimgeheim")), KIT)
    assert raised.value.position == 21
    assert "geheim" not in repr(raised.value) + str(raised.value)


@given(shares, st.uuids(), languages)
def test_a_share_comes_back_from_its_words(share: RecoveryShare, kit_id: UUID, language: str) -> None:
    assert parse(" ".join(share.words(kit_id, language)), kit_id) == share


@given(whole, st.uuids(), languages, languages)
def test_the_papers_of_two_officers_open_together(secret: bytes, kit_id: UUID, one: str, two: str) -> None:
    a, b = split(secret)
    papers = (
        " ".join(RecoveryShare(Part.B, b).words(kit_id, one)),
        " ".join(RecoveryShare(Part.A, a).words(kit_id, two)),
    )
    read = {share.part: share.share for share in (parse(paper, kit_id) for paper in papers)}
    assert combine(read[Part.A], read[Part.B]) == secret


@given(shares, languages, st.sampled_from(["{}. {}", "{}) {}", "{} {}", "{}{}", "  {}\t{}  "]))
def test_a_paper_typed_over_with_its_numbers_and_capitals_is_read(
    share: RecoveryShare, language: str, form: str
) -> None:
    lines = (form.format(n, word.upper()) for n, word in enumerate(share.words(KIT, language), start=1))
    assert parse("\r\n".join(lines), KIT) == share


@given(shares, languages, st.data())
def test_one_slip_in_every_word_is_put_right_or_asked_about(
    share: RecoveryShare, language: str, data: st.DataObject
) -> None:
    words = share.words(KIT, language)
    slips = [data.draw(st.sampled_from(sorted(one_slip(word)))) for word in words]
    other = next(name for name in LISTS if name != language)
    assume(not any(slip in LISTED[other] for slip in slips))  # so many slips may speak the other language
    several = [place for place, slip in enumerate(slips, start=1) if MEANINGS[language][slip] > 1]
    if several:
        with pytest.raises(NotARecoveryShare):
            parse(" ".join(slips), KIT)
    else:
        assert parse(" ".join(slips), KIT) == share


@pytest.mark.parametrize("place", [0, 10, 20])
def test_a_slip_with_several_corrections_is_asked_about(place: int) -> None:
    doubtful = min(slip for slip, meanings in MEANINGS["nl"].items() if meanings > 1 and len(slip) > 6)
    words = list(SHARE_A.words(KIT, "nl"))
    words[place] = doubtful
    with pytest.raises(AmbiguousWord) as raised:
        parse(" ".join(words), KIT)
    assert raised.value.position == place + 1
    assert set(raised.value.candidates) == {word for word in LISTED["nl"] if doubtful in one_slip(word)}


def test_a_paper_of_another_kit_is_recognised() -> None:
    with pytest.raises(OtherKit) as raised:
        parse(typed(SHARE_A), UUID(int=KIT.int ^ 1))
    assert not isinstance(raised.value, NotARecoveryShare)


@pytest.mark.parametrize("place", range(21))
def test_a_good_word_in_a_wrong_place_does_not_pass(place: int) -> None:
    words = list(SHARE_B.words(KIT, "nl"))
    words[place] = "aalmoes" if words[place] != "aalmoes" else "aanbellen"
    with pytest.raises(OtherKit):
        parse(" ".join(words), KIT)


def test_two_words_that_changed_places_do_not_pass() -> None:
    words = list(SHARE_A.words(KIT, "nl"))
    words[4], words[5] = words[5], words[4]
    with pytest.raises(OtherKit):
        parse(" ".join(words), KIT)


def test_the_check_tells_a_from_b() -> None:
    """The first bit alone must not turn one share into the other: the same 32 bytes get another check."""
    assert SHARE_A.words(KIT, "nl")[-1] != SHARE_B.words(KIT, "nl")[-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ".join(SHARE_A.words(KIT, "nl")[:20]),
        typed(SHARE_A) + " boom",
        typed(SHARE_A)[:-3] + "qqqqq",
        " ".join(SHARE_A.words(KIT, "nl")[:10] + SHARE_A.words(KIT, "en")[10:]),
        typed(SHARE_A) + " " * 1300,
        "1 2 3",
        "\x00" * 21,
        "\ud800 " * 21,
    ],
)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(NotARecoveryShare):
        parse(text, KIT)


@given(st.text(max_size=1400))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(NotARecoveryShare):
        parse(text, KIT)
