"""Who is told of events: how much, when, and what becomes of slow ones."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from tests.rpc.fake_control import ONE, TWO, FakeControl
from torrentd.rpc.streams import streams as module
from torrentd.rpc.streams.encoding import Wanted, merged
from torrentd.rpc.streams.streams import KEEP_ALIVE, MAX_WRITE, Stream, Streams
from torrentd.session.events.log import KEPT, TOPICS, Event, Topic

ALL = Wanted(frozenset(TOPICS))
encoded: list[str] = []


def encode(event: Event) -> bytes:
    encoded.append(event.cursor)
    return f"{event.topic}:{event.data.get('n', '')} ".encode()


class Ear:
    def __init__(self, owner: Owner, wanted: Wanted = ALL, interval: float = 1.0) -> None:
        self.written: list[bytes] = []
        self.signs = 0
        self.reading = True
        self.ended: str | None = None
        self._owner = owner
        cursor, _ = owner.streams.place(None, wanted.topics)
        self.stream: Stream = owner.streams.open(self, encode, wanted, cursor, interval)

    def heard(self) -> str:
        said, self.written = b"".join(self.written).decode().strip(), []
        return said

    def resume(self) -> None:
        self.reading = True
        self._owner.streams.resumed(self.stream)
        self._owner.clock.advance(0)

    def reads(self) -> bool:
        return self.reading

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def keep_alive(self) -> None:
        self.signs += 1

    def cut(self, reason: str) -> None:
        self.ended = reason
        self._owner.streams.close(self.stream)

    def stop(self) -> None:
        self.ended = "stopped"


class Owner:
    def __init__(self) -> None:
        encoded.clear()
        self.control, self.clock = FakeControl(), Clock()
        self.streams = Streams(self.control, self.clock)

    def emit(self, topic: Topic, n: object = "", id: str = ONE) -> None:
        self.control.log.emit(topic, {"id": id, "n": n}, 0.0)

    def turn(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)


@pytest.fixture
def owner() -> Owner:
    return Owner()


def test_what_happens_is_told_in_one_write(owner: Owner) -> None:
    ear = Ear(owner)
    owner.emit("torrent.added", 1)
    owner.emit("stats", 2)
    assert ear.written == []
    owner.turn()
    assert ear.written == [b"torrent.added:1 stats:2 "]
    owner.turn()
    assert len(ear.written) == 1


def test_only_what_is_wanted(owner: Owner) -> None:
    states = Ear(owner, Wanted(frozenset({"torrent.state", "config"}), frozenset({TWO})))
    owner.emit("torrent.state", 1, ONE)
    owner.emit("torrent.state", 2, TWO)
    owner.emit("torrent.added", 3, TWO)
    owner.emit("config", 4)
    owner.turn()
    assert states.heard() == "torrent.state:2 config:4"


def test_those_who_want_the_same_share_the_work(owner: Owner) -> None:
    ears = [Ear(owner) for _ in range(20)]
    owner.emit("torrent.added", 1)
    owner.turn()
    assert {ear.heard() for ear in ears} == {"torrent.added:1"}
    assert len(encoded) == 1


def test_who_does_not_read_holds_nothing_and_misses_nothing_that_lasts(owner: Owner) -> None:
    ear = Ear(owner)
    ear.reading = False
    for n in range(100):
        owner.emit("torrent.changed", n)
        owner.emit("torrent.state", n)
        owner.turn(0.1)
    assert ear.written == []
    ear.resume()
    told = ear.heard().split()
    assert [word for word in told if word.startswith("torrent.state")] == [f"torrent.state:{n}" for n in range(100)]
    assert [word for word in told if word.startswith("torrent.changed")] == ["torrent.changed:99"]


def test_who_stops_reading_in_the_middle_goes_on_there(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WRITE", 40)
    ear = Ear(owner)
    write = ear.write

    def one_write(data: bytes) -> None:
        write(data)
        ear.reading = False

    ear.write = one_write  # type: ignore[method-assign]
    for n in range(9):
        owner.emit("torrent.state", n)
    owner.turn()
    for _ in range(20):
        assert len(ear.written) <= 1 or len(ear.written[-1]) <= 40
        ear.resume()
    assert ear.heard() == " ".join(f"torrent.state:{n}" for n in range(9))
    assert MAX_WRITE > 40


def test_who_misses_what_lasts_is_cut(owner: Owner) -> None:
    ear, other = Ear(owner), Ear(owner)
    ear.reading = False
    for n in range(KEPT + 1):
        owner.emit("torrent.state", n)
        if not n % 1000:
            owner.turn(0)
    owner.turn(0)
    ear.resume()
    assert (ear.ended, other.ended) == ("too slow: events were lost", None)
    assert ear.written == []
    assert len(owner.streams) == 1


def test_who_reads_nothing_for_long_is_cut_and_others_hear_that_we_are_here(owner: Owner) -> None:
    ear, other = Ear(owner), Ear(owner)
    ear.reading = False
    owner.turn(KEEP_ALIVE)
    assert ear.ended is None
    owner.turn(KEEP_ALIVE)
    assert ear.ended == "too slow: nothing is read"
    assert (ear.signs, other.signs) == (0, 2)


def test_who_reads_now_and_then_stays(owner: Owner) -> None:
    ear = Ear(owner)
    for _ in range(5):
        ear.reading = False
        owner.turn(KEEP_ALIVE)
        ear.resume()
    assert ear.ended is None


def test_what_changes_all_the_time_is_told_as_rarely_as_wanted(owner: Owner) -> None:
    ear = Ear(owner, interval=5.0)
    owner.turn()
    for n in range(1, 5):
        owner.turn(1)
        owner.emit("torrent.changed", n)
        owner.emit("torrent.changed", n, TWO)
        owner.emit("torrent.state", n)
        owner.turn()
        assert ear.heard() == f"torrent.state:{n}"
    owner.turn(1.5)
    assert ear.heard() == "torrent.changed:4 torrent.changed:4"


def test_changes_are_merged_field_by_field() -> None:
    events = [
        Event("e-1", 1.0, "torrent.changed", {"id": ONE, "done": 1, "name": "x"}),
        Event("e-2", 2.0, "torrent.state", {"id": ONE}),
        Event("e-3", 3.0, "torrent.changed", {"id": TWO, "done": 7}),
        Event("e-4", 4.0, "torrent.changed", {"id": ONE, "done": 2}),
    ]
    told = merged(events)
    assert [event.cursor for event in told] == ["e-2", "e-3", "e-4"]
    assert told[-1].data == {"id": ONE, "done": 2, "name": "x"}


def test_nobody_is_listened_for_and_no_timer_is_left(owner: Owner) -> None:
    ear, other = Ear(owner), Ear(owner, Wanted(frozenset({"stats"})))
    owner.streams.close(ear.stream)
    (listener,) = owner.control.log.listeners
    assert listener.topics == {"stats"}
    owner.streams.close(other.stream)
    owner.streams.close(other.stream)
    assert not owner.control.log.listeners
    assert not owner.clock.getDelayedCalls()


def test_a_stop_ends_all(owner: Owner) -> None:
    ear = Ear(owner)
    owner.streams.stop()
    assert ear.ended == "stopped"
    assert not owner.clock.getDelayedCalls()
