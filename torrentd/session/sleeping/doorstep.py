"""Connections to torrents that are not there at the moment: asleep, or gone for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from torrentd.model.errors import RpcError, StorageError
from torrentd.swarm.events import ConnectFailed
from torrentd.wire.peer.messages import Blocks, Message

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from torrentd.net.interfaces import PeerConnection
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.wire.peer.handshake import Handshake

log = Logger()

PATIENCE = 60.0
"""Seconds on the doorstep: a disk that hangs must not keep the places of connections. Usually it is milliseconds."""

WAKING = "waking"
"""Why a connection is not read: its torrent has to be loaded first."""


class Joining(Protocol):
    """What is asked of `session.meeting.connections`."""

    def join(self, session: TorrentSession, connection: PeerConnection, handshake: Handshake, refusal: str) -> None: ...

    def ended(self, connection: PeerConnection) -> None: ...


class Nobody:
    """Implements net's PeerOwner for a connection whose torrent went while it shook hands."""

    def __init__(self, connections: Joining) -> None:
        self._connections = connections

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        """The connection is closing."""

    def drained(self, connection: PeerConnection, sent: int) -> None:
        """Nothing is served."""

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        """Nothing is read."""

    def closed(self, connection: PeerConnection, reason: str) -> None:
        self._connections.ended(connection)


class Doorstep:
    """Implements net's PeerOwner for a peer whose torrent has to wake, is just beginning, or has just got its metadata;
    afterwards it passes on what it is told.

    The connection is not read meanwhile. What came with its handshake is kept: a bitfield, perhaps an `interested`.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        connections: Joining,
        connection: PeerConnection,
        handshake: Handshake,
        said: Iterable[Message] = (),
        heir: TorrentSession | None = None,
    ) -> None:
        """`said`: what the peer said before. `heir`: whose attempts a connection that we made is one of."""
        self._connections = connections
        self._connection = connection
        self._handshake = handshake
        self._session: TorrentSession | None = None
        self._heir = heir
        self._kept: list[Message] = list(said)
        self._closed = False
        self._deadline = reactor.callLater(PATIENCE, self.turn_away, f"the torrent did not wake in {PATIENCE:.0f} s")
        connection.pause_reading(WAKING)

    def opened(self, session: TorrentSession) -> None:
        """The torrent is awake; it may be that it does not run, after what it found."""
        if self._closed:
            return
        self._end_wait()
        self._session = session
        self._connections.join(session, self._connection, self._handshake, "")
        if self._kept:
            kept, self._kept = self._kept, []
            session.received(self._connection, kept)
        self._connection.resume_reading(WAKING)

    def refused(self, failure: Failure) -> None:
        """The torrent cannot be woken, which its row shows, or something went wrong here."""
        if failure.check(RpcError, StorageError, CancelledError) is None:
            log.failure("a peer could not be let in: a bug of ours", failure)
        self._connection.close("the torrent cannot be loaded")

    def turn_away(self, reason: str) -> None:
        """The torrent does not want it."""
        self._connection.close(reason)

    def received(self, connection: PeerConnection, messages: list[Message]) -> None:
        if self._session is not None:
            self._session.received(connection, messages)
        elif any(isinstance(message, Blocks) for message in messages):
            connection.close("sent blocks that nobody asked for")  # they would have to be copied
        else:
            self._kept += messages

    def drained(self, connection: PeerConnection, sent: int) -> None:
        if self._session is not None:
            self._session.drained(connection, sent)

    def read_failed(self, connection: PeerConnection, piece: int, error: Exception) -> None:
        if self._session is not None:
            self._session.read_failed(connection, piece, error)

    def _end_wait(self) -> None:
        if self._deadline.active():
            self._deadline.cancel()

    def closed(self, connection: PeerConnection, reason: str) -> None:
        self._closed = True
        self._end_wait()
        if self._session is not None:
            self._session.closed(connection, reason)
            return
        self._connections.ended(connection)
        if self._heir is not None and not connection.incoming:
            self._heir.handle(ConnectFailed(connection.address, reason))
