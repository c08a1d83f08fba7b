"""Peers tell each other of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.swarm.evaluator import (
    EXTENDED,
    Log,
    address,
    arrives,
    closed,
    commands,
    has,
    make,
    peer_id,
    run,
    says,
    sent,
)
from torrentd.model.address import Address
from torrentd.model.ids import PeerKey
from torrentd.policy.peers.exchange import SOON, SPACING
from torrentd.swarm.commands import Connect, WantPeers
from torrentd.swarm.events import Dial, Event, PeerClosed, PeerConnected, PeersFound, Start
from torrentd.swarm.peers.extensions import IDS
from torrentd.swarm.settings import Settings
from torrentd.wire.peer import extensions, pex
from torrentd.wire.peer.extensions import UT_PEX, ExtensionHandshake
from torrentd.wire.peer.messages import Extended, Message
from torrentd.wire.peer.pex import ENCRYPTS, REACHABLE, SEED, Contact, PexMessage

START: tuple[float, Event] = (0, Start())
THEIR_ID = 13


def _hello(port: int | None = None, **said: Any) -> Extended:
    return Extended(0, extensions.encode(ExtensionHandshake(m={UT_PEX: THEIR_ID}, port=port, **said)))


def _comes(key: int, at: float, host: str = "", **said: Any) -> list[tuple[float, Event]]:
    """A peer that listens on port 7000 + key and exchanges peers."""
    came = PeerConnected(PeerKey(key), Address(host or f"10.0.0.{key}", 50000), True, peer_id(key), EXTENDED)
    return [(at, came), (at, says(key, _hello(7000 + key, **said)))]


def _tells(key: int, *named: Contact | Address) -> Event:
    return says(key, _message(*named))


def _message(*named: Contact | Address, dropped: Sequence[Address] = ()) -> Message:
    added = [one if isinstance(one, Contact) else Contact(one, 0) for one in named]
    return Extended(IDS[UT_PEX], pex.encode(PexMessage(added, list(dropped))))


def _told(log: Log, key: int) -> list[tuple[float, PexMessage]]:
    return [
        (at, pex.parse(message.payload))
        for at, command in log
        for message in sent([(at, command)], key)
        if isinstance(message, Extended) and message.id == THEIR_ID
    ]


def _listens(key: int, host: str = "") -> Address:
    return Address(host or f"10.0.0.{key}", 7000 + key)


# --- what we tell


def test_whom_we_know_is_told_soon_and_what_changes_each_minute() -> None:
    torrent = make()
    log = run(torrent, START, *_comes(1, 0), *_comes(2, 1), *_comes(3, 20), (30, PeerClosed(PeerKey(2), "")), until=200)
    two, three = Contact(_listens(2), 0), Contact(_listens(3), 0)
    assert _told(log, 1) == [
        (SOON, PexMessage([two], [])),
        (SOON + SPACING, PexMessage([three], [_listens(2)])),
    ]
    assert _told(log, 3) == [
        (20 + SOON, PexMessage([Contact(_listens(1), 0), two], [])),
        (20 + SOON + SPACING, PexMessage([], [_listens(2)])),
    ]


def test_flags_say_who_is_a_seed_whom_we_reached_and_who_encrypts() -> None:
    torrent = make(pieces=2)
    dialled = [
        (0.0, PeersFound([address(2)], "tracker")),
        (0.0, Dial()),
        (0.0, PeerConnected(PeerKey(2), address(2), False, peer_id(2), EXTENDED)),
    ]
    secret = PeerConnected(PeerKey(4), Address("10.0.0.4", 50000), True, peer_id(4), EXTENDED, encrypted=True)
    log = run(
        torrent,
        START,
        *dialled,
        (0, says(2, has(2, 0, 1))),
        *_comes(1, 0),
        *_comes(3, 0, upload_only=True, encrypts=True),
        (0, secret),
        (0, says(4, _hello(7004))),
        until=9,
    )
    [(_, message)] = _told(log, 1)
    assert message.added == [
        Contact(address(2), SEED | REACHABLE),
        Contact(_listens(3), SEED | ENCRYPTS),
        Contact(_listens(4), ENCRYPTS),
    ]


def test_nothing_is_told_to_who_does_not_ask_or_of_whom_we_do_not_know_the_port() -> None:
    log = run(make(), START, *_comes(1, 0), (0, arrives(2, reserved=EXTENDED)), until=200)
    assert _told(log, 1) == []
    assert not any(isinstance(message, Extended) and message.id for message in sent(log, 2))


@pytest.mark.parametrize(
    ("host", "other", "told"),
    [
        ("8.8.8.8", "10.0.0.2", False),
        ("8.8.8.8", "9.9.9.9", True),
        ("10.0.0.1", "8.8.8.8", True),
        ("10.0.0.1", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("2001:4860::1", "fd00::1", False),
        ("10.0.0.1", "2001:4860::1", True),
    ],
)
def test_nobody_is_told_of_a_narrower_network_than_his_own(host: str, other: str, told: bool) -> None:
    log = run(make(), START, *_comes(1, 0, host), *_comes(2, 0, other), until=SOON)
    assert _told(log, 1) == ([(SOON, PexMessage([Contact(_listens(2, other), 0)], []))] if told else [])


def test_fifty_at_a_time() -> None:
    torrent = make(settings=Settings(max_connections=200))
    crowd = [event for key in range(1, 62) for event in _comes(key, 0)]
    log = run(torrent, START, *crowd, until=SOON + SPACING)
    assert [(at, len(message.added)) for at, message in _told(log, 1)] == [(SOON, 50), (SOON + SPACING, 10)]


@pytest.mark.parametrize("others", [{"private": True}, {"settings": Settings(pex=False)}])
def test_not_for_private_torrents_nor_if_it_is_switched_off(others: dict[str, Any]) -> None:
    torrent = make(**others)
    log = run(torrent, START, *_comes(1, 0), *_comes(2, 0), (1, _tells(1, Address("10.0.0.9", 1))), until=200)
    assert UT_PEX not in extensions.parse(sent(log, 1)[0].payload).m  # type: ignore[union-attr]
    assert _told(log, 1) == [] and len(torrent.candidates) == 0


# --- what we are told


def test_whom_a_peer_names_may_be_dialled() -> None:
    torrent = make()
    log = run(torrent, START, *_comes(1, 0), (1, _tells(1, address(5), Contact(address(6), SEED))))
    assert commands(log, WantPeers)[-1] == WantPeers(2)
    assert torrent.candidates.source(address(5)) == "pex"


def test_whom_a_peer_dropped_is_dialled_after_others() -> None:
    torrent = make()
    run(torrent, START, *_comes(1, 0), (1, _tells(1, address(5))), (2, says(1, _message(dropped=[address(5)]))))
    log = run(torrent, (3, _tells(1, address(6))), (4, Dial()), (4, Dial()))
    assert commands(log, Connect) == [Connect(address(6)), Connect(address(5))]


def test_a_seed_needs_no_seeds() -> None:
    torrent = make(pieces=1, have=[0])
    run(torrent, START, *_comes(1, 0), (1, _tells(1, address(5), Contact(address(6), SEED | REACHABLE))))
    assert (torrent.candidates.source(address(5)), torrent.candidates.source(address(6))) == ("pex", "")


@pytest.mark.parametrize(
    ("host", "named", "believed"),
    [("8.8.8.8", "10.0.0.5", 0), ("10.0.0.1", "127.0.0.1", 0), ("10.0.0.1", "10.0.0.5", 1), ("10.0.0.1", "9.9.9.9", 1)],
)
def test_nobody_names_a_narrower_network_than_his_own(host: str, named: str, believed: int) -> None:
    torrent = make()
    run(torrent, START, *_comes(1, 0, host), (1, _tells(1, Address(named, 80))))
    assert len(torrent.candidates) == believed


def test_one_victim_a_thousand_times() -> None:
    torrent = make()
    run(torrent, START, *_comes(1, 0))
    for minute in range(20):
        ports = range(1 + 50 * minute, 51 + 50 * minute)
        run(torrent, (60.0 * minute, _tells(1, *(Address("8.8.8.8", port) for port in ports))))
    assert len(torrent.candidates) == 8


def test_who_tells_without_end_is_closed() -> None:
    torrent = make()
    log = run(torrent, START, *_comes(1, 0), (1, says(1, *[_message(address(5))] * 6)))
    assert closed(log) == {}
    log = run(torrent, *((60.0 * minute, _tells(1, address(5))) for minute in range(1, 50)))
    assert closed(log) == {}
    assert closed(run(torrent, (3000, says(1, *[_message(address(5))] * 7)))) == {1: "too many peer exchange messages"}


@pytest.mark.parametrize("payload", [b"", b"le", b"x" * 20000])
def test_nonsense_closes_the_connection(payload: bytes) -> None:
    log = run(make(), START, *_comes(1, 0), (1, says(1, Extended(IDS[UT_PEX], payload))))
    assert "ut_pex" in closed(log)[1]
