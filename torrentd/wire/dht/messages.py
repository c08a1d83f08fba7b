"""The messages of the DHT as values: a query, a response or an error (KRPC, BEP 5, with BEP 32, 33, 42, 43, 51).

`transaction` is made by who asks and comes back in the answer. `sender` is the node id of who speaks.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError
from torrentd.wire.dht.nodes import NodeInfo

PING = "ping"
FIND_NODE = "find_node"
GET_PEERS = "get_peers"
ANNOUNCE_PEER = "announce_peer"
SAMPLE_INFOHASHES = "sample_infohashes"
METHODS = (PING, FIND_NODE, GET_PEERS, ANNOUNCE_PEER, SAMPLE_INFOHASHES)

PROTOCOL_ERROR = 203
UNKNOWN_METHOD = 204


class Query(NamedTuple):
    """A question. `target` is the id or the info hash it is about; empty for a ping."""

    transaction: bytes
    sender: bytes
    method: str
    target: bytes = b""
    want: tuple[str, ...] = ()
    """which families of nodes the answer should hold, "n4" and "n6"; empty: the one it was asked over (BEP 32)"""
    read_only: bool = False
    """who asks does not answer queries (BEP 43)"""
    no_seeds: bool = False
    """peers that are not seeds are preferred (BEP 33)"""
    scrape: bool = False
    """bloom filters of the peers are wanted (BEP 33)"""
    token: bytes = b""
    port: int = 0
    """where the peer listens that is announced; 0: at the port the query came from (BEP 5, `implied_port`)"""
    seed: bool = False
    """the peer that is announced is a seed (BEP 33)"""


class Response(NamedTuple):
    """An answer. None for what was not said."""

    transaction: bytes
    sender: bytes
    nodes: tuple[NodeInfo, ...] | None = None
    nodes6: tuple[NodeInfo, ...] | None = None
    values: tuple[Address, ...] | None = None
    """peers, of one family or of both"""
    token: bytes | None = None
    seeds: bytes | None = None
    """bloom filter of the seeds (BEP 33)"""
    leeches: bytes | None = None
    """bloom filter of the other peers"""
    samples: tuple[bytes, ...] | None = None
    """info hashes (BEP 51)"""
    interval: int | None = None
    """seconds until new samples (BEP 51)"""
    stored: int | None = None
    """info hashes there are in all (BEP 51)"""
    ip: Address | None = None
    """where who answers saw our query come from (BEP 42)"""


class Error(NamedTuple):
    """A query could not be answered."""

    transaction: bytes
    code: int
    text: str = ""
    """their words, not escaped yet"""
    ip: Address | None = None


Message: TypeAlias = Query | Response | Error


class KrpcError(ProtocolError):
    """Not a message. If it was meant as a query, `transaction` and `code` are those of the error to answer with;
    `transaction` is None when nobody is to be answered."""

    def __init__(self, text: str, transaction: bytes | None = None, code: int = PROTOCOL_ERROR) -> None:
        super().__init__(text)
        self.transaction = transaction
        self.code = code
