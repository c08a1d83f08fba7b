"""Encrypted connections over real sockets, on our transport and on plain Twisted."""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from tests.net.fakes import OURS, THEIRS, Hall, Reader, content, encryption, peer
from tests.net.test_peer_sockets import BLOCK, Pair
from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError, StorageError
from torrentd.net import encryption as net_encryption
from torrentd.net.connector import Connector
from torrentd.net.encryption import EncryptingTransport, begins_plain, probe
from torrentd.net.factory import PeerFactory
from torrentd.net.network import Network
from torrentd.policy.peers.encryption import BURST, Encryption, Mode
from torrentd.wire.peer.encode import encode
from torrentd.wire.peer.handshake import LENGTH, START
from torrentd.wire.peer.messages import Have, Interested
from torrentd.wire.peer.mse import PLAIN, Initiator, Responder, obfuscated


@pytest.fixture(params=[True, False], ids=["direct", "plain"])
def network(request: pytest.FixtureRequest) -> Network:
    return Network(reactor, direct=request.param)


@ensureDeferred
@pytest.mark.parametrize(
    ("modes", "encrypted", "found"),
    [
        (("prefer", "prefer"), True, "handshake"),
        (("prefer", "prefer"), False, "none"),
        (("prefer", "require"), True, "rc4"),
        (("require", "prefer"), True, "rc4"),
        (("require", "require"), True, "rc4"),
        (("off", "prefer"), False, "none"),
    ],
)
async def test_what_two_agree_on(network: Network, modes: tuple[Mode, Mode], encrypted: bool, found: str) -> None:
    pair = Pair(network, modes=modes, encrypted=encrypted)
    arrived: Deferred[None] = Deferred()
    pair.there.owner.on_received = lambda connection, messages: arrived.callback(None)
    await pair.connect()
    assert (pair.dialled.encryption, pair.accepted.encryption) == (found, found)
    assert pair.there.handshakes[0].peer_id == OURS.peer_id
    assert pair.here.handshakes[0].peer_id == THEIRS.peer_id
    pair.dialled.send(encode([Interested(), Have(3)]))
    pair.dialled.flush()
    await arrived
    assert pair.there.owner.messages == [Interested(), Have(3)]
    await pair.end()


@ensureDeferred
@pytest.mark.parametrize(("modes", "found"), [(("require", "require"), "rc4"), (("prefer", "prefer"), "handshake")])
async def test_many_blocks_arrive_whole(network: Network, modes: tuple[Mode, Mode], found: str) -> None:
    pair = Pair(network, modes=modes, encrypted=True)
    blocks = [(piece, begin * BLOCK, BLOCK) for piece in range(20) for begin in range(16)]
    expected = b"".join(content(*block) for block in blocks)
    finished: Deferred[None] = Deferred()
    got = 0

    def count_blocks(connection: Any, messages: Any) -> None:
        nonlocal got
        got += sum(message.length for message in messages if hasattr(message, "length"))
        if got == len(expected):
            finished.callback(None)

    pair.here.owner.on_received = count_blocks
    await pair.connect()
    drained: Deferred[None] = Deferred()
    pair.there.owner.on_drained = lambda connection, sent=0: drained.callback(None)
    pair.accepted.serve(blocks, BLOCK, Reader())
    await finished
    await drained
    assert pair.accepted.encryption == found
    assert pair.here.owner.block_bytes() == expected
    await pair.end()


async def refused(network: Network, there: Mode, *, encrypted: bool) -> tuple[Any, Hall, Hall]:
    """A connection that comes to nothing."""
    here, other, keys = Hall(OURS), Hall(THEIRS), count(1)
    factory = PeerFactory(reactor, network.buffers, other, keys, encryption(reactor, there))
    port: Any = await network.listen(factory, Address("127.0.0.1", 0))
    address = Address("127.0.0.1", port.getHost().port)
    dialled = Connector(reactor, network, keys, encryption(reactor, "prefer")).dial(address, here, OURS, encrypted)
    await here.when_refused
    await other.when_refused
    await port.stopListening()
    return dialled, here, other


@ensureDeferred
async def test_who_requires_it_takes_no_plain_connection(network: Network) -> None:
    dialled, _, other = await refused(network, "require", encrypted=False)
    assert other.refusals == ["it is not encrypted"]
    assert not dialled.declined


@ensureDeferred
async def test_who_does_not_encrypt_has_declined(network: Network) -> None:
    dialled, _, _ = await refused(network, "off", encrypted=True)
    assert dialled.declined


# --- in memory


def incoming(mode: Mode = "prefer") -> tuple[Clock, Hall, Any, StringTransport]:
    clock, hall, transport = Clock(), Hall(THEIRS), StringTransport()
    protocol = peer(clock, hall, mode=mode)
    protocol.makeConnection(transport)
    return clock, hall, protocol, transport


def test_the_first_bytes_tell_without_waiting() -> None:
    assert [begins_plain(START[:length]) for length in (0, 1, 19, 20)] == [None, None, None, True]
    assert [begins_plain(data) for data in (b"\x14", b"\x13X", START[:10] + b"-")] == [False] * 3


@pytest.mark.parametrize("size", [1, 3, 50])
def test_a_plain_handshake_in_pieces_where_both_are_taken(size: int) -> None:
    _, hall, protocol, transport = incoming()
    hello = START + bytes(8) + THEIRS.info_hash + b"p" * 20
    for at in range(0, len(hello), size):
        protocol.dataReceived(hello[at : at + size])
    assert len(hall.handshakes) == 1
    assert len(transport.value()) == LENGTH


def test_an_exchange_that_is_not_finished_ends_with_the_deadline() -> None:
    clock, hall, protocol, _ = incoming()
    for byte in bytes(range(100)):
        protocol.dataReceived(bytes([byte]))
        clock.advance(0.09)
    clock.advance(1.1)
    assert protocol._reason == "no handshake within 10 s"
    protocol.connectionLost()
    assert hall.refusals == ["no handshake within 10 s"]


def test_noise_is_refused() -> None:
    _, hall, protocol, _ = incoming()
    protocol.dataReceived(Random(1).randbytes(2000))
    protocol.connectionLost()
    assert hall.refusals == ["the peer does not take part in the encryption"]
    assert not protocol.declined


def test_too_many_exchanges_are_refused() -> None:
    exchanges = encryption(Clock(), "prefer")
    for _ in range(int(BURST)):
        exchanges.answer(lambda name: None)
    with pytest.raises(ProtocolError, match="too many"):
        exchanges.answer(lambda name: None)


def test_a_torrent_is_recognised_by_its_hidden_name() -> None:
    hall = Hall(THEIRS)
    assert hall.recognise(obfuscated(THEIRS.info_hash)) == THEIRS.info_hash
    exchanges = encryption(Clock(), "prefer")
    one, other = exchanges.begin(THEIRS, b"hello"), exchanges.answer(hall.recognise)
    assert isinstance(one, Initiator) and isinstance(other, Responder)
    other.feed(one.feed(other.feed(one.opening())))
    assert other.secured is not None
    assert (other.secured.method, other.secured.received) == (PLAIN, b"hello")


def test_without_rc4_prefer_is_off_and_require_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net_encryption, "rc4_works", lambda: False)
    with capturedLogs() as logged:
        prefers = Encryption("prefer")
        probe(prefers)
    assert prefers.mode == "off" and len(logged) == 1
    with pytest.raises(StorageError, match="legacy provider"):
        probe(Encryption("require"))
    probe(Encryption("off"))


def test_the_encrypting_transport_keeps_the_order_and_passes_the_rest() -> None:
    written: list[bytes] = []

    class Stream:
        def update(self, data: bytes) -> bytes:
            return bytes(255 - byte for byte in data)

    transport = StringTransport()
    transport.registerProducer("one", True)  # type: ignore[arg-type]
    encrypting = EncryptingTransport(transport, Stream())
    encrypting.write(b"\x00\x01")
    encrypting.write(b"\x02")
    encrypting.registerProducer("two", True)
    written.append(transport.value())
    assert written == [b"\xff\xfe\xfd"]
    assert transport.producer == "two"
    assert not encrypting.disconnecting
