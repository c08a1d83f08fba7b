"""Peers of the crowd over a socket pair: what they send for each turn."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from benchmarks.crowd import wire
from benchmarks.crowd.peers import BURST, OWED, Counts, Leech, Peer, Seed, Torrent
from benchmarks.crowd.wire import BLOCK

PIECE = bytes(range(256)) * (2 * BLOCK // 256)
TORRENT = Torrent(bytes(20), 4, 2 * BLOCK, memoryview(PIECE))
BUFFER = memoryview(bytearray(256 * 1024))
ID = b"-CR0001-000000000000"
SHAKE = wire.handshake(bytes(20), ID)


class Other:
    """The other end of the peer's socket."""

    def __init__(self) -> None:
        self.theirs, self._ours = socket.socketpair()
        for end in (self.theirs, self._ours):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.left = b""

    def says(self, peer: Peer, data: bytes) -> bool:
        self._ours.sendall(data)
        return peer.read(BUFFER)

    def hears(self) -> list[tuple[int, bytes]]:
        """The messages since last time, without the handshake."""
        try:
            while data := self._ours.recv(1 << 20):
                self.left += data
        except BlockingIOError:
            pass
        messages, used = wire.scan(memoryview(self.left.removeprefix(SHAKE)))
        heard = [(kind, bytes(payload)) for kind, payload in messages]
        self.left = self.left.removeprefix(SHAKE)[used:]
        return heard

    def leave(self) -> None:
        self._ours.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._ours.close()
        self.theirs.close()


@pytest.fixture
def other() -> Iterator[Other]:
    both = Other()
    yield both
    both.close()


def test_a_seed_sends_one_block_a_turn(other: Other) -> None:
    counts = Counts()
    seed = Seed(other.theirs, TORRENT, counts, ID)
    assert [kind for kind, _ in other.hears()] == [wire.BITFIELD, wire.UNCHOKE]
    other.says(seed, SHAKE + wire.request(1, BLOCK) + wire.request(2, 0))
    assert other.hears() == []
    seed.turn()
    [(kind, payload)] = other.hears()
    assert kind == wire.PIECE and payload[8:] == PIECE[BLOCK:]
    assert counts.sent == BLOCK
    seed.turn()
    seed.turn()
    assert len(other.hears()) == 1
    assert counts.sent == 2 * BLOCK


def test_a_seed_that_was_not_asked_makes_up_for_a_few_turns(other: Other) -> None:
    seed = Seed(other.theirs, TORRENT, Counts(), ID)
    for _ in range(BURST + 3):
        seed.turn()
    other.hears()
    other.says(seed, SHAKE + wire.request(0, 0) * (BURST + 3))
    assert len(other.hears()) == BURST


def test_what_is_cancelled_is_not_sent(other: Other) -> None:
    seed = Seed(other.theirs, TORRENT, Counts(), ID)
    other.hears()
    cancel = wire.message(wire.CANCEL, wire.request(1, 0)[5:])
    other.says(seed, SHAKE + wire.request(1, 0) + cancel)
    seed.turn()
    assert other.hears() == []


def test_a_leech_asks_when_it_may_and_for_one_block_a_turn(other: Other) -> None:
    leech = Leech(other.theirs, TORRENT, Counts(), ID, first=3)
    leech.turn()
    assert [kind for kind, _ in other.hears()] == [wire.INTERESTED]
    other.says(leech, SHAKE + wire.message(wire.UNCHOKE))
    for _ in range(2):
        leech.turn()
    places = [wire.place(memoryview(payload))[:2] for _, payload in other.hears()]
    assert places == [(3, 0), (3, BLOCK), (0, 0)]


def test_a_leech_that_gets_no_answer_does_not_ask_for_ever(other: Other) -> None:
    leech = Leech(other.theirs, TORRENT, Counts(), ID, first=0)
    other.says(leech, SHAKE + wire.message(wire.UNCHOKE))
    other.hears()
    for _ in range(2 * OWED):
        leech.turn()
    assert len(other.hears()) == OWED


def test_a_leech_counts_what_it_received_and_what_of_it_is_wrong(other: Other) -> None:
    counts = Counts()
    leech = Leech(other.theirs, TORRENT, counts, ID, first=0)
    leech.turn()
    other.says(leech, SHAKE + wire.message(wire.UNCHOKE))
    leech.turn()
    leech.turn()
    other.says(leech, wire.piece_header(0, 0) + PIECE[:BLOCK] + wire.piece_header(0, BLOCK) + bytes(BLOCK))
    assert (counts.received, counts.wrong) == (2 * BLOCK, 1)


def test_a_peer_says_when_the_other_side_is_gone(other: Other) -> None:
    seed = Seed(other.theirs, TORRENT, Counts(), ID)
    assert other.says(seed, SHAKE)
    other.leave()
    assert not seed.read(BUFFER)
