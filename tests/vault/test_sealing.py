"""Locks and boxes: what opens, what never does, and that the form is the published one."""

import hashlib
import hmac
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from spreekbuis.vault import sealing
from spreekbuis.vault.sealing import (
    CannotOpen,
    context,
    derive,
    lock,
    name_of,
    new_secret,
    open_sealed,
    public_key_of,
    seal,
    unlock,
)

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
PLACE = context("a test", 1)

LOCKED_IN_NOVEMBER_2026 = bytes.fromhex(
    "017264ad2ee81a7f564f540d6ffa07f74a0f3cf1839c10c931f8429b0b85db5bc3a12c34cb325d6c156188cd6f1e3ff78c96da"
)
SEALED_IN_NOVEMBER_2026 = bytes.fromhex(
    "01b5dd92af61f07563eefc909c4a080e61c4e678b1581ff6fb6d0c7eeab32b5212105aef59f02d34a4a11bd3f410894cc375aa84f30dd0"
    "e0511293f9df2b674911ee533c6242d942c8bce99047ca32ba1f6bc333255763c9098c77a28689ad5c22336c621aa83bdc673437d678b9"
    "1da218170555d0ed07e067af37667d7feda6f874d5d34031ee61da8b37d12f2e25171e92b73f48cec41c72b56ac736172d6b3da1240de2"
    "b02f06fa69807115f673f137289c6598ca1a3aff09be96e77f566c451e90dc8b39b8285f11cc888a48868234c2b00de2259c4d845dd8f1"
    "c2e07d6f471db8866bc3350685390e9191c22bb9fad792e2558d7fe67914b3610da3994563fbd2d2f5622c9d15c73a15d90eb832c035b8"
    "cd875222526165c1ecb37ddb23d3c801aedd7e7501774e4be21da1c025791e964186ebc3ef541243335e468a1449c043465ceb81544842"
    "d05d2c6a74ad6c233ad5cad4ee32ffbfbd60a9327ee15a9ce264efbc74e079e7d407862afc46219d8d1858040c2bc99f8bc513d7865a30"
    "7d5d3c03cb7e49fd8a0a57ef290cddaf0055deab4356b1c6562f702b4a44ae4579a8999be8adfbd72092affa1fdf0ebcf60aaa7b6019e8"
    "8798fb54df0d44f7699db77700924d067c0dc1036189702ae0ce78a38fb191e4c499b85c5257eafed6a689e3b616bc2b1bcdcc248db8c4"
    "057a6e3261a37bf4d10d809ec7b76bacd28a10b868cf52d773736bfbbfc0704dbf1a48e38cf92c03c60433e8f9f0398ae2bc77936794e4"
    "cc4d669c1c00812685ac1b7410ebfd4db5f7f2ef3bcab3829fc190017ae4328abf046354e8032e51a05ffba845005f8baf737d9fe31edd"
    "0a98b93c88061eb178a7bc02d55f3b8884c3ff7dd132e560a47be621e2f75ae2a00cf09576cb7c0ffcb83197890dcd611b414aed5c48ad"
    "9b7215228ffa459569b01d8a25d6217f3526019a68751b4d901975706806e9fd2ac7c0304ad5983e289b15e9183a6d8b288e0d95856234"
    "be5865f7fce472dd069f1c465238f9f0df1dc7de0df51cc70cdac8f1b0a7e35468e5dfddec66ef7b088ff7ee8c6d8bb379df23944799f5"
    "aee1b6600b3bdc216c1c2660fb1b7dbbb5b6018f866dd38ddc49a529c278bc0dcb115811adbd6baaaaace2ccbe37e39b7dec2c47f3f09f"
    "e5181bab25add8e41b516b88bee27f2a22a6c4dc57e176bbff444686edf5963c834e0c3516c6c006252ba4eaf8a4e1c911f6a6ec7a5b15"
    "ace4d4340f661a901b3d03715921e7489bdc548289cc8d2f588f3ce29834abcd229e95c1f33e926baa1d16716a4af63217d483c2d4429e"
    "24917012f481aa8d915255de9587ace5f92cf02a86df03c1d0d2af42228f9622d07db6c1f523cb319f614972b6c949e14e3478054497b3"
    "808979d30037cb58c3836c5148d8216ddbf21d2f825584b7d49062f6ba7702a80f052cb4d7387dcc8649eb6bf754fc25908e4401b596ac"
    "40dc820cf5a190ea45bd51730a28156cf7996651905d7a7624b4f181c0b01a442a4899433d623deb0a4dc40df699bdd24d0649ff3a27a1"
    "285fe65b6fca3e197c035700d47ffff421af59dcb5f5a4b0185c445f3c1ce14c71bfc12f96fdf9131d9f06a3ed0059d0474df3a19fba2f"
    "4b6706c27f43"
)
"""Made once with SECRET and PLACE: what was closed then opens as long as this product lives."""


def test_what_was_closed_in_november_2026_still_opens():
    assert unlock(SECRET, LOCKED_IN_NOVEMBER_2026, PLACE) == b"een tekst van toen"
    assert open_sealed(SECRET, SEALED_IN_NOVEMBER_2026, PLACE) == b"een sleutel van toen"


def test_keys_follow_from_their_secret_as_they_did_in_november_2026():
    assert (
        hashlib.sha256(public_key_of(SECRET)).hexdigest()
        == "b5dd92affbf1e1801b745ccf3bec739d7fde157bbdf68b9071b7932755e66cbf"
    )
    assert (
        derive(SECRET, context("x", "y")).hex()
        == "80161dd0b77c2f93c4b61da0543207438d538f2035d51ad612c61913606ee924"
    )


def _extract(salt: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, material, "sha256")


def _expand(secret: bytes, info: bytes, length: int) -> bytes:
    found, block, number = b"", b"", 0
    while len(found) < length:
        number += 1
        block = hmac.digest(secret, block + info + bytes([number]), "sha256")
        found += block
    return found[:length]


def test_a_sealed_box_is_the_published_one_so_that_another_program_can_open_it():
    """By hand: X-Wing (draft-connolly-cfrg-xwing-kem), then the key schedule of RFC 9180 section 5.1."""
    sealed = seal(public_key_of(SECRET), b"a key", PLACE)
    head, box = sealed[:5], sealed[5:]
    ct_m, ct_x, closed = box[:1088], box[1088:1120], box[1120:]
    # both halves follow from the secret by HKDF (RFC 5869)
    seeds = _expand(_extract(bytes(32), SECRET), context("spreekbuis key pair", 1), 96)
    own_x = X25519PrivateKey.from_private_bytes(seeds[64:])
    ss_m = MLKEM768PrivateKey.from_seed_bytes(seeds[:64]).decapsulate(ct_m)
    ss_x = own_x.exchange(X25519PublicKey.from_public_bytes(ct_x))
    pk_x = own_x.public_key().public_bytes_raw()
    shared = hashlib.sha3_256(ss_m + ss_x + ct_x + pk_x + rb"\.//^" + b"\\").digest()
    suite = b"HPKE" + bytes.fromhex("647a 0001 0002")

    def labeled_extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return _extract(salt, b"HPKE-v1" + suite + label + material)

    def labeled_expand(secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
        return _expand(secret, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)

    schedule = (
        b"\0" + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", head + PLACE)
    )
    secret = labeled_extract(shared, b"secret", b"")
    key, nonce = (
        labeled_expand(secret, b"key", schedule, 32),
        labeled_expand(secret, b"base_nonce", schedule, 12),
    )
    assert AESGCM(key).decrypt(nonce, closed, b"") == b"a key"


def test_a_lock_is_plain_aes_gcm_with_the_head_and_the_place_as_associated_data():
    """Case 15 and its kin of the GCM specification run in the library; here our own layout, opened without us."""
    locked = lock(SECRET, b"een tekst", PLACE)
    assert locked[0] == 1
    assert AESGCM(SECRET).decrypt(locked[5:17], locked[17:], locked[:5] + PLACE) == b"een tekst"


@given(st.binary(max_size=3000), st.binary(max_size=60))
def test_what_is_closed_opens_with_the_same_key_at_the_same_place(what: bytes, place: bytes):
    assert unlock(SECRET, lock(SECRET, what, place), place) == what
    assert open_sealed(SECRET, seal(public_key_of(SECRET), what, place), place) == what


@given(st.data(), st.binary(max_size=200))
def test_a_changed_bit_anywhere_never_opens(data: st.DataObject, what: bytes):
    for close, reopen in ((lock, unlock), (lambda s, w, b: seal(public_key_of(s), w, b), open_sealed)):
        closed = bytearray(close(SECRET, what, PLACE))
        bit = data.draw(st.integers(0, 8 * len(closed) - 1))
        closed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CannotOpen):
            reopen(SECRET, bytes(closed), PLACE)


@given(st.data(), st.binary(max_size=200))
def test_a_cut_or_lengthened_one_never_opens(data: st.DataObject, what: bytes):
    for close, reopen in ((lock, unlock), (lambda s, w, b: seal(public_key_of(s), w, b), open_sealed)):
        closed = close(SECRET, what, PLACE)
        end = data.draw(st.integers(0, len(closed) - 1))
        for wrong in (closed[:end], closed[end:], closed + b"\0", b""):
            if wrong != closed:
                with pytest.raises(CannotOpen):
                    reopen(SECRET, wrong, PLACE)


def test_another_key_or_another_place_never_opens():
    for closed, reopen in (
        (lock(SECRET, b"x", PLACE), unlock),
        (seal(public_key_of(SECRET), b"x", PLACE), open_sealed),
    ):
        for secret, place in ((OTHER, PLACE), (SECRET, context("a test", 2)), (SECRET, b"")):
            with pytest.raises(CannotOpen):
                reopen(secret, closed, place)


def test_the_same_text_looks_different_each_time():
    assert lock(SECRET, b"x", PLACE) != lock(SECRET, b"x", PLACE)
    assert seal(public_key_of(SECRET), b"x", PLACE) != seal(public_key_of(SECRET), b"x", PLACE)


def name_in(ciphertext: bytes) -> bytes:
    """Behind the format, 4 bytes."""
    return ciphertext[1:5]


def test_a_ciphertext_names_its_key():
    assert name_in(seal(public_key_of(SECRET), b"x", PLACE)) == name_of(public_key_of(SECRET))
    assert name_in(lock(SECRET, b"x", PLACE)) == name_in(lock(SECRET, b"y", PLACE))
    assert name_in(lock(SECRET, b"x", PLACE)) != name_in(lock(OTHER, b"x", PLACE))


def test_the_name_of_a_key_stays_the_same_and_tells_nothing_of_its_secret():
    assert name_in(lock(SECRET, b"x", PLACE)) == name_in(LOCKED_IN_NOVEMBER_2026)
    assert name_in(seal(public_key_of(SECRET), b"x", PLACE)) == name_in(SEALED_IN_NOVEMBER_2026)
    assert name_in(LOCKED_IN_NOVEMBER_2026) not in SECRET


def test_a_format_of_the_future_is_refused_and_not_guessed():
    for closed, reopen in (
        (lock(SECRET, b"x", PLACE), unlock),
        (seal(public_key_of(SECRET), b"x", PLACE), open_sealed),
    ):
        with pytest.raises(CannotOpen, match="unknown format"):
            reopen(SECRET, b"\x02" + closed[1:], PLACE)
    with pytest.raises(ValueError, match="public key"):
        seal(b"\x02" + public_key_of(SECRET)[1:], b"x", PLACE)


@given(
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
)
def test_two_contexts_are_the_same_only_when_their_parts_are(one: list[str], other: list[str]):
    assert (context(*one) == context(*other)) == (one == other)


def test_a_context_takes_ids_and_numbers():
    assert context("x", UUID(int=7)) == b"\0\0\0\1x\0\0\0\x10" + bytes(15) + b"\x07"
    assert context("x", 12) == context("x", "12")


def test_secrets_are_32_bytes_and_never_the_same():
    assert len(new_secret()) == sealing.SECRET_BYTES
    assert new_secret() != new_secret()
