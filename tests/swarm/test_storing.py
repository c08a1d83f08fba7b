"""What the disk says."""

from __future__ import annotations

from tests.swarm.evaluator import address, arrives, asked, closed, commands, has, make, run, run_of, says, sent, served
from torrentd.model.geometry import BLOCK
from torrentd.swarm.commands import Announce, Ask, Banned, Discard, Finished
from torrentd.swarm.events import (
    Announced,
    Durable,
    Event,
    PieceFailed,
    PiecesVerified,
    ReadFailed,
    Start,
    Stop,
    StorageFailed,
    StorageRecovered,
)
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import Cancel, Have, Interested, NotInterested, Request, Unchoke
from torrentd.wire.tracker.answer import Answer

URL = "http://tracker.example/announce"
BAD = [b"bad"] * 4


def _hello(pieces: int = 2) -> list[tuple[float, Event]]:
    return [(0, Start()), (0, arrives(1)), (0, says(1, has(pieces, *range(pieces)), Unchoke()))]


def _told(torrent: Torrent, *script: tuple[float, Event]) -> list[str]:
    """The events that the tracker was told; it accepts everything."""
    events = []
    for at, event in script:
        waiting = [event]
        while waiting:
            for command in torrent.handle(waiting.pop(), at):
                if isinstance(command, Announce):
                    events.append(command.event)
                    waiting.append(Announced(URL, Answer(interval=1800)))
    return events


def test_nothing_is_claimed_before_the_disk_says_so() -> None:
    torrent = make(pieces=2)
    log = run(torrent, *_hello(), (0, arrives(2)), (1, says(1, run_of(0, 0, 4))))
    assert (torrent.have.count, sent(log, 2)) == (0, [])
    log = run(
        torrent,
        (2, says(2, Interested(), Request(0, 0, BLOCK))),
        (3, PiecesVerified([0])),
        (4, says(2, Request(0, 0, BLOCK))),
    )
    assert sent(log, 2) == [Unchoke(), Have(0)]
    assert [at for at, command in log if served([(at, command)], 2)] == [4]


def test_a_piece_told_twice_counts_once() -> None:
    torrent = make(pieces=1)
    log = run(torrent, (0, Start()), (1, PiecesVerified([0])), (2, PiecesVerified([0])))
    assert commands(log, Finished) == [Finished()]
    assert torrent.wanted_left == 0


def test_a_bad_piece_is_fetched_again() -> None:
    torrent = make(pieces=1)
    other = (0.0, arrives(2)), (0.0, says(2, has(1, 0)))
    script = [*_hello(1), *other, (1, says(1, run_of(0, 0, 4))), (2, PieceFailed(0, BAD)), (3, says(2, Unchoke()))]
    assert asked(run(torrent, *script), 2) == [(0, 0, 4 * BLOCK)]
    assert torrent.totals.wasted == 4 * BLOCK


def test_reports_after_a_stop_still_count() -> None:
    torrent = make(pieces=2)
    run(torrent, *_hello(), (1, says(1, run_of(0, 0, 4), run_of(1, 0, 4))), (2, Stop()))
    log = run(torrent, (3, PiecesVerified([0])), (3, PieceFailed(1, BAD)))
    assert (list(torrent.have), torrent.wanted_left) == ([0], 4 * BLOCK)
    assert log == [(3, Banned(address(1).host, "sent piece 1 with a wrong hash"))]


def test_storage_that_fails_stops_the_download_and_nothing_else() -> None:
    torrent = make(pieces=3, have=[2])
    log = run(
        torrent,
        *_hello(3),
        (0.5, says(1, Interested(), run_of(0, 0))),
        (1, StorageFailed(0, "no space left", "disk_full")),
        (2, says(1, run_of(0, 1))),
        (3, says(1, Request(2, 0, BLOCK))),
    )
    assert commands(log, Discard) == [Discard([0, 1])]
    assert len([message for message in sent(log, 1) if isinstance(message, Cancel)]) == 7
    assert served(log, 1) == [[(2, 0, BLOCK)]]
    assert [at for at, command in log if isinstance(command, Ask)] == [0]
    assert closed(log) == {}
    log = run(torrent, (60, StorageRecovered()))
    assert asked(log, 1)[0] == (0, 0, 4 * BLOCK)


def test_what_the_disk_has_in_hand_is_not_fetched_again_unless_it_fails() -> None:
    torrent = make(pieces=3)
    log = run(
        torrent,
        *_hello(3),
        (0.1, says(1, run_of(0, 0, 4), run_of(1, 0, 4))),
        (0.2, StorageFailed(None, "input/output error", "io_error")),
        (0.3, StorageRecovered()),
        (0.4, PiecesVerified([0])),
    )
    assert commands(log, Discard) == [Discard([2])]
    assert torrent.peers[1].queue.outstanding == {2: 0b1111}
    log = run(torrent, (0.5, Stop()), (0.6, Start()), *((0.6, event) for _, event in _hello(3)[1:]))
    assert asked(log, 1) == [(2, 0, 4 * BLOCK)]
    assert asked(
        run(torrent, (0.7, PieceFailed(1, BAD)), (0.7, arrives(2)), (0.7, says(2, has(3, 1), Unchoke()))), 2
    ) == [(1, 0, 4 * BLOCK)]


def test_a_piece_the_disk_gave_up_is_fetched_again_unless_it_is_there_after_all() -> None:
    torrent = make(pieces=2)
    log = run(
        torrent,
        *_hello(),
        (0.1, says(1, run_of(0, 0, 4))),
        (0.2, StorageFailed(0, "input/output error", "io_error")),
        (0.3, StorageRecovered()),
        (0.4, PiecesVerified([0])),
    )
    assert commands(log, Discard) == [Discard([1]), Discard([0])]
    assert list(torrent.have) == [0]


def test_a_lost_piece_is_fetched_again_also_by_a_finished_torrent() -> None:
    torrent = make(pieces=2, have=[0, 1])
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(2, 0), Unchoke())), (1, ReadFailed(1, 0, "gone")))
    assert sent(log, 1) == [has(2, 0, 1), Interested()]
    assert asked(log, 1) == [(0, 0, 4 * BLOCK)]
    log = run(torrent, (2, says(1, run_of(0, 0, 4))), (3, PiecesVerified([0])))
    assert (sent(log, 1), commands(log, Finished)) == ([NotInterested()], [Finished()])


def test_trackers_hear_of_the_completion_once_and_only_when_it_is_durable() -> None:
    torrent = make(pieces=1, tiers=[[URL]])
    script: list[tuple[float, Event]] = [(0, Start()), (1, Durable()), (2, PiecesVerified([0]))]
    assert _told(torrent, *script) == ["started"]
    assert _told(torrent, (3, Durable()), (4, Durable())) == ["completed"]
    lost: list[tuple[float, Event]] = [(5, ReadFailed(1, 0, "gone")), (6, PiecesVerified([0])), (7, Durable())]
    assert _told(torrent, *lost) == []


def test_a_torrent_that_was_complete_at_the_start_completes_nothing() -> None:
    torrent = make(pieces=1, have=[0], tiers=[[URL]])
    assert _told(torrent, (0, Start()), (1, Durable())) == ["started"]


def test_a_partial_selection_is_finished_but_not_completed() -> None:
    torrent = make(pieces=2, tiers=[[URL]])
    assert _told(torrent, (0, Start()), (1, PiecesVerified([0])), (2, Durable())) == ["started"]
