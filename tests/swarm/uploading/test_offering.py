"""A leech whose link is free tells those who lack what it has."""

from __future__ import annotations

from tests.swarm.evaluator import FAST, arrives, has, make, run, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.swarm.commands import Command
from torrentd.swarm.events import Drained, Event, PiecesVerified, Start
from torrentd.swarm.settings import Settings
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading.offering import AT_A_TIME, MANY
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


def test_while_somebody_waits_to_be_served_nobody_is_told() -> None:
    torrent = _leech()
    asks = (0.0, says(1, Request(4, 0, BLOCK)))
    run(torrent, (0, Start()), *_interested(1, 2, 3), asks, (0.0, says(2, Request(4, 0, BLOCK))), until=0.0)
    assert len(torrent.under_way) == 2
    log = run(torrent, (0.2, PiecesVerified([9])), until=0.5)
    assert _suggested(log, 3) == []
    log = run(torrent, (0.6, Drained(PeerKey(1), BLOCK)), (0.6, Drained(PeerKey(2), BLOCK)), until=0.8)
    assert _suggested(log, 3)


def test_who_does_not_ask_is_told_less_and_less() -> None:
    log = run(_leech(), (0, Start()), *_interested(1), until=60)
    assert 5 < len(_suggested(log, 1)) < 15


def test_who_asks_each_time_is_not_flooded_either() -> None:
    torrent = _leech()
    log = run(torrent, (0, Start()), *_interested(1), until=0)
    for step in range(1, 400):
        at = step * 0.1
        asks, drained = (at, says(1, Request(4, 0, BLOCK))), (at + 0.01, Drained(PeerKey(1), BLOCK))
        log += run(torrent, asks, drained, until=at + 0.05)
    assert MANY <= len(_suggested(log, 1)) <= MANY + 41
