"""Messages to datagrams."""

from __future__ import annotations

from typing import Final

from torrentd.wire.addresses import pack_compact
from torrentd.wire.bencode import Encodable, encode
from torrentd.wire.dht.messages import (
    ANNOUNCE_PEER,
    GET_PEERS,
    PING,
    Message,
    Query,
    Response,
)
from torrentd.wire.dht.nodes import pack_nodes

VERSION: Final = b"td\x00\x01"
"""`v` of our messages: two letters for the client and two bytes for its version, as others do."""


def encode_message(message: Message) -> bytes:
    """The datagram. An optional part is left out when it is None, empty or False."""
    root: dict[bytes, Encodable] = {b"t": message.transaction, b"v": VERSION}
    if isinstance(message, Query):
        root[b"y"], root[b"q"], root[b"a"] = b"q", message.method, _arguments(message)
        if message.read_only:
            root[b"ro"] = 1
        return encode(root)
    if message.ip is not None:
        root[b"ip"] = pack_compact([message.ip])
    if isinstance(message, Response):
        root[b"y"], root[b"r"] = b"r", _returned(message)
    else:
        root[b"y"], root[b"e"] = b"e", [message.code, message.text]
    return encode(root)


def _arguments(query: Query) -> dict[bytes, Encodable]:
    fields: dict[bytes, Encodable] = {b"id": query.sender}
    if query.want:
        fields[b"want"] = list(query.want)
    if query.method in (GET_PEERS, ANNOUNCE_PEER):
        fields[b"info_hash"] = query.target
    elif query.method != PING:
        fields[b"target"] = query.target
    flags = {b"noseed": query.no_seeds, b"scrape": query.scrape, b"seed": query.seed}
    fields.update({name: 1 for name, is_set in flags.items() if is_set})
    if query.method == ANNOUNCE_PEER:
        fields[b"token"] = query.token
        fields[b"port"] = query.port
        fields[b"implied_port"] = int(not query.port)
    return fields


def _returned(response: Response) -> dict[bytes, Encodable]:
    fields: dict[bytes, Encodable] = {b"id": response.sender}
    if response.nodes is not None:
        fields[b"nodes"] = pack_nodes(response.nodes)
    if response.nodes6 is not None:
        fields[b"nodes6"] = pack_nodes(response.nodes6)
    if response.values:
        fields[b"values"] = [pack_compact([address]) for address in response.values]
    if response.samples is not None:
        fields[b"samples"] = b"".join(response.samples)
    optional: dict[bytes, Encodable | None] = {
        b"token": response.token,
        b"BFsd": response.seeds,
        b"BFpe": response.leeches,
        b"interval": response.interval,
        b"num": response.stored,
    }
    fields.update({name: value for name, value in optional.items() if value is not None})
    return fields
