"""What a person sees when something of ours is away."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from spreekbuis.web import home
from spreekbuis.web.access import Role


@pytest.mark.parametrize(
    "error", [OperationalError("SELECT secret", {}, Exception("secret")), psycopg.OperationalError("secret")]
)
def test_a_database_that_is_away_gets_a_calm_page(world, monkeypatch, error):
    def away(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(home, "render_template", away)
    page = world.browser().get("/")
    assert page.status_code == 503
    assert "even niet bereikbaar" in page.text
    assert "je tekst staat er nog" in page.text
    assert "secret" not in page.text


SECRETS = {
    "password": "geheim-1", "current_password": "geheim-2", "new_password": "geheim-3", "code": "geheim-4",
    "output": "geheim-5", "part_a": "geheim-6", "part_b": "geheim-7", "words_a": "geheim-8", "first_word": "geheim-9",
    "second_word": "geheim-10",
}  # fmt: skip


def test_an_expired_form_gives_back_what_was_written_and_no_secret(world):
    page = world.browser().post(
        "/sign-in", {"csrf": "van vroeger", "email": "loket@voorbeeld.example"} | SECRETS
    )
    assert page.status_code == 409
    assert "loket@voorbeeld.example" in page.text
    assert "geheim-" not in page.text


def test_no_word_of_a_recovery_paper_comes_back_in_a_form_that_expired(world):
    """What the forms really call these fields."""
    entity = world.entity()
    browser = world.browser(world.member(entity, Role.ENTITY_ADMINISTRATOR))
    for url, names in (("recover", ("part_a", "part_b")), ("part", ("first_word", "second_word"))):
        answer = browser.post(
            f"/entity/{entity.ovo}/keys/{url}", {"csrf": "van vroeger"} | dict.fromkeys(names, "zaagbank")
        )
        assert answer.status_code == 409
        assert "zaagbank" not in answer.text
