"""Files by URL, over real loopback sockets: bounded in size and time, and not led astray."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred
from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from tests.net.trackers.world import Line, Names, World
from torrentd.net.fetching import FetchError, Fetching
from torrentd.net.trackers.address_policy import LocalTrackers
from torrentd.net.trackers.body import LARGEST

URL = "http://tracker.example/lists/one.gz?pin=secret-of-mine"


@pytest_twisted.async_yield_fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.open()
    yield made
    await made.close()


def fetching(world: World, local: LocalTrackers = "announce") -> Fetching:
    return Fetching(reactor, world, Names(), local=local)  # type: ignore[arg-type]


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


# --- torrents


async def torrent(world: World, url: str = URL, seconds: float = 20.0) -> bytes | str:
    return await fetching(world, "deny").torrent(url, 10_000, seconds)


@ensureDeferred
async def test_a_torrent_or_a_magnet_link(world: World) -> None:
    world.server.answer(gzip.compress(b"d4:infodee"), Content_Encoding="gzip")
    assert await torrent(world) == b"d4:infodee"
    world.server.answer(b"", "302 Found", Location="Magnet:?xt=urn:btih:00")
    assert await torrent(world) == "Magnet:?xt=urn:btih:00"
    await failing(world, "redirects to a magnet link")


@ensureDeferred
async def test_a_local_server_that_callers_may_not_name(world: World) -> None:
    for url in ("http://127.0.0.1/announce", "http://inside.example/a", "http://rebound.example/a"):
        with pytest.raises(FetchError, match="does not allow"):
            await torrent(world, url)
    assert world.dialled == []


@ensureDeferred
async def test_a_bomb(world: World) -> None:
    world.server.answer(gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")
    with pytest.raises(FetchError, match="larger than"):
        await torrent(world)


@ensureDeferred
async def test_one_that_never_ends(world: World) -> None:
    world.server.script = lambda line: line.transport.write(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(100_000))
    with pytest.raises(FetchError, match="larger than"):
        await torrent(world)


@ensureDeferred
async def test_one_that_drips(world: World) -> None:
    def drip(line: Line) -> None:
        line.transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
        dripping = LoopingCall(line.transport.write, b"d")
        dripping.start(0.01)
        line.gone.addCallback(lambda _: dripping.stop())

    world.server.script = drip
    with pytest.raises(FetchError, match=r"no answer within 0\.1 s"):
        await torrent(world, seconds=0.1)


@ensureDeferred
async def test_redirects_in_a_loop(world: World) -> None:
    world.server.answer(b"", "302 Found", Location=URL)
    with pytest.raises(FetchError, match="more than 5 times"):
        await torrent(world)
