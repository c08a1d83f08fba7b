"""Datagrams to messages: nothing is believed.

What cannot be read as a query, but names a transaction and says that it is one, gets an error; all other nonsense is
dropped. Parts that are optional and wrong are treated as missing. Methods that we do not know but that name a target
are read as `find_node`, as newer nodes expect (so the answer at least helps them on their way).
"""

from __future__ import annotations

from typing import Final

from torrentd.model.address import Address
from torrentd.wire.bencode import DHT, BencodeError, Value, decode
from torrentd.wire.dht.messages import (
    ANNOUNCE_PEER,
    FIND_NODE,
    GET_PEERS,
    METHODS,
    PING,
    UNKNOWN_METHOD,
    Error,
    KrpcError,
    Message,
    Query,
    Response,
)
from torrentd.wire.dht.nodes import ID_LENGTH, parse_nodes, parse_value

LARGEST: Final = 4096
"""Bytes of a datagram that is looked at. Nodes send at most 1,024 (BEP 32), old ones 1,500."""

MAX_TRANSACTION: Final = 32
"""Bytes: it comes back in our answer. Ids in use have 2 to 8."""

MAX_TOKEN: Final = 64
"""Bytes of a token that we would send back. Tokens in use have 4 to 20."""

MAX_NODES: Final = 16
"""Nodes taken from one answer: twice what the specification has. More would let one liar fill a lookup."""

MAX_VALUES: Final = 200
"""Peers taken from one answer: more do not fit into what nodes may send."""

FILTER_LENGTH: Final = 256
"""Bytes of a bloom filter (BEP 33)."""

MAX_SAMPLES: Final = 100
MAX_TEXT: Final = 200
"""Bytes of an error's text that are kept."""

_FAMILIES = {b"n4": "n4", b"n6": "n6"}
_NAMES = {name.encode(): name for name in METHODS}

Fields = dict[bytes, Value]


def decode_message(data: bytes) -> Message:
    """The message that a datagram holds. KrpcError if it is none."""
    if len(data) > LARGEST:
        raise KrpcError(f"a datagram of {len(data)} bytes")
    try:
        root = decode(data, DHT)
    except BencodeError as error:
        raise KrpcError(str(error)) from None
    if not isinstance(root, dict):
        raise KrpcError("not a dictionary")
    transaction = root.get(b"t")
    if not isinstance(transaction, bytes) or not 0 < len(transaction) <= MAX_TRANSACTION:
        raise KrpcError("no transaction id")
    match root.get(b"y"):
        case b"q":
            return _query(root, transaction)
        case b"r":
            return _response(root, transaction)
        case b"e":
            return _error(root, transaction)
    raise KrpcError("neither a query nor an answer")


def _query(root: Fields, transaction: bytes) -> Query:
    fields = root.get(b"a")
    name = root.get(b"q")
    if not isinstance(fields, dict) or not isinstance(name, bytes):
        raise KrpcError("a query has a method and arguments", transaction)
    method = _method(name, fields, transaction)
    sender = _id(fields.get(b"id"), "id", transaction)
    target = b""
    if method != PING:
        key = b"info_hash" if method in (GET_PEERS, ANNOUNCE_PEER) else b"target"
        raw = fields.get(key, fields.get(b"info_hash"))
        target = _id(raw, key.decode(), transaction)
    query = Query(transaction, sender, method, target, want=_want(fields.get(b"want")), read_only=root.get(b"ro") == 1)
    if method == GET_PEERS:
        return query._replace(no_seeds=fields.get(b"noseed") == 1, scrape=fields.get(b"scrape") == 1)
    return _announce(query, fields) if method == ANNOUNCE_PEER else query


def _method(name: bytes, fields: Fields, transaction: bytes) -> str:
    method = _NAMES.get(name)
    if method is None:
        if b"target" not in fields and b"info_hash" not in fields:
            raise KrpcError("unknown method", transaction, UNKNOWN_METHOD)
        method = FIND_NODE
    return method


def _announce(query: Query, fields: Fields) -> Query:
    token, port = fields.get(b"token"), fields.get(b"port")
    if not isinstance(token, bytes) or len(token) > MAX_TOKEN:
        raise KrpcError("no token", query.transaction)
    if fields.get(b"implied_port") in (None, 0):
        if not isinstance(port, int) or not 0 < port < 65536:
            raise KrpcError("no port", query.transaction)
    else:
        port = 0
    return query._replace(token=token, port=port, seed=fields.get(b"seed") == 1)


def _response(root: Fields, transaction: bytes) -> Response:
    fields = root.get(b"r")
    if not isinstance(fields, dict):
        raise KrpcError("a response without values")
    sender = fields.get(b"id")
    if not isinstance(sender, bytes) or len(sender) != ID_LENGTH:
        raise KrpcError("a response without an id")
    nodes, nodes6 = fields.get(b"nodes"), fields.get(b"nodes6")
    return Response(
        transaction,
        sender,
        nodes=tuple(parse_nodes(nodes, MAX_NODES)) if isinstance(nodes, bytes) else None,
        nodes6=tuple(parse_nodes(nodes6, MAX_NODES, v6=True)) if isinstance(nodes6, bytes) else None,
        values=_values(fields.get(b"values")),
        token=_bytes(fields.get(b"token"), range(1, MAX_TOKEN + 1)),
        seeds=_bytes(fields.get(b"BFsd"), range(FILTER_LENGTH, FILTER_LENGTH + 1)),
        leeches=_bytes(fields.get(b"BFpe"), range(FILTER_LENGTH, FILTER_LENGTH + 1)),
        samples=_samples(fields.get(b"samples")),
        interval=_count(fields.get(b"interval")),
        stored=_count(fields.get(b"num")),
        ip=parse_value(root.get(b"ip")),
    )


def _error(root: Fields, transaction: bytes) -> Error:
    ip = parse_value(root.get(b"ip"))
    match root.get(b"e"):
        case [int() as code, bytes() as text, *_]:
            return Error(transaction, code, text[:MAX_TEXT].decode("utf-8", "replace"), ip)
        case [int() as code, *_]:
            return Error(transaction, code, ip=ip)
    raise KrpcError("an error without a code")


def _id(raw: object, what: str, transaction: bytes) -> bytes:
    if not isinstance(raw, bytes) or len(raw) != ID_LENGTH:
        raise KrpcError(f"{what} must have {ID_LENGTH} bytes", transaction)
    return raw


def _want(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        return ()
    return tuple(dict.fromkeys(_FAMILIES[name] for name in raw if isinstance(name, bytes) and name in _FAMILIES))


def _values(raw: object) -> tuple[Address, ...] | None:
    if not isinstance(raw, list):
        return None
    return tuple(address for address in map(parse_value, raw[:MAX_VALUES]) if address is not None)


def _bytes(raw: object, lengths: range) -> bytes | None:
    return raw if isinstance(raw, bytes) and len(raw) in lengths else None


def _samples(raw: object) -> tuple[bytes, ...] | None:
    if not isinstance(raw, bytes) or len(raw) % ID_LENGTH:
        return None
    starts = range(0, min(len(raw), MAX_SAMPLES * ID_LENGTH), ID_LENGTH)
    return tuple(raw[start : start + ID_LENGTH] for start in starts)


def _count(raw: object) -> int | None:
    return raw if isinstance(raw, int) and raw >= 0 else None
