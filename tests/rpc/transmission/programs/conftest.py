"""What other people's programs send, replayed against a whole daemon in a simulated world."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.session.conftest import make_home, world
from tests.session.world import WALL, Home, Sample, World
from torrentd.rpc.core.context import OWNER, Context
from torrentd.rpc.transmission.api import Transmission

__all__ = ["make_home", "world"]

EVERYTHING = Context("test", OWNER)


class Program:
    """Sends requests of the legacy dialect, which is what all of them speak."""

    PAUSE = 0.01
    """Seconds between an answer and the next request, at least."""

    def __init__(self, home: Home) -> None:
        self.home = home
        reactor = home.world.reactor
        self._transmission = Transmission(home.steering, reactor.seconds, lambda: WALL + reactor.seconds(), Random(1))

    def send(self, body: str) -> Any:
        """The whole answer to a body as it is written."""
        answers: list[bytes | None] = []
        self._transmission.handle(body.encode(), EVERYTHING).addCallback(answers.append)
        self.home.world.until(lambda: answers, 60)
        assert answers[0] is not None
        self.home.world.run(self.PAUSE)
        return json.loads(answers[0])

    def __call__(self, method: str, arguments: Any = None, **more: Any) -> Any:
        """The arguments of a success. `more` stands beside them in the request."""
        request = {"method": method, **({} if arguments is None else {"arguments": arguments}), **more}
        answer = self.send(json.dumps(request))
        assert answer["result"] == "success", answer
        assert answer.get("tag") == more.get("tag")
        return answer["arguments"]

    def wait(self, seconds: float) -> None:
        self.home.world.run(seconds)

    def torrent(self, torrent: Sample, *fields: str) -> Any:
        """Fields of one torrent."""
        (found,) = self("torrent-get", {"fields": list(fields), "ids": [torrent.id]})["torrents"]
        return found


def words(text: str) -> list[str]:
    """The names of fields, as a program asks for them."""
    return text.split()


def packed(torrent: Sample) -> str:
    return base64.b64encode(torrent.metainfo).decode()


@pytest.fixture
def torrent() -> Sample:
    return Sample("Show.S01E01.1080p")


@pytest.fixture
def seed(make_home: Callable[..., Home], torrent: Sample) -> Home:
    """Somebody who has it."""
    other = make_home(6882).start()
    other.put(torrent)
    other.add(torrent)
    return other


@pytest.fixture
def program(make_home: Callable[..., Home], world: World) -> Program:
    return Program(make_home(6881, toml="[queue]\ndownloads = 3\n").start())


def download(program: Program, seed: Home, torrent: Sample) -> None:
    """It finds the one who has it, and all of it."""
    program.home.steering.add_peers(torrent.id, [seed.address])
    program.home.world.until(lambda: program.home.row(torrent).state == "seeding", 120)
