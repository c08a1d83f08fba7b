"""Ask an Api as a client would, and read what it says."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from torrentd.rpc.core import context
from torrentd.rpc.core.api import Api
from torrentd.rpc.core.context import Context
from torrentd.rpc.core.tokens import Tokens
from torrentd.session.control import Control

OWNER = Context("uid 0", context.OWNER)
GUEST = Context("uid 1234", context.GUEST)
TOKEN = "0123456789abcdef" * 4
"""that of the state directory"""
NOW = 1_700_000_000.0


def tokens(control: Control, clock: Clock | None = None) -> Tokens:
    """With luck that is always the same."""
    clock = clock or Clock()
    return Tokens(TOKEN, control, clock, lambda: NOW + clock.seconds(), Random(1))


class Asked:
    """An Api and its caller."""

    def __init__(self, control: Control, context: Context = OWNER) -> None:
        self.api = Api(control, tokens(control))
        self.context = context

    def begin(self, body: bytes | str | object) -> Deferred[bytes | None]:
        """Hand in a body: bytes or text as they are, anything else as JSON."""
        if isinstance(body, str):
            body = body.encode()
        elif not isinstance(body, bytes):
            body = msgspec.json.encode(body)
        return self.api.handle(body, self.context)

    def say(self, body: object) -> Any:
        """The decoded answer, which must come at once; None for silence."""
        said: list[bytes | None] = []
        self.begin(body).addCallback(said.append)
        (answer,) = said
        return None if answer is None else msgspec.json.decode(answer)

    def call(self, method: str, *by_position: object, **by_name: object) -> Any:
        """The result of a call that goes well."""
        answer = self.say(request(method, *by_position, **by_name))
        assert "error" not in answer, answer
        return answer["result"]

    def error(self, method: str, *by_position: object, **by_name: object) -> dict[str, Any]:
        """The error of a call that does not."""
        error: dict[str, Any] = self.say(request(method, *by_position, **by_name))["error"]
        return error


def request(method: str, *by_position: object, **by_name: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "method": method, "params": list(by_position) or by_name, "id": 1}
