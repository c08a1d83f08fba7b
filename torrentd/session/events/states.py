"""Which state each torrent was last told to be in. Looked at when a turn of the reactor is over, so that a state that a
torrent only passes through is no event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from twisted.internet.interfaces import IDelayedCall

from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.rows import ErrorRow
from torrentd.session.telling.snapshots import state_of

if TYPE_CHECKING:
    from torrentd.session.around import Around, Member


class States:
    """Tells "torrent.state" and "torrent.error"."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._told: dict[bytes, str] = {}
        """info hash -> state and, for an error, its code"""
        self._dirty: dict[bytes, None] = {}
        self._timer: IDelayedCall | None = None

    def put(self, info_hash: bytes, torrent: Member) -> None:
        """It is there; that is no event, unless something else was there in its place."""
        if info_hash in self._told:
            self.look(info_hash)
        else:
            self._told[info_hash] = _key(*_standing(torrent))

    def look(self, info_hash: bytes) -> None:
        """Its state may have changed."""
        self._dirty[info_hash] = None
        if self._timer is None:
            self._timer = self._around.host.reactor.callLater(0, self._look)

    def drop(self, info_hash: bytes) -> None:
        """It is one of ours no more."""
        self._told.pop(info_hash, None)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        dirty, self._dirty = self._dirty, {}
        for info_hash in dirty:
            torrent = self._around.torrents.get(info_hash)
            if torrent is not None:
                self._compare(info_hash, torrent)

    def _compare(self, info_hash: bytes, torrent: Member) -> None:
        state, error = _standing(torrent)
        before, now = self._told[info_hash], _key(state, error)
        if before == now:
            return
        self._told[info_hash] = now
        id = info_hash.hex()
        if before.partition(" ")[0] != state:
            self._around.tell("torrent.state", id=id, state=state, previous=before.partition(" ")[0])
        if error is not None:
            self._around.tell("torrent.error", id=id, error=msgspec.to_builtins(error))


def _standing(torrent: Member) -> tuple[str, ErrorRow | None]:
    if isinstance(torrent, Sleeper):
        return torrent.row.state, torrent.row.error
    return state_of(torrent), torrent.error


def _key(state: str, error: ErrorRow | None) -> str:
    return state if error is None else f"{state} {error.code}"
