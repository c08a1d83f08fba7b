"""A host without a daemon: it shakes hands and leaves the rest to a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as StreamProtocol

from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError
from torrentd.simulate.internet.internet import Internet
from torrentd.simulate.internet.network import ANY, SimulatedNetwork
from torrentd.simulate.internet.site import Site
from torrentd.simulate.torrents import SimulatedTorrent
from torrentd.wire.peer import handshake
from torrentd.wire.peer.encode import encode
from torrentd.wire.peer.framing import Framing
from torrentd.wire.peer.messages import Message

PORT = 6881


class Script(Protocol):
    """What a stranger does."""

    def greet(self, line: Line) -> None:
        """The handshakes are done."""

    def said(self, line: Line, message: Message) -> None:
        """The peer sent this. Views in it are valid during the call."""


class Line(StreamProtocol):
    """One of the stranger's connections."""

    transport: Any

    def __init__(self, stranger: Stranger, dials: bool) -> None:
        self.torrent = stranger.torrent
        self.script = stranger.script
        self._peer_id = stranger.peer_id
        self._reserved = stranger.reserved
        self._dials = dials
        self._tail = b""
        self._framing: Framing | None = None

    def send(self, *messages: Message) -> None:
        self.transport.write(encode(messages))

    def connectionMade(self) -> None:
        if self._dials:
            self._introduce()

    def dataReceived(self, data: bytes) -> None:
        self._tail += data
        if self._framing is None:
            if len(self._tail) < handshake.LENGTH:
                return
            self._tail = self._tail[handshake.LENGTH :]
            self._framing = Framing(self.torrent.geometry.piece_count)
            if not self._dials:
                self._introduce()
            self.script.greet(self)
        self._read(self._framing)

    def _introduce(self) -> None:
        ours = handshake.Handshake(self._reserved, self.torrent.info_hash, self._peer_id)
        self.transport.write(handshake.encode(ours))

    def _read(self, framing: Framing) -> None:
        view = memoryview(self._tail)
        try:
            messages, used = framing.scan(view, len(view))
        except ProtocolError:
            self.transport.abortConnection()
            return
        self._tail = bytes(view[used:])
        for message in messages:
            self.script.said(self, message)


class Stranger(Factory):
    """`name` makes its peer id, too."""

    noisy = False

    def __init__(
        self, internet: Internet, site: Site, torrent: SimulatedTorrent, script: Script, reserved: bytes = bytes(8)
    ) -> None:
        """`reserved`: of its handshake."""
        self.site = site
        self.reserved = reserved
        self.torrent = torrent
        self.script = script
        self.peer_id = f"-XX0000-{site.address:<12}"[:20].encode()
        self.address = Address(site.address, PORT)
        self._network = SimulatedNetwork(internet, site)
        self._network.listen(self, Address(ANY, PORT))

    def buildProtocol(self, addr: Any) -> Line:
        return Line(self, dials=False)

    def dial(self, address: Address) -> None:
        """Connect to somebody; nobody minds if that fails."""
        attempt = self._network.connect(_Dialling(lambda: Line(self, dials=True)), address)
        attempt.addErrback(lambda failure: None)

    def leave(self) -> None:
        """Hang up and close the port."""
        self.site.reactor.crash()
        self.site.crash()


class _Dialling(Factory):
    noisy = False

    def __init__(self, make: Callable[[], Line]) -> None:
        self._make = make

    def buildProtocol(self, addr: Any) -> Line:
        return self._make()
