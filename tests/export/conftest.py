"""The desk of the tests of keeping: a case with everything on it."""

from tests.keeping.conftest import desk as desk
