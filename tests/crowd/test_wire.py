"""What the crowd sends is what torrentd's own wire layer reads, and the other way round."""

from __future__ import annotations

from benchmarks.crowd import wire
from torrentd.model.bitfield import Bitfield
from torrentd.wire.peer.framing import Framing
from torrentd.wire.peer.handshake import LENGTH
from torrentd.wire.peer.messages import BitfieldMessage, Blocks, Interested


def test_messages_are_what_torrentd_reads() -> None:
    block = bytes(wire.BLOCK)
    stream = wire.everything(11) + wire.message(wire.INTERESTED) + wire.piece_header(3, wire.BLOCK) + block
    messages, used = Framing(11).scan(memoryview(stream), len(stream))
    bitfield, interested, blocks = messages
    assert isinstance(bitfield, BitfieldMessage) and Bitfield.from_bytes(11, bitfield.bits).has_all()
    assert isinstance(interested, Interested)
    assert isinstance(blocks, Blocks) and (blocks.piece, blocks.begin, blocks.length) == (3, wire.BLOCK, wire.BLOCK)
    assert used == len(stream)


def test_a_handshake_has_its_length() -> None:
    assert len(wire.handshake(bytes(20), bytes(20))) == LENGTH == wire.HANDSHAKE


def test_whole_messages_are_found_and_the_rest_is_left() -> None:
    stream = bytes(4) + wire.request(7, wire.BLOCK) + wire.message(wire.UNCHOKE) + wire.request(8, 0)[:-1]
    messages, used = wire.scan(memoryview(stream))
    (kind, payload), (other, empty) = messages
    assert (kind, other, bytes(empty)) == (wire.REQUEST, wire.UNCHOKE, b"")
    assert wire.place(payload) == (7, wire.BLOCK, wire.BLOCK)
    assert stream[used:] == wire.request(8, 0)[:-1]
