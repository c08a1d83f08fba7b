"""Bloom filters that count peers without naming them (BEP 33): 256 bytes, two bits for each address."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1
from math import log

from torrentd.dht.ids import packed

LENGTH = 256
BITS = 8 * LENGTH
_HASHES = 2


def bloom(hosts: Iterable[str]) -> bytes:
    """The filter of these addresses."""
    bits = bytearray(LENGTH)
    for host in hosts:
        digest = sha1(packed(host)).digest()
        for start in (0, 2):
            index = int.from_bytes(digest[start : start + 2], "little") % BITS
            bits[index // 8] |= 1 << index % 8
    return bytes(bits)


def union(filters: Iterable[bytes]) -> bytes:
    """The filter of all addresses that are in any of them."""
    whole = 0
    for one in filters:
        whole |= int.from_bytes(one, "big")
    return whole.to_bytes(LENGTH, "big")


def estimate(filter: bytes) -> float:
    """How many addresses the filter probably holds; good up to about 6,000."""
    zeros = BITS - int.from_bytes(filter, "big").bit_count()
    zeros = max(1, min(BITS - 1, zeros)) if zeros < BITS else BITS
    return log(zeros / BITS) / (_HASHES * log(1 - 1 / BITS))
