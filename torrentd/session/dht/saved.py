"""What is kept of our nodes for the next start: ids, our addresses, and nodes that were good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from torrentd.dht.node import SAVED, Node
from torrentd.model.address import Address, parse_address
from torrentd.wire.dht.nodes import ID_LENGTH

KEY = "dht"
"""The setting in the database."""


class SavedNode(NamedTuple):
    """One of our nodes as it was."""

    id: bytes = b""
    host: str = ""
    """our address as others saw it"""
    nodes: tuple[Address, ...] = ()


def to_store(nodes: Iterable[Node], now: float) -> dict[str, Any]:
    """For the database, by family."""
    return {
        _family(node.v6): {
            "id": node.table.own_id.hex(),
            "host": node.host,
            "nodes": [str(address) for address in node.saved(now)],
        }
        for node in nodes
    }


def from_store(stored: object, v6: bool) -> SavedNode:
    """Of one family, from the database; anything that we would not have written counts as not there."""
    family = stored.get(_family(v6)) if isinstance(stored, dict) else None
    if not isinstance(family, dict):
        return SavedNode()
    return SavedNode(_id(family.get("id")), _host(family.get("host"), v6), _nodes(family.get("nodes"), v6))


def _family(v6: bool) -> str:
    return "ipv6" if v6 else "ipv4"


def _id(raw: object) -> bytes:
    try:
        id = bytes.fromhex(raw) if isinstance(raw, str) else b""
    except ValueError:
        return b""
    return id if len(id) == ID_LENGTH else b""


def _host(raw: object, v6: bool) -> str:
    found = _address(f"[{raw}]:1" if v6 else f"{raw}:1", v6)
    return found.host if found else ""


def _nodes(raw: object, v6: bool) -> tuple[Address, ...]:
    texts = raw[:SAVED] if isinstance(raw, list) else []
    return tuple(address for text in texts if (address := _address(text, v6)) is not None)


def _address(text: object, v6: bool) -> Address | None:
    try:
        address = parse_address(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return address if address is not None and address.port and (":" in address.host) == v6 else None
