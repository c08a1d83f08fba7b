"""Calls of both dialects to Transmission's RPC over a daemon that does as it is told."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from twisted.internet.task import Clock

from tests.rpc.fake_control import FakeControl
from torrentd.rpc.core.context import OWNER, Context
from torrentd.rpc.transmission.api import Transmission

NOW = 1_700_000_000.0
EVERYTHING = Context("test", OWNER)


class Caller:
    def __init__(self, control: FakeControl | None = None) -> None:
        self.clock = Clock()
        self.control = control or FakeControl()
        self.start()

    def start(self) -> None:
        """Again, over the same daemon."""
        self.transmission = Transmission(
            self.control, self.clock.seconds, lambda: NOW + self.clock.seconds(), Random(1)
        )

    def send(self, body: bytes | Any, context: Context = EVERYTHING) -> Any:
        """The answer to a body, or to a value as JSON; None if there is none."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answers: list[bytes | None] = []
        self.transmission.handle(data, context).addCallback(answers.append)
        (answer,) = answers
        return None if answer is None else json.loads(answer)

    def modern(self, method: str, **params: Any) -> Any:
        """The result, or the error."""
        answer = self.send({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
        return answer["result"] if "result" in answer else answer["error"]

    def legacy(self, method: str, **arguments: Any) -> Any:
        """The arguments of a success; else the message."""
        arguments = {name.replace("__", "-"): value for name, value in arguments.items()}
        answer = self.send({"method": method, "arguments": arguments})
        return answer["arguments"] if answer["result"] == "success" else answer["result"]

    def torrent(self, *fields: str, **params: Any) -> dict[str, Any]:
        """Fields of the first torrent."""
        found: dict[str, Any] = self.modern("torrent_get", fields=list(fields), **params)["torrents"][0]
        return found

    @property
    def told(self) -> list[tuple[Any, ...]]:
        """What the daemon was told to do."""
        return self.control.told
