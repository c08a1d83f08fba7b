"""The torrent and its trackers; the schedule's own rules are tested with it."""

from __future__ import annotations

from tests.swarm.evaluator import arrives, commands, has, make, run, run_of, says
from torrentd.model.address import Address
from torrentd.model.geometry import BLOCK
from torrentd.swarm.announcing.schedule import NUMWANT
from torrentd.swarm.commands import Announce, Scrape, WantPeers
from torrentd.swarm.events import (
    Announced,
    AnnounceFailed,
    AnnounceNow,
    Drained,
    Scraped,
    SetTrackers,
    Start,
    Stop,
)
from torrentd.swarm.settings import Settings, Totals
from torrentd.wire.peer.messages import KeepAlive, Unchoke
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

ONE, TWO = "http://one.example/announce", "http://two.example/announce"
PEER = Address("10.9.9.9", 6881)


def test_what_the_tracker_is_told_is_counted_from_the_start() -> None:
    torrent = make(pieces=2, have=[1], tiers=[[ONE]], totals=Totals(uploaded=7000, downloaded=9000))
    log = run(
        torrent,
        (0, Start()),
        (0, Announced(ONE, Answer(interval=1800))),
        (0, arrives(1)),
        (0, says(1, has(2, 0), Unchoke())),
        (1, says(1, run_of(0, 0, 3))),
        (2, Drained(1, 50)),
        (3, Stop()),
    )
    told = [(c.event, c.uploaded, c.downloaded, c.left, c.numwant > 0) for c in commands(log, Announce)]
    assert told == [("started", 0, 0, 4 * BLOCK, True), ("stopped", 50, 3 * BLOCK, 4 * BLOCK, False)]


def test_peers_of_an_answer_are_dialled_unless_they_are_nearer_than_the_tracker() -> None:
    answer = Answer(interval=1800, peers=[PEER])
    log = run(make(tiers=[[ONE]]), (0, Start()), (1, Announced(ONE, answer, narrowest=4)))
    assert commands(log, WantPeers) == []
    log = run(make(tiers=[[ONE]]), (0, Start()), (1, Announced(ONE, answer, narrowest=3)))
    assert commands(log, WantPeers) == [WantPeers(1)]


def test_with_all_places_taken_addresses_are_asked_for_until_enough_are_known() -> None:
    """Without them nobody could be turned to when a connection leads nowhere."""
    torrent = make(tiers=[[ONE]], settings=Settings(max_connections=1))
    log = run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(4, 0), Unchoke())))
    known = [Address(f"10.9.9.{number}", 6881) for number in range(NUMWANT)]
    first, second = Answer(interval=60, peers=known[:-1], seeders=1), Answer(interval=60, peers=known, seeders=1)
    log += run(torrent, (0, Announced(ONE, first)), (61, Announced(ONE, second)), (61, says(1, KeepAlive())), until=150)
    assert [command.numwant for command in commands(log, Announce)] == [NUMWANT, NUMWANT, 0]


def test_a_failing_tracker_gives_way_to_the_next() -> None:
    torrent = make(tiers=[[ONE], [TWO]])
    log = run(torrent, (0, Start()), (1, AnnounceFailed(ONE, "connection refused")))
    assert [command.url for command in commands(log, Announce)] == [ONE, TWO]
    assert [(tracker.url, tracker.message) for tracker in torrent.trackers] == [(ONE, "connection refused"), (TWO, "")]


def test_the_next_announce_comes_with_its_time() -> None:
    seeds = [PEER, *(Address("10.9.9.9", 6882 + n) for n in range(3))]
    torrent = make(tiers=[[ONE]])
    log = run(torrent, (0, Start()), (0, Announced(ONE, Answer(interval=1800, peers=seeds, seeders=1))), until=1800)
    assert [at for at, command in log if isinstance(command, Announce)] == [0, 1800]


def test_the_numbers_of_a_scrape_are_kept() -> None:
    torrent = make(tiers=[[ONE]])
    log = run(torrent, (0, Start()), (0, Announced(ONE, Answer(interval=1800))))
    assert commands(log, Scrape) == [Scrape(ONE)]
    run(torrent, (1, Scraped(ONE, ScrapeAnswer(5, 6, 7))))
    assert [(tracker.seeders, tracker.leechers, tracker.downloads) for tracker in torrent.trackers] == [(5, 6, 7)]


def test_the_user_may_announce_and_change_trackers() -> None:
    torrent = make(tiers=[[ONE]])
    script = [(0, Start()), (0, Announced(ONE, Answer(interval=1800, seeders=1))), (100, AnnounceNow())]
    assert [at for at, command in run(torrent, *script) if isinstance(command, Announce)] == [0, 100]
    log = run(torrent, (200, Announced(ONE, Answer(interval=1800, seeders=1))), (200, SetTrackers([[TWO]])))
    assert [(command.url, command.event) for command in commands(log, Announce)] == [(ONE, "stopped"), (TWO, "started")]
