"""Peers come and go."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import (
    EXTENDED,
    OWN_ID,
    PLAIN,
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
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import Priority
from torrentd.swarm.commands import Connect, WantPeers
from torrentd.swarm.events import (
    Dial,
    DiskBusy,
    Drained,
    Event,
    MakeRoom,
    OurAddresses,
    PeerClosed,
    PeerConnected,
    PeersFound,
    PeersUnwanted,
    PiecesVerified,
    SetPriorities,
    Start,
    Stop,
)
from torrentd.swarm.peers.connecting import DEPARTED
from torrentd.swarm.settings import Settings
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import ExtensionHandshake
from torrentd.wire.peer.messages import BitfieldMessage, Extended, Interested, KeepAlive

A, B, C = address(1), address(2), address(3)


def _connected(key: int, id: PeerId | None = None, *, reserved: bytes = PLAIN) -> PeerConnected:
    """We dialled this peer."""
    return PeerConnected(PeerKey(key), address(key), False, id or peer_id(key), reserved)


def _dialled(*keys: int) -> list[tuple[float, Event]]:
    found = PeersFound([address(key) for key in keys], "tracker")
    return [(0, Start()), (0, found), *((0.0, Dial()) for _ in keys)]


def test_whom_the_user_removes_is_left_and_forgotten_but_not_banned() -> None:
    torrent = make()
    run(torrent, *_dialled(1, 2), (1, _connected(1)), (1, _connected(2)), (2, arrives(3)))
    log = run(torrent, (3, PeersUnwanted([A, C, Address("192.0.2.99", 1)])))
    assert closed(log) == {1: "removed by the user", 3: "removed by the user"}
    assert list(torrent.peers) == [2]
    assert not torrent.candidates.knows(A) and torrent.candidates.knows(B)
    log = run(torrent, (4, PeerClosed(PeerKey(1), "")), (500, Dial()), (501, arrives(1)))
    assert not [command for command in commands(log, Connect) if command.address == A]
    assert 1 in torrent.peers


def test_a_peer_is_greeted_with_what_we_have_and_can() -> None:
    assert sent(run(make(have=[0]), (0, Start()), (1, arrives(1))), 1) == [has(4, 0)]
    greeting = sent(run(make(have=[0]), (0, Start()), (1, arrives(1, reserved=EXTENDED))), 1)
    assert [type(message) for message in greeting] == [BitfieldMessage, Extended]


def test_facts_about_a_peer() -> None:
    torrent = make()
    run(torrent, *_dialled(1), (1, _connected(1, PeerId(b"-TR4050-abcdefghijkl"))), (1, arrives(2)))
    dialled, came = torrent.peers[1], torrent.peers[2]
    assert (dialled.source, dialled.client, dialled.listens) == ("tracker", "Transmission 4.0.5", A)
    assert (came.source, came.listens, came.progress) == ("incoming", None, 0.0)


@pytest.mark.parametrize("incoming", [True, False])
def test_we_do_not_talk_to_ourselves(incoming: bool) -> None:
    torrent = make()
    log = run(torrent, *_dialled(1), (1, PeerConnected(PeerKey(1), A, incoming, OWN_ID, PLAIN)), until=300)
    assert closed(log) == {1: "this is ourselves"}
    assert len(torrent.candidates) == incoming  # whom we dialled ourselves is struck off the list


def test_too_many_and_paused() -> None:
    torrent = make(settings=Settings(max_connections=1))
    log = run(torrent, (0, Start()), (1, arrives(1)), (2, arrives(2)), (3, Stop()), (4, arrives(3)))
    assert closed(log) == {2: "too many connections", 1: "the torrent was paused", 3: "the torrent is paused"}
    assert [entry.reason for entry in torrent.closed_peers] == [
        "too many connections",
        "the torrent was paused",
        "the torrent is paused",
    ]


def test_a_second_connection_to_the_same_peer_is_refused() -> None:
    log = run(make(), (0, Start()), (1, arrives(1)), (20, PeerConnected(PeerKey(2), B, False, peer_id(1), PLAIN)))
    assert closed(log) == {2: "connected already"}


def test_who_was_refused_is_dialled_less_and_less() -> None:
    """A connection that is closed at once, though the handshake went well, counts as a failure."""
    torrent = make()
    waits = []
    run(torrent, (0, Start()), (0, arrives(1)), (0, PeersFound([B], "user")))
    now = 0.0
    for key in (2, 3, 4):
        run(torrent, (now, Dial()), (now, PeerConnected(PeerKey(key), B, False, peer_id(1), PLAIN)))
        waits.append(torrent.candidates.ready_at() - now)
        now = torrent.candidates.ready_at()
    assert waits == [waits[0], 2 * waits[0], 4 * waits[0]]


@pytest.mark.parametrize("theirs, kept", [(b"-AA0000-000000000000", 2), (b"-zz0000-000000000000", 1)])
def test_when_both_dial_at_once_the_one_of_the_larger_id_is_kept(theirs: bytes, kept: int) -> None:
    came = PeerConnected(PeerKey(1), Address("10.0.0.1", 5000), True, PeerId(theirs), PLAIN)
    went = PeerConnected(PeerKey(2), A, False, PeerId(theirs), PLAIN)
    for order in ([came, went], [went, came]):
        torrent = make()
        run(torrent, *_dialled(1), *((1.0, event) for event in order))
        assert list(torrent.peers) == [kept]


def test_a_borrowed_peer_id_pushes_nobody_out() -> None:
    theirs = PeerId(b"-zz0000-000000000000")
    thief = PeerConnected(PeerKey(2), B, True, theirs, PLAIN)
    assert closed(run(make(), *_dialled(1), (1, _connected(1, theirs)), (2, thief))) == {2: "connected already"}


def test_two_that_want_nothing_part_and_the_other_is_dialled_rarely_until_something_is_missing() -> None:
    torrent = make(pieces=2, have=[0], priorities=[Priority.SKIP])
    everything = has(2, 0, 1)
    log = run(torrent, *_dialled(1), (1, _connected(1)), (1, says(1, everything)), (1, PeerClosed(1, "")), until=1000)
    assert closed(log) == {1: "neither wants anything"}
    assert [entry for entry in log if isinstance(entry[1], WantPeers) and entry[0] > 0] == [(301, WantPeers(1))]
    run(torrent, (1000, Dial()), (1000, _connected(1)), (1000, says(1, everything)))
    log = run(torrent, (1000, PeerClosed(1, "")), (1100, SetPriorities([Priority.NORMAL])), until=1200)
    assert [entry for entry in log if isinstance(entry[1], WantPeers)] == [(1100, WantPeers(1))]


def test_a_silent_peer_hears_from_us_and_is_closed_after_two_minutes() -> None:
    log = run(make(have=[0]), (0, Start()), (0, arrives(1)), until=200)
    assert [entry[0] for entry in log if sent([entry], 1) == [KeepAlive()]] == [100]
    assert [(at, closed([(at, command)])) for at, command in log if closed([(at, command)])] == [
        (120, {1: "silent for 120 seconds"})
    ]


def test_a_peer_that_sends_or_takes_anything_is_alive() -> None:
    torrent = make(have=[0])
    run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, Interested())),
        (110, says(1)),
        (220, Drained(1, 1)),
        until=330,
    )
    assert list(torrent.peers) == [1]


def test_silence_while_our_disk_is_busy_is_not_the_peers() -> None:
    torrent = make(have=[0])
    run(torrent, (0, Start()), (0, arrives(1)), (60, DiskBusy(True)), (400, DiskBusy(False)), until=519)
    assert list(torrent.peers) == [1]
    run(torrent, until=520)
    assert list(torrent.peers) == []


def test_only_so_many_past_peers_are_remembered() -> None:
    torrent = make()
    comings = [
        (float(key), event) for key in range(1, DEPARTED + 11) for event in (_passes_by(key), PeerClosed(key, ""))
    ]
    run(torrent, (0, Start()), *comings)
    assert list(torrent.departed)[:: DEPARTED - 1] == [11, DEPARTED + 10]


def _passes_by(key: int) -> PeerConnected:
    return PeerConnected(PeerKey(key), Address("10.1.1.1", key), True, PeerId(b"%020d" % key), PLAIN)


def _wants_nothing(port: int | None = None) -> Extended:
    return Extended(0, extensions.encode(ExtensionHandshake(port=port, upload_only=True)))


def test_who_wants_nothing_and_has_nothing_for_us_is_left() -> None:
    """A partial seed (BEP 21): as long as we lack something it stays, whatever it says."""
    torrent = make(pieces=2, have=[0])
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(2, 0), _wants_nothing(7777))))
    assert closed(log) == {} and torrent.peers[1].upload_only
    log = run(torrent, (1, PiecesVerified([1])), until=1000)
    assert closed(log) == {1: "neither wants anything"}
    assert torrent.candidates.ready(1000.0) == 0


def test_who_says_it_wants_nothing_and_is_interested_stays() -> None:
    torrent = make(have=range(4))
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(4, 0), Interested(), _wants_nothing())))
    assert closed(log) == {}


# --- turnover


def test_a_connection_of_no_use_makes_room_when_somebody_else_comes() -> None:
    torrent = make(settings=Settings(max_connections=2))
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, arrives(2)), (0, says(2, has(4, 0))), (59, arrives(3)))
    assert closed(log) == {3: "too many connections"}
    log = run(torrent, (61, arrives(4)), (91, arrives(5)))
    assert closed(log) == {1: "of no use while others wait", 5: "too many connections"}
    assert list(torrent.peers) == [2, 4]


def test_a_connection_of_no_use_makes_room_for_a_candidate() -> None:
    torrent = make(settings=Settings(max_connections=2))
    log = run(torrent, *_dialled(1), (0, _connected(1)), (0, arrives(2)), (10, PeersFound([B, C], "tracker")), until=59)
    assert closed(log) == {}
    log = run(torrent, (75, Dial()), (75, _connected(3)), until=110)
    assert closed(log) == {1: "of no use while others wait", 2: "of no use while others wait"}
    assert [at for at, _ in log if closed([(at, _)])] == [60, 90]
    assert torrent.candidates.ready(110.0) == 1  # whom we left waits longer


def test_nobody_goes_while_there_are_places_or_nobody_waits() -> None:
    torrent = make(settings=Settings(max_connections=2))
    assert closed(run(torrent, (0, Start()), (0, arrives(1)), (0, arrives(2)), until=119)) == {}
    torrent = make(settings=Settings(max_connections=2))
    found = PeersFound([B], "tracker")
    assert closed(run(torrent, (0, Start()), (0, arrives(1)), (0, found), until=119)) == {}


def test_a_connection_that_carries_blocks_stays_and_so_it_does_while_our_disk_hangs() -> None:
    torrent = make(have=range(4), settings=Settings(max_connections=1))
    taking = [(float(at), Drained(PeerKey(1), 1)) for at in range(0, 600, 110)]
    script = [(0.0, Start()), (0.0, arrives(1)), (0.0, says(1, Interested())), *taking, (1.0, PeersFound([B], "user"))]
    assert closed(run(torrent, *script, until=650)) == {}
    torrent = make(settings=Settings(max_connections=1))
    busy = [(1.0, DiskBusy(True)), (1.0, PeersFound([B], "user")), (500.0, DiskBusy(False))]
    log = run(torrent, (0, Start()), (0, arrives(1)), *busy, until=600)
    assert [at for at, command in log if closed([(at, command)])] == [560]


def test_the_daemon_may_ask_for_room() -> None:
    torrent = make()
    log = run(torrent, (0, Start()), (0, MakeRoom()), (0, arrives(1)), (59, MakeRoom()), (61, MakeRoom()), until=100)
    assert [at for at, command in log if closed([(at, command)])] == [61]


def test_the_daemon_may_name_whom_to_leave() -> None:
    torrent = make()
    run(torrent, (0, Start()), (0, arrives(1)), (0, arrives(2)))
    assert torrent.expendable(address(9), 59.0) is None
    found = torrent.expendable(address(9), 61.0)
    assert found is not None
    log = run(torrent, (61, MakeRoom(PeerKey(7))), (61, MakeRoom(found.peer)))
    assert closed(log) == {found.peer: "a connection that is worth more takes its place"}
    run(torrent, (61, DiskBusy(True)))
    assert torrent.expendable(address(9), 99.0) is None


def test_who_comes_takes_the_place_of_a_connection_that_is_worth_less() -> None:
    """BEP 40, among those that carried nothing for a minute; whoever is worth less than all is refused."""
    torrent = make(settings=Settings(max_connections=3), have=range(4))
    run(torrent, (0, Start()), (0, OurAddresses([Address("203.0.113.9", 6881)])))
    order = sorted(range(1, 9), key=lambda key: torrent.candidates.priority(_far(key)))
    least, first, second, busy, best = order[0], order[1], order[2], order[3], order[-1]
    here = [(0.0, event) for key in (first, second, busy) for event in (_from_far(key), says(key, Interested()))]
    run(torrent, *here, (59.0, Drained(PeerKey(busy), 1)), until=59)
    assert closed(run(torrent, (59.5, _from_far(best)))) == {best: "too many connections"}
    assert closed(run(torrent, (61, _from_far(least)))) == {least: "too many connections"}
    log = run(torrent, (61, _from_far(best)), (61, _from_far(order[-2])), (61, _from_far(order[-3])))
    assert list(closed(log)) == [first, second, order[-3]]
    assert list(torrent.peers) == [busy, best, order[-2]]


def _far(key: int) -> Address:
    return Address(f"198.51.{key}.1", 50000)


def _from_far(key: int) -> PeerConnected:
    return PeerConnected(PeerKey(key), _far(key), True, peer_id(key), PLAIN)
