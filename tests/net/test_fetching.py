"""Files by URL, over real loopback sockets: bounded in size and time, and not led astray."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor

from tests.net.trackers.world import Names, World
from torrentd.net.fetching import FetchError, Fetching
from torrentd.net.trackers.body import LARGEST

URL = "http://tracker.example/lists/one.gz?pin=secret-of-mine"


@pytest_twisted.async_yield_fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.close()


def fetching(world: World) -> Fetching:
    return Fetching(reactor, world, Names())  # type: ignore[arg-type]


async def failing(world: World, words: str, url: str = URL, largest: int = 1000, seconds: float = 20.0) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        await fetching(world).fetch(url, largest, seconds)
    assert "secret" not in str(caught.value)


@ensureDeferred
async def test_a_file_larger_than_an_answer_of_a_tracker(world: World) -> None:
    body = bytes(3 * LARGEST)
    world.server.answer(body)
    assert await fetching(world).fetch(URL, len(body), 20.0) == body


@ensureDeferred
async def test_one_that_is_too_large(world: World) -> None:
    world.server.answer(bytes(1001))
    await failing(world, "larger than")


@ensureDeferred
async def test_another_status(world: World) -> None:
    world.server.answer(b"secret-of-mine is not here", "404 Not Found")
    await failing(world, "HTTP status 404")


@ensureDeferred
async def test_a_server_that_says_nothing(world: World) -> None:
    world.server.script = lambda line: None
    await failing(world, "no answer within 0.05 s", seconds=0.05)


@ensureDeferred
async def test_the_user_may_name_a_local_server(world: World) -> None:
    world.server.answer(b"here")
    assert await fetching(world).fetch("http://127.0.0.1/list", 1000, 20.0) == b"here"


@ensureDeferred
async def test_nobody_else_may(world: World) -> None:
    world.server.answer(b"", "302 Found", Location="http://127.0.0.1/list")
    await failing(world, "local address")


@ensureDeferred
async def test_one_that_is_given_up(world: World) -> None:
    world.server.script = lambda line: None
    work = fetching(world).fetch(URL, 1000, 20.0)
    work.cancel()
    with pytest.raises(FetchError, match="given up"):
        await work
