"""What the daemon tells of what happens in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.session.world import Sample, result
from torrentd.session.control import AddOptions
from torrentd.session.events.log import TOPICS, Event, Found, Topic
from torrentd.session.telling.rows import ErrorRow


class Ear:
    """Polls without waiting."""

    def __init__(self, home: Any, *topics: Topic) -> None:
        self.home = home
        self.topics = topics or TOPICS
        self.cursor = self._poll(None).cursor

    def heard(self) -> list[Event]:
        found = self._poll(self.cursor)
        assert not found.gap
        self.cursor = found.cursor
        return found.events

    def brief(self) -> list[tuple[str, Any]]:
        """(topic, state or code or name)"""
        return [(event.topic, _what(event)) for event in self.heard()]

    def _poll(self, since: str | None) -> Found:
        found: Found = result(self.home.steering.poll_events(since, self.topics, 0))
        return found


def _what(event: Event) -> Any:
    return event.data.get("state") or event.data.get("name") or event.data.get("error", {}).get("code")


LIFE: tuple[Topic, ...] = (
    "torrent.added",
    "torrent.removed",
    "torrent.state",
    "torrent.metadata",
    "torrent.completed",
    "torrent.error",
)


@pytest.fixture
def torrent() -> Sample:
    return Sample()


def test_the_life_of_a_torrent(make_home: Any, world: Any, torrent: Sample) -> None:
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    ear = Ear(leech, *LIFE)
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    result(leech.steering.pause(torrent.id))
    world.run()
    result(leech.steering.remove(torrent.id, True))
    world.run()
    told = ear.brief()
    assert told[0] == ("torrent.added", "sample")
    assert told[-4:] == [
        ("torrent.completed", "sample"),
        ("torrent.state", "seeding"),
        ("torrent.state", "paused"),
        ("torrent.removed", "sample"),
    ]


def test_a_magnet_becomes_a_torrent(make_home: Any, world: Any, torrent: Sample) -> None:
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    ear = Ear(leech, "torrent.added", "torrent.metadata", "torrent.completed")
    result(leech.steering.add_magnet(f"magnet:?xt=urn:btih:{torrent.id}", AddOptions(peers=(seed.address,))))
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    assert [topic for topic, _ in ear.brief()] == ["torrent.added", "torrent.metadata", "torrent.completed"]


def test_an_error_is_told_with_its_code(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    session = home.add(torrent)
    ear = Ear(home, "torrent.error", "torrent.state")
    for message in ("gone", "gone still"):
        session.fail(ErrorRow("files_missing", message, "storage"))
        world.run()
    assert ear.brief() == [("torrent.state", "error"), ("torrent.error", "files_missing")]


def test_a_state_that_is_passed_through_is_no_event(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    home.add(torrent)
    ear = Ear(home, "torrent.state")
    result(home.steering.pause(torrent.id))
    result(home.steering.resume(torrent.id, False))
    world.run()
    assert ear.brief() == []


def test_changes_are_told_once_a_second_while_somebody_listens(make_home: Any, world: Any, torrent: Sample) -> None:
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(torrent.size // 8, torrent.size // 8))
    ear = Ear(leech, "torrent.changed", "stats", "torrent.file_completed")
    leech.add(torrent, peers=(seed.address,))
    world.run(5)
    events = ear.heard()
    changed = [event.data for event in events if event.topic == "torrent.changed"]
    assert 2 <= len(changed) <= 5
    assert changed[0]["name"] == "sample" and "name" not in changed[-1]
    assert "done" in changed[-1]
    assert sum(event.topic == "stats" for event in events) == 5
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    world.run(7)
    paths = [event.data["path"] for event in ear.heard() if event.topic == "torrent.file_completed"]
    assert sorted(paths) == ["sample/a.bin", "sample/sub/b.txt"]


def test_files_of_what_came_within_a_second(make_home: Any, world: Any, torrent: Sample) -> None:
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    ears = [Ear(home, "torrent.file_completed") for home in (seed, leech)]
    seed.add(torrent)
    leech.add(torrent, peers=(seed.address,))
    world.run(3)
    found, fetched = ([event.data["path"] for event in ear.heard()] for ear in ears)
    assert sorted(fetched) == ["sample/a.bin", "sample/sub/b.txt"]
    assert found == []


def test_who_comes_back_late_is_told_that_rows_may_have_changed(home: Any, world: Any) -> None:
    def poll(since: str | None, topic: Topic = "torrent.changed") -> Found:
        found: Found = result(home.steering.poll_events(since, [topic], 0))
        return found

    first = poll(None)
    world.run(30)
    second = poll(first.cursor)
    assert (first.gap, second.gap) == (False, False)
    world.run(300)
    assert not poll(second.cursor, "torrent.state").gap
    assert poll(second.cursor).gap
    assert not poll(poll(second.cursor).cursor).gap


def test_nothing_is_computed_for_nobody(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    home.add(torrent)
    world.run(600)
    before = home.daemon.around.events.log.cursor
    world.run(600)
    assert home.daemon.around.events.log.cursor == before


def test_the_configuration_and_the_log(home: Any, torrent: Sample) -> None:
    ear = Ear(home, "config", "log")
    result(home.steering.set_limits(5, None))
    home.add(torrent, paused=True)
    told = {event.topic: event.data for event in ear.heard()}
    assert told["config"]["changed"] == ["limits.download"]
    assert told["log"]["message"] == "sample: added"


def test_a_poll_waits(home: Any, world: Any, torrent: Sample) -> None:
    answers: list[Found] = []
    home.steering.poll_events(None, ["torrent.added"], 25.0).addCallback(answers.append)
    world.run(10)
    assert answers == []
    home.add(torrent, paused=True)
    world.run()
    assert [event.topic for event in answers[0].events] == ["torrent.added"]
    home.steering.poll_events(answers[0].cursor, ["torrent.added"], 25.0).addCallback(answers.append)
    world.run(24)
    assert len(answers) == 1
    world.run(2)
    assert answers[1].events == [] and not answers[1].gap


def test_a_poll_that_is_given_up_or_stopped(home: Any, world: Any) -> None:
    log = home.daemon.around.events.log
    poll = home.steering.poll_events(None, TOPICS, 25.0)
    poll.addErrback(lambda _: None)
    poll.cancel()
    assert not log.listeners
    answers: list[Found] = []
    home.steering.poll_events(None, TOPICS, 25.0).addCallback(answers.append)
    home.stop()
    assert len(answers) == 1
