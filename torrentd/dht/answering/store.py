"""The peers that others announced to us, by info hash (BEP 5, 33).

Bounded: 2,000 hashes of 100 peers. A peer is one global address, whatever the port, so that nobody counts twice (on
local addresses each port is one: whole swarms share them there). It is forgotten when it was not announced again in
time. With all places taken, the hash that is farthest from our id makes room for a
nearer one: those near it are the ones that we are asked for.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from random import Random
from typing import NamedTuple

from torrentd.dht.answering.bloom import bloom
from torrentd.dht.ids import number, reach
from torrentd.model.address import Address, Scope

HASHES = 2000
PEERS = 100
"""of one hash"""

EXPIRES = 2700.0
"""Seconds: clients announce again every 15 to 30 minutes, and one of their announces may be lost."""

SAMPLES_KEPT = 60.0
"""Seconds for which the same samples are given (BEP 51): asking more often tells no more."""


class _Peer(NamedTuple):
    address: Address
    seed: bool
    until: float


class Store:
    """What one node of ours stores."""

    def __init__(self, own_id: bytes, rng: Random) -> None:
        self._own = number(own_id)
        self._rng = rng
        self._peers: dict[bytes, dict[object, _Peer]] = {}
        self._distances: list[tuple[int, bytes]] = []
        self._swept_at = 0.0
        self._samples: tuple[bytes, ...] = ()
        self._samples_until = 0.0

    def __len__(self) -> int:
        """Info hashes."""
        return len(self._peers)

    @property
    def peers(self) -> int:
        """Peers of all hashes, those that expire in these minutes included."""
        return sum(map(len, self._peers.values()))

    def add(self, info_hash: bytes, peer: Address, seed: bool, now: float) -> None:
        """A peer was announced, with a token that is right."""
        self._sweep(now)
        peers = self._peers.get(info_hash)
        if peers is None:
            if len(self._peers) >= HASHES and not self._make_room(info_hash):
                return
            peers = self._peers[info_hash] = {}
            insort(self._distances, (number(info_hash) ^ self._own, info_hash))
        key: object = peer.host if reach(peer.host) == Scope.GLOBAL else peer
        peers.pop(key, None)
        peers[key] = _Peer(peer, seed, now + EXPIRES)
        if len(peers) > PEERS:
            del peers[next(iter(peers))]

    def pick(self, info_hash: bytes, count: int, no_seeds: bool, now: float) -> list[Address]:
        """Some of the peers, at random; with `no_seeds` seeds only if there are too few others."""
        alive = self._alive(info_hash, now)
        others = [peer.address for peer in alive if not (no_seeds and peer.seed)]
        picked = self._rng.sample(others, min(count, len(others)))
        if no_seeds and len(picked) < count:
            seeds = [peer.address for peer in alive if peer.seed]
            picked += self._rng.sample(seeds, min(count - len(picked), len(seeds)))
        return picked

    def filters(self, info_hash: bytes, now: float) -> tuple[bytes, bytes] | None:
        """Bloom filters of the seeds and of the other peers (BEP 33); None if there is nobody."""
        alive = self._alive(info_hash, now)
        if not alive:
            return None
        hosts = [[peer.address.host for peer in alive if peer.seed is seeds] for seeds in (True, False)]
        return bloom(hosts[0]), bloom(hosts[1])

    def samples(self, count: int, now: float) -> tuple[tuple[bytes, ...], int]:
        """Some of the hashes, and after how many seconds there will be others (BEP 51)."""
        if now >= self._samples_until:
            self._sweep(now)
            hashes = list(self._peers)
            self._samples = tuple(self._rng.sample(hashes, min(count, len(hashes))))
            self._samples_until = now + SAMPLES_KEPT
        return self._samples[:count], int(self._samples_until - now) + 1

    def moved(self, own_id: bytes) -> None:
        """Our id is another one now."""
        self._own = number(own_id)
        self._distances = sorted((number(info_hash) ^ self._own, info_hash) for info_hash in self._peers)

    def _alive(self, info_hash: bytes, now: float) -> list[_Peer]:
        return [peer for peer in self._peers.get(info_hash, {}).values() if peer.until > now]

    def _make_room(self, newcomer: bytes) -> bool:
        distance, farthest = self._distances[-1]
        if number(newcomer) ^ self._own >= distance:
            return False
        self._forget(farthest)
        return True

    def _sweep(self, now: float) -> None:
        """Once a minute, drop what is over. The oldest stand first."""
        if now < self._swept_at + SAMPLES_KEPT:
            return
        self._swept_at = now
        for info_hash, peers in list(self._peers.items()):
            while peers and next(iter(peers.values())).until <= now:
                del peers[next(iter(peers))]
            if not peers:
                self._forget(info_hash)

    def _forget(self, info_hash: bytes) -> None:
        del self._peers[info_hash]
        place = bisect_left(self._distances, (number(info_hash) ^ self._own, info_hash))
        del self._distances[place]
