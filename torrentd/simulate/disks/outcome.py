"""How a job of a simulated disk is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from torrentd.model.errors import StorageError


def answer(done: Deferred[Any], job: Callable[..., Any], *args: Any) -> None:
    """Fire with what the job returns, or with its StorageError."""
    try:
        result = job(*args)
    except StorageError as error:
        done.errback(error)
    else:
        done.callback(result)
