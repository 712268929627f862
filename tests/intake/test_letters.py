"""Mails that anybody can have made: what is read of them, and what is not run, fetched or believed."""

import time
from base64 import b64encode
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from spreekbuis.intake.front.letters import LARGEST, Apart, read_envelope, read_letter
from spreekbuis.intake.front.parts import (
    DEEPEST,
    LONGEST_HTML,
    LONGEST_TEXT,
    MOST_PARTS,
    LeftOut,
    read_head,
    text_of_html,
)

OWN = frozenset({"spreekbuis@voorbeeld.example"})
PLAIN = (
    b"From: Functie A <a@voorbeeld.example>\r\nTo: spreekbuis@voorbeeld.example\r\nSubject: Vraag\r\n"
    b"Message-ID: <1@voorbeeld.example>\r\nDate: Mon, 16 Nov 2026 10:00:00 +0100\r\n\r\nMag ik iets vragen?\r\n"
)


def with_head(*lines: str) -> bytes:
    return "\r\n".join(lines).encode() + b"\r\n" + PLAIN


def test_a_plain_mail_is_read():
    letter = read_letter(PLAIN, OWN)
    envelope = letter.envelope
    assert (envelope.name, envelope.address, envelope.subject) == (
        "Functie A",
        "a@voorbeeld.example",
        "Vraag",
    )
    assert envelope.apart is None
    assert envelope.sent_at is not None
    assert letter.text == "Mag ik iets vragen?"
    assert letter.files == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Auto-Submitted: auto-replied", Apart.AUTOMATIC),
        ("Auto-Submitted: auto-generated", Apart.AUTOMATIC),
        ("Precedence: bulk", Apart.AUTOMATIC),
        ("X-Auto-Response-Suppress: All", Apart.AUTOMATIC),
        ("List-Id: <lijst.voorbeeld.example>", Apart.AUTOMATIC),
        ("Return-Path: <>", Apart.BOUNCE),
        ("Content-Type: multipart/report; boundary=x", Apart.BOUNCE),
        ("Auto-Submitted: no", None),
        ("Return-Path: <a@voorbeeld.example>", None),
    ],
)
def test_what_a_machine_sent_is_set_apart(line, why):
    assert read_envelope(with_head(line), OWN).apart is why


def test_our_own_mail_that_comes_back_is_set_apart():
    assert read_envelope(PLAIN.replace(b"a@voorbeeld", b"SPREEKBUIS@voorbeeld"), OWN).apart is Apart.OWN
    assert read_envelope(b"Subject: niemand\r\n\r\n", OWN).apart is Apart.AUTOMATIC


@pytest.mark.parametrize(
    ("subject", "to", "found"),
    [
        ("Re: dossier I-2026-024", "spreekbuis@voorbeeld.example", ("I-2026-024", "")),
        ("re: w-2026-7 van OVO001835", "spreekbuis@voorbeeld.example", ("W-2026-007", "OVO001835")),
        ("Hallo", "spreekbuis+OVO001835-I-2026-024@voorbeeld.example", ("I-2026-024", "OVO001835")),
        ("XI-2026-024 en OVO12", "x@voorbeeld.example", ("", "")),
    ],
)
def test_a_case_number_is_found_in_the_subject_or_the_address(subject, to, found):
    mail = PLAIN.replace(b"Subject: Vraag", f"Subject: {subject}".encode()).replace(
        b"To: spreekbuis@voorbeeld.example", f"To: {to}".encode()
    )
    envelope = read_envelope(mail, OWN)
    assert (envelope.reference, envelope.ovo) == found


def test_html_becomes_text_and_nothing_of_it_runs_or_is_fetched():
    html = (
        "<style>p{}</style><script>alert(1)</script><p>Eerste &amp; <b>vet</b><br>tweede</p>"
        "<img src='https://voorbeeld.example/spoor.gif'><a href='javascript:x'>klik</a><template>weg</template>"
        "<!-- <b>ook weg</b> --> 1 &lt; 2"
    )
    assert text_of_html(html) == "Eerste & vet\ntweede\nklik 1 < 2"


def test_attachments_come_along_under_their_own_names_and_the_html_twin_does_not():
    mail = EmailMessage()
    mail["From"] = "a@voorbeeld.example"
    mail.set_content("De tekst")
    mail.add_alternative("<p>De tekst</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="../../bon.pdf")
    inner = EmailMessage()
    inner.set_content("De doorgestuurde tekst")
    mail.add_attachment(inner)
    letter = read_letter(mail.as_bytes(), OWN)
    assert letter.text == "De tekst\n\nDe doorgestuurde tekst"
    assert [name for name, _ in letter.files] == ["../../bon.pdf"]
    assert letter.left_out == []


def mixed(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    """A mail of these parts, each with its own head."""
    body = b"".join(b"--X\r\n" + part + b"\r\n" for part in parts)
    return (
        b"From: a@voorbeeld.example\r\nContent-Type: multipart/"
        + kind
        + b"; boundary=X\r\n\r\n"
        + body
        + b"--X--"
    )


PLAIN_PART = b"Content-Type: text/plain\r\n\r\nZie hieronder"
HTML_PART = b"Content-Type: text/html\r\n\r\n<p>De hele melding</p>"
FORWARDED = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: chef@voorbeeld.example\r\nSubject: =?utf-8?q?dreig=C3=A9ment?=\r\n"
    b"Date: Mon, 2 Nov 2026 10:00:00 +0100\r\n"
)


@pytest.mark.parametrize(
    ("mail", "text"),
    [
        (mixed(PLAIN_PART, HTML_PART), "Zie hieronder\n\nDe hele melding"),
        (mixed(HTML_PART), "De hele melding"),
        (mixed(PLAIN_PART, HTML_PART, kind=b"alternative"), "Zie hieronder"),
        (mixed(HTML_PART, kind=b"alternative"), "De hele melding"),
        (mixed(b"Content-Type: text/plain\r\n\r\n \r\n", HTML_PART, kind=b"alternative"), "De hele melding"),
        (mixed(PLAIN_PART, mixed(HTML_PART).replace(b"X", b"XY"), kind=b"alternative"), "Zie hieronder"),
        (mixed(HTML_PART).replace(b"--X--", b""), "De hele melding"),
        (b"From: a@voorbeeld.example\r\nDe hele melding", "De hele melding"),
    ],
    ids=[
        "html beside plain", "html alone", "the twin", "a twin alone", "an empty twin", "a twin in a part",
        "not closed", "no empty line",
    ],
)  # fmt: skip
def test_no_text_is_lost_but_the_twin_of_another(mail, text):
    letter = read_letter(mail, OWN)
    assert (letter.text, letter.files, letter.left_out) == (text, [], [])


@pytest.mark.parametrize(
    "inner", [b"Content-Type: text/html\r\n\r\n<p>IK ONTSLA JE</p>", b"\r\nIK ONTSLA JE"]
)
def test_a_forwarded_mail_keeps_its_head_and_its_text(inner):
    letter = read_letter(mixed(PLAIN_PART, FORWARDED + inner), OWN)
    assert letter.text == (
        "Zie hieronder\n\nFrom: chef@voorbeeld.example\nSubject: dreigément\nDate: Mon, 2 Nov 2026 10:00:00 +0100"
        "\n\nIK ONTSLA JE"
    )


def test_a_forwarded_mail_that_was_encoded_is_read_with_its_attachments():
    inner = b"From: chef@voorbeeld.example\r\n" + mixed(PLAIN_PART, b"Content-Type: image/png\r\n\r\nPNG")
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(inner)
    letter = read_letter(mixed(part), OWN)
    assert letter.text == "From: chef@voorbeeld.example\n\nZie hieronder"
    assert letter.files == [("bijlage", b"PNG")]


def nested(levels: int) -> bytes:
    """A text in so many multiparts."""
    heads = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return b"".join(heads) + b"\r\nDiep"


def test_what_is_left_out_because_of_a_bound_is_said():
    assert (read_letter(nested(DEEPEST), OWN).text, read_letter(nested(DEEPEST), OWN).left_out) == (
        "Diep",
        [],
    )
    assert read_letter(nested(DEEPEST + 1), OWN).left_out == [LeftOut.DEEP]
    assert read_letter(mixed(*[PLAIN_PART] * MOST_PARTS), OWN).left_out == [LeftOut.PARTS]
    long = read_letter(b"Subject: x\r\n\r\n" + b"a" * LONGEST_TEXT + b" einde", OWN)
    assert (long.left_out, len(long.text)) == ([LeftOut.TEXT], LONGEST_TEXT)
    html = HTML_PART + b"<b>" * LONGEST_HTML
    assert read_letter(mixed(html), OWN).left_out == [LeftOut.TEXT]


def test_html_of_all_parts_together_is_bounded():
    """Each part by itself is small enough."""
    part = b"Content-Type: text/html\r\n\r\n" + b"<b>" * (LONGEST_HTML // 6) + b"zin"
    letter = read_letter(mixed(*[part] * 20), OWN)
    assert letter.text.count("zin") == 1
    assert letter.left_out == [LeftOut.TEXT]


HOSTILE_VALUES = {
    "brackets": b"(", "words": b"a ", "encoded words": b"=?utf-8?q?a?= ", "addresses": b"a@b,", "groups": b"a:b;",
    "quotes": b'"\\', "question marks": b"=?", "parameters": b"a=b; ", "names": b"filename*0=a; ",
}  # fmt: skip


@pytest.mark.parametrize(
    "head", ["From", "Subject", "To", "Message-ID", "Content-Type", "Content-Disposition", "Date"]
)
@pytest.mark.parametrize("value", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_of_a_long_head_only_the_beginning_is_read(head, value):
    raw = head.encode() + b": " + value * 20_000 + b"\r\nReturn-Path: <>\r\n\r\nhoi"
    found, body = read_head(raw)
    assert len(found[head]) <= 1000
    assert raw[body:] == b"hoi"
    assert read_letter(raw, OWN).envelope == read_envelope(raw[: 1 << 16], OWN)


def test_the_text_after_a_very_long_head_is_found():
    for many in range(7_000, 7_020):
        head = b"".join(b"X-%d: a\r\n" % n for n in range(many))
        assert read_letter(PLAIN.split(b"\r\n\r\n")[0] + b"\r\n" + head + b"\r\nVraag", OWN).text == "Vraag"


def work(make: Callable[[int], bytes], size: int) -> float:
    """Seconds of this process to read it, at best of three."""
    raw, times = make(size), []
    for _ in range(3):
        began = time.process_time()
        read_letter(raw, OWN)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"From: " + b"a " * n * 500 + b"\r\n\r\nhoi",
        lambda n: b"".join(b"X-%d: a\r\n" % i for i in range(n * 1000)) + b"\r\nhoi",
        lambda n: b"".join(b"Subject: a\r\n b\r\n" for _ in range(n * 1000)) + b"\r\nhoi",
        lambda n: mixed(*[b"\r\na"] * n * 1000),
        lambda n: nested(n * 100) + b"\r\n" * n * 20_000,
        lambda n: mixed(*[b"--X1\r\n" * 100] * n * 10),
        lambda n: b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-b" * n * 3000,
        lambda n: mixed(*[b"Content-Disposition: attachment; filename=\"" + b"a;" * n * 100 + b'"\r\n\r\nx'] * 100),
        lambda n: FORWARDED * n * 50 + b"\r\nhoi",
    ],
    ids=["words", "heads", "folds", "parts", "levels", "marks", "punycode", "names", "forwards"],
)  # fmt: skip
def test_a_hostile_mail_of_twice_the_size_takes_no_more_than_three_times_the_work(make):
    once = work(make, 20)
    assert work(make, 40) < 3 * once + 0.02


HOSTILE = {
    "nothing": b"",
    "zeros": b"\x00" * 4000,
    "no head": b"\r\n\r\nalleen tekst",
    "a charset of nobody": b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe tekst",
    "broken base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!=",
    "broken words in the head": b"Subject: =?utf-8?b?////?= =?x?q?=\r\nFrom: =?utf-8?q?=00?= <>\r\n\r\nx",
    "a broken address": b'From: "<<<@@@>,;:\r\nTo: ((((\r\n\r\nx',
    "a broken date": b"Date: Mon, 99 Nov 99999 99:99:99 +9999\r\n\r\nx",
    "a broken id": b"Message-ID: <[[[\r\n\r\nx",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\ntekst",
    "a boundary that never ends": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntekst",
    "a broken disposition": b"Content-Disposition: attachment; filename*=utf-8''%ff%00; filename=\"\r\n\r\nx",
    "a long head": b"X-A: " + b"a" * 2_000_000 + b"\r\n\r\nx",
    "many heads": b"".join(b"X-%d: 1\r\n" % n for n in range(50_000)) + b"\r\nx",
    "nested deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3_000)
    ),
    "many parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 20_000,
    "open brackets": b"Content-Type: text/html\r\n\r\n" + b"<" * 300_000,
    "open comments": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    "open attributes": b"Content-Type: text/html\r\n\r\n" + b"<a " + b"b='" * 100_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_mail_is_read_as_far_as_it_goes_and_soon(raw):
    began = time.process_time()
    letter = read_letter(raw, OWN)
    assert time.process_time() - began < 5
    assert "\x00" not in letter.text + letter.envelope.subject + letter.envelope.name
    assert len(letter.files) <= 200


def test_a_mail_that_is_too_large_is_an_envelope():
    letter = read_letter(PLAIN + b"a" * LARGEST, OWN)
    assert (letter.envelope.subject, letter.text, letter.files) == ("Vraag", "", [])
