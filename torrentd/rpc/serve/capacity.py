"""How much the RPC may cost at once: connections, and bytes of requests under way.

A connection that has proved nothing yet gives way to a newer one when there are 64 of them: whoever has a token shows
it within a round trip, and whoever only holds connections open loses them first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from twisted.internet.defer import Deferred

from torrentd.rpc.core.context import Context, Grant

MAX_CONNECTIONS = 512
MAX_STRANGERS = 64
MAX_BODY = 48 * 1024 * 1024  # a metainfo of 32 MiB in base64 is 43 MiB
MAX_BODIES = 96 * 1024 * 1024


class Connection(Protocol):
    context: Context | None
    """the rights that it has proved"""

    def abort(self) -> None:
        """Close at once."""

    def drain(self) -> None:
        """Close as soon as nothing is lost by it."""


class Connections:
    """All connections of all listening sockets, oldest first."""

    def __init__(self) -> None:
        self._all: dict[Connection, None] = {}
        self._strangers: dict[Connection, None] = {}
        self._emptied: list[Deferred[None]] = []

    @property
    def full(self) -> bool:
        return len(self._all) >= MAX_CONNECTIONS and not self._strangers

    def add(self, connection: Connection, stranger: bool) -> None:
        """Count a new connection, at the cost of the oldest stranger if there are too many."""
        if self._strangers and (len(self._all) >= MAX_CONNECTIONS or (stranger and self._crowded)):
            oldest = next(iter(self._strangers))
            self.remove(oldest)
            oldest.abort()
        self._all[connection] = None
        if stranger:
            self._strangers[connection] = None

    def authorised(self, connection: Connection) -> None:
        """It showed a credential: it is no stranger any more."""
        self._strangers.pop(connection, None)

    def remove(self, connection: Connection) -> None:
        """Forget a connection; it may have been forgotten already."""
        self._all.pop(connection, None)
        self._strangers.pop(connection, None)
        if not self._all:
            waiting, self._emptied = self._emptied, []
            for deferred in waiting:
                deferred.callback(None)

    def cut(self, grant: Grant) -> None:
        """Whoever came in by this is told nothing more, whatever they wait for."""
        for connection in self:
            if connection.context is not None and connection.context.grant is grant:
                connection.abort()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        """Those of now; they may be removed meanwhile."""
        return iter(list(self._all))

    def emptied(self) -> Deferred[None]:
        """Fires when there is no connection any more."""
        emptied: Deferred[None] = Deferred()
        if self._all:
            self._emptied.append(emptied)
        else:
            emptied.callback(None)
        return emptied

    @property
    def _crowded(self) -> bool:
        return len(self._strangers) >= MAX_STRANGERS


class Bodies:
    """The bytes of all requests that are being received or answered."""

    def __init__(self) -> None:
        self.held = 0

    def take(self, size: int) -> bool:
        """Count some more bytes; False, and nothing counted, if that is too much."""
        if self.held + size > MAX_BODIES:
            return False
        self.held += size
        return True

    def release(self, size: int) -> None:
        self.held -= size
