"""Tests of this room change the register."""

import pytest

from tests.directory.registers import own_register


@pytest.fixture
def register(world, _cleaner):
    """The register that the product brings along, put back after the test; entities of the test's world stand in it."""
    with own_register(_cleaner):
        yield world
