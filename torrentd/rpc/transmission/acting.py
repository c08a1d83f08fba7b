"""What is done to torrents that are here: started, stopped, checked, announced, moved, renamed, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Literal

from twisted.internet.defer import Deferred

from torrentd.model.errors import RpcError
from torrentd.policy.queueing import Where
from torrentd.rpc.core.bulk import outcomes
from torrentd.rpc.transmission.choosing import Choosing
from torrentd.rpc.transmission.errors import INVALID_PARAMS, PATH_NOT_ABSOLUTE, TransmissionError
from torrentd.rpc.transmission.params import Params, flag, text
from torrentd.session.control import Control

Mode = Literal["move", "point"]

_NOTHING_TO_DO: Final = frozenset({"no_metadata", "torrent_not_found", "wrong_state"})
"""Transmission passes over what cannot be done to a torrent as it is; clients act on a selection without a look."""


class Acting:
    """Each answers when everything is done, and then raises the first error, if there was one."""

    def __init__(self, control: Control, choosing: Choosing) -> None:
        self._control = control
        self._choosing = choosing

    async def start(self, params: Params) -> dict[str, Any]:
        return await self._each(params, lambda id: self._control.resume(id, False))

    async def start_now(self, params: Params) -> dict[str, Any]:
        return await self._each(params, lambda id: self._control.resume(id, True))

    async def stop(self, params: Params) -> dict[str, Any]:
        return await self._each(params, self._control.pause)

    async def verify(self, params: Params) -> dict[str, Any]:
        return await self._each(params, self._control.verify)

    async def reannounce(self, params: Params) -> dict[str, Any]:
        return await self._each(params, self._control.announce)

    async def remove(self, params: Params) -> dict[str, Any]:
        delete_data = bool(flag(params, "delete_local_data"))
        return await self._each(params, lambda id: self._control.remove(id, delete_data))

    async def set_location(self, params: Params) -> dict[str, Any]:
        """`move`: take the files along; else they are there already, and are looked at. Answered when it has begun, as
        Transmission does: it may take hours."""
        location = text(params, "location") or ""
        if not location.startswith("/"):
            raise TransmissionError(PATH_NOT_ABSOLUTE, "new location path is not absolute")
        mode: Mode = "move" if flag(params, "move") else "point"
        return await self._each(params, lambda id: self._control.move(id, location, mode))

    async def rename_path(self, params: Params) -> dict[str, Any]:
        """Of exactly one torrent. `path` and `name` are given back as they came."""
        torrents = self._choosing.torrents(params)
        if len(torrents) != 1:
            raise TransmissionError(INVALID_PARAMS, "torrent-rename-path requires 1 torrent")
        path, name = text(params, "path") or "", text(params, "name") or ""
        await self._control.rename(torrents[0], path, name)
        return {"path": path, "name": name, "id": self._choosing.numbers.of(torrents[0])}

    def to(self, where: Where) -> Callable[[Params], Awaitable[dict[str, Any]]]:
        """Moves torrents in their queues."""

        async def move(params: Params) -> dict[str, Any]:
            await in_queue(self._control, self._choosing.torrents(params), where)
            return {}

        return move

    async def _each(self, params: Params, act: Callable[[str], Deferred[Any]]) -> dict[str, Any]:
        await each(self._control, self._choosing.torrents(params), act)
        return {}


async def in_queue(control: Control, ids: Iterable[str], where: Where) -> None:
    """Move those that can be moved."""
    there: list[str] = []

    async def look(id: str) -> None:
        await control.find(id)
        there.append(id)

    ids = list(ids)
    await each(control, ids, look)
    if there:
        found = set(there)
        await control.move_in_queue([id for id in ids if id in found], where)


async def each(control: Control, ids: Iterable[str], act: Callable[[str], Any]) -> None:
    """Act on all of them at once; then the first error that matters is raised."""
    for error in await outcomes(control, list(ids), act):
        if error is not None and not (isinstance(error, RpcError) and error.name in _NOTHING_TO_DO):
            raise error
