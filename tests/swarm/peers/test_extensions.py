"""What we and our peers can beyond BEP 3, and what changes of it."""

from __future__ import annotations

from ipaddress import ip_address
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
from torrentd.swarm.commands import Connect, SeenAt, WantPeers
from torrentd.swarm.events import (
    Dial,
    OurAddresses,
    PeerClosed,
    PeerConnected,
    PeersFound,
    PiecesVerified,
    ReadFailed,
    Start,
    Tick,
)
from torrentd.swarm.peers.conversation import ON_EXTENSION
from torrentd.swarm.peers.extensions import IDS
from torrentd.swarm.settings import Settings
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import LT_DONTHAVE, UPLOAD_ONLY, ExtensionHandshake
from torrentd.wire.peer.messages import Extended

OUR_V6 = ip_address("2001:4860::9").packed
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
    torrent = make(settings=Settings(client="torrentd 9", port=6881, encrypts=True))
    assert hellos(run(torrent, (0, Start()), (1, arrives(1, reserved=EXTENDED)), (1, arrives(2))), 1) == [
        ExtensionHandshake(
            m={name: IDS[name] for name in torrent.offers},
            client="torrentd 9",
            port=6881,
            reqq=500,
            yourip=bytes([10, 0, 0, 1]),
            encrypts=True,
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


def test_who_wants_nothing_has_no_share_of_what_only_seeds_have() -> None:
    torrent = make()
    run(torrent, (0, Start()), (0, arrives(1)))
    assert torrent.requests is not None and torrent.requests.picker.shares.contested
    run(torrent, (1, says(1, Extended(IDS[UPLOAD_ONLY], b"\1"))))
    assert not torrent.requests.picker.shares.contested
    run(torrent, (2, says(1, hello(client="B"))))
    assert torrent.requests.picker.shares.contested


V4, V6 = "8.8.8.8", "2001:4860::8"
OURS = OurAddresses([Address("9.9.9.9", 6881), Address("2001:4860::9", 6881)])


@pytest.mark.parametrize(
    "host, ipv4, ipv6",
    [(V4, b"", OUR_V6), (V6, b"\x09\x09\x09\x09", b""), ("::ffff:8.8.8.8", b"", OUR_V6)],
)
def test_where_we_are_reached_by_the_other_family_is_told_when_it_is_known(host: str, ipv4: bytes, ipv6: bytes) -> None:
    torrent = make()
    came = PeerConnected(PeerKey(1), Address(host, 5000), True, arrives(1).peer_id, EXTENDED)
    log = run(torrent, (0, Start()), (0, came), (1, OURS))
    assert [(one.ipv4, one.ipv6) for one in hellos(log, 1)] == [(b"", b""), (ipv4, ipv6)]
    assert not hellos(run(torrent, (2, OURS), (3, Tick())), 1)


def test_an_address_of_a_narrower_network_is_not_told() -> None:
    came = PeerConnected(PeerKey(1), Address(V4, 5000), True, arrives(1).peer_id, EXTENDED)
    log = run(make(), (0, OurAddresses([Address("fd00::1", 6881)])), (0, Start()), (1, came))
    assert [one.ipv6 for one in hellos(log, 1)] == [b""]


def _told_elsewhere(torrent: Torrent, host: str, **said: Any) -> Log:
    came = PeerConnected(PeerKey(1), Address(host, 5000), True, arrives(1).peer_id, EXTENDED)
    return run(torrent, (0, Start()), (0, came), (1, says(1, hello(port=7777, **said))))


def test_a_peer_that_is_lost_may_be_reached_by_the_other_family() -> None:
    for host, said, there in (V4, {"ipv6": OUR_V6}, "2001:4860::9"), (V6, {"ipv4": b"\x09\x09\x09\x09"}, "9.9.9.9"):
        torrent = make()
        log = _told_elsewhere(torrent, host, **said)
        assert commands(log, WantPeers) == []  # it would be a second connection to the same peer
        log = run(torrent, (2, PeerClosed(PeerKey(1), "lost")), (3, Dial()))
        assert commands(log, Connect) == [Connect(Address(there, 7777))]


def test_and_so_may_one_that_falls_silent() -> None:
    torrent = make()
    _told_elsewhere(torrent, V4, ipv6=OUR_V6)
    log = run(torrent, (121, Tick()), (122, Dial()))
    assert commands(log, Connect) == [Connect(Address("2001:4860::9", 7777))]


@pytest.mark.parametrize("others", [{"private": True}, {"have": range(4)}])
def test_not_of_a_private_torrent_nor_when_neither_wants_anything(others: dict[str, Any]) -> None:
    torrent = make(**others)
    _told_elsewhere(torrent, V4, ipv6=OUR_V6)
    torrent.peers[PeerKey(1)].upload_only = True
    assert commands(run(torrent, (2, PeerClosed(PeerKey(1), "lost")), (3, Dial())), Connect) == []


@pytest.mark.parametrize("said", [{"ipv4": bytes([9, 9, 9, 9])}, {"ipv6": b"\xfd" + bytes(15)}, {"ipv6": bytes(16)}])
def test_its_own_family_and_narrower_networks_are_not_believed(said: dict[str, Any]) -> None:
    torrent = make()
    _told_elsewhere(torrent, V4, **said)
    run(torrent, (2, PeerClosed(PeerKey(1), "lost")))
    assert len(torrent.candidates) == 0


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
