"""The same thing done to many torrents, which may be all of thousands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults

from torrentd.session.control import Control

TOGETHER: Final = 50
"""Torrents that are begun with in one turn of the reactor: some milliseconds, in which nobody else is served."""


async def outcomes(control: Control, ids: Sequence[str], act: Callable[[str], Any]) -> list[Exception | None]:
    """Do it to all of them side by side; why it failed with each, or None, in their order."""
    begun: list[Deferred[Exception | None]] = []
    for start in range(0, len(ids), TOGETHER):
        if start:
            await control.let_others()
        begun += [Deferred.fromCoroutine(_outcome(act, id)) for id in ids[start : start + TOGETHER]]
    found: list[Exception | None] = await gatherResults(begun)
    return found


async def _outcome(act: Callable[[str], Any], id: str) -> Exception | None:
    try:
        await act(id)
    except Exception as error:
        return error
    return None
