"""The connection of one request: what it gives up, and when."""

from __future__ import annotations

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.protocol import Factory, Protocol

from tests.net.trackers.world import DEAD, Names, World
from torrentd.model.address import Scope
from torrentd.net.trackers.line import MOST_TRIES, Line
from torrentd.net.trackers.target import parse


class Plain(Factory):
    noisy = False
    protocol = Protocol


def line(world: World, hosts: list[str], bind: str = "") -> Line:
    return Line(world, Names(), parse("http://tracker.example/"), lambda found: hosts, bind)  # type: ignore[arg-type]


@ensureDeferred
async def test_no_more_addresses_than_worth_it() -> None:
    world = World()
    await world.open()
    tried = line(world, [DEAD] * 9)
    with pytest.raises(Exception, match="Connection refused"):
        await tried.connect(Plain())
    assert len(world.dialled) == MOST_TRIES
    assert tried.reach is Scope.INVALID
    tried.hang_up()
    await world.close()


@ensureDeferred
async def test_hanging_up_closes_the_connection() -> None:
    world = World()
    await world.open()
    taken = line(world, ["8.8.8.8"])
    assert isinstance(await taken.connect(Plain()), Protocol)
    assert taken.reach is Scope.GLOBAL
    taken.hang_up()
    taken.hang_up()
    await world.close()
    assert world.server.lines == []


@ensureDeferred
async def test_no_source_address_no_connection() -> None:
    world = World()
    await world.open()
    with pytest.raises(OSError, match="bind_address"):
        await line(world, ["8.8.8.8"], bind="no-such-if").connect(Plain())
    await world.close()
