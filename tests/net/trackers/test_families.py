"""Trackers that can be reached over both address families."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from tests.net.trackers.test_trackers import announce, command, trackers
from tests.net.trackers.world import GLOBAL, GLOBAL_V6, Line, World
from torrentd.model.address import Address
from torrentd.model.errors import TrackerError
from torrentd.net.trackers.families import GRACE, ask_each, families_of, of_family

BOTH = "http://both.example/announce"


class Socket:
    """A peer port, as far as trackers look at it over HTTP."""

    bound = True

    def __init__(self, v6: bool) -> None:
        self.v6 = v6

    def route(self, kind: Any, to: Any) -> None:
        """No datagram comes."""


@pytest_twisted.async_yield_fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.close()


@ensureDeferred
async def test_who_listens_on_both_announces_over_both(world: World) -> None:
    answers = iter(
        [
            b"d8:completei5e11:external ip4:\x09\x09\x09\x098:intervali1800e5:peers6:\x08\x08\x08\x08\x1a\xe1e",
            b"d8:completei7e11:external ip4:\x09\x09\x09\x098:intervali900e"
            b"5:peers12:\x08\x08\x08\x08\x1a\xe1\x08\x08\x04\x04\x1a\xe1e",
        ]
    )

    def script(line: Line) -> None:
        body = next(answers)
        line.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    world.server.script = script
    asked: Any = trackers(world, [Socket(False), Socket(True)])
    answer = await announce(asked, command(BOTH))
    assert sorted(address.host for address in world.dialled) == sorted([GLOBAL, GLOBAL_V6])
    assert asked._resolver.asked == ["both.example"]
    assert (answer.interval, answer.seeders, len(answer.external_ips)) == (1800, 7, 2)
    assert answer.peers == [Address("8.8.8.8", 6881), Address("8.8.4.4", 6881)]


@pytest.mark.parametrize(("v6", "host"), [(False, GLOBAL), (True, GLOBAL_V6)])
@ensureDeferred
async def test_who_listens_on_one_announces_over_that(world: World, v6: bool, host: str) -> None:
    """Over the other the tracker would name an address where nobody listens."""
    world.server.answer(b"d8:intervali1800e5:peers0:e")
    await announce(trackers(world, [Socket(v6)]), command(BOTH))
    assert [address.host for address in world.dialled] == [host]


@ensureDeferred
async def test_one_family_that_fails_is_no_failure(world: World) -> None:
    answers = iter(
        [
            b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\nd8:intervali1800e5:peers0:e",
        ]
    )
    world.server.script = lambda line: line.transport.write(next(answers))
    answer = await announce(trackers(world, [Socket(False), Socket(True)]), command(BOTH))
    assert len(world.dialled) == 2
    assert answer.peers == []


# --- the two requests


async def _after(clock: Clock, seconds: float, result: Any) -> Any:
    waiting: Deferred[None] = Deferred()
    call = clock.callLater(seconds, waiting.callback, None)
    try:
        await waiting
    except CancelledError:
        call.cancel()
        raise TrackerError("cancelled") from None
    if isinstance(result, Exception):
        raise result
    return result


def _ask(clock: Clock, *requests: tuple[float, Any]) -> Deferred[list[Any]]:
    return Deferred.fromCoroutine(ask_each(clock, [_after(clock, *request) for request in requests]))


def _result(done: Deferred[Any]) -> Any:
    got: list[Any] = []
    done.addBoth(got.append)
    assert got, "it waits"
    return got[0]


def test_the_slower_one_has_a_little_time() -> None:
    clock = Clock()
    done = _ask(clock, (1.0, "one"), (1.0 + GRACE / 2, "two"))
    clock.pump([1.0, GRACE / 2])
    assert _result(done) == ["one", "two"]
    assert not clock.getDelayedCalls()


def test_the_slowest_is_given_up() -> None:
    clock = Clock()
    done = _ask(clock, (60.0, "one"), (1.0, "two"))
    clock.pump([1.0, GRACE])
    assert _result(done) == ["two"]
    assert not clock.getDelayedCalls()


def test_if_all_fail_the_first_one_says_why() -> None:
    clock = Clock()
    done = _ask(clock, (2.0, TrackerError("one")), (1.0, TrackerError("two")))
    clock.pump([1.0, 1.0])
    assert str(_result(done).value) == "one"


def test_who_gives_up_gives_up_both() -> None:
    clock = Clock()
    done = _ask(clock, (2.0, "one"), (3.0, "two"))
    done.addErrback(lambda failure: failure.type)
    done.cancel()
    assert _result(done) is TrackerError
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("hosts", "ours", "families"),
    [
        (["1.1.1.1"], [False, True], [False]),
        (["::1", "1.1.1.1", "::2"], [False, True], [True, False]),
        (["::1", "1.1.1.1"], [False], [False]),
        (["::1"], [False], [True]),
        (["1.1.1.1"], [], [False]),
    ],
)
def test_which_families(hosts: list[str], ours: list[bool], families: list[bool]) -> None:
    assert families_of(hosts, ours) == families


def test_addresses_of_a_family_if_there_are_any() -> None:
    assert of_family(["::1", "1.1.1.1"], v6=False) == ["1.1.1.1"]
    assert of_family(["::1"], v6=False) == ["::1"]
    assert of_family(["::1", "1.1.1.1"], v6=None) == ["::1", "1.1.1.1"]
