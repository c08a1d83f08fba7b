"""What trackers are told is the same as if nobody had slept, and counters go on."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from tests.session.sleeping.test_dormancy import sleeps
from tests.session.world import ASLEEP, Sample, result
from torrentd.model.address import Address
from torrentd.session.meeting.announces import Announces
from torrentd.session.sleeping import dormancy
from torrentd.wire.tracker.answer import Answer


@pytest.fixture
def torrent():
    return Sample()


class Trackers:
    """Stands in for net's: answers at once, and remembers what it was told."""

    def __init__(self, home: Any, peers: tuple[Address, ...] = ()) -> None:
        self._home = home
        self._peers = peers
        self.told: list[tuple[Any, ...]] = []
        home.daemon._announces.stop()
        home.daemon._announces = home.daemon.around.announces = Announces(self, 6881)

    def announce(self, command: Any, *, info_hash: bytes, peer_id: bytes, port: int) -> Deferred[Answer]:
        at = round(self._home.world.reactor.seconds())
        tally = (command.uploaded, command.downloaded, command.left)
        self.told.append((at, command.event, tally, command.key, peer_id, command.tracker_id))
        return succeed(Answer(interval=1800.0, min_interval=900.0, tracker_id=b"id", seeders=1, leechers=0))

    def scrape(self, url: str, info_hash: bytes) -> Any:
        raise AssertionError("the answers have numbers")

    def stop(self) -> None: ...


def life(make_home, world, monkeypatch, sleepless):
    """What a tracker is told in two hours by a torrent that may sleep, or may not."""
    if sleepless:
        monkeypatch.setattr(dormancy, "LINGER", float("inf"))
    torrent = Sample(trackers=("http://127.0.0.1:1/announce",))
    home = make_home().start()
    trackers = Trackers(home)
    home.put(torrent)
    home.add(torrent)
    naps = 0
    for _ in range(240):
        world.run(30.0)
        naps += sleeps(home, torrent)
    home.stop()
    return naps, home, trackers.told


def test_trackers_are_told_the_same_as_if_it_had_never_slept(make_home, world, monkeypatch):
    began = round(world.reactor.seconds())
    naps, _, told = life(make_home, world, monkeypatch, sleepless=False)
    assert naps > 200
    assert [event for _, event, *_ in told] == ["started", "", "", "", "", "stopped"]
    assert [at - began for at, *_ in told] == [0, 1800, 3600, 5400, 7200, 7200]
    assert len({(key, peer_id) for _, _, _, key, peer_id, _ in told}) == 1
    assert [tracker_id for *_, tracker_id in told] == [b"", *[b"id"] * 5]


def test_the_same_without_sleep(make_home, world, monkeypatch):
    began = round(world.reactor.seconds())
    naps, _, told = life(make_home, world, monkeypatch, sleepless=True)
    assert naps == 0
    assert [(at - began, event) for at, event, *_ in told] == [
        (0, "started"),
        (1800, ""),
        (3600, ""),
        (5400, ""),
        (7200, ""),
        (7200, "stopped"),
    ]


def test_trackers_are_told_of_a_restart(make_home, world, monkeypatch):
    _, home, _ = life(make_home, world, monkeypatch, sleepless=False)
    home.make()
    result(Deferred.fromCoroutine(home.daemon.start()))
    trackers = Trackers(home)
    world.run(1.0)
    assert [event for _, event, *_ in trackers.told] == ["started"]


def test_sums_are_those_since_started(make_home, world, torrent):
    torrent = Sample(trackers=("http://127.0.0.1:1/announce",))
    seed, leech = make_home(6881).start(), make_home(6882).start()
    trackers = Trackers(seed)
    Trackers(leech)
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).completed_at, 60)
    result(leech.steering.remove(torrent.id, False))
    world.run(ASLEEP)
    assert sleeps(seed, torrent)
    assert seed.row(torrent).uploaded == torrent.size
    world.run(1800)
    assert [tally for _, _, tally, *_ in trackers.told] == [(0, 0, 0), (torrent.size, 0, 0)]
    assert len(result(seed.steering.peers(torrent.id))[1]) == 1  # who was there is remembered


def test_counters_survive_a_sleep_and_a_restart(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).completed_at, 60)
    world.run(ASLEEP)
    leech.stop()
    world.run(ASLEEP)
    before = seed.row(torrent)
    assert before.uploaded == torrent.size
    assert seed.steering.status().totals.session.uploaded == torrent.size
    seed.stop()
    after = seed.start().row(torrent)
    assert (after.uploaded, after.seeding_time, after.added_at) == (
        before.uploaded,
        before.seeding_time,
        before.added_at,
    )
