"""Thousands of new torrents: a few at a time find out what is on the disk."""

from __future__ import annotations

from twisted.internet.defer import gatherResults

from tests.session.world import Sample, result
from torrentd.session.control import AddOptions
from torrentd.session.entering.entrance import FEW, MOST


def many(home, count):
    """So many torrents are added while the disk hangs, and committed."""
    samples = [Sample(f"t{number}", {"a": 100}) for number in range(count)]
    for sample in samples:
        home.put(sample)
    home.worker.hangs = True
    result(gatherResults([home.steering.add(sample.metainfo, AddOptions()) for sample in samples]))
    return samples


def test_few_begin_at_once_and_all_in_the_end(home, world):
    samples = many(home, MOST + 10)
    assert len(home.daemon.around.sessions) == MOST
    assert len(home.steering.ids()) == MOST + 10
    waiting = home.row(samples[-1])
    assert (waiting.state, waiting.left) == ("downloading", 100)
    home.worker.go_on()
    world.run(1.0)
    assert home.steering.status().torrents.by_state == {"seeding": MOST + 10}


def test_fewer_begin_while_others_are_still_being_added(home, world):
    many(home, MOST + 10)
    sessions = home.daemon.around.sessions
    while len(sessions) == MOST:  # until the first of those who wait begins
        home.worker.step()
    assert sum(not session.begun for session in sessions.values()) <= FEW
    home.worker.go_on()
    world.run(1.0)
    assert home.steering.status().torrents.by_state == {"seeding": MOST + 10}


def test_who_waits_is_told_as_new_and_as_changed_when_it_began(home, world):
    seen = home.steering.changes(None).revision
    samples = many(home, MOST + 1)
    changes = home.steering.changes(seen)
    assert samples[-1].id in {row.id for row in changes.rows}
    home.worker.go_on()
    world.run(1.0)
    assert {row.state for row in home.steering.changes(changes.revision).rows} == {"seeding"}


def test_who_is_asked_for_begins_at_once(home, world):
    samples = many(home, MOST + 10)
    asked = home.steering.pause(samples[-1].id)
    home.worker.go_on()
    assert result(asked) is None
    world.run(1.0)
    assert home.row(samples[-1]).state == "paused"
    assert home.row(samples[-1]).left == 0
    assert home.steering.status().torrents.by_state == {"seeding": MOST + 9, "paused": 1}


def test_who_waits_may_be_removed(home, world):
    samples = many(home, MOST + 2)
    removed = home.steering.remove(samples[-1].id, False)
    home.worker.go_on()
    assert result(removed) is None
    world.run(1.0)
    assert len(home.steering.ids()) == MOST + 1


def test_a_wait_for_its_download_lasts_until_it_was_looked_at(home, world):
    samples = many(home, MOST + 1)
    wait = home.steering.wait([samples[-1].id], "download", 60)
    assert not wait.called
    home.worker.go_on()
    world.run(1.0)
    assert result(wait).done == [samples[-1].id]


def test_who_waited_at_a_stop_begins_at_the_next_start(home, world):
    many(home, MOST + 5)
    home.stop()
    home.start()
    world.run(1.0)
    assert home.steering.status().torrents.by_state == {"seeding": MOST + 5}
