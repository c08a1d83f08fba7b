"""Blocks that peers ask of us."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import Log, Script, arrives, closed, evaluate, has, make, run, says, sent, served
from torrentd.model.geometry import BLOCK
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm.commands import Serve
from torrentd.swarm.events import Drained, Event, ReadFailed, SetLimits, Start, Stop
from torrentd.swarm.settings import Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import Cancel, Interested, Range, Request, Unchoke

HELLO: list[tuple[float, Event]] = [(0, Start()), (0, arrives(1)), (0, says(1, Interested()))]


def _requests(*blocks: int, piece: int = 0) -> list[Request]:
    return [Request(piece, block * BLOCK, BLOCK) for block in blocks]


def _ranges(*blocks: int, piece: int = 0) -> list[Range]:
    return [(piece, block * BLOCK, BLOCK) for block in blocks]


def _seed(blocks: int = 100, **others: object) -> Torrent:
    return make(pieces=1, blocks=blocks, have=[0], **others)


def _drains(log: Log) -> Script:
    """A socket that takes everything at once."""
    return [(at, Drained(c.peer, sum(length for *_, length in c.ranges))) for at, c in log if isinstance(c, Serve)]


def test_an_interested_peer_is_unchoked_and_served_piece_by_piece() -> None:
    torrent = make(pieces=2, blocks=9, have=[0, 1])
    asked = [*_requests(5, 3, piece=1), *_requests(7), *_requests(4, piece=1)]
    log = run(torrent, *HELLO, (1, says(1, *asked)), *[(1.0, Drained(1, BLOCK))] * 4)
    assert sent(log, 1) == [has(2, 0, 1), Unchoke()]
    assert [block for batch in served(log, 1) for block in batch] == [*_ranges(3, 4, 5, piece=1), *_ranges(7)]


def test_a_run_of_requests_is_served_as_one_range() -> None:
    fast = 16 * BLOCK
    log = run(_seed(), *HELLO, (1, says(1, Request(0, 0, BLOCK, 4))), (2, Drained(1, fast)))
    first, second = (command for _, command in log if isinstance(command, Serve))
    assert (first.ranges, first.block) == ([(0, 0, BLOCK)], BLOCK)
    assert (second.ranges, second.block) == ([(0, BLOCK, 3 * BLOCK)], BLOCK)


def test_one_serve_at_a_time_of_one_block_for_whom_we_do_not_know() -> None:
    torrent = _seed()
    log = run(torrent, *HELLO, (1, says(1, *_requests(*range(2)))), (2, says(1, *_requests(50))), (3, Drained(1, 5)))
    assert served(log, 1) == [_ranges(0), _ranges(1)]
    assert torrent.totals.uploaded == torrent.peers[1].uploaded == 5


@pytest.mark.parametrize(
    ("rate", "blocks"), [(1e5, 1), (16 * BLOCK * 4, 16), (2.2e6, 32), (1e7, 32), (64 * BLOCK * 50, 64), (1e9, 128)]
)
def test_a_slow_peers_serve_is_what_it_takes_in_a_quarter_of_a_second_a_fast_ones_in_a_50th(
    rate: float, blocks: int
) -> None:
    torrent = _seed(600)
    wanted = says(1, *_requests(*range(1, 401)))
    log = run(torrent, *HELLO, (1, says(1, *_requests(0))), (1.9, wanted), (2, Drained(1, int(rate * 0.5))))
    assert len(served(log, 1)[-1]) == blocks


def test_a_request_may_be_up_to_32_kib_and_unaligned() -> None:
    log = run(_seed(), *HELLO, (1, says(1, Request(0, 7, 2 * BLOCK))))
    assert served(log, 1) == [[(0, 7, 2 * BLOCK)]]


@pytest.mark.parametrize(
    "bad",
    [
        Request(1, 0, BLOCK),
        Request(0, 0, 0),
        Request(0, 99 * BLOCK, BLOCK + 1),
        Request(0, 0, 2 * BLOCK + 1),
        Request(0, 98 * BLOCK, BLOCK, 3),
    ],
)
def test_a_request_of_what_cannot_exist_closes_the_connection(bad: Request) -> None:
    log = run(_seed(), *HELLO, (1, says(1, bad)))
    assert "cannot exist" in closed(log)[1]
    assert served(log, 1) == []


def test_requests_while_choked_or_for_what_we_lack_are_ignored() -> None:
    torrent = make(pieces=2, have=[0])
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (1, says(1, *_requests(0))),
        (2, says(1, Interested())),
        (3, says(1, *_requests(1, piece=1))),
    )
    assert (served(log, 1), closed(log)) == ([], {})


def test_a_flood_of_requests_for_the_same_closes_the_connection() -> None:
    flood = [(1.0, says(1, *_requests(*range(100)))) for _ in range(22)]
    assert not closed(run(_seed(), *HELLO, *flood[:20]))
    assert closed(run(_seed(), *HELLO, *flood)) == {1: "too many requests that cannot be served"}


def test_asking_and_cancelling_by_turns_closes_the_connection() -> None:
    turn = [*_requests(*range(1, 100)), *[Cancel(0, block * BLOCK, BLOCK) for block in range(1, 100)]]
    begin = (0.5, says(1, *_requests(0)))
    now_and_then = [(at, says(1, *turn * 5)) for at in range(1, 60)]
    assert not closed(run(_seed(), *HELLO, begin, *now_and_then))
    assert closed(run(_seed(), *HELLO, begin, (1.0, says(1, *turn * 150)))) == {1: "too many requests taken back"}


def test_a_flood_of_requests_while_choked_closes_the_connection() -> None:
    flood = [(1.0, says(1, *_requests(*range(100)))) for _ in range(21)]
    log = run(_seed(), (0, Start()), (0, arrives(1)), *flood)
    assert closed(log) == {1: "too many requests that cannot be served"}


def test_a_block_requested_again_is_served_once() -> None:
    log = run(_seed(), *HELLO, (1, says(1, *_requests(0))), (1, says(1, *_requests(1, 1))), (2, Drained(1, 0)))
    assert served(log, 1) == [_ranges(0), _ranges(1)]


def test_a_cancelled_request_is_not_served() -> None:
    torrent = _seed()
    cancel = Cancel(0, 2 * BLOCK, BLOCK)
    log = run(torrent, *HELLO, (1, says(1, *_requests(0))), (1, says(1, *_requests(1, 2), cancel)), (2, Drained(1, 0)))
    assert served(log, 1) == [_ranges(0), _ranges(1)]


def test_cancelling_nothing_without_end_closes_the_connection() -> None:
    flood = [(1.0, says(1, *[Cancel(0, 0, BLOCK)] * 100)) for _ in range(21)]
    assert closed(run(_seed(), *HELLO, *flood)) == {1: "too many cancels of nothing"}


def test_more_than_500_requests_close_the_connection() -> None:
    torrent = _seed(600)
    log = run(torrent, *HELLO, (1, says(1, *_requests(0))), (1, says(1, *_requests(*range(1, 501)))))
    assert closed(log) == {}
    assert closed(run(torrent, (2, says(1, *_requests(550))))) == {1: "more than 500 requests at once"}


def test_the_upload_limit_paces_what_is_served() -> None:
    torrent = _seed(up=Bucket(8 * BLOCK))
    script: list[tuple[float, Event]] = [*HELLO, (0, says(1, *_requests(*range(100))))]
    log = evaluate(torrent, lambda _: script, _drains, until=5)
    assert 5 * 8 <= sum(len(batch) for batch in served(log, 1)) <= 5 * 8 + 2


def test_who_was_served_longest_ago_comes_first_when_the_limit_grants_again() -> None:
    torrent = _seed(up=Bucket(2 * BLOCK), totals=Totals(downloaded=1))
    hello = [(0.0, event) for key in (1, 2) for event in (arrives(key), says(key, Interested(), *_requests()))]
    wanted = [(0.0, says(key, *_requests(*range(50)))) for key in (1, 2)]
    log = evaluate(torrent, lambda _: [(0, Start()), *hello, *wanted], _drains, until=20)
    amounts = [sum(len(batch) for batch in served(log, key)) for key in (1, 2)]
    assert abs(amounts[0] - amounts[1]) <= 3 and sum(amounts) >= 38  # the first got two at once, and the last turn


def test_a_limit_of_zero_serves_nothing_until_it_is_lifted() -> None:
    torrent = _seed()
    torrent.handle(SetLimits(up=0), 0.0)
    log = run(torrent, *HELLO, (1, says(1, *_requests(0, 1))), (5, SetLimits()))
    assert [at for at, command in log if served([(at, command)], 1)] == [5]


def test_a_piece_that_cannot_be_read_is_not_claimed_any_more() -> None:
    torrent = make(pieces=2, have=[0, 1])
    log = run(
        torrent,
        *HELLO,
        (1, says(1, *_requests(0), *_requests(0, piece=1))),
        (1, says(1, *_requests(1), *_requests(1, piece=1))),
        (2, ReadFailed(1, 0, "gone")),
        (3, Drained(1, BLOCK)),
    )
    assert 0 not in torrent.have and not torrent.finished
    assert served(log, 1)[1:] == [_ranges(0, piece=1), _ranges(1, piece=1)]


def test_what_drains_after_the_peer_is_gone_still_counts() -> None:
    torrent = _seed()
    run(torrent, *HELLO, (1, says(1, *_requests(0))), (2, Stop()), (3, Drained(1, BLOCK)))
    assert torrent.totals.uploaded == BLOCK
