from __future__ import annotations

import random

from torrentd.dht.asking.candidate import LIES, State
from torrentd.dht.asking.lookup import (
    FEWEST_PARALLEL,
    MOST_PARALLEL,
    MOST_PER_HOST,
    MOST_QUERIES,
    NAMES,
    K,
    Lookup,
)
from torrentd.dht.ids import id_for
from torrentd.model.address import Address
from torrentd.wire.dht.messages import Response
from torrentd.wire.dht.nodes import NodeInfo

TARGET = bytes(20)


def info(distance: int) -> NodeInfo:
    """A node so far from the target, on a local address, where any id is believed."""
    return NodeInfo(distance.to_bytes(20, "big"), local(distance))


def local(number: int) -> Address:
    return Address(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 6881)


def said(node: NodeInfo, token: bytes | None = b"token") -> Response:
    return Response(b"t", node.id, token=token)


def begun(*distances: int) -> Lookup:
    lookup = Lookup(TARGET)
    lookup.know(info(distance) for distance in distances)
    return lookup


def asked(lookup: Lookup) -> list[Address]:
    return list(iter(lookup.next, None))


def answer(lookup: Lookup, distance: int, *named: int) -> None:
    lookup.answered(local(distance), said(info(distance)), [info(other) for other in named])


def test_the_nearest_are_asked_first():
    lookup = begun(50, 10, 40, 20, 30)
    assert asked(lookup) == [local(10), local(20), local(30)]
    assert not lookup.is_over


def test_nearer_ones_are_asked_as_they_are_named():
    lookup = begun(1000, 2000, 3000)
    asked(lookup)
    answer(lookup, 2000, 500, 600)
    assert asked(lookup) == [local(500)]
    assert lookup.depth == 2


def test_over_when_the_nearest_have_answered():
    lookup = begun(*range(1, 30))
    while not lookup.is_over:
        for address in asked(lookup):
            answer(lookup, int(address.host.rpartition(".")[2]))
    assert lookup.queries == K
    assert [candidate.address for candidate in lookup.nearest()] == [local(number) for number in range(1, K + 1)]


def test_nobody_is_known():
    lookup = begun()
    assert asked(lookup) == []
    assert lookup.is_over
    assert lookup.nearest() == []


def test_parallel_queries_adapt():
    lookup = begun(*range(1000, 1100))
    assert len(asked(lookup)) == FEWEST_PARALLEL
    for number in range(1000, 1003):
        lookup.slow(local(number))
    assert len(asked(lookup)) == 2 * FEWEST_PARALLEL
    for number in range(1003, 1009):
        lookup.slow(local(number))
    assert len(asked(lookup)) == MOST_PARALLEL
    nearest = 900
    for number in range(1009, 1014):
        answer(lookup, number, nearest := nearest - 1)
    assert len(asked(lookup)) == 0
    assert lookup._parallel == FEWEST_PARALLEL


def test_a_slow_one_may_still_answer():
    lookup = begun(1, 2, 3)
    asked(lookup)
    for number in (1, 2, 3):
        lookup.slow(local(number))
    assert lookup.is_over
    answer(lookup, 2)
    assert [candidate.address for candidate in lookup.nearest()] == [local(2)]


def test_who_failed_is_passed_over():
    lookup = begun(*range(1, 12))
    asked(lookup)
    lookup.failed(local(1))
    lookup.slow(local(2))
    lookup.failed(local(2))
    lookup.failed(local(3))
    while not lookup.is_over:
        for address in asked(lookup):
            answer(lookup, int(address.host.rpartition(".")[2]))
    assert [candidate.address for candidate in lookup.nearest()] == [local(number) for number in range(4, 12)]


def test_without_a_token_nobody_is_announced_to():
    lookup = begun(1, 2)
    asked(lookup)
    lookup.answered(local(1), said(info(1), token=None), [])
    answer(lookup, 2)
    assert [candidate.address for candidate in lookup.nearest()] == [local(2)]


def test_addresses_without_an_id_are_asked_when_nothing_is_known():
    lookup = Lookup(TARGET)
    lookup.know([(None, local(7)), (None, local(8))])
    assert asked(lookup) == [local(7), local(8)]
    answer(lookup, 7, 5)
    assert asked(lookup) == [local(5)]


def test_our_own_addresses_are_never_asked():
    lookup = Lookup(TARGET, [local(1)])
    lookup.know([info(1), info(2)])
    assert asked(lookup) == [local(2)]
    answer(lookup, 2, 1)
    assert asked(lookup) == []


class TestHostile:
    def test_queries_are_bounded_whatever_is_named(self):
        lookup, number = begun(10**6), 10**6
        ids = {local(number): info(number).id}
        while addresses := asked(lookup):
            for address in addresses:
                names = [info(number := number - 1) for _ in range(8)]
                ids.update((address, id) for id, address in names)
                lookup.answered(address, Response(b"t", ids[address]), names)
        assert lookup.queries == MOST_QUERIES
        assert lookup.is_over

    def test_no_more_names_than_so_many(self):
        lookup = begun(10**6)
        asked(lookup)
        answer(lookup, 10**6, *range(1, 1000))
        assert len(lookup._order) == 1 + NAMES

    def test_a_host_is_asked_at_few_ports(self):
        lookup = Lookup(TARGET)
        lookup.know(NodeInfo(number.to_bytes(20, "big"), Address("8.8.8.8", number)) for number in range(1, 100))
        assert len(asked(lookup)) == MOST_PER_HOST
        for port in range(1, MOST_PER_HOST + 1):
            lookup.failed(Address("8.8.8.8", port))
        assert asked(lookup) == []

    def test_wrong_ids_come_last(self):
        rng = random.Random(1)
        right = [Address(f"{number}.1.1.1", 1) for number in range(20, 30)]
        wrong = [Address(f"{number}.1.1.1", 1) for number in range(60, 70)]
        lookup = Lookup(TARGET)
        lookup.know(NodeInfo(bytes(19) + b"\x01", address) for address in wrong)
        ids = {address: id_for(address.host, rng) for address in right}
        lookup.know(NodeInfo(id, address) for address, id in ids.items())
        order = []
        while not lookup.is_over:
            for address in asked(lookup):
                order.append(address)
                lookup.answered(address, Response(b"t", ids[address], token=b"x"), [])
        assert set(order) <= set(right)
        assert len(order) == K

    def test_an_id_counts_as_the_node_itself_says(self):
        lookup = begun(1, 2, 3, 4)
        asked(lookup)
        far = info(10**6)
        lookup.answered(local(1), said(far), [])
        answer(lookup, 2)
        assert [candidate.address for candidate in lookup.nearest()] == [local(2), local(1)]

    def test_whom_only_a_liar_names_is_asked_last(self):
        lookup = begun(5000, 6000)
        asked(lookup)
        answer(lookup, 5000, *range(1, 9))
        for address in asked(lookup):
            lookup.slow(address)
        silent = lookup.queries - 2
        assert silent >= LIES - 1
        answer(lookup, 6000, 700, 800)
        for address in asked(lookup):
            if address not in (local(700), local(800)):
                lookup.slow(address)
        rest = asked(lookup)
        assert local(700) in rest or lookup._candidates[local(700)].state.name != "FRESH"
        answer(lookup, 700)
        answer(lookup, 800)
        assert all(lookup._candidates[address].is_dubious for address in asked(lookup))

    def test_whoever_is_not_whom_it_was_said_to_be_is_not_believed(self):
        """Nor are those whom it names, and whom they name: a ring of liars leads nowhere."""
        lookup = begun(5000, 6000)
        asked(lookup)
        answer(lookup, 5000, 1)
        answer(lookup, 6000, 700, 800)
        assert set(asked(lookup)) == {local(1), local(700), local(800)}
        lookup.answered(local(1), said(info(10**6)), [info(2), info(3)])
        answer(lookup, 700)
        answer(lookup, 800)
        assert all(lookup._candidates[local(number)].is_dubious for number in (2, 3))
        asked(lookup)  # nobody better is left
        answer(lookup, 2, 4)
        assert lookup._candidates[local(4)].is_dubious

    def test_many_liars_that_name_each_other_cost_little(self):
        """Seven rows of eight, each of whom is named by all of the row before."""
        lookup = begun(*range(10**6, 10**6 + 8))
        row = [*range(10**6, 10**6 + 8)]
        for number in range(1, 7):
            below = [10**6 - 100 * number + place for place in range(8)]
            for place in row:
                lookup._candidates[local(place)].state = State.ASKED
                lookup._under_way += 1
                lookup.answered(local(place), said(info(2**30 + place)), [info(other) for other in below])
            row = below
        assert all(lookup._candidates[local(place)].is_dubious for place in row)

    def test_who_named_one_that_spoke_is_no_liar(self):
        lookup = begun(5000)
        asked(lookup)
        answer(lookup, 5000, 1, 2, 3, 4, 5)
        asked(lookup)
        answer(lookup, 1)
        for number in (2, 3, 4):
            lookup.slow(local(number))
        assert not lookup._candidates[local(5)].is_dubious
