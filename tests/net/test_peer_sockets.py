"""Two peers over real loopback sockets, on our own transport and on plain Twisted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.net.fakes import OURS, THEIRS, Hall, Reader, content, encryption
from torrentd.model.address import Address
from torrentd.net.connector import Connector
from torrentd.net.factory import PeerFactory
from torrentd.net.network import Network
from torrentd.net.peer import LONG
from torrentd.net.transport import DirectTransport
from torrentd.policy.peers.encryption import Mode
from torrentd.wire.peer.encode import encode, encode_requests
from torrentd.wire.peer.framing import MAX_EXTENDED
from torrentd.wire.peer.messages import Extended, Have, Interested, Request

BLOCK = 16384
PIECE = 1400
"""Bytes of a segment"""


@pytest.fixture(params=[True, False], ids=["direct", "plain"])
def network(request: pytest.FixtureRequest) -> Network:
    return Network(reactor, direct=request.param)


class Pair:
    """A listening hall and a dialling one, connected; `modes` are those of the dialling and the listening one."""

    def __init__(
        self,
        network: Network,
        host: str = "127.0.0.1",
        modes: tuple[Mode, Mode] = ("off", "off"),
        *,
        encrypted: bool = False,
    ) -> None:
        self.network = network
        self.host = host
        self.modes = modes
        self.encrypted = encrypted
        self.keys: Iterator[int] = count(1)
        self.here, self.there = Hall(OURS), Hall(THEIRS)

    async def connect(self) -> None:
        ours, theirs = (encryption(reactor, mode) for mode in self.modes)
        factory = PeerFactory(reactor, self.network.buffers, self.there, self.keys, theirs)
        self.port = await self.network.listen(factory, Address(self.host, 0))
        self.address = Address(self.host, self.port.getHost().port)
        connector = Connector(reactor, self.network, self.keys, ours)
        self.dialled = connector.dial(self.address, self.here, OURS, self.encrypted)
        await self.here.when_established
        await self.there.when_established
        self.accepted: Any = self.there.connections[0]

    async def end(self) -> None:
        self.dialled.close("the test is over")
        await self.here.owner.when_closed
        if not self.there.owner.when_closed.called:
            await self.there.owner.when_closed
        await self.port.stopListening()


@ensureDeferred
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_both_handshakes(network: Network, host: str) -> None:
    pair = Pair(network, host)
    await pair.connect()
    assert pair.here.handshakes[0].peer_id == THEIRS.peer_id
    assert pair.there.handshakes[0].peer_id == OURS.peer_id
    assert pair.there.admitted[0].host == host
    assert (pair.dialled.incoming, pair.accepted.incoming) == (False, True)
    await pair.end()
    assert pair.here.owner.reasons == ["the test is over"]
    assert len(pair.there.owner.reasons) == 1


@ensureDeferred
async def test_messages_of_one_flush_arrive_in_order(network: Network) -> None:
    pair = Pair(network)
    arrived: Deferred[None] = Deferred()
    pair.there.owner.on_received = lambda connection, messages: arrived.callback(None)
    await pair.connect()
    pair.dialled.send(encode([Interested(), Have(3)]))
    pair.dialled.send(encode_requests([(1, 0, 2 * BLOCK)]))
    pair.dialled.flush()
    await arrived
    assert pair.there.owner.messages == [Interested(), Have(3), Request(1, 0, BLOCK, 2)]
    assert pair.accepted.bytes_in == pair.dialled.bytes_out
    await pair.end()


@ensureDeferred
async def test_many_blocks_arrive_whole(network: Network) -> None:
    """More than the sockets hold: runs are cut, kept and read again, and nothing is lost or doubled."""
    pair = Pair(network)
    blocks = [(piece, begin * BLOCK, BLOCK) for piece in range(40) for begin in range(16)]
    expected = b"".join(content(*block) for block in blocks)
    finished: Deferred[None] = Deferred()
    drained: Deferred[None] = Deferred()
    reader = Reader()
    rest = list(blocks)

    def serve(connection: Any, sent: int = 0) -> None:
        run, rest[:] = rest[:40], rest[40:]
        if run:
            connection.serve(run, BLOCK, reader)
        else:
            drained.callback(None)

    got = 0

    def count_blocks(connection: Any, messages: Any) -> None:
        nonlocal got
        got += sum(message.length for message in messages)
        if got == len(expected):
            finished.callback(None)

    pair.here.owner.on_received = count_blocks
    pair.there.owner.on_drained = serve
    await pair.connect()
    serve(pair.accepted)
    await finished
    await drained
    assert pair.here.owner.block_bytes() == expected
    assert sum(pair.there.owner.sent) == len(expected)
    await pair.end()


@ensureDeferred
async def test_a_long_message_in_small_pieces_is_read_in_large_ones(network: Network) -> None:
    """And what is short again arrives at once."""
    pair = Pair(network)
    arrived: Deferred[None] = Deferred()
    pair.there.owner.on_received = lambda connection, messages: Interested() in messages and arrived.callback(None)
    await pair.connect()
    reads = count_calls(pair.accepted, "_deliver")
    long = Extended(5, bytes(MAX_EXTENDED))
    data = encode([long])
    for start in range(0, len(data), PIECE):
        pair.dialled.send(data[start : start + PIECE])
        pair.dialled.flush()
        await deferLater(reactor, 0)
    pair.dialled.send(encode([Interested()]))
    pair.dialled.flush()
    await arrived
    assert pair.there.owner.messages == [long, Interested()]
    if isinstance(pair.accepted.transport, DirectTransport):
        assert len(reads) < (LONG + MAX_EXTENDED // 8) // PIECE
    await pair.end()


def count_calls(owner: Any, name: str) -> list[None]:
    """One entry for each call of a method from now on."""
    calls: list[None] = []
    method = getattr(owner, name)

    def counted(*args: Any) -> Any:
        calls.append(None)
        return method(*args)

    setattr(owner, name, counted)
    return calls
