"""Node ids: distance, and ids that fit an address (BEP 42).

Whoever may choose an id freely can put nodes next to any info hash, see who asks for it and hide its peers. So 21 bits
of a node's id follow from its address, which is not as easily chosen. On local addresses nothing is demanded: whole
networks live there that know no other address.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from random import Random

from torrentd.model.address import Scope, scope
from torrentd.wire.dht.nodes import ID_LENGTH

ID_BITS = 8 * ID_LENGTH

_V4_MASK = bytes.fromhex("030f3fff")
_V6_MASK = bytes.fromhex("0103070f1f3f7fff")
_POLYNOMIAL = 0x82F63B78  # CRC32C (Castagnoli), reflected

REMEMBERED = 4096
"""Hosts of which is remembered what text parsing tells: that takes longer than much else that is done for a message."""


def number(id: bytes) -> int:
    """An id as a number: the distance of two is `number(a) ^ number(b)`."""
    return int.from_bytes(id, "big")


def shared_bits(a: int, b: int) -> int:
    """How many leading bits two ids have in common."""
    return ID_BITS - (a ^ b).bit_length()


def random_id(rng: Random) -> bytes:
    """Any id."""
    return rng.randbytes(ID_LENGTH)


def random_id_sharing(own: int, bits: int, rng: Random) -> bytes:
    """An id that has exactly so many leading bits in common with `own`, fewer than all."""
    rest = ID_BITS - bits - 1
    flipped = own ^ (1 << rest)
    return ((flipped >> rest << rest) | rng.getrandbits(rest)).to_bytes(ID_LENGTH, "big")


def new_id(host: str, rng: Random) -> bytes:
    """An id for a node at this address: any, if it is no global one."""
    return id_for(host, rng) if reach(host) == Scope.GLOBAL else random_id(rng)


def id_for(host: str, rng: Random) -> bytes:
    """An id that fits the address."""
    free = rng.randbytes(ID_LENGTH)
    prefix = _prefix(host, free[-1] & 0x07)
    return prefix[:2] + bytes([(prefix[2] & 0xF8) | (free[2] & 0x07)]) + free[3:]


def fits(id: bytes, host: str) -> bool:
    """Whether a node at this address may have this id."""
    if reach(host) != Scope.GLOBAL:
        return True
    prefix = _prefix(host, id[-1] & 0x07)
    return id[:2] == prefix[:2] and (id[2] ^ prefix[2]) < 0x08


@lru_cache(REMEMBERED)
def reach(host: str) -> Scope:
    """`model.address.scope`, remembered."""
    return scope(host)


@lru_cache(REMEMBERED)
def packed(host: str) -> bytes:
    """An IP literal's 4 or 16 bytes, remembered."""
    return ip_address(host).packed


@lru_cache(REMEMBERED)
def _prefix(host: str, last: int) -> bytes:
    raw = packed(host)
    masks = _V4_MASK if len(raw) == 4 else _V6_MASK
    masked = bytearray(byte & mask for byte, mask in zip(raw, masks, strict=False))
    masked[0] |= last << 5
    return crc32c(bytes(masked)).to_bytes(4, "big")


def crc32c(data: bytes) -> int:
    """The checksum of BEP 42."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE = [_table_entry(value) for value in range(256)]
