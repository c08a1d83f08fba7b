"""A leech whose link is free tells those who lack what it has."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.swarm.evaluator import FAST, arrives, has, make, run, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.swarm.commands import Command
from torrentd.swarm.events import Drained, Event, PiecesVerified, Start
from torrentd.swarm.settings import Settings
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading.offering import AT_A_TIME, LONGEST_PAUSE, LOOK, MANY
from torrentd.swarm.uploading.sharing import STALLED
from torrentd.wire.peer.messages import Interested, NotInterested, Request, Suggest


def _leech(slots: int = 20) -> TorrentState:
    return make(pieces=30, blocks=1, have=[4, 7], settings=Settings(upload_slots=slots))


def _interested(*keys: int, reserved: bytes = FAST) -> list[tuple[float, Event]]:
    return [
        step
        for key in keys
        for step in ((0.0, arrives(key, reserved=reserved)), (0.0, says(key, has(30, 7), Interested())))
    ]


def _suggested(log: list[tuple[float, Command]], key: int) -> list[int]:
    return [message.piece for message in sent(log, key) if isinstance(message, Suggest)]


def test_who_may_ask_is_told_of_a_piece_that_it_lacks() -> None:
    log = run(_leech(), (0, Start()), *_interested(1), until=0.05)
    assert _suggested(log, 1) == [4]


def test_who_may_ask_is_told_of_what_the_fewest_have() -> None:
    torrent = make(pieces=30, blocks=1, have=[4, 5, 7])
    common = [(0.0, arrives(2)), (0.0, says(2, has(30, 4, 7)))]
    log = run(torrent, (0, Start()), *common, *_interested(1), until=0.05)
    assert _suggested(log, 1) == [5]


def test_of_a_piece_that_we_just_got_those_are_told_too_who_cannot_have_said_yet_that_they_want_it() -> None:
    """It was let ask before we had anything, and its interest in that piece would be here a round trip later."""
    waits = [(0.0, arrives(1, reserved=FAST)), (0.0, says(1, has(30, 7)))]
    torrent = make(pieces=30, blocks=1)
    assert _suggested(run(torrent, (0, Start()), *waits, until=0.9), 1) == []
    log = run(torrent, (1.0, PiecesVerified([4])), until=5)
    assert _suggested(log, 1) == [4]


def test_without_the_fast_extension_nobody_is_told() -> None:
    log = run(_leech(), (0, Start()), *_interested(1, reserved=bytes(8)), until=5)
    assert _suggested(log, 1) == []


def test_who_is_choked_or_wants_nothing_is_not_told() -> None:
    script = [(0.0, Start()), *_interested(1), (0.0, says(1, NotInterested())), (0.0, says(1, Interested()))]
    torrent = make(pieces=30, blocks=1, have=[4, 7], settings=Settings(upload_slots=1))
    log = run(torrent, *script, *_interested(2, 3), until=0.05)
    told = [key for key in (1, 2, 3) if _suggested(log, key)]
    assert told and all(not torrent.peers[PeerKey(key)].am_choking for key in told)
    quiet = run(_leech(), (0, Start()), (0.0, arrives(1, reserved=FAST)), (0.0, says(1, has(30, 7))), until=5)
    assert _suggested(quiet, 1) == []


def test_a_few_at_a_time_and_in_turn() -> None:
    keys = range(1, 2 * AT_A_TIME + 1)
    log = run(_leech(), (0, Start()), *_interested(*keys), until=0.3)
    times = sorted(at for at, command in log for key in keys if _suggested([(at, command)], key))
    assert all(times.count(at) <= AT_A_TIME for at in times)
    assert all(_suggested(log, key) for key in keys)


def _told(log: list[tuple[float, Command]], keys: range) -> dict[float, list[int]]:
    """Who was told when."""
    told: dict[float, list[int]] = {}
    for at, command in log:
        told.setdefault(at, []).extend(key for key in keys if _suggested([(at, command)], key))
    return {at: some for at, some in told.items() if some}


def test_who_was_told_longest_ago_comes_first_and_of_equals_who_has_least() -> None:
    """The first is told as it comes; of the others the later ones have less. Two that are served make the link busy
    until it is everybody's turn again."""
    keys = range(1, 2 * AT_A_TIME + 1)
    torrent = _leech()
    come = [(0.0, arrives(key, reserved=FAST)) for key in keys]
    come += [(0.0, says(key, has(30, *range(7, 30 - key)), Interested())) for key in keys]
    told = _told(run(torrent, (0, Start()), *come, until=0.1), keys)
    assert [set(some) for some in told.values()] == [{1}, set(keys[AT_A_TIME:]), set(keys[1:AT_A_TIME])]
    asks = [(0.12, says(key, Request(4, 0, BLOCK))) for key in (2, 3)]
    log = run(torrent, *asks, (0.8, Drained(PeerKey(2), BLOCK)), until=0.8)
    assert [set(some) for some in _told(log, keys).values()] == [{1, *keys[1 - AT_A_TIME :]}]


def test_while_somebody_waits_to_be_served_nobody_is_told() -> None:
    torrent = _leech()
    asks = (0.0, says(1, Request(4, 0, BLOCK)))
    run(torrent, (0, Start()), *_interested(1, 2, 3), asks, (0.0, says(2, Request(4, 0, BLOCK))), until=0.0)
    assert len(torrent.under_way) == 2
    log = run(torrent, (0.2, PiecesVerified([9])), until=0.5)
    assert _suggested(log, 3) == []
    log = run(torrent, (0.6, Drained(PeerKey(1), BLOCK)), (0.6, Drained(PeerKey(2), BLOCK)), until=0.8)
    assert _suggested(log, 3)


def test_one_that_is_served_leaves_the_link_free_unless_more_waits() -> None:
    torrent = make(pieces=30, blocks=1, have=[4, 5, 7])
    asks = (0.1, says(1, Request(4, 0, BLOCK), Request(5, 0, BLOCK)))
    other = [(0.2, arrives(2, reserved=FAST)), (0.2, says(2, has(30, 7), Interested()))]
    log = run(torrent, (0, Start()), *_interested(1), asks, *other, until=0.4)
    assert len(torrent.under_way) == 1 and torrent.peers[PeerKey(1)].requests.count == 1
    assert _suggested(log, 2) == []
    log = run(torrent, (0.5, Drained(PeerKey(1), BLOCK)), until=0.5)
    assert len(torrent.under_way) == 1
    assert _suggested(log, 2)


def test_who_is_being_served_is_not_told() -> None:
    torrent = make(pieces=30, blocks=1, have=[4, 5, 7])
    run(torrent, (0, Start()), *_interested(1), until=0.05)
    log = run(torrent, (0.1, says(1, Request(4, 0, BLOCK))), until=0.5)
    assert _suggested(log, 1) == []
    log = run(torrent, (0.6, Drained(PeerKey(1), BLOCK)), until=0.6)
    assert len(_suggested(log, 1)) == 1


def test_who_takes_nothing_of_what_it_is_sent_does_not_make_the_link_busy() -> None:
    torrent = _leech()
    asks = [(0.0, says(key, Request(4, 0, BLOCK))) for key in (1, 2)]
    run(torrent, (0, Start()), *_interested(1, 2), *asks, until=STALLED)
    late = [(STALLED + 0.1, arrives(3, reserved=FAST)), (STALLED + 0.1, says(3, has(30, 7), Interested()))]
    log = run(torrent, *late, until=STALLED + 0.1)
    assert len(torrent.under_way) == 2
    assert _suggested(log, 3) == [4]


def test_who_does_not_ask_is_told_less_and_less() -> None:
    log = run(_leech(), (0, Start()), *_interested(1), until=60)
    assert 5 < len(_suggested(log, 1)) < 15


def test_who_does_not_ask_is_told_now_and_then_for_ever() -> None:
    log = run(_leech(), (0, Start()), *_interested(1), until=200)
    times = [at for at, command in log if _suggested([(at, command)], 1)]
    assert max(later - at for at, later in pairwise(times)) == pytest.approx(LONGEST_PAUSE, abs=LOOK)


def test_who_asks_each_time_is_not_flooded_either() -> None:
    torrent = _leech()
    log = run(torrent, (0, Start()), *_interested(1), until=0)
    for step in range(1, 400):
        at = step * 0.1
        asks, drained = (at, says(1, Request(4, 0, BLOCK))), (at + 0.01, Drained(PeerKey(1), BLOCK))
        log += run(torrent, asks, drained, until=at + 0.05)
    assert MANY <= len(_suggested(log, 1)) <= MANY + 41
