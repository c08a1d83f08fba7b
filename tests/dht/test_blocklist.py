"""Nodes on the blocklist are neither asked, nor answered, nor kept."""

from __future__ import annotations

import random
from array import array

from torrentd.dht.commands import Send
from torrentd.dht.dht import Dht
from torrentd.dht.events import BlocklistChanged, NodesKnown, Opened, Received, Search
from torrentd.model.address import Address
from torrentd.model.ranges import Ranges
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Query, Response
from torrentd.wire.dht.nodes import NodeInfo

HERE, GOOD, BAD = Address("10.0.0.1", 6881), Address("10.0.0.2", 5), Address("10.0.0.3", 5)
ONE = Ranges(array("I", [0x0A000003]), array("I", [0x0A000003]))


class Trial:
    def __init__(self, ranges: Ranges | None = None) -> None:
        self.blocklist = Blocklist(ranges)
        self.dht = Dht(random.Random(1), random.Random(2), 0.0, blocklist=self.blocklist)
        self.dht.handle(Opened(HERE), 0.0)
        self.now = 0.0

    def tell(self, event: object) -> list[Send]:
        self.now += 0.1
        return [command for command in self.dht.handle(event, self.now) if isinstance(command, Send)]

    def answer(self, to: Send, **more: object) -> list[Send]:
        query = decode_message(to.data)
        message = Response(query.transaction, bytes([to.to.port, *to.to.host.encode()]).ljust(20), **more)
        return self.tell(Received(encode_message(message), to.to))


def test_nodes_that_others_name_are_not_asked() -> None:
    trial = Trial(ONE)
    assert [send.to for send in trial.tell(NodesKnown((BAD, GOOD)))] == [GOOD]
    (asked,) = Trial(ONE).tell(NodesKnown((GOOD,)))
    told = (NodeInfo(b"b" * 20, BAD), NodeInfo(b"c" * 20, Address("10.0.0.4", 5)))
    trial = Trial(ONE)
    (asked,) = trial.tell(NodesKnown((GOOD,)))
    assert BAD not in [send.to for send in trial.answer(asked, nodes=told)]


def test_who_asks_is_not_answered() -> None:
    trial = Trial(ONE)
    query = encode_message(Query(b"tt", b"s" * 20, "ping"))
    assert trial.tell(Received(query, BAD)) == []
    assert GOOD in [send.to for send in trial.tell(Received(query, GOOD))]
    assert trial.blocklist.refused == 1


def test_those_in_the_table_leave_it() -> None:
    trial = Trial()
    for asked in trial.tell(NodesKnown((BAD, GOOD))):
        trial.answer(asked)
    assert trial.dht.status(trial.now).nodes == 2
    trial.blocklist.replace(ONE)
    trial.tell(BlocklistChanged())
    assert trial.dht.status(trial.now).nodes == 1
    assert [send.to for send in trial.tell(Search(b"h" * 20, None))] == [GOOD]
