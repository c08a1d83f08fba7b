"""Blocks that arrive, expected or not."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, asked, closed, commands, has, make, run, run_of, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.swarm.commands import Store
from torrentd.swarm.events import Event, PeerClosed, PiecesVerified, Start
from torrentd.wire.peer.messages import Blocks, Cancel, Choke, Unchoke

HELLO: list[tuple[float, Event]] = [(0, Start()), (0, arrives(1)), (0, says(1, has(4, 0, 1, 2, 3), Unchoke()))]


def test_a_run_is_one_store_and_the_last_one_says_complete() -> None:
    torrent = make()
    log = run(torrent, *HELLO, (1, says(1, run_of(0, 0, 3))), (2, says(1, run_of(0, 3))))
    views = [memoryview(bytes(BLOCK))]
    assert commands(log, Store) == [Store(0, 0, views * 3), Store(0, 3 * BLOCK, views, complete=True)]
    assert torrent.peers[1].downloaded == torrent.totals.downloaded == 4 * BLOCK


def test_only_the_missing_part_of_a_run_is_stored() -> None:
    torrent = make()
    log = run(torrent, *HELLO, (1, says(1, run_of(0, 1))), (2, says(1, run_of(0, 0, 4, fill=7))))
    seven = [memoryview(b"\7" * BLOCK)]
    assert commands(log, Store)[1:] == [Store(0, 0, seven), Store(0, 2 * BLOCK, seven * 2, complete=True)]
    assert (torrent.totals.downloaded, torrent.totals.wasted) == (5 * BLOCK, BLOCK)
    assert torrent.peers[1].wasted == BLOCK


def test_a_block_that_overtakes_another_peers_copy_cancels_that() -> None:
    torrent = make(pieces=1, blocks=3)
    log = run(
        torrent,
        (0, Start()),
        *((0.0, event) for key in (1, 2) for event in (arrives(key), says(key, has(1, 0), Unchoke()))),
        (1, says(2, run_of(0, 0, 2))),
        (2, says(1, run_of(0, 0, 3))),
    )
    assert asked(log, 2) == [(0, 0, 3 * BLOCK)]
    assert [m for m in sent(log, 1) if isinstance(m, Cancel)] == [Cancel(0, 0, BLOCK), Cancel(0, BLOCK, BLOCK)]
    assert [m for m in sent(log, 2) if isinstance(m, Cancel)] == [Cancel(0, 2 * BLOCK, BLOCK)]
    assert torrent.totals.wasted == 2 * BLOCK  # the race that the cancels lost
    assert closed(log) == {}


def test_a_cancel_of_a_short_last_block_has_its_length() -> None:
    torrent = make(pieces=1, blocks=2, short=9)
    log = run(
        torrent,
        (0, Start()),
        *((0.0, event) for key in (1, 2) for event in (arrives(key), says(key, has(1, 0), Unchoke()))),
        (1, says(2, run_of(0, 1, last=BLOCK - 9))),
    )
    assert Cancel(0, BLOCK, BLOCK - 9) in sent(log, 1)


@pytest.mark.parametrize(
    "odd",
    [
        Blocks(0, 100, BLOCK, [memoryview(bytes(BLOCK))]),
        Blocks(0, 0, 100, [memoryview(bytes(100))]),
        Blocks(0, 0, 2 * BLOCK, [memoryview(bytes(2 * BLOCK))]),
        Blocks(3, 3 * BLOCK - 5, BLOCK, [memoryview(bytes(BLOCK))]),
    ],
)
def test_what_is_not_a_block_as_we_request_them_is_wasted(odd: Blocks) -> None:
    torrent = make(short=5)
    log = run(torrent, *HELLO, (1, says(1, odd)))
    assert commands(log, Store) == []
    assert torrent.totals.wasted == odd.length
    assert closed(log) == {}


@pytest.mark.parametrize("piece, begin", [(4, 0), (0, 4 * BLOCK), (3, 3 * BLOCK)])
def test_a_block_that_cannot_exist_closes_the_connection(piece: int, begin: int) -> None:
    log = run(make(short=5), *HELLO, (1, says(1, Blocks(piece, begin, BLOCK, [memoryview(bytes(BLOCK))]))))
    assert "cannot exist" in closed(log)[1]


def test_a_flood_of_blocks_that_nobody_requested_closes_the_connection() -> None:
    torrent = make(pieces=1, have=[0])
    flood = [says(1, run_of(0, 0, 4)) for _ in range(17)]
    log = run(torrent, (0, Start()), (0, arrives(1)), *((1.0, event) for event in flood))
    assert closed(log) == {1: "too many blocks that were not requested"}
    assert torrent.totals.downloaded == torrent.totals.wasted == 17 * 4 * BLOCK


def test_late_blocks_are_taken_and_are_no_offence() -> None:
    torrent = make()
    log = run(torrent, *HELLO, (1, says(1, Choke())), (2, says(1, run_of(0, 0, 4))), (3, says(1, run_of(0, 0, 1))))
    assert [(store.piece, store.complete) for store in commands(log, Store)] == [(0, True)]
    assert torrent.totals.wasted == BLOCK


def test_blocks_under_way_when_the_torrent_completes_are_no_offence_but_a_flood_after_it_is() -> None:
    torrent = make(pieces=2, blocks=3, have=[0])
    script: list[tuple[float, Event]] = [
        (0, Start()),
        *((0.0, event) for key in (1, 2) for event in (arrives(key), says(key, has(2, 1), Unchoke()))),
        (1, says(1, run_of(1, 0, 3))),
        (2, PiecesVerified([1])),
        (2, says(2, run_of(1, 0, 3))),  # cancelled at second 1
        *[(2.0, says(2, run_of(1, 0, 3)))] * 21,
        (2, says(2, run_of(1, 0))),
    ]
    log = run(torrent, *script)
    assert (torrent.complete, closed(log)) == (True, {})
    assert closed(run(torrent, (2, says(2, run_of(1, 0))))) == {2: "too many blocks that were not requested"}


def test_messages_of_a_peer_that_was_closed_meanwhile_are_ignored() -> None:
    torrent = make(pieces=1)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(1, 0), Unchoke())),
        (1, says(1, run_of(0, 0, 4))),
        (2, PiecesVerified([0])),
        (2, says(1, run_of(0, 0, 4))),
        (2, PeerClosed(1, "neither wants anything")),
    )
    assert closed(log) == {1: "neither wants anything"}
    assert torrent.totals.wasted == 0
