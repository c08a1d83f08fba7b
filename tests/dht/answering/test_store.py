from __future__ import annotations

import random

import pytest

from torrentd.dht.answering.bloom import bloom
from torrentd.dht.answering.store import EXPIRES, HASHES, PEERS, SAMPLES_KEPT, Store
from torrentd.model.address import Address

H = b"h" * 20


def make() -> Store:
    return Store(bytes(20), random.Random(1))


def peer(number: int, port: int = 1) -> Address:
    return Address(f"1.2.{number >> 8}.{number & 255}", port)


def test_what_was_announced_is_found():
    store = make()
    store.add(H, peer(1), False, 0.0)
    store.add(H, peer(2), True, 0.0)
    assert sorted(store.pick(H, 10, False, 1.0)) == [peer(1), peer(2)]
    assert len(store.pick(H, 1, False, 1.0)) == 1
    assert store.pick(b"i" * 20, 10, False, 1.0) == []
    assert (len(store), store.peers) == (1, 2)


def test_an_address_counts_once():
    store = make()
    store.add(H, peer(1, 1), False, 0.0)
    store.add(H, peer(1, 2), True, 0.0)
    assert store.pick(H, 10, False, 1.0) == [peer(1, 2)]


def test_on_local_addresses_each_port_counts():
    store = make()
    peers = [Address("127.0.0.1", 1), Address("127.0.0.1", 2), Address("10.0.0.1", 1), Address("10.0.0.1", 2)]
    for each in [*peers, *peers]:
        store.add(H, each, False, 0.0)
    assert sorted(store.pick(H, 10, False, 1.0)) == sorted(peers)


def test_peers_expire():
    store = make()
    store.add(H, peer(1), False, 0.0)
    store.add(H, peer(2), False, 100.0)
    assert store.pick(H, 10, False, EXPIRES + 1) == [peer(2)]
    store.add(b"i" * 20, peer(3), False, EXPIRES + 200)
    assert (len(store), store.peers) == (1, 1)


def test_seeds_last_if_they_are_not_wanted():
    store = make()
    for number in range(10):
        store.add(H, peer(number), number < 5, 0.0)
    assert set(store.pick(H, 5, True, 1.0)) == {peer(number) for number in range(5, 10)}
    assert len(store.pick(H, 8, True, 1.0)) == 8


def test_a_hash_has_so_many_peers_the_oldest_go():
    store = make()
    for number in range(PEERS + 5):
        store.add(H, peer(number), False, float(number))
    assert set(store.pick(H, 1000, False, 110.0)) == {peer(number) for number in range(5, PEERS + 5)}


def test_the_farthest_hash_makes_room():
    store = make()
    for number in range(HASHES):
        store.add((1000 + number).to_bytes(20, "big"), peer(1), False, 0.0)
    store.add((10**9).to_bytes(20, "big"), peer(1), False, 0.0)
    assert store.pick((10**9).to_bytes(20, "big"), 1, False, 0.0) == []
    store.add((5).to_bytes(20, "big"), peer(1), False, 0.0)
    assert store.pick((5).to_bytes(20, "big"), 1, False, 0.0) == [peer(1)]
    assert store.pick((1000 + HASHES - 1).to_bytes(20, "big"), 1, False, 0.0) == []
    assert len(store) == HASHES


def test_after_our_id_moved_others_are_far():
    store = make()
    for number in range(HASHES):
        store.add((1000 + number).to_bytes(20, "big"), peer(1), False, 0.0)
    store.moved((1000).to_bytes(20, "big"))
    store.add((1001 + HASHES).to_bytes(20, "big"), peer(1), False, 0.0)
    assert store.pick((1000).to_bytes(20, "big"), 1, False, 0.0) == [peer(1)]
    assert len(store) == HASHES


def test_filters():
    store = make()
    assert store.filters(H, 0.0) is None
    store.add(H, peer(1), True, 0.0)
    store.add(H, peer(2), False, 0.0)
    assert store.filters(H, 1.0) == (bloom([peer(1).host]), bloom([peer(2).host]))


def test_samples_stay_for_a_while():
    store = make()
    for number in range(50):
        store.add(number.to_bytes(20, "big"), peer(1), False, 0.0)
    samples, interval = store.samples(20, 1.0)
    assert len(set(samples)) == 20
    assert 0 < interval <= SAMPLES_KEPT + 1
    assert store.samples(20, 30.0)[0] == samples
    assert store.samples(20, 100.0)[0] != samples


@pytest.mark.parametrize("count", [0, 3])
def test_few_samples(count):
    store = make()
    for number in range(count):
        store.add(number.to_bytes(20, "big"), peer(1), False, 0.0)
    assert len(store.samples(20, 1.0)[0]) == count
