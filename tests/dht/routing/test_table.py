from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.dht.ids import id_for, number, random_id_sharing, shared_bits
from torrentd.dht.routing.contact import FAILURES, FRESH, LOST
from torrentd.dht.routing.table import REFRESH, RETRY, SPARES, WIDTHS, K, Table
from torrentd.model.address import Address

OWN = bytes(20)
RNG = random.Random(1)
DEEP = 10
"""Shared bits of a bucket of usual width."""


def near(bits: int) -> bytes:
    return random_id_sharing(0, bits, RNG)


def local(number: int) -> Address:
    return Address(f"10.0.{number >> 8}.{number & 255}", 6881)


def filled(bits: int = DEEP, count: int = K, now: float = 0.0) -> tuple[Table, list[bytes]]:
    table, ids = Table(OWN), [near(bits) for _ in range(count)]
    for index, id in enumerate(ids):
        table.answered(id, local(index), now)
    return table, ids


class TestPlaces:
    def test_who_answered_comes_in(self):
        table = Table(OWN)
        table.answered(near(3), local(1), 5.0)
        assert len(table) == 1
        assert table.find(local(1)).is_good(6.0)

    def test_who_asks_does_not(self):
        table = Table(OWN)
        assert table.asked(near(3), local(1), 5.0)
        assert len(table) == 0

    @pytest.mark.parametrize(("bits", "width"), [*enumerate(WIDTHS), (4, K), (100, K)])
    def test_widths(self, bits, width):
        table, _ = filled(bits, width + 20)
        assert len(table) == width
        assert table.buckets == 1

    def test_ourselves_are_not_in_it(self):
        table = Table(OWN)
        table.answered(OWN, local(1), 0.0)
        assert len(table) == 0
        assert not table.asked(OWN, local(1), 0.0)

    def test_another_id_at_the_same_address_replaces_it(self):
        table = Table(OWN)
        table.answered(near(3), local(1), 0.0)
        other = near(9)
        table.answered(other, local(1), 1.0)
        assert [contact.id for contact in table] == [other]

    def test_a_full_bucket_of_good_nodes_takes_nobody(self):
        table, ids = filled()
        assert table.answered(near(DEEP), local(99), 1.0) is None
        assert {contact.id for contact in table} == set(ids)
        assert not table.asked(near(DEEP), local(98), 1.0)

    def test_a_bad_node_gives_its_place_up(self):
        table, ids = filled()
        for _ in range(FAILURES):
            table.failed(local(0), 1.0)
        assert table.asked(near(DEEP), local(98), 1.0)
        newcomer = near(DEEP)
        table.answered(newcomer, local(99), 1.0)
        assert {contact.id for contact in table} == {*ids[1:], newcomer}

    def test_the_longest_silent_is_to_be_asked(self):
        table, ids = filled()
        table.answered(ids[0], local(0), FRESH)
        table.answered(ids[1], local(1), 1.0)
        assert table.answered(near(DEEP), local(99), FRESH + 1).id == ids[2]

    def test_a_spare_takes_the_place_of_who_went_bad(self):
        table, ids = filled()
        spare, later = near(DEEP), near(DEEP)
        table.answered(spare, local(98), 1.0)
        table.answered(later, local(99), 2.0)
        table.failed(local(0), 3.0)
        assert table.find(local(0)) is not None
        table.failed(local(0), 3.0)
        assert {contact.id for contact in table} == {*ids[1:], later}

    def test_spares_are_bounded(self):
        table, _ = filled()
        for index in range(50):
            table.answered(near(DEEP), local(100 + index), 1.0)
        (bucket,) = table._buckets.values()
        assert [spare.address for spare in bucket.spares] == [local(150 - SPARES + index) for index in range(SPARES)]

    def test_without_a_spare_a_bad_node_stays_for_a_while(self):
        table, _ = filled(count=1)
        for _ in range(LOST - 1):
            table.failed(local(0), 1.0)
        assert len(table) == 1
        assert table.closest(0, K, 1.0) == []
        table.failed(local(0), 1.0)
        assert len(table) == 0

    def test_an_answer_makes_it_good_again(self):
        table, ids = filled(count=1)
        table.failed(local(0), 1.0)
        table.failed(local(0), 1.0)
        table.answered(ids[0], local(0), 2.0)
        assert table.find(local(0)).is_good(2.0)


class TestPoisoning:
    """What an attacker with few addresses can do."""

    def test_one_place_for_a_global_host(self):
        table = Table(OWN)
        for port in range(1, 50):
            table.answered(near(port % 4), Address("8.8.8.8", port), 0.0)
        assert len(table) == 1

    def test_one_place_in_a_bucket_for_a_neighbourhood(self):
        table = Table(OWN)
        for index in range(50):
            table.answered(near(0), Address(f"8.8.8.{index}", 6881), 0.0)
            table.answered(near(0), Address(f"2001:4860:1::{index:x}", 6881), 0.0)
        assert len(table) == 2

    def test_a_place_is_free_again_after_its_owner(self):
        table = Table(OWN)
        table.answered(near(0), Address("8.8.8.1", 1), 0.0)
        for _ in range(LOST):
            table.failed(Address("8.8.8.1", 1), 0.0)
        table.answered(near(0), Address("8.8.8.2", 1), 0.0)
        assert len(table) == 1

    def test_a_right_id_takes_the_place_of_a_wrong_one(self):
        table = Table(OWN)
        table.answered(near(0), Address("8.8.8.8", 1), 0.0)
        hosts = (f"{20 + index % 60}.{index}.1.1" for index in range(250))
        for host in [*hosts, *(f"{80 + index % 20}.{index}.2.1" for index in range(250))]:
            id = id_for(host, RNG)
            if not shared_bits(number(id), 0):
                table.answered(id, Address(host, 1), 0.0)
        assert len(table) == WIDTHS[0]
        assert all(contact.verified for contact in table)

    def test_a_wrong_id_pushes_nobody_out(self):
        table = Table(OWN)
        while len(table) < WIDTHS[0]:
            host = f"{RNG.randrange(11, 100)}.{RNG.randrange(256)}.1.1"
            id = id_for(host, RNG)
            if not shared_bits(number(id), 0):
                table.answered(id, Address(host, 1), 0.0)
        table.answered(near(0), Address("8.8.8.8", 1), 0.0)
        assert table.find(Address("8.8.8.8", 1)) is None

    def test_a_stranger_cannot_refresh_somebody_elses_place(self):
        table, ids = filled(count=1)
        assert not table.asked(near(DEEP), local(0), FRESH + 5)
        assert not table.find(local(0)).is_good(FRESH + 5)
        table.asked(ids[0], local(0), FRESH + 5)
        assert table.find(local(0)).is_good(FRESH + 5)


class TestClosest:
    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 20))
    def test_it_is_what_sorting_all_gives(self, seed, count, wanted):
        rng = random.Random(seed)
        table = Table(rng.randbytes(20))
        for index in range(count):
            table.answered(random_id_sharing(table.own_number, rng.randrange(12), rng), local(index), 0.0)
        target = rng.getrandbits(160)
        ordered = sorted(table, key=lambda contact: contact.number ^ target)
        assert table.closest(target, wanted, 1.0) == ordered[:wanted]

    def test_our_own_id_is_a_target(self):
        table, ids = filled()
        assert [contact.id for contact in table.closest(0, 3, 1.0)] == sorted(ids)[:3]

    def test_good_ones_only(self):
        table, ids = filled(count=3)
        table.answered(ids[0], local(0), FRESH)
        assert [contact.id for contact in table.closest(0, K, FRESH + 1, good_only=True)] == [ids[0]]
        assert len(table.closest(0, K, FRESH + 1)) == 3


class TestUpkeep:
    def test_a_bucket_is_refreshed_when_nothing_changed(self):
        table, ids = filled(3, 2)
        assert table.stale(REFRESH - 1, RNG) is None
        table.answered(ids[0], local(0), 10.0)
        assert table.stale(REFRESH, RNG) is None
        target = table.stale(REFRESH + 10, RNG)
        assert shared_bits(number(target), 0) == 3
        assert table.stale(REFRESH + 10, RNG) is None

    def test_silent_nodes_get_their_turn(self):
        table, ids = filled(3, 3)
        table.answered(ids[1], local(1), 5.0)
        now = FRESH + 1
        assert {table.silent(now).id, table.silent(now).id} == {ids[0], ids[2]}
        assert table.silent(now) is None
        assert table.silent(now + RETRY) is not None

    def test_whoever_is_adopted_keeps_what_is_known(self):
        table, ids = filled(3, 3)
        moved = Table(near(0))
        for contact in table:
            moved.adopt(contact, 1.0)
            moved.adopt(contact, 1.0)
        assert {contact.id for contact in moved} == set(ids)
        assert all(contact.is_good(1.0) for contact in moved)
