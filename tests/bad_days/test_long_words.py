"""A message of a hundred thousand characters: taken whole and shown whole, or given back with the bound said."""

import io
import zipfile
from html import unescape

import pytest

from tests.intake.flow import hidden, words

MOST = 100_000
SENTENCE = "Wat er die dag gebeurde, staat hier woord voor woord. "
LONG = (SENTENCE * (MOST // len(SENTENCE) + 1))[: MOST - 4].strip() + " EINDE"
LONG = LONG[-MOST:]
BOUND = "Hoogstens 100.000 tekens"


@pytest.fixture
def mailbox(reporter):
    """The mailbox, open, of a report with the longest story there can be."""
    page = reporter.report(text=LONG)
    assert reporter.open_mailbox(" ".join(words(page))).status_code == 303
    return reporter


def test_the_bound_is_said_before_typing(reporter, handler):
    story = reporter.browser.get(f"{reporter.at}/story?category=bullying&duty=accepted")
    assert BOUND in story.text
    reporter.open_mailbox(" ".join(words(reporter.report())))
    assert BOUND in reporter.browser.get("/inbox").text
    assert BOUND in handler.read(handler.numbers()[0])


def test_all_three_write_the_longest_text_and_read_each_other_to_the_last_word(mailbox, handler):
    (url,) = handler.numbers()
    assert LONG in handler.read(url)
    sent = mailbox.browser.post(
        "/inbox/messages", {**hidden(mailbox.browser.get("/inbox")), "text": "R" + LONG[1:]}
    )
    assert sent.status_code == 303
    assert handler.press(url, "write", to="reporter", text="H" + LONG[1:]).status_code == 303
    for page in (handler.read(url), unescape(mailbox.browser.get("/inbox").text)):
        for text in (LONG, "R" + LONG[1:], "H" + LONG[1:]):
            assert text in page
    assert handler.numbers() == [url]


def test_one_character_more_is_given_back_with_the_bound(reporter, mailbox, handler):
    longer = LONG + "x" * (MOST + 1 - len(LONG))
    (url,) = handler.numbers()
    refused = [
        reporter.check({**reporter.start(), "text": longer}),
        mailbox.browser.post("/inbox/messages", {**hidden(mailbox.browser.get("/inbox")), "text": longer}),
        handler.press(url, "write", to="note", text=longer),
    ]
    for page in refused:
        assert page.status_code == 422
        assert longer in unescape(page.text)
        assert "100000" in page.text.replace(".", "").replace("\xa0", "")


def test_the_dossier_of_long_texts_is_a_document_like_any_other(mailbox, handler):
    (url,) = handler.numbers()
    answer = handler.browser.post(f"{url}/file/export", {"what": "zip", "notes": "yes"})
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.read("dossier.pdf").startswith(b"%PDF")
    told = "".join(archive.read("dossier.txt").decode().split())
    assert "".join(LONG.split()) in told
