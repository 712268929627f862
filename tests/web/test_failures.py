"""What a person sees when something of ours is away."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from spreekbuis.web import home


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
