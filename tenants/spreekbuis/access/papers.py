"""The papers of the recovery kit in people's hands: proving that a part was printed, and typing both parts again."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple
from uuid import UUID

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from spreekbuis.access.recovery import WrongPapers, keep_part, kits_in_use, open_with_papers, waiting_part
from spreekbuis.audit.trail import Audited, record
from spreekbuis.characters import bare
from spreekbuis.db.scope import current_entity_id, tenant
from spreekbuis.db.session import transaction
from spreekbuis.errors import Invalid, type_text
from spreekbuis.identity import lockout
from spreekbuis.vault.recovery_share import (
    WORDS_IN_SHARE,
    AmbiguousWord,
    NotARecoveryShare,
    OtherKit,
    RecoveryShare,
    parse,
    short_name,
)

LANGUAGES_OF_WORDS = ("nl", "en")


def asked_places(kit_id: UUID) -> tuple[int, int]:
    """Which two of the 21 words an officer types to show that the paper is there. They follow from the kit: asking
    again, or guessing, tells no other word."""
    first = kit_id.int % WORDS_IN_SHARE
    second = (first + 1 + kit_id.int // WORDS_IN_SHARE % (WORDS_IN_SHARE - 1)) % WORDS_IN_SHARE
    return min(first, second) + 1, max(first, second) + 1


def keep_printed_part(account_id: UUID, secret: bytes, typed: tuple[str, str]) -> None:
    """Keep the part of this officer, who typed two words of the paper: from here on it is nowhere else.

    `secret` is the account's. Raises NotFound when no part waits, and Invalid for a word that is not on the paper.
    """
    kit_id, share = waiting_part(account_id, secret)
    papers = [share.words(kit_id, language) for language in LANGUAGES_OF_WORDS]
    errors: dict[str, type_text] = {}
    for field, place, word in zip(("first_word", "second_word"), asked_places(kit_id), typed, strict=True):
        if _plain(word) not in {words[place - 1] for words in papers}:
            errors[field] = _l("Op je blad staat bij nummer %(place)s een ander woord.", place=place)
    if errors:
        raise Invalid(errors)
    keep_part(account_id)


def _plain(word: str) -> str:
    """A word without capitals, accents and spaces around it."""
    return bare(word.strip())


class Papers(NamedTuple):
    """Both parts of one kit, as they were typed."""

    kit_id: UUID
    shares: tuple[RecoveryShare, RecoveryShare]


@dataclass(frozen=True, slots=True)
class _Typed:
    """One of the two texts. `share` is None when it cannot be read, or is no part of any kit that is in use."""

    field: str
    kit_id: UUID | None = None
    share: RecoveryShare | None = None
    unreadable: type_text | None = None


def open_typed_papers(
    texts: tuple[str, str], to: Collection[UUID], officers: Collection[UUID]
) -> tuple[UUID, int]:
    """The ceremony with the two parts as they were typed, in either order: `recovery.open_with_papers`. Gives whose
    kit they are, and how many grants were made.

    Raises Invalid with the fields `part_a` and `part_b`, and what `open_with_papers` raises. What can be read but fits
    no kit counts as a wrong try: five within a quarter of an hour lock the ceremony of this entity for as long
    (identity.lockout.LockedOut). Every refusal is in the trail.
    """
    key = lockout.key_of("recovery", str(current_entity_id()))
    papers = _read_papers(texts, key)
    try:
        given = open_with_papers(papers.kit_id, papers.shares, to, officers)
    except WrongPapers:  # well made, and not of this kit: somebody forged them
        _note_refusal("forged")
        raise
    lockout.clear(key)
    return papers.kit_id, given


def _read_papers(texts: tuple[str, str], lock: bytes) -> Papers:
    kits = kits_in_use()
    typed = [_read("part_a", texts[0], kits), _read("part_b", texts[1], kits)]
    unreadable = {one.field: one.unreadable for one in typed if one.unreadable is not None}
    if unreadable:
        _note_refusal("unreadable")
        raise Invalid(unreadable)
    try:
        lockout.count_try(lock)
    except lockout.LockedOut:
        _note_refusal("locked")
        raise
    errors = _wrong(typed, kits)
    if errors:
        _note_refusal("no_fit")
        raise Invalid(errors)
    one, two = typed
    assert one.kit_id is not None
    assert one.share is not None
    assert two.share is not None
    return Papers(one.kit_id, (one.share, two.share))


def _note_refusal(code: Literal["unreadable", "locked", "no_fit", "forged"]) -> None:
    """Put in the trail that somebody tried papers in vain. In a transaction of its own: the page that refuses them
    leaves nothing."""
    with transaction(tenant(current_entity_id())):
        record(Audited.RECOVERY_REFUSED, None, {"why": code})


def _read(field: str, text: str, kits: list[UUID]) -> _Typed:
    part = "A" if field == "part_a" else "B"
    for kit_id in kits:
        try:
            return _Typed(field, kit_id, parse(text, kit_id))
        except OtherKit:
            continue
        except AmbiguousWord as flaw:
            words = _l(
                "Woord %(place)s van deel %(part)s klopt niet. Is het ‘%(candidates)s’? Kijk op het blad.",
                place=flaw.position, part=part, candidates="’, ‘".join(flaw.candidates),
            )  # fmt: skip
            return _Typed(field, unreadable=words)
        except NotARecoveryShare as flaw:
            return _Typed(field, unreadable=_unreadable(part, text, flaw.position))
    return _Typed(field)


def _unreadable(part: str, text: str, place: int | None) -> type_text:
    if place is not None:
        return _l(
            "Woord %(place)s van deel %(part)s kennen we niet. Kijk het na op het blad.",
            place=place, part=part,
        )  # fmt: skip
    count = len(re.findall(r"[^\W\d_]+", text))
    if count == 0:
        return _l("Vul de 21 woorden van deel %(part)s in.", part=part)
    if count == WORDS_IN_SHARE:
        return _l("Deze woorden van deel %(part)s kunnen we niet lezen. Kijk ze na op het blad.", part=part)
    return ngettext(
        "Van deel %(part)s vulde je %(num)s woord in. Het moeten er 21 zijn.",
        "Van deel %(part)s vulde je %(num)s woorden in. Het moeten er 21 zijn.",
        count,
        part=part,
    )


def _wrong(typed: list[_Typed], kits: list[UUID]) -> dict[str, type_text]:
    one, two = typed
    strange = _l(
        "Deze woorden zijn geen deel van een herstelsleutel van je entiteit. Kijk of er geen ander woord staat dan op"
        " het blad, en of het kenmerk op het blad %(names)s is.",
        names=", ".join(short_name(kit_id) for kit_id in kits),
    )
    errors: dict[str, type_text] = {each.field: strange for each in typed if each.share is None}
    if len(errors) == 2:
        errors["part_b"] = _l("Ook dit deel past niet.")
    if errors or one.share is None or two.share is None or one.kit_id is None or two.kit_id is None:
        return errors
    if one.kit_id != two.kit_id:
        return {
            "part_b": _l(
                "Deze twee bladen horen niet bij elkaar: het ene heeft kenmerk %(one)s, het andere %(two)s.",
                one=short_name(one.kit_id), two=short_name(two.kit_id),
            )
        }  # fmt: skip
    if one.share.part is two.share.part:
        return {
            "part_b": _l(
                "In beide vakken staat deel %(part)s. Je hebt ook het andere blad nodig.",
                part=one.share.part.value,
            )
        }
    return {}
