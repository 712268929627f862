"""These tests load the same days again and again into one Redis: nobody waits for a calmer hour."""

import pytest

from spreekbuis.intake import pace


@pytest.fixture(autouse=True)
def no_pace(monkeypatch):
    monkeypatch.setattr(pace, "CALM", 1_000_000)
