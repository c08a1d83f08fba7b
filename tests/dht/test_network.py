"""A thousand nodes in memory: what a lookup costs, and whether announced peers are found (the issue's figures)."""

from __future__ import annotations

from math import log2

import pytest

from tests.dht.network import Network, established
from torrentd.dht.asking.lookup import Lookup
from torrentd.dht.commands import Searched
from torrentd.dht.events import NodesKnown
from torrentd.dht.ids import id_for
from torrentd.dht.routing.table import K
from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Query, Response
from torrentd.wire.dht.nodes import NodeInfo

NODES = 1000
ROUNDS = log2(NODES) + 3
QUERIES = 60
PAIRS = 100


def search(network: Network, address: Address, info_hash: bytes, port: int | None = None) -> tuple[Searched, Lookup]:
    """A whole search, and its lookup to look at."""
    lookups = network.node(address).lookups
    before = set(lookups)
    seen: list[Lookup] = []
    network.watch = lambda: seen.extend(lookup for lookup in lookups if lookup not in before and lookup not in seen)
    result = network.search(address, info_hash, port)
    network.watch = None
    (lookup,) = [lookup for lookup in seen if lookup.target == info_hash]
    return result, lookup


def make_liars(network: Network) -> None:
    """Liars give tokens and made-up peers, and name nodes right beside the target: themselves, and addresses where
    nobody is; half of those with an id that fits the address."""
    rng, lying = network.rng, list(network.liars)

    def lie(data: bytes, source: Address, address: Address) -> bytes | None:
        query = decode_message(data)
        if not isinstance(query, Query):
            return None
        beside = [query.target[:18] + rng.randbytes(2) for _ in range(4)]
        nobody = [network.global_address() for _ in range(4)]
        nodes = [NodeInfo(id, rng.choice(lying)) for id in beside if query.target]
        nodes += [NodeInfo(id_for(there.host, rng), there) for there in nobody[:2]]
        nodes += [NodeInfo(id, there) for id, there in zip(beside, nobody[2:], strict=False) if query.target]
        peers = tuple(network.global_address() for _ in range(10))
        answer = Response(query.transaction, network.ids[address], tuple(nodes), values=peers, token=b"lies")
        return encode_message(answer)

    for address in lying:
        network.liars[address] = lambda data, source, address=address: lie(data, source, address)


@pytest.mark.slow
@pytest.mark.parametrize(("dead", "liars"), [(0.0, 0.0), (0.2, 0.0), (0.2, 0.1)])
def test_a_lookup_is_short_and_finds_what_was_announced(dead, liars):
    network, alive = established(NODES, seed=1, dead=dead, liars=liars)
    make_liars(network)
    found = 0
    for _ in range(PAIRS):
        info_hash = network.rng.randbytes(20)
        here, there = network.rng.sample(alive, 2)
        for address, port in ((here, 6881), (there, None)):
            result, lookup = search(network, address, info_hash, port)
            assert lookup.depth <= ROUNDS
            assert lookup.queries <= QUERIES
            assert result.announced == (K if port else 0)
        found += here._replace(port=6881) in network.found(there)
    assert found >= 0.99 * PAIRS


@pytest.mark.slow
def test_a_network_that_grew_by_itself():
    """Each newcomer knows one node. (Nothing is filled in by the test.)"""
    network = Network(seed=2)
    addresses = [network.add()]
    for _ in range(149):
        newcomer = network.add()
        network.tell(newcomer, NodesKnown((network.rng.choice(addresses),), routers=True))
        addresses.append(newcomer)
        network.pass_time(1.0)
    network.pass_time(30.0)
    found = 0
    for _ in range(PAIRS):
        info_hash = network.rng.randbytes(20)
        here, there = network.rng.sample(addresses, 2)
        for address, port in ((here, 6881), (there, None)):
            _, lookup = search(network, address, info_hash, port)
            assert lookup.queries <= QUERIES
            assert lookup.depth <= log2(150) + 3
        found += here._replace(port=6881) in network.found(there)
    assert found >= 0.99 * PAIRS
