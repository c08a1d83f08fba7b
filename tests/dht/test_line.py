from __future__ import annotations

import random

from torrentd.dht.budget import BURST
from torrentd.dht.commands import Send
from torrentd.dht.line import Line
from torrentd.model.address import Address
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.messages import Query

THERE = Address("1.2.3.4", 5)
PING = Query(b"tt", b"i" * 20, "ping")


def make(read_only: bool = False) -> Line:
    return Line(random.Random(1), random.Random(2), 0.0, read_only, Blocklist())


def test_a_query_leaves_and_is_counted():
    line = make()
    line.ask(THERE, PING, 1.0)
    ((to, data),) = [(command.to, command.data) for command in line.commands if isinstance(command, Send)]
    assert (to, decode_message(data)) == (THERE, PING)
    assert (line.asked, line.up.total) == (1, len(data))


def test_read_only_nodes_say_so():
    line = make(read_only=True)
    line.ask(THERE, PING, 1.0)
    (command,) = line.commands
    assert decode_message(command.data).read_only


def test_answers_stop_when_the_budget_is_spent():
    line = make()
    for _ in range(100):
        line.reply(THERE, bytes(1000), 0.0)
    assert len(line.commands) * 1000 <= BURST + 1000
    line.reply(THERE, bytes(1000), 10.0)
    assert line.answered == len(line.commands)
