"""The facts that others read."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, disk, evaluate, has, make, run, run_of, says, sender, starts
from torrentd.model.geometry import BLOCK
from torrentd.swarm import events
from torrentd.swarm.events import Start
from torrentd.swarm.torrent import ON_EVENT
from torrentd.wire.peer.messages import Unchoke


def test_every_event_has_its_verb() -> None:
    every = set(events.Event.__args__)  # type: ignore[attr-defined]
    assert set(ON_EVENT) == every - {events.Fulfilled}  # which only concerns metadata that is fetched


def test_availability_is_what_connected_peers_have() -> None:
    for have in ([], [0, 1, 2, 3]):
        torrent = make(have=have)
        assert torrent.availability is None
        run(
            torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(4, 0, 2))), (0, arrives(2)), (0, says(2, has(4, 2)))
        )
        assert torrent.availability == [1, 0, 2, 0]


def test_rates_follow_the_payload() -> None:
    torrent = make(pieces=8, blocks=16)
    evaluate(torrent, starts, sender(torrent, 1, rate=100e3), disk, until=10)
    down, up = torrent.rates(10.0)
    assert (down, up) == (pytest.approx(100e3, rel=0.1), 0.0)
    assert torrent.peers[1].down.rate(10.0) == down
    assert torrent.rates(60.0) == (0.0, 0.0)


def test_progress_is_in_bytes_of_wanted_pieces() -> None:
    torrent = make(pieces=2, short=10)
    run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(2, 0, 1), Unchoke())), (1, says(1, run_of(0, 0, 4))))
    assert (torrent.wanted_size, torrent.wanted_left) == (8 * BLOCK - 10, 8 * BLOCK - 10)


def test_the_same_script_gives_the_same_commands() -> None:
    logs = []
    for _ in range(2):
        torrent = make(pieces=20, sequential=False)
        actors = [sender(torrent, key, rate=50e3 * key) for key in (1, 2, 3)]
        logs.append(evaluate(torrent, starts, *actors, disk, until=60))
        assert torrent.complete
    assert logs[0] == logs[1]
