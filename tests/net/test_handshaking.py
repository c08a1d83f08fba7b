"""The exchange of handshakes, fed whole and byte by byte."""

from __future__ import annotations

import pytest

from tests.net.fakes import INFO_HASH, OURS, THEIRS
from torrentd.model.errors import ProtocolError
from torrentd.net.handshaking import Handshaking
from torrentd.net.interfaces import Identity
from torrentd.wire.peer.handshake import Handshake, encode

THEIR_BYTES = encode(Handshake(THEIRS.reserved, INFO_HASH, THEIRS.peer_id))
OUR_BYTES = encode(Handshake(OURS.reserved, INFO_HASH, OURS.peer_id))


def identify(info_hash: bytes) -> Identity | None:
    return OURS if info_hash == INFO_HASH else None


def fed(exchange: Handshaking, data: bytes) -> tuple[bytes, Handshake | None]:
    return exchange.feed(memoryview(data))


def test_who_dials_speaks_first() -> None:
    assert Handshaking(OURS, identify).opening() == OUR_BYTES
    assert Handshaking(None, identify).opening() == b""


def test_who_is_dialled_answers_once_it_knows_the_torrent() -> None:
    exchange = Handshaking(None, identify)
    for end in range(48):
        assert fed(exchange, THEIR_BYTES[:end]) == (b"", None)
    assert fed(exchange, THEIR_BYTES[:48]) == (OUR_BYTES, None)
    assert exchange.identity is OURS
    for end in range(49, 68):
        assert fed(exchange, THEIR_BYTES[:end]) == (b"", None)
    assert fed(exchange, THEIR_BYTES) == (b"", Handshake(THEIRS.reserved, INFO_HASH, THEIRS.peer_id))


def test_all_at_once_with_messages_behind() -> None:
    reply, handshake = fed(Handshaking(None, identify), THEIR_BYTES + b"\0\0\0\1\2")
    assert reply == OUR_BYTES
    assert handshake == Handshake(THEIRS.reserved, INFO_HASH, THEIRS.peer_id)


def test_another_protocol_is_refused_at_its_first_byte() -> None:
    with pytest.raises(ProtocolError):
        fed(Handshaking(None, identify), b"G")


def test_an_unknown_torrent_is_refused() -> None:
    with pytest.raises(ProtocolError, match="not here"):
        fed(Handshaking(None, identify), encode(Handshake(bytes(8), b"x" * 20, b"p" * 20)))


def test_an_answer_for_another_torrent_is_refused() -> None:
    with pytest.raises(ProtocolError, match="another torrent"):
        fed(Handshaking(OURS, identify), encode(Handshake(bytes(8), b"x" * 20, b"p" * 20)))
