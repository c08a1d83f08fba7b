"""Answers to queries of others.

An answer has at most 1,000 bytes and ten times the query's, so that whoever forges a sender gains little; what does
not fit is left out, peers first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from torrentd.dht.answering.store import PEERS
from torrentd.dht.ids import number
from torrentd.dht.routing.contact import Contact
from torrentd.dht.routing.table import K, Table
from torrentd.model.address import Address
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import (
    ANNOUNCE_PEER,
    GET_PEERS,
    PING,
    PROTOCOL_ERROR,
    SAMPLE_INFOHASHES,
    Error,
    Query,
    Response,
)
from torrentd.wire.dht.nodes import NodeInfo

if TYPE_CHECKING:
    from torrentd.dht.answering.store import Store
    from torrentd.dht.answering.tokens import Tokens

LARGEST: Final = 1000
"""Bytes of an answer: BEP 32 allows 1,024."""

AMPLIFICATION: Final = 10
"""How many times the query's bytes an answer may have."""

SAMPLES: Final = 20
"""Info hashes of a sample (BEP 51): 400 bytes beside the nodes."""


class Answers:
    """Answers for one node of ours. `tables` are those of all our nodes, its own and of the other family."""

    def __init__(self, v6: bool, tokens: Tokens, store: Store) -> None:
        self._v6 = v6
        self._tokens = tokens
        self._store = store

    def answer(
        self, query: Query, size: int, source: Address, table: Table, other: Table | None, now: float
    ) -> bytes | None:
        """The datagram to answer a query of so many bytes with; None if none may be given."""
        if query.method == ANNOUNCE_PEER and not self._announce(query, source, now):
            return fitting(Error(query.transaction, PROTOCOL_ERROR, "bad token", source), size)
        response = Response(query.transaction, table.own_id, ip=source)
        if query.method not in (PING, ANNOUNCE_PEER):
            response = self._with_nodes(response, query, table, other, now)
        if query.method == SAMPLE_INFOHASHES:
            samples, interval = self._store.samples(SAMPLES, now)
            response = response._replace(samples=samples, interval=interval, stored=len(self._store))
        if query.method == GET_PEERS:
            response = self._with_peers(response, query, source, now)
        return fitting(response, size)

    def _announce(self, query: Query, source: Address, now: float) -> bool:
        if not self._tokens.check(query.token, source.host, now):
            return False
        peer = source._replace(port=query.port or source.port)
        self._store.add(query.target, peer, query.seed, now)
        return True

    def _with_nodes(self, response: Response, query: Query, table: Table, other: Table | None, now: float) -> Response:
        """BEP 32: the families that are wanted, or the one of the query."""
        own, others = ("n6", "n4") if self._v6 else ("n4", "n6")
        want = query.want or (own,)
        found = {}
        for family, of in ((own, table), (others, other)):
            if family in want and of is not None:
                found[family] = _infos(of.closest(number(query.target), K, now, good_only=True))
        return response._replace(nodes=found.get("n4"), nodes6=found.get("n6"))

    def _with_peers(self, response: Response, query: Query, source: Address, now: float) -> Response:
        response = response._replace(token=self._tokens.make(source.host, now))
        filters = self._store.filters(query.target, now) if query.scrape else None
        if filters is not None:
            response = response._replace(seeds=filters[0], leeches=filters[1])
        peers = self._store.pick(query.target, PEERS, query.no_seeds, now)
        return response._replace(values=tuple(peers)) if peers else response


def fitting(answer: Response | Error, size: int) -> bytes | None:
    """The datagram, shortened to what may answer a query of `size` bytes: fewer peers, then none, no filters, no
    nodes. None if not even that fits."""
    most = min(LARGEST, AMPLIFICATION * size)
    data = encode_message(answer)
    if len(data) <= most or isinstance(answer, Error):
        return data if len(data) <= most else None
    if answer.values:
        excess = len(data) - most
        each = 21 if ":" in answer.values[0].host else 8  # the compact form as a string of its own
        kept = max(0, len(answer.values) - 1 - excess // each)
        data = encode_message(answer := answer._replace(values=answer.values[:kept] or None))
    for less in ({"seeds": None, "leeches": None}, {"samples": ()}, {"nodes": None, "nodes6": None}):
        if len(data) <= most:
            return data
        data = encode_message(answer := answer._replace(**less))
    return data if len(data) <= most else None


def _infos(contacts: Iterable[Contact]) -> tuple[NodeInfo, ...]:
    return tuple(NodeInfo(contact.id, contact.address) for contact in contacts)
