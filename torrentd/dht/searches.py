"""A search: the lookup of a torrent in one or both families, the peers it finds, and what is announced at its end."""

from __future__ import annotations

from collections.abc import Iterable

from torrentd.dht.answering.bloom import estimate, union
from torrentd.dht.ids import reach
from torrentd.model.address import Address, Scope
from torrentd.wire.dht.messages import Response
from torrentd.wire.dht.nodes import ID_LENGTH

MOST_PEERS = 1000
"""Peers told per search; a torrent keeps 3,000 candidates from everywhere."""

MOST_FOR_SEEDS = 50
"""The same for a seed, which meets most of those who want something when they dial it."""


class Search:
    """What a search of one torrent found so far."""

    def __init__(self, info_hash: bytes, port: int | None, seed: bool) -> None:
        self.info_hash = info_hash
        self.target = info_hash[:ID_LENGTH]
        """what is looked up"""
        self.port = port
        self.seed = seed
        self.lookups = 0
        """under way: one per family"""
        self.announced = 0
        self.ourselves: dict[Address, None] = {}
        """what we announced earlier: it is found, and is nobody to meet"""
        self._most = MOST_FOR_SEEDS if seed else MOST_PEERS
        self._told: dict[Address, None] = {}
        self._seeds: list[bytes] = []
        self._leeches: list[bytes] = []

    @property
    def peers(self) -> int:
        """Different ones that were found."""
        return len(self._told)

    def answered(self, response: Response, source: Address) -> tuple[Address, ...]:
        """The peers of an answer that are new and that its source may name."""
        narrowest = max(reach(source.host), Scope.LOOPBACK)
        return self.fresh(peer for peer in response.values or () if reach(peer.host) >= narrowest)

    def fresh(self, peers: Iterable[Address]) -> tuple[Address, ...]:
        """Those that were not told yet, and are not ourselves; they are told now."""
        others = [peer for peer in dict.fromkeys(peers) if peer not in self._told and peer not in self.ourselves]
        fresh = others[: self._most - len(self._told)]
        self._told.update(dict.fromkeys(fresh))
        return tuple(fresh)

    def counted(self, response: Response) -> tuple[int, int] | None:
        """(seeds, others) of the swarm, now that one more node was asked (BEP 33); None if it did not tell."""
        if response.seeds is None or response.leeches is None:
            return None
        self._seeds.append(response.seeds)
        self._leeches.append(response.leeches)
        return round(estimate(union(self._seeds))), round(estimate(union(self._leeches)))
