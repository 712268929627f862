"""Mail without case content. Only jobs call `deliver`, so that a mail leaves after the commit and is retried."""


def deliver(template: str, to: str, language: str, **values: str) -> None:
    """Render `templates/mail/<template>.txt` (its first line is the subject) in `language` and hand it to the
    mailer that the settings choose: SMTP, or a folder. Raises OSError or smtplib's errors: the job is retried."""
    raise NotImplementedError
