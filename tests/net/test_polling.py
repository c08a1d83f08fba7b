"""The peers' epoll over real socket pairs, with the reactor's part, and its clock, played by the test."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from twisted.internet import error
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.net.fakes import Reactor
from torrentd.net.polling import AT_ONCE, SHARE, BoundedPoll


class World:
    """A poll, its reactor, and descriptors that note what they are told."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.poll = BoundedPoll(self.reactor)
        self.ends: list[End] = []

    def end(self) -> End:
        made = End()
        self.ends.append(made)
        return made

    def turn(self) -> None:
        for reader in list(self.reactor.readers):
            reader.doRead()


class End:
    """One end of a socket pair; `on_read` and `on_write` say what its calls do and answer."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.reads = self.writes = 0
        self.lost: list[BaseException | None] = []
        self.on_read: Callable[[], object] = lambda: None
        self.on_write: Callable[[], object] = lambda: None

    def doRead(self) -> object:
        self.reads += 1
        return self.on_read()

    def doWrite(self) -> object:
        self.writes += 1
        return self.on_write()

    def connectionLost(self, reason: Failure) -> None:
        self.lost.append(reason.value)

    def fileno(self) -> int:
        return self.near.fileno()

    def logPrefix(self) -> str:
        return "an end"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for end in made.ends:
        made.poll.removeReader(end)
        made.poll.removeWriter(end)
        end.near.close()
        end.far.close()
    assert made.reactor.readers == []


def test_it_is_one_reader_while_it_watches_anybody(world: World) -> None:
    one, other = world.end(), world.end()
    world.poll.addReader(one)
    world.poll.addReader(one)
    world.poll.addWriter(other)
    assert world.reactor.readers == [world.poll]
    world.poll.removeReader(one)
    assert world.reactor.readers == [world.poll]
    world.poll.removeWriter(other)
    assert world.reactor.readers == []


def test_who_is_ready_is_served_once_a_turn_if_few_are(world: World) -> None:
    ready, silent = world.end(), world.end()
    world.poll.addReader(ready)
    world.poll.addReader(silent)
    ready.far.send(b"x")
    world.turn()
    assert (ready.reads, silent.reads) == (1, 0)


def test_reading_and_writing_are_asked_for_apart(world: World) -> None:
    end = world.end()
    end.far.send(b"x")
    world.poll.addWriter(end)
    world.turn()
    world.poll.addReader(end)
    world.turn()
    world.poll.removeWriter(end)
    world.turn()
    assert (end.reads, end.writes) == (2, 2)


def test_a_turn_ends_with_its_share_and_nobody_is_left_out(world: World) -> None:
    ends = [world.end() for _ in range(5 * AT_ONCE)]
    for end in ends:
        end.far.send(b"x")
        end.on_read = lambda: world.reactor.advance(SHARE / 4)
        world.poll.addReader(end)
    for turn in range(1, 11):
        world.turn()
        assert sum(end.reads for end in ends) == turn * AT_ONCE
    assert {end.reads for end in ends} == {2}


def test_who_was_removed_meanwhile_is_not_served(world: World) -> None:
    one, other = world.end(), world.end()
    for end, victim in ((one, other), (other, one)):
        end.far.send(b"x")
        end.on_read = lambda victim=victim: world.poll.removeReader(victim)  # type: ignore[misc]
        world.poll.addReader(end)
    world.turn()
    world.turn()
    assert sorted((one.reads, other.reads)) == [0, 2]


def test_what_a_call_answers_ends_the_descriptor(world: World) -> None:
    reader, writer = world.end(), world.end()
    reader.far.send(b"x")
    reader.on_read, writer.on_write = error.ConnectionDone, error.ConnectionLost
    world.poll.addReader(reader)
    world.poll.addWriter(writer)
    world.turn()
    world.turn()
    assert isinstance(reader.lost[0], error.ConnectionDone)
    assert isinstance(writer.lost[0], error.ConnectionLost)
    assert (reader.reads, writer.writes, len(reader.lost), len(writer.lost)) == (1, 1, 1, 1)


def test_a_bug_costs_its_descriptor_and_nobody_else(world: World) -> None:
    broken, sound = world.end(), world.end()
    for end in (broken, sound):
        end.far.send(b"x")
        world.poll.addReader(end)
    broken.on_read = lambda: 1 / 0
    with capturedLogs() as logged:
        world.turn()
    assert isinstance(broken.lost[0], ZeroDivisionError)
    assert sound.reads == 1 and not sound.lost
    assert [event["log_failure"].type for event in logged] == [ZeroDivisionError]


def test_the_end_of_a_connection_is_to_be_read(world: World) -> None:
    reader = world.end()
    world.poll.addReader(reader)
    reader.far.close()
    world.turn()
    assert (reader.reads, reader.lost) == (1, [])


def test_a_socket_that_hung_up_without_a_word_is_lost(world: World) -> None:
    end = world.end()
    end.near.close()
    end.near = socket.socket()  # not connected: neither readable nor silent
    world.poll.addReader(end)
    world.turn()
    assert end.reads == 0
    assert isinstance(end.lost[0], error.ConnectionLost)


def test_one_that_is_closed_already_can_be_removed(world: World) -> None:
    end, other = world.end(), world.end()
    world.poll.addReader(end)
    end.near.close()
    world.poll.removeReader(end)
    world.poll.addReader(other)
    other.far.send(b"x")
    world.turn()
    assert (end.reads, other.reads) == (0, 1)


def test_everybody_is_lost_when_the_reactor_stops(world: World) -> None:
    ends = [world.end() for _ in range(3)]
    for end in ends:
        world.poll.addReader(end)
    world.poll.connectionLost(Failure(error.ConnectionLost()))
    assert all(isinstance(end.lost[0], error.ConnectionLost) for end in ends)
    assert world.reactor.readers == []
