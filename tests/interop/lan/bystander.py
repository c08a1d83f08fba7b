"""What is said on a network by multicast (BEP 14), as a bystander hears it."""

from __future__ import annotations

import socket
from collections import Counter

from tests.interop.content import Torrent
from torrentd.wire import lsd


class Bystander:
    """Counts announcements from now on; `interface` is one of its network's addresses."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setblocking(False)
        self._socket.bind(lsd.V4_GROUP)
        member = socket.inet_aton(lsd.V4_GROUP.host) + socket.inet_aton(interface)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._heard: Counter[tuple[str, str]] = Counter()

    def heard(self, host: str, torrent: Torrent) -> int:
        """How often that host announced the torrent."""
        while True:
            try:
                datagram, (source, _) = self._socket.recvfrom(lsd.LARGEST)
            except BlockingIOError:
                return self._heard[host, torrent.info_hash]
            for info_hash in lsd.parse(datagram).info_hashes:
                self._heard[source, info_hash.hex()] += 1

    def leave(self) -> None:
        self._socket.close()
