from __future__ import annotations

import random

import pytest

from torrentd.dht.line import Line
from torrentd.dht.node import SAVED, Node
from torrentd.model.address import Address
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.session.dht.saved import SavedNode, from_store, to_store


def node(address: str, count: int) -> Node:
    node = Node(
        Line(random.Random(1), random.Random(2), 0.0, False, Blocklist()), Address(address, 6881), "8.8.8.8", b"", 0.0
    )
    for number in range(count):
        there = Address(f"fd00::{number + 1:x}" if ":" in address else f"10.0.0.{number + 1}", 5)
        node.table.answered(random.Random(number).randbytes(20), there, 1.0)
    return node


def test_there_and_back() -> None:
    four, six = node("0.0.0.0", 5), node("::", 3)
    stored = to_store([four, six], 2.0)
    back = from_store(stored, False)
    assert (back.id, back.host) == (four.table.own_id, "8.8.8.8")
    assert set(back.nodes) == {contact.address for contact in four.table}
    assert len(from_store(stored, True).nodes) == 3


def test_silent_nodes_are_not_kept() -> None:
    assert from_store(to_store([node("0.0.0.0", 5)], 5000.0), False).nodes == ()


def test_so_many_are_kept_from_everywhere() -> None:
    full = node("0.0.0.0", 250)
    kept = from_store(to_store([full], 2.0), False).nodes
    assert len(kept) == SAVED
    first_bits = {contact.number >> 159 for contact in full.table if contact.address in kept}
    assert first_bits == {0, 1}


@pytest.mark.parametrize(
    "stored",
    [
        None,
        7,
        [],
        {"ipv4": []},
        {"ipv4": {}},
        {"ipv4": {"id": 7, "host": 7, "nodes": 7}},
        {"ipv4": {"id": "xx", "host": "x y", "nodes": ["x", 7, "1.2.3.4:0", "[::1]:5", None, "1.2.3.4"]}},
        {"ipv4": {"id": "ab", "host": "::1", "nodes": {}}},
    ],
)
def test_nonsense_counts_as_nothing(stored: object) -> None:
    assert from_store(stored, False) == SavedNode()
