"""A router as its client sees it: datagrams in, datagrams out. It encodes by hand what our own code decodes, and keeps
what it has mapped."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection

V4_IN_V6 = bytes(10) + b"\xff\xff"


class FakeRouter:
    """`speaks`: "pcp", "nat-pmp". `refuse`: result code for each protocol (6 TCP, 17 UDP) that it does not map."""

    def __init__(
        self, speaks: Collection[str] = ("pcp", "nat-pmp"), address: str = "9.9.9.9", lease: int = 7200, shift: int = 0
    ) -> None:
        self.speaks = speaks
        self.address = address
        self.lease = lease
        """seconds at most"""
        self.shift = shift
        """it gives another port, so much higher"""
        self.silent = False
        self.refuse: dict[int, int] = {}
        self.mapped: dict[tuple[int, int], int] = {}
        """(protocol, port of the client) -> external port"""
        self.asked: list[bytes] = []
        self.nonces: set[bytes] = set()

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
            return [struct.pack(">BBHI", 0, 128 + datagram[1], 1, 77)]
        return [self._natpmp(datagram)]

    def _natpmp(self, datagram: bytes) -> bytes:
        if datagram[1] == 0:
            return struct.pack(">BBHI", 0, 128, 0, 77) + socket.inet_aton(self.address)
        port, wish, lifetime = struct.unpack(">HHI", datagram[4:])
        protocol = {1: 17, 2: 6}[datagram[1]]
        result = self.refuse.get(protocol, 0)
        external, lifetime = self._map(protocol, port, wish, lifetime) if not result else (0, 0)
        return struct.pack(">BBHIHHI", 0, 128 + datagram[1], result, 77, port, external, lifetime)

    def _pcp(self, datagram: bytes) -> bytes:
        (lifetime,) = struct.unpack_from(">I", datagram, 4)
        protocol, port, wish = struct.unpack_from(">B3xHH", datagram, 36)
        self.nonces.add(datagram[24:36])
        result = self.refuse.get(protocol, 0)
        external, lifetime = self._map(protocol, port, wish, lifetime) if not result else (0, lifetime)
        head = struct.pack(">BBBBII12x", 2, 0x81, 0, result, lifetime, 77)
        where = (
            V4_IN_V6 + socket.inet_aton(self.address)
            if ":" not in self.address
            else socket.inet_pton(socket.AF_INET6, self.address)
        )
        return head + datagram[24:36] + struct.pack(">B3xHH", protocol, port, external) + where

    def _map(self, protocol: int, port: int, wish: int, lifetime: int) -> tuple[int, int]:
        if not lifetime:
            self.mapped.pop((protocol, port), None)
            return 0, 0
        external = wish if wish != port else port + self.shift
        self.mapped[protocol, port] = external
        return external, min(lifetime, self.lease)
