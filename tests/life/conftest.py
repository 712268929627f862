"""What these tests share."""

from tests.security.conftest import engines

__all__ = ["engines"]
