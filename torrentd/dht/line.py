"""What the nodes of both families share: luck, the line with its budget, and what was counted."""

from __future__ import annotations

from random import Random

from torrentd.dht.answering.floods import Floods
from torrentd.dht.budget import Budget
from torrentd.dht.commands import Command, Send
from torrentd.model.address import Address
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.policy.rates.averages import RateMeter
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Query


class Line:
    """The way out, for both nodes. `read_only`: we ask, but answer nothing (BEP 43). Nobody on the `blocklist` is asked
    or answered."""

    def __init__(self, rng: Random, secret_rng: Random, now: float, read_only: bool, blocklist: Blocklist) -> None:
        self.blocklist = blocklist
        self.rng = rng
        self.secret_rng = secret_rng
        self.read_only = read_only
        self.budget = Budget(now)
        self.floods = Floods()
        self.commands: list[Command] = []
        self.down = RateMeter()
        self.up = RateMeter()
        self.asked = 0
        """queries that we sent"""
        self.answered = 0
        """queries of others that we answered"""

    def ask(self, to: Address, query: Query, now: float) -> None:
        """Send a query."""
        self.asked += 1
        self._send(to, encode_message(query._replace(read_only=self.read_only)), now)

    def reply(self, to: Address, data: bytes, now: float) -> None:
        """Send an answer, if the budget allows."""
        if self.budget.may_answer(now):
            self.answered += 1
            self._send(to, data, now)

    def _send(self, to: Address, data: bytes, now: float) -> None:
        self.budget.spend(len(data))
        self.up.add(len(data), now)
        self.commands.append(Send(to, data))
