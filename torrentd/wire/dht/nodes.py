"""Compact nodes (BEP 5, 32): an id of 20 bytes and a compact address, 26 bytes in all for IPv4 and 38 for IPv6."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from torrentd.model.address import Address
from torrentd.wire.addresses import pack_compact, parse_compact

ID_LENGTH = 20
"""Bytes of a node id, and of an info hash in the DHT (a v2 hash is truncated)."""

_V4 = 6
_V6 = 18


class NodeInfo(NamedTuple):
    """A node of the DHT, as another one names it."""

    id: bytes
    address: Address


def parse_nodes(data: bytes, most: int, v6: bool = False) -> list[NodeInfo]:
    """The first `most` nodes. Left out: port 0, a last entry that is cut short, IPv4 addresses dressed as IPv6."""
    size = ID_LENGTH + (_V6 if v6 else _V4)
    nodes = []
    for start in range(0, min(len(data) - size + 1, most * size), size):
        split = start + ID_LENGTH
        address = parse_value(data[split : start + size])
        if address is not None:
            nodes.append(NodeInfo(data[start:split], address))
    return nodes


def pack_nodes(nodes: Iterable[NodeInfo]) -> bytes:
    """Nodes of one family back to back."""
    return b"".join(id + pack_compact([address]) for id, address in nodes)


def parse_value(data: object) -> Address | None:
    """One compact address of either family; None for anything else, port 0, and IPv4 dressed as IPv6."""
    if not isinstance(data, bytes) or len(data) not in (_V4, _V6):
        return None
    v6 = len(data) == _V6
    found = parse_compact(data, v6)
    return found[0] if found and (":" in found[0].host) == v6 else None
