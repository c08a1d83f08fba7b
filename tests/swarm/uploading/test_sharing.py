from __future__ import annotations

from operator import itemgetter

import pytest

from tests.swarm.evaluator import FAST, arrives, has, make, run, run_of, says, sent, served
from torrentd.model.geometry import BLOCK
from torrentd.policy.choking.slots import KNOWN
from torrentd.policy.sharing.breadth import START
from torrentd.policy.sharing.lending import MANY
from torrentd.swarm.events import Drained, Event, PeerClosed, PiecesVerified, Start
from torrentd.swarm.settings import Totals
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading.sharing import REFRESH, STALLED
from torrentd.wire.peer.messages import (
    Choke,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    Range,
    Reject,
    Request,
    Suggest,
    Unchoke,
)

MIB = 1024 * 1024

PIECES = 12
"""Each of a single block, which is also what goes out at a time to a peer that is not known to be fast."""


def _wants(key: int, *pieces: int, at: float = 0.0, blocks: int = 1) -> tuple[float, Event]:
    return at, says(key, *(Request(piece, 0, BLOCK, blocks) for piece in pieces))


def _interested(*keys: int) -> list[tuple[float, Event]]:
    return [(0.0, event) for key in keys for event in (arrives(key), says(key, Interested()))]


def _piece(piece: int) -> list[Range]:
    return [(piece, 0, BLOCK)]


def test_an_initial_seed_serves_a_few_at_a_time() -> None:
    keys = tuple(range(1, START + 3))
    torrent = make(PIECES, 1, have=range(PIECES))
    log = run(torrent, (0, Start()), *_interested(*keys), *(_wants(key, key) for key in keys), until=0)
    assert [key for key in keys if served(log, key)] == list(keys[:START])
    log = run(torrent, (0.25, Drained(1, BLOCK)), until=0.25)
    assert [key for key in keys if served(log, key)] == [keys[START]]


def test_peers_that_read_nothing_hold_nobody_up_for_long() -> None:
    keys = tuple(range(1, START + 3))
    torrent = make(PIECES, 1, have=range(PIECES))
    log = run(torrent, (0, Start()), *_interested(*keys), *(_wants(key, key) for key in keys), until=2 * STALLED)
    assert all(served(log, key) for key in keys)


def test_a_seed_among_others_serves_everybody_who_asks() -> None:
    keys = tuple(range(1, START + 3))
    torrent = make(PIECES, 1, have=range(PIECES), totals=Totals(downloaded=1))
    log = run(torrent, (0, Start()), *_interested(*keys), *(_wants(key, key) for key in keys), until=0)
    assert all(served(log, key) for key in keys)


def test_an_initial_seed_gives_one_peer_what_the_other_was_not_given() -> None:
    torrent = make(PIECES, 1, have=range(PIECES))
    log = run(torrent, (0, Start()), *_interested(1, 2), _wants(1, 0, 1), _wants(2, 0, 5), until=0)
    assert served(log, 1) == [_piece(0)]
    assert served(log, 2) == [_piece(5)]


def test_what_was_begun_goes_on_before_other_pieces_and_peers() -> None:
    torrent = make(PIECES, 2, have=range(PIECES))
    keys = range(1, START + 2)
    wanted = [_wants(key, key, key + START + 1, blocks=2) for key in keys]
    log = run(torrent, (0, Start()), *_interested(*keys), *wanted, (0.1, Drained(1, BLOCK)), until=0.1)
    assert served(log, 1) == [[(1, 0, BLOCK)], [(1, BLOCK, BLOCK)]]
    assert served(log, START + 1) == []


def test_a_leech_gives_first_what_the_fewest_have() -> None:
    torrent = make(PIECES, 1, have=(0, 1))
    common = [(0.0, event) for event in (arrives(3), says(3, has(PIECES, 0)))]
    log = run(torrent, (0, Start()), *common, *_interested(1, 2), _wants(1, 0, 1), until=0)
    assert served(log, 1) == [_piece(1)]


def test_who_waits_for_what_others_can_send_is_made_to_ask_anew_and_then_served() -> None:
    torrent = make(PIECES, 1, have=range(PIECES))
    log = run(torrent, (0, Start()), *_interested(1, 2), _wants(1, 0), _wants(2, 0), until=0)
    assert [type(message) for message in sent(log, 2)[-2:]] == [Choke, Unchoke]
    assert torrent.peers[2].requests.count == 0
    log = run(torrent, _wants(2, 0, at=REFRESH / 2), until=REFRESH / 2)
    assert served(log, 2) == [_piece(0)]


def test_with_the_fast_extension_it_is_told_what_it_will_not_get_and_what_it_would() -> None:
    torrent = make(PIECES, 1, have=range(PIECES))
    fast = [(0.0, event) for event in (arrives(2, reserved=FAST), says(2, HaveNone(), Interested()))]
    log = run(torrent, (0, Start()), *_interested(1), *fast, _wants(1, 0), _wants(2, 0), until=0)
    rejects = [Reject(*block) for block in _piece(0)]
    assert sent(log, 2) == [HaveAll(), Unchoke(), *rejects, *map(Suggest, range(1, 5))]
    log = run(torrent, _wants(2, 0, at=REFRESH / 2), until=REFRESH / 2)
    assert served(log, 2) == [_piece(0)]


def test_copies_wait_while_the_last_pieces_leave_and_one_copy_for_another() -> None:
    torrent = make(2, 1, have=range(2))
    wanted = [_wants(1, 0), _wants(2, 1), _wants(3, 0), _wants(4, 0)]
    log = run(torrent, (0, Start()), *_interested(1, 2, 3, 4), *wanted, until=0)
    assert [served(log, key) for key in (1, 2, 3, 4)] == [[_piece(0)], [_piece(1)], [], []]
    log = run(torrent, (0.1, Drained(1, BLOCK)), until=0.1)
    assert served(log, 3) == served(log, 4) == []
    log = run(torrent, (0.2, Drained(2, BLOCK)), until=0.2)
    assert [served(log, 3), served(log, 4)] == [[_piece(0)], []]
    log = run(torrent, (0.3, Drained(3, BLOCK)), until=0.3)
    assert served(log, 4) == [_piece(0)]


def test_it_is_over_when_everything_was_passed_on() -> None:
    torrent = make(2, 1, have=(0, 1))
    tells = [(0.0, says(key, Have(0), Have(1))) for key in (1, 2)]
    run(torrent, (0, Start()), *_interested(1, 2, 3), *tells, _wants(3, 0, 1), until=0)
    assert torrent.sharing is None


def test_who_left_is_forgotten() -> None:
    torrent = make(PIECES, 1, have=range(PIECES))
    script = [_wants(1, 0), (1.0, PeerClosed(1, "")), _wants(2, 0, at=2)]
    log = run(torrent, (0, Start()), *_interested(1, 2, 3), *script, until=2)
    assert served(log, 2) == [_piece(0)]
    assert torrent.sharing is not None and torrent.sharing.cost(1, 3) == 0.0


@pytest.mark.parametrize(("lets_ask", "gave", "last"), [(True, 0, True), (True, 1, False), (False, 0, True)])
def test_who_only_takes_is_served_when_nobody_else_waits(lets_ask: bool, gave: int, last: bool) -> None:
    torrent = make(PIECES, 4, have=range(PIECES - 1))
    lets = [Unchoke()] * lets_ask
    lacking = [(0.0, says(key, has(PIECES, *pieces), *lets)) for key, pieces in ((1, [11]), (2, [9, 11]))]
    brought = [(0.0, says(1, run_of(PIECES - 1)))] * gave
    takes = [
        step
        for piece in range(9)
        for step in (_wants(1, piece, at=0.5 * piece, blocks=4), *[(0.5 * piece, Drained(1, BLOCK))] * 4)
    ]
    run(torrent, (0, Start()), *_interested(*range(1, START + 3)), *lacking, *brought, *takes, until=5)
    waiting = range(2, START + 2)
    others = [_wants(key, key, at=5) for key in waiting]
    log = run(
        torrent, *others, _wants(1, 10, at=5.1), _wants(START + 2, 9, at=5.2), (5.3, Drained(2, BLOCK)), until=5.3
    )
    assert [bool(served(log, key)) for key in (1, START + 2)] == [not last, last]
    log = run(torrent, (5.4, Drained(3, BLOCK)), until=5.4)
    assert [bool(served(log, key)) for key in (1, START + 2)] == [last, not last]


def _after_a_place_is_free(torrent: TorrentState, *wants: tuple[float, Event], at: float) -> list[int]:
    """START peers are being served; which of the others is when the first of them has its block?"""
    busy = [_wants(key, key - 1, at=at) for key in range(1, START + 1)]
    log = run(torrent, *busy, *wants, (at + 0.2, Drained(1, BLOCK)), until=at + 0.2)
    return [key for key in (START + 1, START + 2) if served(log, key)]


def _crowd(*extra: tuple[float, Event]) -> TorrentState:
    """Many others have pieces 4 and 5."""
    torrent = make(PIECES, 1, have=range(PIECES - 2), totals=Totals(downloaded=KNOWN * BLOCK))
    others = [(0.0, event) for key in range(20, 20 + MANY) for event in (arrives(key), says(key, has(PIECES, 4, 5)))]
    run(torrent, (0, Start()), *others, *_interested(*range(1, START + 3)), *extra, until=0)
    return torrent


def test_a_leech_that_just_came_serves_those_first_who_have_least() -> None:
    torrent = _crowd((0.0, says(START + 1, has(PIECES, 8, 9))), (0.0, says(START + 2, has(PIECES, 9))))
    wants = (_wants(START + 1, 4, at=0.1), _wants(START + 2, 5, at=0.15))
    assert _after_a_place_is_free(torrent, *wants, at=0.1) == [START + 2]


def test_of_those_who_ask_for_something_as_rare_who_was_served_longest_ago_is_next() -> None:
    """Not to whom nothing was said for longest."""
    torrent = _crowd()
    turns = [(0.01 * key, step) for key in (START + 2, START + 1) for step in (_wants(key, 0)[1], Drained(key, BLOCK))]
    news = (0.1, PiecesVerified([PIECES - 1]))
    knows_it = (0.09, says(START + 2, Have(PIECES - 2), Have(PIECES - 1)))
    wants = (_wants(START + 2, 7, at=0.2), _wants(START + 1, 6, at=0.25))
    run(torrent, *sorted([*turns, knows_it, news], key=itemgetter(0)), until=0.15)
    assert torrent.peers[START + 1].spoke_at > torrent.peers[START + 2].spoke_at
    assert _after_a_place_is_free(torrent, *wants, at=0.2) == [START + 1]


@pytest.mark.parametrize(
    ("gave", "took"),
    [((0, MIB), (MIB, MIB)), ((8 * MIB, 8 * MIB), (8 * MIB, 7 * MIB)), ((7 * MIB, 0), (8 * MIB, 0))],
    ids=["gave more", "took less", "is new"],
)
def test_later_it_serves_those_first_whom_it_owes_most(gave: tuple[int, int], took: tuple[int, int]) -> None:
    """It is the one who came last, has most and asks for what is less rare."""
    torrent = _crowd((0.0, says(START + 2, Have(0), Have(1))))
    alive = [(at, says(key)) for at in (10.0, 20.0) for key in range(1, START + 3)]
    run(torrent, *alive, until=10.5)
    assert not torrent.knows_givers  # nothing came until then
    torrent.totals.downloaded += BLOCK
    run(torrent, until=20.5)
    for key, given, taken in zip((START + 1, START + 2), gave, took, strict=True):
        torrent.peers[key].down.total, torrent.peers[key].up.total = given, taken
    wants = (_wants(START + 1, 6, at=20.6), _wants(START + 2, 5, at=20.65))
    assert _after_a_place_is_free(torrent, *wants, at=20.6) == [START + 2]


def test_whom_nobody_asks_is_not_one_who_only_takes() -> None:
    """It lets us ask and has what we lack, but others are to send that."""
    torrent = make(PIECES, 4, have=range(PIECES - 1))
    lacking = [(0.0, says(key, has(PIECES, 11), Unchoke())) for key in (2, 1)]
    rarer = (0.0, says(3, has(PIECES, 10)))  # than piece 10 is piece 9
    takes = [
        step
        for piece in range(9)
        for step in (_wants(1, piece, at=0.02 * piece, blocks=4), *[(0.02 * piece, Drained(1, BLOCK))] * 4)
    ]
    run(torrent, (0, Start()), *_interested(*range(1, START + 3)), *lacking, rarer, *takes, until=0.2)
    assert torrent.peers[1].queue.count == 0 and torrent.peers[1].am_interested
    wants = (_wants(1, 9, at=0.25), _wants(START + 2, 10, at=0.3))
    busy = [_wants(key, key, at=0.25) for key in range(2, START + 2)]
    log = run(torrent, *busy, *wants, (0.4, Drained(2, BLOCK)), until=0.4)
    assert [key for key in (1, START + 2) if served(log, key)] == [1]
