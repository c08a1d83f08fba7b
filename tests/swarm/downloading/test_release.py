"""Requests that will not be answered."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import (
    FAST,
    arrives,
    asked,
    closed,
    commands,
    has,
    make,
    run,
    run_of,
    says,
    sender,
    sent,
    starts,
)
from tests.swarm.evaluator import evaluate as play
from torrentd.model.geometry import BLOCK
from torrentd.policy.picking.request_queue import SUGGESTIONS
from torrentd.swarm.commands import Ask
from torrentd.swarm.downloading.download import REQUEST_TIMEOUT
from torrentd.swarm.downloading.release import ALLOWED
from torrentd.swarm.events import DiskBusy, Event, Start
from torrentd.wire.peer.messages import AllowedFast, Cancel, Choke, HaveAll, KeepAlive, Reject, Suggest, Unchoke

HELLO: list[tuple[float, Event]] = [(0, Start()), (0, arrives(1)), (0, says(1, has(4, 0, 1, 2, 3), Unchoke()))]


def test_what_a_choking_peer_was_asked_for_is_asked_of_others_before_anything_new() -> None:
    torrent = make(pieces=40)
    everything = has(40, *range(40))
    log = run(
        torrent,
        (0.0, Start()),
        *((0.0, event) for key in (1, 2) for event in (arrives(key), says(key, everything, Unchoke()))),
        (0.1, says(1, Choke())),
        (0.2, says(2, run_of(4, 0, 4))),
    )
    assert asked(log, 1) == [(piece, 0, 4 * BLOCK) for piece in range(4)]
    assert asked(log, 2) == [(piece, 0, 4 * BLOCK) for piece in (4, 5, 6, 7, 0, 1)]
    assert not any(isinstance(message, Cancel) for message in sent(log, 1))


def test_those_with_room_are_asked_at_the_moment_of_the_choke() -> None:
    torrent = make(pieces=3)
    log = run(
        torrent,
        (0, Start()),
        (0, arrives(1)),
        (0, says(1, has(3, 0, 1), Unchoke())),
        (0, arrives(2)),
        (0, says(2, has(3, 1, 2), Unchoke())),
        (3, says(1, Choke())),
    )
    assert [entry for entry in log if isinstance(entry[1], Ask)] == [
        (0, Ask(1, [(0, 0, 4 * BLOCK), (1, 0, 4 * BLOCK)])),
        (0, Ask(2, [(2, 0, 4 * BLOCK)])),
        (3, Ask(2, [(1, 0, 4 * BLOCK)])),
    ]


def test_a_peer_that_sends_nothing_for_20_seconds_is_cancelled_and_then_asked_for_one_block() -> None:
    torrent = make()
    log = run(torrent, *HELLO, until=20)
    assert [m for m in sent(log, 1) if isinstance(m, Cancel)][:2] == [Cancel(0, 0, BLOCK), Cancel(0, BLOCK, BLOCK)]
    assert [entry for entry in log if isinstance(entry[1], Ask)][1:] == [(20, Ask(1, [(0, 0, BLOCK)]))]
    assert not torrent.peers[1].snubbed


def test_after_a_minute_it_counts_as_snubbing_and_a_block_ends_that() -> None:
    torrent = make()
    run(torrent, *HELLO, until=59)
    assert not torrent.peers[1].snubbed
    run(torrent, (60, says(1)), until=60)
    assert torrent.peers[1].snubbed
    run(torrent, (61, says(1, run_of(0))))
    assert not torrent.peers[1].snubbed
    assert torrent.peers[1].queue.count == 2


def test_the_silent_peers_blocks_go_to_others() -> None:
    torrent = make(pieces=6)
    silent = sender(torrent, 1, most=1)
    log = play(torrent, starts, silent, sender(torrent, 2, rate=50e3), until=40)
    assert sum(length for _, _, length in asked(log, 2)) >= 23 * BLOCK
    assert commands(log, Ask)


def test_a_block_each_15_seconds_is_slow_but_no_time_out() -> None:
    torrent = make()
    slow = [(15.0 * n, says(1, run_of(n // 4, n % 4))) for n in range(1, 5)]
    log = run(torrent, *HELLO, *slow, until=75)
    assert not any(isinstance(message, Cancel) for message in sent(log, 1))


def test_nobody_is_blamed_while_our_disk_is_busy() -> None:
    torrent = make()
    log = run(torrent, *HELLO, (5, DiskBusy(True)), (500, DiskBusy(False)), until=519)
    assert [m for m in sent(log, 1) if not isinstance(m, KeepAlive)] == sent(log, 1)[:1]
    assert closed(log) == {}
    log = run(torrent, until=520)
    assert any(isinstance(message, Cancel) for message in sent(log, 1))


def test_a_peer_that_flips_its_choke_without_end_is_closed() -> None:
    torrent = make()
    flips = [(1.0, says(1, Choke(), Unchoke())) for _ in range(60)]
    assert closed(run(torrent, *HELLO, *flips)) == {1: "too many chokes and unchokes"}


# --- the fast extension (BEP 6)

FAST_HELLO: list[tuple[float, Event]] = [
    (0, Start()),
    (0, arrives(1, reserved=FAST)),
    (0, says(1, HaveAll(), Unchoke())),
]


def _reject(*blocks: int, piece: int = 0) -> list[Reject]:
    return [Reject(piece, block * BLOCK, BLOCK) for block in blocks]


def test_a_choke_takes_nothing_back_until_it_is_rejected_or_too_late() -> None:
    torrent = make(pieces=1)
    log = run(torrent, *FAST_HELLO, (1, says(1, Choke())), (2, says(1, run_of(0, 0, 1), *_reject(1))), until=21.9)
    assert asked(log, 1) == [(0, 0, 4 * BLOCK)]
    assert torrent.peers[1].queue.outstanding == {0: 0b1100}
    log = run(torrent, until=22)
    assert sent(log, 1) == [Cancel(0, 2 * BLOCK, BLOCK), Cancel(0, 3 * BLOCK, BLOCK)]


def test_what_is_rejected_is_asked_of_others_and_else_of_the_same() -> None:
    torrent = make(pieces=3)
    hello = [FAST_HELLO[0], FAST_HELLO[1], (0.0, says(1, has(3, 0, 1), Unchoke()))]
    log = run(torrent, *hello, (0, arrives(2)), (0, says(2, has(3, 0), Unchoke())), (1, says(1, *_reject(0, 1))))
    assert asked(log, 1) == [(0, 0, 4 * BLOCK), (1, 0, 4 * BLOCK)]
    assert asked(log, 2) == [(0, 0, 2 * BLOCK)]
    log = run(torrent, (2, says(1, *_reject(2, piece=1))), (2.2, says(1, *_reject(2, piece=1))), until=2.5)
    assert [(at, command.ranges) for at, command in log if isinstance(command, Ask)] == [
        (2, [(1, 2 * BLOCK, BLOCK)]),
    ]
    log = run(torrent, (2.6, says(1, run_of(1, 0))))
    assert asked(log, 1) == [(1, 2 * BLOCK, BLOCK)]


def test_a_reject_answers_what_was_cancelled_before_what_was_asked_again() -> None:
    torrent = make(pieces=1)
    log = run(torrent, *FAST_HELLO, until=REQUEST_TIMEOUT)
    assert asked(log, 1) == [(0, 0, 4 * BLOCK), (0, 0, BLOCK)]
    run(torrent, (REQUEST_TIMEOUT + 1, says(1, *_reject(0, 1, 2, 3))))
    assert torrent.peers[1].queue.outstanding == {0: 0b0001}
    log = run(torrent, (REQUEST_TIMEOUT + 2, says(1, *_reject(0))))
    assert asked(log, 1) == [(0, 0, BLOCK)]


def test_who_rejects_everything_is_asked_less_and_less() -> None:
    torrent = make(pieces=1, blocks=1)
    run(torrent, *FAST_HELLO)
    pauses = []
    now = 0.0
    for _ in range(10):
        run(torrent, (now, says(1, *_reject(0))), until=now)
        peer = torrent.peers[1]
        again = max(now, peer.asked_again_at)
        assert peer.queue.count == (again == now)
        run(torrent, until=again)
        assert peer.queue.count == 1
        pauses.append(again - now)
        now = again + 1
    assert pauses == [0, 0, 0, 0, 0, 1, 2, 5, 10, 9]
    run(torrent, (now, says(1, *_reject(0), Choke(), Unchoke())))
    assert torrent.peers[1].queue.count == 1


def test_rejects_of_nothing_are_borne_for_a_while() -> None:
    torrent = make(pieces=1, blocks=4, short=5)
    odd = [Reject(0, 1, BLOCK), Reject(5, 0, BLOCK), Reject(0, 2**32 - 1, 2**32 - 1), Reject(0, 0, 0)]
    assert closed(run(torrent, *FAST_HELLO, (1, says(1, Choke(), *odd, *_reject(0, 0))))) == {}
    assert torrent.peers[1].queue.outstanding == {0: 0b1110}
    assert closed(run(torrent, (2, says(1, *_reject(0) * 501)))) == {1: "too many rejects of what was not requested"}


def test_allowed_pieces_are_asked_for_while_choked() -> None:
    torrent = make(pieces=9)
    hello = [(0.0, event) for event in (Start(), arrives(1, reserved=FAST), says(1, has(9, 5, 7, 8)))]
    log = run(torrent, *hello, (1, says(1, AllowedFast(7), AllowedFast(6))))
    assert asked(log, 1) == [(7, 0, 4 * BLOCK)]
    log = run(torrent, (2, says(1, *_reject(0, 1, 2, 3, piece=7))), (3, says(1, AllowedFast(5))))
    assert asked(log, 1) == [(5, 0, 4 * BLOCK)]
    log = run(torrent, (4, says(1, Unchoke())))
    assert asked(log, 1) == [(7, 0, 4 * BLOCK), (8, 0, 4 * BLOCK)]


def test_all_that_a_seed_allows_is_asked_for() -> None:
    torrent = make(pieces=30, sequential=False, have=range(4))
    run(torrent, *((0.0, event) for event in (Start(), arrives(1, reserved=FAST), says(1, HaveAll()))))
    log = run(torrent, (1, says(1, *map(AllowedFast, (7, 8, 9)))))
    assert {piece for piece, _, _ in asked(log, 1)} == {7, 8, 9}


def test_hints_are_few_and_about_pieces_that_exist() -> None:
    run(torrent := make(), *FAST_HELLO, (1, says(1, *[Suggest(0)] * 100, *[AllowedFast(1)] * 100)))
    assert closed(run(torrent, (1, says(1, Suggest(1))))) == {1: "too many suggested and allowed pieces"}
    for hint in (AllowedFast, Suggest):
        assert "a hint at piece 4" in closed(run(make(), *FAST_HELLO, (1, says(1, hint(4)))))[1]
    torrent = make(pieces=100)
    run(torrent, *FAST_HELLO, (1, says(1, *map(AllowedFast, range(100)))))
    assert list(torrent.peers[1].fast_for_us) == list(range(ALLOWED))


@pytest.mark.parametrize("rivals", [0, 1])
def test_a_suggestion_is_followed_among_equally_rare_pieces(rivals: int) -> None:
    """If nobody else asks the seed."""
    torrent = make(pieces=12, have=[0, 1, 2, 4], sequential=False)
    hello = [(0.0, event) for event in (Start(), arrives(1, reserved=FAST), says(1, HaveAll()))]
    others = [(0.0, arrives(2)), (0.0, says(2, has(12, 9)))] * rivals
    run(torrent, *hello, *others, (1, says(1, Suggest(0), *map(Suggest, (7, 3, 9)))))
    queue = torrent.peers[1].queue
    assert list(queue.suggested) == [7, 3, 9]  # 0 is here already
    begun = [piece for piece, _, _ in asked(run(torrent, (2, says(1, Unchoke()))), 1)]
    assert (begun[:3] == [7, 3, 9]) == (not rivals)
    assert not set(begun) & set(queue.suggested)


def test_of_what_is_suggested_the_latest_is_remembered() -> None:
    torrent = make(pieces=100)
    run(torrent, (0, Start()), (0, arrives(1, reserved=FAST)), (0, says(1, has(100, *range(50)))))
    run(torrent, (1, says(1, *map(Suggest, range(100)))))
    assert list(torrent.peers[1].queue.suggested) == list(range(50 - SUGGESTIONS, 50))  # the peer has 50
