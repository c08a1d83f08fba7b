"""Whatever happens to it, the DHT comes to rest: a few Ticks leave no deadline behind, and nothing raises."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.dht.asking.lookup import MOST_QUERIES
from torrentd.dht.asking.queries import MOST
from torrentd.dht.commands import Send, Turn
from torrentd.dht.dht import Dht
from torrentd.dht.events import Event, NodesKnown, Opened, Received, Search, Tick, Track, Untrack
from torrentd.dht.schedule import AT_ONCE
from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import METHODS, Error, Query, Response
from torrentd.wire.dht.nodes import NodeInfo

AT_REST = 3
"""Ticks: what one finds out may be a reason for the next."""

HOSTS = ("127.0.0.1", "10.0.0.7", "8.8.8.8", "9.9.9.9", "::1", "2001:4860::1", "224.0.0.1")
Addresses = st.builds(Address, st.sampled_from(HOSTS), st.integers(0, 3))
Ids = st.integers(0, 15).map(lambda number: bytes([number << 4]) + bytes(19))
Nodes = st.lists(st.builds(NodeInfo, Ids, Addresses), max_size=8)
Queries = st.builds(
    Query,
    st.just(b"tt"),
    Ids,
    st.sampled_from(METHODS),
    Ids,
    token=st.binary(max_size=8),
    port=st.integers(1, 9),
    read_only=st.booleans(),
    scrape=st.booleans(),
)
Known = st.lists(Addresses, max_size=4).map(tuple)
Events = st.one_of(
    st.builds(Received, Queries.map(encode_message), Addresses),
    st.builds(Received, st.binary(max_size=40), Addresses),
    st.builds(NodesKnown, Known, st.booleans()),
    st.builds(Track, Ids, st.booleans(), st.booleans()),
    st.builds(Untrack, Ids),
    st.builds(Search, Ids, st.none() | st.integers(0, 9), st.booleans(), st.booleans(), st.booleans()),
)
Replies = st.one_of(st.none(), st.just("error"), st.tuples(Ids, Nodes, st.lists(Addresses, max_size=5)))
Steps = st.lists(st.tuples(Events, Replies, st.sampled_from([0.0, 0.01, 0.5, 3.0, 60.0, 1000.0])), max_size=40)


class World:
    """Hands events in, answers turns as the session does, and plays those who are asked."""

    def __init__(self) -> None:
        self.dht = Dht(random.Random(1), random.Random(2), 0.0)
        self.now = 0.0
        self.asked: list[Send] = []
        for address in (Address("127.0.0.1", 6881), Address("::1", 6881)):
            self.give(Opened(address))

    def give(self, event: Event) -> None:
        for command in self.dht.handle(event, self.now):
            if isinstance(command, Turn):
                self.give(Search(command.info_hash, 6881))
            elif isinstance(command, Send) and isinstance(decode_message(command.data), Query):
                self.asked.append(command)
        self.check()

    def reply(self, said: object) -> None:
        """The oldest query is answered so; None: not at all."""
        if not self.asked or said is None:
            return
        asked = self.asked.pop(0)
        query = decode_message(asked.data)
        message: Response | Error = Error(query.transaction, 201, "no")
        if said != "error":
            id, nodes, values = said
            of_v4 = tuple(node for node in nodes if ":" not in node.address.host)
            of_v6 = tuple(node for node in nodes if ":" in node.address.host)
            message = Response(query.transaction, id, nodes=of_v4, nodes6=of_v6, values=tuple(values), token=b"t")
        self.give(Received(encode_message(message), asked.to))

    def check(self) -> None:
        assert self.dht.searches <= AT_ONCE + 40  # those that the test wants itself come on top
        for node in self.dht.nodes:
            assert len(node.queries) <= MOST
            assert all(lookup.queries <= MOST_QUERIES for lookup in node.lookups)
            for contact in node.table:
                assert (":" in contact.address.host) == node.v6
                assert contact.answered_at <= self.now


@settings(max_examples=150, deadline=None)
@given(Steps)
def test_it_comes_to_rest(steps):
    world = World()
    for event, said, wait in steps:
        world.give(event)
        world.reply(said)
        world.now += wait
        for _ in range(AT_REST):
            world.give(Tick())
        assert world.dht.next_deadline() > world.now
