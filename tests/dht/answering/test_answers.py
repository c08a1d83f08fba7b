from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.dht.answering.answers import AMPLIFICATION, LARGEST, Answers, fitting
from torrentd.dht.answering.bloom import bloom
from torrentd.dht.answering.store import Store
from torrentd.dht.answering.tokens import Tokens
from torrentd.dht.ids import random_id_sharing
from torrentd.dht.routing.contact import FRESH
from torrentd.dht.routing.table import K, Table
from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Error, Message, Query, Response
from torrentd.wire.dht.nodes import NodeInfo

OWN, ASKER, H = bytes(20), b"q" * 20, b"h" * 20
SOURCE = Address("10.9.9.9", 4444)


class World:
    """One node's answers."""

    def __init__(self, v6: bool = False) -> None:
        rng = random.Random(1)
        self.table, self.other = Table(OWN), Table(b"\xff" * 20)
        for number in range(20):
            id = random_id_sharing(0, number % 4, rng)
            self.table.answered(id, Address(f"10.0.0.{number + 1}", 1), 0.0)
            self.other.answered(id, Address(f"fd00::{number + 1:x}", 1), 0.0)
        if v6:
            self.table, self.other = self.other, self.table
        self.store = Store(OWN, rng)
        self.answers = Answers(v6, Tokens(rng, 0.0), self.store)

    def ask(
        self, method: str, target: bytes = b"", now: float = 1.0, source: Address = SOURCE, **more: object
    ) -> Message:
        query = Query(b"tt", ASKER, method, target, **more)
        size = len(encode_message(query))
        data = self.answers.answer(query, size, source, self.table, self.other, now)
        assert len(data) <= min(LARGEST, AMPLIFICATION * size)
        return decode_message(data)


def test_ping():
    assert World().ask("ping") == Response(b"tt", OWN, ip=SOURCE)


def test_find_node():
    world = World()
    answer = world.ask("find_node", H)
    nearest = world.table.closest(int.from_bytes(H, "big"), K, 1.0)
    assert answer.nodes == tuple(NodeInfo(contact.id, contact.address) for contact in nearest)
    assert (answer.nodes6, answer.values, answer.token) == (None, None, None)


def test_only_good_nodes_are_named():
    assert World().ask("find_node", H, now=FRESH).nodes == ()


@pytest.mark.parametrize(
    ("want", "v4", "v6"),
    [((), True, False), (("n4",), True, False), (("n6",), False, True), (("n4", "n6"), True, True)],
)
def test_the_families_that_are_wanted(want, v4, v6):
    answer = World().ask("find_node", H, want=want)
    assert (bool(answer.nodes), bool(answer.nodes6)) == (v4, v6)


def test_without_a_node_of_the_other_family():
    world = World()
    query = Query(b"tt", ASKER, "find_node", H, want=("n4", "n6"))
    answer = decode_message(world.answers.answer(query, 100, SOURCE, world.table, None, 1.0))
    assert answer.nodes
    assert answer.nodes6 is None


def test_announced_and_found():
    world = World()
    token = world.ask("get_peers", H).token
    assert world.ask("announce_peer", H, token=token, port=99) == Response(b"tt", OWN, ip=SOURCE)
    answer = world.ask("get_peers", H)
    assert answer.values == (SOURCE._replace(port=99),)
    assert answer.nodes


def test_implied_port():
    world = World()
    token = world.ask("get_peers", H).token
    world.ask("announce_peer", H, token=token)
    assert world.ask("get_peers", H).values == (SOURCE,)


@pytest.mark.parametrize("token", [b"", b"x" * 8])
def test_a_wrong_token(token):
    world = World()
    assert world.ask("announce_peer", H, token=token, port=99) == Error(b"tt", 203, "bad token", SOURCE)
    assert len(world.store) == 0


def test_somebody_elses_token():
    world = World()
    token = world.ask("get_peers", H, source=Address("10.9.9.8", 4444)).token
    assert isinstance(world.ask("announce_peer", H, token=token, port=99), Error)


def test_scrape():
    world = World()
    assert world.ask("get_peers", H, scrape=True).seeds is None
    world.store.add(H, Address("1.2.3.4", 5), True, 0.0)
    answer = world.ask("get_peers", H, scrape=True)
    assert (answer.seeds, answer.leeches) == (bloom(["1.2.3.4"]), bytes(256))
    assert world.ask("get_peers", H).seeds is None


def test_no_seeds():
    world = World()
    for number in range(150):
        world.store.add(H, Address(f"1.2.3.{number}", 5), number % 2 == 0, 0.0)
    answer = world.ask("get_peers", H, no_seeds=True)
    assert all(int(peer.host.rpartition(".")[2]) % 2 for peer in answer.values[:40])


@pytest.mark.parametrize("v6", [False, True])
def test_many_peers_are_cut_to_what_fits(v6):
    world = World(v6)
    for number in range(100):
        world.store.add(H, Address(f"2001:db8::{number:x}" if v6 else f"1.2.3.{number}", 5), False, 0.0)
    answer = world.ask("get_peers", H, want=("n4",))
    assert 20 < len(answer.values) < 100
    assert len(answer.nodes) == K
    scraped = world.ask("get_peers", H, scrape=True)
    assert scraped.seeds is not None
    assert scraped.token is not None


def test_samples():
    world = World()
    assert world.ask("sample_infohashes", H)[2:9] == (world.ask("find_node", H).nodes, None, None, None, None, None, ())
    for number in range(100):
        world.store.add(number.to_bytes(20, "big"), Address("1.2.3.4", 5), False, 0.0)
    answer = world.ask("sample_infohashes", H, now=100.0)
    assert (len(answer.samples), answer.stored) == (20, 100)
    assert answer.interval > 0


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 120), st.integers(0, 16), st.booleans())
def test_whatever_there_is_it_fits(size, peers, nodes, scrape):
    answer = Response(
        b"tt",
        OWN,
        nodes=tuple(NodeInfo(ASKER, SOURCE) for _ in range(nodes)),
        nodes6=tuple(NodeInfo(ASKER, Address("::1", 1)) for _ in range(nodes)),
        values=tuple(Address(f"1.2.3.{number}", 1) for number in range(peers)) or None,
        token=b"x" * 8,
        seeds=bytes(256) if scrape else None,
        leeches=bytes(256) if scrape else None,
        ip=SOURCE,
    )
    data = fitting(answer, size)
    assert data is None or len(data) <= min(1000, 10 * size)
    assert data is not None or size < 20
