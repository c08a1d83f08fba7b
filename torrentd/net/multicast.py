"""The local network's multicast groups (BEP 14): what is sent to everybody near, and what everybody near sends.

One socket for each family, shared with other clients on this host. It takes part in the group on the interfaces on
which we listen for peers: those of the addresses we listen on, or all that can do it if we listen everywhere.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol

from torrentd.model.address import Address
from torrentd.net.datagram_port import DirectDatagramPort
from torrentd.net.sockets import family_of, group_socket, interface_index

ANY: Final = ("0.0.0.0", "::")

UP_AND_MULTICAST: Final = 0x1 | 0x1000  # linux/if.h

_INTERFACES: Final = Path("/sys/class/net")

Near: TypeAlias = Callable[[bytes, Address], None]
"""Takes a datagram and its source."""


class Group(DatagramProtocol):
    """Takes part in one group. Make it with `join`."""

    def __init__(self, reactor: Any, group: Address, listen: Sequence[Address], near: Near) -> None:
        """OSError: no interface takes part."""
        self.group = group
        self._near = near
        self._socket = group_socket(group)
        self._ways = [way for one in _of_family(listen, group) if (way := self._joined(one)) is not None]
        if not self._ways:
            self._socket.close()
            raise OSError(f"no interface takes part in {group.host}")
        self._port = DirectDatagramPort(reactor, self._socket, self)
        self._port.startListening()

    def send(self, data: bytes) -> None:
        """To everybody near, on each interface; one that fails (no address yet, no cable) fails silently."""
        for way in self._ways:
            try:
                self._choose(way)
                self._socket.sendto(data, self.group)
            except OSError:
                continue

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._near(datagram, Address(addr[0].partition("%")[0], addr[1]))

    def leave(self) -> Deferred[None]:
        """Close the socket."""
        return self._port.stopListening()

    def _joined(self, interface: str) -> bytes | None:
        """How to send there; None if that interface does not take part."""
        v6 = ":" in self.group.host
        try:
            way = _way(interface, v6)
            if v6:
                member = socket.inet_pton(socket.AF_INET6, self.group.host) + way
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
            else:
                self._socket.setsockopt(
                    socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(self.group.host) + way
                )
        except OSError:
            return None
        return way

    def _choose(self, way: bytes) -> None:
        """The next datagram leaves there."""
        if ":" in self.group.host:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, way)
        else:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(4) + way)


def join(reactor: Any, groups: Sequence[Address], listen: Sequence[Address], near: Near) -> list[Group]:
    """Those groups in which this host can take part."""
    joined = []
    for group in groups:
        try:
            joined.append(Group(reactor, group, listen, near))
        except OSError:
            continue
    return joined


def _of_family(listen: Sequence[Address], group: Address) -> list[str]:
    """Addresses, or names of interfaces, of the group's family."""
    hosts = [address.host for address in listen if family_of(address.host) == family_of(group.host)]
    return _interfaces() if any(host in ANY for host in hosts) else hosts


def _interfaces() -> list[str]:
    """The names of those that are up and can do multicast."""
    return [name for name in _names() if _flags(name) & UP_AND_MULTICAST == UP_AND_MULTICAST]


def _flags(name: str) -> int:
    try:
        return int((_INTERFACES / name / "flags").read_text(), 16)
    except (OSError, ValueError):
        return 0


def _way(interface: str, v6: bool) -> bytes:
    """An interface, by name or by one of its addresses, as the options for membership and for sending want it: of
    `ipv6_mreq` the index, of `ip_mreqn` what follows the group. OSError: there is none."""
    if v6:
        return struct.pack("@i", interface_index(interface))
    if interface in _names():
        return struct.pack("@4xi", socket.if_nametoindex(interface))
    return socket.inet_aton(interface) + bytes(4)


def _names() -> list[str]:
    return [name for _, name in socket.if_nameindex()]
