"""A UDP tracker (BEP 15) that records every announce and names the peers it was given."""

from __future__ import annotations

import socket
import struct
import threading
from ipaddress import IPv4Address
from typing import Self

from tests.interop.faults.trackers.announce import Announce, Announces

MAGIC, CONNECT, ANNOUNCE, ERROR = 0x41727101980, 0, 1, 3
CONNECTION = 0x1122334455667788
EVENTS = ("", "completed", "started", "stopped")
INTERVAL = 1800


class UdpTracker:
    """Answers until `close`. While `failure` is set, every announce gets it as an error."""

    def __init__(self, *peers: str, host: str = "127.0.0.1") -> None:
        self.announces = Announces()
        self.peers = peers
        self.failure = ""
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self.url = f"udp://{host}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._answer, name="UdpTracker", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _answer(self) -> None:
        while True:
            packet, source = self._socket.recvfrom(2048)
            if not packet:
                return
            self._socket.sendto(self._reply(packet), source)

    def _reply(self, packet: bytes) -> bytes:
        connection, action, transaction = struct.unpack_from(">QII", packet)
        if (connection, action) == (MAGIC, CONNECT):
            return struct.pack(">IIQ", CONNECT, transaction, CONNECTION)
        if (connection, action) != (CONNECTION, ANNOUNCE):
            return struct.pack(">II", ERROR, transaction) + b"nothing that this tracker knows"
        self.announces.add(_read(packet))
        if self.failure:
            return struct.pack(">II", ERROR, transaction) + self.failure.encode()
        return struct.pack(">IIIII", ANNOUNCE, transaction, INTERVAL, 1, 1) + b"".join(map(_packed, self.peers))


def _read(packet: bytes) -> Announce:
    info_hash, peer_id, downloaded, left, uploaded, event, _, key, numwant, port = struct.unpack_from(
        ">20s20sQQQIIIiH", packet, 16
    )
    return Announce(info_hash.hex(), peer_id, port, uploaded, downloaded, left, EVENTS[event], numwant, key)


def _packed(address: str) -> bytes:
    host, _, port = address.rpartition(":")
    return IPv4Address(host).packed + int(port).to_bytes(2, "big")
