"""The port mapping of a home router as its client sees it: datagrams in, datagrams out. It encodes by hand what our own
code decodes, and keeps what it has mapped."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Collection

V4_IN_V6 = bytes(10) + b"\xff\xff"
TCP, UDP = 6, 17
"""numbers of IP protocols"""

_NATPMP_PROTOCOLS = {1: UDP, 2: TCP}
_EPOCH = 77
"""seconds that it says to be running"""


class PortMapper:
    """`speaks`: "pcp", "nat-pmp". `lease`: seconds that it grants at most. `shift`: it gives another port than the
    client's, so much higher. `now`: its clock."""

    def __init__(
        self,
        speaks: Collection[str] = ("pcp", "nat-pmp"),
        address: str = "9.9.9.9",
        lease: int = 7200,
        shift: int = 0,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.speaks = speaks
        self.address = address
        self.lease = lease
        self.shift = shift
        self.silent = False
        self.refuse: dict[int, int] = {}
        """result code for each protocol that it does not map"""
        self.mapped: dict[tuple[int, int], int] = {}
        """(protocol, port of the client) -> external port"""
        self.asked: list[bytes] = []
        self.nonces: set[bytes] = set()
        self._now = now
        self._ends: dict[tuple[int, int], float] = {}

    def answer(self, datagram: bytes) -> list[bytes]:
        """What it sends back."""
        self.asked.append(datagram)
        if self.silent:
            return []
        if datagram[0] == 2 and "pcp" in self.speaks:
            return [self._pcp(datagram)]
        if "nat-pmp" not in self.speaks:
            return []
        if datagram[0] != 0:
            return [struct.pack(">BBHI", 0, 128 + datagram[1], 1, _EPOCH)]
        return [self._natpmp(datagram)]

    def map(self, protocol: int, port: int, wish: int, lifetime: int) -> tuple[int, int]:
        """For so many seconds; 0 removes it. The external port, and the seconds."""
        key = protocol, port
        if not lifetime:
            self.mapped.pop(key, None)
            return 0, 0
        self.mapped[key] = wish if wish != port else port + self.shift
        self._ends[key] = self._now() + lifetime
        return self.mapped[key], lifetime

    def inside(self, protocol: int, external: int) -> int | None:
        """The client's port that this one leads to now."""
        found = (port for (kind, port), given in self.mapped.items() if (kind, given) == (protocol, external))
        port = next(found, None)
        return None if port is None or self._ends[protocol, port] <= self._now() else port

    def outside(self, protocol: int, port: int) -> int:
        """The port from which others see what the client sends."""
        external = self.mapped.get((protocol, port), port)
        return external if self.inside(protocol, external) == port else port

    def _natpmp(self, datagram: bytes) -> bytes:
        if datagram[1] == 0:
            return struct.pack(">BBHI", 0, 128, 0, _EPOCH) + socket.inet_aton(self.address)
        port, wish, lifetime = struct.unpack(">HHI", datagram[4:])
        protocol = _NATPMP_PROTOCOLS[datagram[1]]
        result = self.refuse.get(protocol, 0)
        external, lifetime = self.map(protocol, port, wish, min(lifetime, self.lease)) if not result else (0, 0)
        return struct.pack(">BBHIHHI", 0, 128 + datagram[1], result, _EPOCH, port, external, lifetime)

    def _pcp(self, datagram: bytes) -> bytes:
        (lifetime,) = struct.unpack_from(">I", datagram, 4)
        protocol, port, wish = struct.unpack_from(">B3xHH", datagram, 36)
        self.nonces.add(datagram[24:36])
        result = self.refuse.get(protocol, 0)
        external, lifetime = self.map(protocol, port, wish, min(lifetime, self.lease)) if not result else (0, lifetime)
        head = struct.pack(">BBBBII12x", 2, 0x81, 0, result, lifetime, _EPOCH)
        where = (
            V4_IN_V6 + socket.inet_aton(self.address)
            if ":" not in self.address
            else socket.inet_pton(socket.AF_INET6, self.address)
        )
        return head + datagram[24:36] + struct.pack(">B3xHH", protocol, port, external) + where
