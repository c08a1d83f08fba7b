"""What we and our peers can beyond BEP 3, and what changes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.swarm.evaluator import (
    EXTENDED,
    Log,
    arrives,
    closed,
    commands,
    make,
    run,
    says,
    sent,
)
from torrentd.model.address import Address
from torrentd.model.ids import PeerKey
from torrentd.swarm.commands import SeenAt, WantPeers
from torrentd.swarm.events import PeerClosed, PeerConnected, PeersFound, PiecesVerified, ReadFailed, Start, Tick
from torrentd.swarm.peers.conversation import ON_EXTENSION
from torrentd.swarm.peers.extensions import IDS
from torrentd.swarm.settings import Settings
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import LT_DONTHAVE, UPLOAD_ONLY, ExtensionHandshake
from torrentd.wire.peer.messages import Extended

GONE = ReadFailed(PeerKey(1), 1, "gone")


def hello(**said: Any) -> Extended:
    return Extended(0, extensions.encode(ExtensionHandshake(**said)))


def hellos(log: Log, key: int) -> list[ExtensionHandshake]:
    """Our handshakes to the peer."""
    return [extensions.parse(one.payload) for one in sent(log, key) if isinstance(one, Extended) and one.id == 0]


def test_what_we_offer_has_a_function_each() -> None:
    assert set(make().offers) <= set(ON_EXTENSION) <= set(IDS)
    assert len(set(IDS.values())) == len(IDS) and all(0 < id < 256 for id in IDS.values())


def test_our_handshake() -> None:
    torrent = make(settings=Settings(client="torrentd 9", port=6881))
    assert hellos(run(torrent, (0, Start()), (1, arrives(1, reserved=EXTENDED)), (1, arrives(2))), 1) == [
        ExtensionHandshake(
            m={name: IDS[name] for name in torrent.offers},
            client="torrentd 9",
            port=6881,
            reqq=500,
            yourip=bytes([10, 0, 0, 1]),
        )
    ]
    assert not hellos(run(torrent, (2, Tick())), 1)


@pytest.mark.parametrize(
    "host, packed",
    [("2001:db8::5", b"\x20\x01\x0d\xb8" + bytes(11) + b"\5"), ("::ffff:1.2.3.4", b"\1\2\3\4")],
)
def test_we_tell_a_peer_its_address(host: str, packed: bytes) -> None:
    came = PeerConnected(PeerKey(1), Address(host, 5000), True, arrives(1).peer_id, EXTENDED)
    assert hellos(run(make(), (0, Start()), (1, came)), 1)[0].yourip == packed


def test_peers_are_told_when_we_want_nothing_any_more_and_when_we_do_again() -> None:
    torrent = make(pieces=2, have=[0])
    run(torrent, (0, Start()), (0, arrives(1, reserved=EXTENDED)), (0, arrives(2)))
    log = run(torrent, (1, PiecesVerified([1])), (2, arrives(3, reserved=EXTENDED)))
    assert [one.upload_only for one in hellos(log, 1)] == [True]
    assert [one.upload_only for one in hellos(log, 3)] == [True]
    assert hellos(log, 2) == []
    log = run(torrent, (3, GONE))
    assert [one.upload_only for one in hellos(log, 1)] == [False]


def test_peers_are_told_when_we_have_the_metadata() -> None:
    torrent = make()
    run(torrent, (0, Start()), (0, arrives(1, reserved=EXTENDED)))
    torrent.metadata_size = 1000
    assert [one.metadata_size for one in hellos(run(torrent, (1, Tick())), 1)] == [1000]


def test_what_we_do_not_offer_any_more_is_switched_off() -> None:
    class Fickle(type(make())):  # type: ignore[misc]
        offers = (UPLOAD_ONLY, LT_DONTHAVE)

    torrent = make()
    torrent.__class__ = Fickle
    log = run(torrent, (0, Start()), (0, arrives(1, reserved=EXTENDED)))
    Fickle.offers = (LT_DONTHAVE,)
    log += run(torrent, (1, Tick()), (1, arrives(2, reserved=EXTENDED)))
    assert [one.m for one in hellos(log, 1)] == [
        {UPLOAD_ONLY: 3, LT_DONTHAVE: 7},
        {UPLOAD_ONLY: 0, LT_DONTHAVE: 7},
    ]
    assert [one.m for one in hellos(log, 2)] == [{LT_DONTHAVE: 7}]
    assert closed(run(torrent, (2, says(1, Extended(3, b"\1"))))) == {}
    assert not torrent.peers[PeerKey(1)].upload_only


def test_a_later_handshake_changes_what_it_names() -> None:
    torrent = make()
    first, later = hello(m={LT_DONTHAVE: 9, UPLOAD_ONLY: 4, b"xx_unknown": 5}), hello(m={UPLOAD_ONLY: 0}, client="B")
    run(torrent, (0, Start()), (0, arrives(1)), (1, says(1, first)))
    assert torrent.peers[PeerKey(1)].extensions == {LT_DONTHAVE: 9, UPLOAD_ONLY: 4}
    run(torrent, (2, says(1, later)))
    assert torrent.peers[PeerKey(1)].extensions == {LT_DONTHAVE: 9}
    assert torrent.peers[PeerKey(1)].client == "B"


def test_where_a_peer_sees_us_is_passed_on_as_its_word() -> None:
    log = run(make(), (0, Start()), (0, arrives(1)), (1, says(1, hello(yourip=b"\1\2\3\4"), hello(yourip=bytes(16)))))
    assert commands(log, SeenAt) == [SeenAt("1.2.3.4", "10.0.0.1"), SeenAt("::", "10.0.0.1")]


def test_a_peer_says_later_that_it_wants_nothing_and_takes_it_back() -> None:
    torrent = make()
    run(torrent, (0, Start()), (0, arrives(1)), (1, says(1, Extended(IDS[UPLOAD_ONLY], b"\1"))))
    assert torrent.peers[PeerKey(1)].upload_only
    run(torrent, (2, says(1, Extended(IDS[UPLOAD_ONLY], b"\0"))))
    assert not torrent.peers[PeerKey(1)].upload_only
    assert "too many" in closed(run(torrent, (3, says(1, *[Extended(IDS[UPLOAD_ONLY], b"\1")] * 300))))[1]


def test_an_incoming_peer_that_tells_its_port_need_not_be_dialled() -> None:
    torrent = make()
    listens = Address("10.0.0.1", 7777)
    log = run(
        torrent, (0, Start()), (0, arrives(1)), (0, says(1, hello(port=7777))), (1, PeersFound([listens], "tracker"))
    )
    assert commands(log, WantPeers) == []
    assert torrent.peers[PeerKey(1)].listens == listens
    log = run(torrent, (2, PeerClosed(PeerKey(1), "")), until=100)
    assert commands(log, WantPeers) == [WantPeers(1)]
