"""The mails of signing in: a subject, a link of ours, no more words about the account than needed."""

import pytest

from spreekbuis.notify import mail


class Kept:
    def __init__(self):
        self.mails = []

    def send(self, message):
        self.mails.append(message)


@pytest.mark.parametrize(
    ("template", "values", "subject", "link"),
    [
        ("invitation", {"entity": "Kunst & Co", "path": "/invitation/a.b"}, "Uitnodiging", "/invitation/a.b"),
        ("password_reset", {"path": "/password-reset/abc"}, "nieuw wachtwoord", "/password-reset/abc"),
        ("password_changed", {}, "wachtwoord is veranderd", "/password-reset"),
        ("passkey_added", {}, "nieuwe passkey", "/account"),
    ],
)  # fmt: skip
def test_a_mail_has_its_subject_and_its_link_on_a_line_of_its_own(
    app, monkeypatch, template, values, subject, link
):
    kept = Kept()
    monkeypatch.setattr(mail, "mailer", lambda settings: kept)
    mail.deliver(template, "loket@voorbeeld.example", "nl", **values)
    (message,) = kept.mails
    text = message.get_content()
    assert subject in message["Subject"]
    assert f"http://localhost{link}" in text.splitlines()
    assert "&amp;" not in text
    assert "loket@voorbeeld.example" not in text
