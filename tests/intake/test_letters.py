"""Mails that anybody can have made: what is read of them, and what is not run, fetched or believed."""

import time
from email.message import EmailMessage

import pytest

from spreekbuis.intake.front.letters import LARGEST, Apart, read_envelope, read_letter, text_of_html

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
    assert letter.files == ()


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
    assert letter.text == "De tekst"
    assert [name for name, _ in letter.files] == ["../../bon.pdf", "bijlage.txt"]
    assert b"doorgestuurde" in letter.files[1][1]


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
    assert (letter.envelope.subject, letter.text, letter.files) == ("Vraag", "", ())
