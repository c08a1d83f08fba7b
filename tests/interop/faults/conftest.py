"""Servers and peers of a test end with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def until_end(stage: object) -> Iterator[ExitStack]:
    """Enters context managers that end with the test, before its daemons do."""
    with ExitStack() as stack:
        yield stack
