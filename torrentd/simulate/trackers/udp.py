"""A tracker over UDP (BEP 15)."""

from __future__ import annotations

import struct
from random import Random
from typing import Any

from twisted.internet.protocol import DatagramProtocol

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.trackers.registry import Announcement, Registry
from torrentd.wire.addresses import pack_compact
from torrentd.wire.tracker import udp as packets

_HEAD = struct.Struct(">QII")
_ANNOUNCE = struct.Struct(">20s20sQQQIIIiH")
_EVENTS = ("", "completed", "started", "stopped")


class UdpTracker(DatagramProtocol):
    """Answers connects, announces and scrapes. `silent`: nothing at all."""

    transport: Any

    def __init__(self, clock: Clock, registry: Registry, rng: Random) -> None:
        self.silent = False
        self._clock = clock
        self._registry = registry
        self._rng = rng
        self._connections: dict[int, str] = {}

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        if self.silent or len(datagram) < _HEAD.size:
            return
        connection, action, transaction = _HEAD.unpack_from(datagram)
        if action == packets.CONNECT:
            number = self._rng.getrandbits(64)
            self._connections[number] = addr[0]
            self.transport.write(struct.pack(">IIQ", packets.CONNECT, transaction, number), addr)
        elif self._connections.get(connection) != addr[0]:
            self._fail(transaction, "unknown connection id", addr)
        elif self._registry.failure:
            self._fail(transaction, self._registry.failure, addr)
        elif action == packets.ANNOUNCE:
            self._announce(datagram[_HEAD.size :], transaction, addr)
        elif action == packets.SCRAPE:
            self._scrape(datagram[_HEAD.size :], transaction, addr)

    def _fail(self, transaction: int, reason: str, addr: Any) -> None:
        self.transport.write(struct.pack(">II", packets.ERROR, transaction) + reason.encode(), addr)

    def _announce(self, body: bytes, transaction: int, addr: Any) -> None:
        info_hash, peer_id, downloaded, left, uploaded, event, _, _, numwant, port = _ANNOUNCE.unpack_from(body)
        told = Announcement(
            time=self._clock.now,
            address=Address(addr[0], port),
            info_hash=info_hash,
            peer_id=peer_id,
            event=_EVENTS[event],
            uploaded=uploaded,
            downloaded=downloaded,
            left=left,
            numwant=numwant,
        )
        peers = self._registry.announce(told)
        same = pack_compact(peer for peer in peers if (":" in peer.host) == (":" in addr[0]))
        seeders, leechers = self._registry.numbers(info_hash)
        head = struct.pack(">IIIII", packets.ANNOUNCE, transaction, self._registry.interval, leechers, seeders)
        self.transport.write(head + same, addr)

    def _scrape(self, body: bytes, transaction: int, addr: Any) -> None:
        rows = b""
        for start in range(0, len(body) - 19, 20):
            seeders, leechers = self._registry.numbers(body[start : start + 20])
            rows += struct.pack(">III", seeders, 0, leechers)
        self.transport.write(struct.pack(">II", packets.SCRAPE, transaction) + rows, addr)
