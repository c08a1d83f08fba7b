"""Asking: what is requested of whom, when, and how much."""

from __future__ import annotations

from tests.swarm.evaluator import (
    arrives,
    asked,
    closed,
    commands,
    disk,
    evaluate,
    has,
    make,
    run,
    run_of,
    says,
    sender,
    sent,
    starts,
)
from torrentd.model.geometry import BLOCK
from torrentd.policy.picking.pipeline import START
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm import events
from torrentd.swarm.commands import Ask, Discard, Finished, Mark, Send, Store
from torrentd.swarm.events import PeerClosed, PiecesVerified, Start
from torrentd.wire.peer.messages import Cancel, Choke, Have, Interested, NotInterested, Unchoke


def test_a_whole_download_message_by_message() -> None:
    torrent = make(pieces=2, blocks=2, short=100)
    log = run(
        torrent,
        (0, Start()),
        (1, arrives(1)),
        (1, says(1, has(2, 0, 1))),
        (2, says(1, Unchoke())),
        (3, says(1, run_of(0, 0, 2), run_of(1, 0))),
        (4, PiecesVerified([0])),
        (5, says(1, run_of(1, 1, last=BLOCK - 100))),
        (6, PiecesVerified([1])),
    )
    views = [memoryview(bytes(BLOCK))]
    assert log == [
        (1, Send(1, [Interested()])),
        (2, Mark([0, 1])),
        (2, Ask(1, [(0, 0, 2 * BLOCK), (1, 0, 2 * BLOCK - 100)])),
        (3, Store(0, 0, views * 2, complete=True)),
        (3, Store(1, 0, views)),
        (5, Store(1, BLOCK, [views[0][:-100]], complete=True)),
        (6, Send(1, [NotInterested()])),
        (6, Finished()),
        *log[8:],
    ]
    assert closed(log) == {1: "neither wants anything"}
    assert (torrent.complete, torrent.finished, torrent.wanted_left) == (True, True, 0)
    assert (torrent.totals.downloaded, torrent.totals.wasted) == (torrent.geometry.size, 0)


def test_two_seeds_share_the_work_and_nothing_is_asked_twice() -> None:
    torrent = make(pieces=20, blocks=16)
    log = evaluate(torrent, starts, sender(torrent, 1), sender(torrent, 2), disk, until=60)
    assert torrent.complete
    assert len(asked(log, 1)) > 3 and len(asked(log, 2)) > 3
    assert torrent.totals.downloaded - torrent.totals.wasted == torrent.geometry.size
    assert torrent.totals.wasted <= 32 * BLOCK  # endgame
    assert sorted(piece for mark in commands(log, Mark) for piece in mark.pieces) == list(range(20))


def test_a_slow_peer_does_not_hold_up_the_end() -> None:
    torrent = make(pieces=4, blocks=16)
    slow, fast = sender(torrent, 1, rate=2000), sender(torrent, 2, rate=1e6)
    log = evaluate(torrent, starts, slow, fast, disk, until=12)
    assert torrent.complete
    assert any(isinstance(message, Cancel) for message in sent(log, 1))


def test_nothing_is_asked_while_choked_or_without_interest() -> None:
    torrent = make(pieces=2, have=[0])
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(2, 0), Unchoke())),
        (1, says(1, Choke())),
        (2, says(1, Have(1))),
    )
    assert asked(log, 1) == []
    assert sent(log, 1)[1:] == [Interested()]


def test_the_first_ask_is_the_starting_depth() -> None:
    torrent = make(pieces=40, blocks=4)
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(40, *range(40)), Unchoke())))
    assert sum(length for _, _, length in asked(log, 1)) == START * BLOCK


def test_the_queue_of_a_fast_peer_grows() -> None:
    torrent = make(pieces=10, blocks=64)
    evaluate(torrent, starts, sender(torrent, 1, rate=20e6, latency=0.01), until=0.25)
    assert torrent.peers[1].pipeline.depth == 250
    assert 200 <= torrent.peers[1].queue.count <= 250


def test_a_peer_that_goes_leaves_its_requests_to_the_others_at_once() -> None:
    torrent = make(pieces=2, blocks=4)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(2, 0, 1), Unchoke())),
        (0, arrives(2)),
        (0, says(2, has(2, 0), Unchoke())),
        (1, PeerClosed(1, "gone")),
    )
    assert asked(log, 1) == [(0, 0, 4 * BLOCK), (1, 0, 4 * BLOCK)]
    assert asked([entry for entry in log if entry[0] < 1], 2) == []
    assert torrent.peers[2].queue.outstanding == {0: 0b1111}


def test_the_download_limit_paces_the_requests() -> None:
    torrent = make(pieces=40, blocks=4, down=Bucket(4 * BLOCK))
    log = evaluate(torrent, starts, sender(torrent, 1, rate=1e6), disk, until=20)
    assert 19 * 4 <= sum(length for _, _, length in asked(log, 1)) / BLOCK <= 21 * 4
    assert torrent.peers[1].timeouts == 0


def test_without_tokens_nothing_is_asked_until_the_limit_is_lifted() -> None:
    torrent = make()
    torrent.handle(events.SetLimits(down=0), 0.0)
    script = [(0.0, Start()), (0.0, arrives(1)), (0.0, says(1, has(4, 0), Unchoke())), (9.0, events.SetLimits())]
    log = run(torrent, *script)
    assert [entry for entry in log if isinstance(entry[1], Ask)] == [(9.0, Ask(1, [(0, 0, 4 * BLOCK)]))]


def test_pieces_that_everybody_took_along_are_not_kept_without_end() -> None:
    pieces = 60
    torrent = make(pieces=pieces, blocks=32)
    script: list[tuple[float, events.Event]] = [(0, Start())]
    for key in range(1, 41):
        script += [(key, arrives(key)), (key, says(key, has(pieces, key), Unchoke())), (key + 0.5, PeerClosed(key, ""))]
    log = run(torrent, *script)
    assert commands(log, Discard) == [Discard([key]) for key in range(1, 9)]
    assert torrent.requests is not None and len(torrent.requests.started) == 32
