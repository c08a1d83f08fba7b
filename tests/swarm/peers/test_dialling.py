"""Whom we dial."""

from __future__ import annotations

from tests.swarm.evaluator import address, arrives, commands, make, run
from torrentd.model.address import Address
from torrentd.swarm.commands import Connect, WantPeers
from torrentd.swarm.events import ConnectFailed, Dial, Event, PeersFound, Start, Stop
from torrentd.swarm.settings import Settings

A, B, C = address(1), address(2), address(3)


def _dialled(*keys: int) -> list[tuple[float, Event]]:
    found = PeersFound([address(key) for key in keys], "tracker")
    return [(0, Start()), (0, found), *((0.0, Dial()) for _ in keys)]


def test_found_peers_are_dialled_as_far_as_the_fleet_grants_it() -> None:
    log = run(make(), (0, Start()), (1, PeersFound([A, B], "tracker")), (2, Dial()), (3, Dial()), (4, Dial()))
    assert log == [
        (1, WantPeers(2)),
        (2, Connect(A)),
        (2, WantPeers(1)),
        (3, Connect(B)),
        (3, WantPeers(0)),
    ]


def test_only_as_many_connections_as_configured_are_wanted() -> None:
    torrent = make(settings=Settings(max_connections=2))
    log = run(torrent, (0, Start()), (0, arrives(9)), (1, PeersFound([A, B, C], "tracker")), (2, Dial()), (3, Dial()))
    assert commands(log, WantPeers) == [WantPeers(1), WantPeers(0)]
    assert commands(log, Connect) == [Connect(A)]


def test_who_does_not_answer_is_tried_again_after_a_minute() -> None:
    torrent = make()
    log = run(torrent, *_dialled(1), (5, ConnectFailed(A, "timed out")), until=100)
    assert [at for at, command in log if command == WantPeers(1)] == [0, 60]


def test_whose_attempt_a_pause_ended_is_tried_again_at_once() -> None:
    given_up = ConnectFailed(A, "stopped", given_up=True)
    log = run(make(), *_dialled(1), (5, Stop()), (5, given_up), (6, Start()), (6, Dial()))
    assert commands(log, Connect) == [Connect(A), Connect(A)]


def test_peers_found_while_paused_are_dialled_after_the_start() -> None:
    log = run(make(), (0, PeersFound([A], "user")), (0, Dial()), (1, Start()), (2, Dial()))
    assert log == [(1, WantPeers(1)), (2, Connect(A)), (2, WantPeers(0))]


def test_addresses_of_a_narrower_scope_than_their_source_are_not_believed() -> None:
    log = run(make(), (0, Start()), (1, PeersFound([Address("127.0.0.1", 6881)], "tracker", narrowest=4)))
    assert commands(log, WantPeers) == []
