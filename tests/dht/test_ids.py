from __future__ import annotations

import random

import pytest

from torrentd.dht.ids import crc32c, fits, id_for, number, random_id, random_id_sharing, shared_bits

VECTORS = [
    ("124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"),
    ("21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"),
    ("65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616"),
    ("84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41"),
    ("43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"),
]


@pytest.mark.parametrize(("host", "id"), VECTORS)
def test_the_vectors_of_bep_42(host, id):
    assert fits(bytes.fromhex(id), host)
    assert not fits(bytes.fromhex(id), "124.31.76.22")


@pytest.mark.parametrize(("host", "id"), VECTORS)
def test_21_bits_and_three_of_the_last_byte_are_bound(host, id):
    value = number(bytes.fromhex(id))
    for bit, bound in [(159, True), (139, True), (138, False), (8, False), (3, False), (2, True), (0, True)]:
        assert fits((value ^ (1 << bit)).to_bytes(20, "big"), host) is not bound


def test_checksum():
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("host", ["8.8.8.8", "200.1.2.3", "2001:4860:4860::8888"])
def test_ids_that_are_made_fit(host):
    rng = random.Random(1)
    ids = [id_for(host, rng) for _ in range(50)]
    assert all(fits(id, host) for id in ids)
    assert len({id[:1] for id in ids}) > 1  # of eight prefixes


def test_ipv6_counts_by_its_upper_half():
    id = id_for("2001:4860:4860::8888", random.Random(1))
    assert fits(id, "2001:4860:4860::1")
    assert not fits(id, "2001:4860:4861:7fff::1")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.1.1", "::1", "fd00::1", "100.64.0.1"]
)
def test_nothing_is_demanded_of_local_addresses(host):
    assert fits(random_id(random.Random(3)), host)


def test_shared_bits():
    assert shared_bits(5, 5) == 160
    assert shared_bits(0, 1) == 159
    assert shared_bits(0, 1 << 159) == 0


@pytest.mark.parametrize("bits", [0, 1, 7, 100, 159])
def test_an_id_that_shares_so_many_bits(bits):
    rng = random.Random(2)
    own = number(random_id(rng))
    assert shared_bits(number(random_id_sharing(own, bits, rng)), own) == bits
