"""Canonical peer priority (BEP 40): who should be connected with whom, as both ends compute it alike.

If everybody preferred those whom he happens to know first, newcomers would find all places taken, and one attacker
with many connections could take all of them. With a number that depends on both addresses alone, each peer has its own
random order of all others, and both ends of a connection agree on what it is worth. Addresses of one network count
about as one, so that nobody gains by having many.
"""

from __future__ import annotations

import ipaddress

from torrentd.model.address import Address

_V4_MASKS = ((24, 0xFFFFFFFF), (16, 0xFFFFFF55), (0, 0xFFFF5555))
"""Common bits of both addresses, and what counts of each then."""

_V6_FIRST, _V6_LAST, _V6_STEP = 48, 128, 8
_FIVES = 0x5555_5555_5555_5555_5555_5555_5555_5555
_ALL = (1 << 128) - 1

_POLYNOMIAL = 0x82F63B78
"""CRC-32C's (Castagnoli), reflected."""


def priority(ours: Address, theirs: Address) -> int:
    """32 bits; the higher, the more the connection is worth. Both hosts are IP literals. If they are of different
    families there is no such number, and it is 0."""
    ours_ip, theirs_ip = ipaddress.ip_address(ours.host), ipaddress.ip_address(theirs.host)
    if ours_ip.version != theirs_ip.version:
        return 0
    if ours_ip == theirs_ip:
        low, high = sorted((ours.port, theirs.port))
        return crc32c(low.to_bytes(2, "big") + high.to_bytes(2, "big"))
    size = ours_ip.max_prefixlen // 8
    mask = (_v4_mask if size == 4 else _v6_mask)(int(ours_ip) ^ int(theirs_ip))
    low, high = sorted((int(ours_ip) & mask, int(theirs_ip) & mask))
    return crc32c(low.to_bytes(size, "big") + high.to_bytes(size, "big"))


def _v4_mask(difference: int) -> int:
    common = 32 - difference.bit_length()
    return next(mask for bits, mask in _V4_MASKS if common >= bits)


def _v6_mask(difference: int) -> int:
    """48 bits count whole and of the rest every other one; 8 bits more count whole for each further 8 in common."""
    common = 128 - difference.bit_length()
    whole = _V6_FIRST
    if common >= _V6_FIRST:
        whole = min(_V6_LAST, common // _V6_STEP * _V6_STEP + _V6_STEP)
    return _ALL & ~(_ALL >> whole) | _FIVES


def crc32c(data: bytes) -> int:
    """CRC-32C of a few bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (_POLYNOMIAL if number & 1 else 0)
    return number


_TABLE = tuple(map(_entry, range(256)))
