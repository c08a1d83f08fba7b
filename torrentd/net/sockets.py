"""Sockets as we want them: non-blocking, IPv6 without IPv4 in it, bound where we were told. The only file of the
package that makes internet sockets."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import socket
import struct
from pathlib import Path
from typing import Final

from twisted.internet.address import IPv4Address, IPv6Address

from torrentd.model.address import Address

BACKLOG: Final = 128
"""Connections the kernel may finish while we are busy: more than the handshakes we let wait at one address."""

RESERVE: Final = 24
"""Descriptors that peers leave to the database, the content files, trackers and the RPC, however few there are."""

SIOCGIFADDR: Final = 0x8915  # linux/sockios.h
IN6_ADDRESSES: Final = "/proc/net/if_inet6"


def family_of(host: str) -> socket.AddressFamily:
    """The address family of an IP literal."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def stream_socket(host: str) -> socket.socket:
    """A non-blocking TCP socket of the family of `host`. OSError when we are out of descriptors."""
    made = socket.socket(family_of(host), socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def check_reserve(made: socket.socket) -> None:
    """OSError (EMFILE), the socket closed, if no peer may have it. The kernel hands out the lowest number that is free:
    a high one tells that nearly all descriptors are taken."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and made.fileno() >= most - RESERVE:
        made.close()
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def listening_socket(address: Address) -> socket.socket:
    """A bound, listening TCP socket. OSError when the address is in use or not ours."""
    made = stream_socket(address.host)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(made, address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


def datagram_socket(address: Address) -> socket.socket:
    """A bound UDP socket. OSError when the address is in use or not ours."""
    made = socket.socket(family_of(address.host), socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        _bind(made, address)
    except OSError:
        made.close()
        raise
    return made


def group_socket(group: Address) -> socket.socket:
    """A UDP socket that receives what is sent to a multicast group, beside others of this host. OSError."""
    made = socket.socket(family_of(group.host), socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(made, group)
    except OSError:
        made.close()
        raise
    return made


def interface_index(interface: str) -> int:
    """The number of a network interface, by its name or one of its IPv6 addresses. OSError: there is none."""
    if ":" not in interface:
        return socket.if_nametoindex(interface)
    digits = socket.inet_pton(socket.AF_INET6, interface).hex()
    for line in Path(IN6_ADDRESSES).read_text().splitlines():
        found, index, *_ = line.split()
        if found == digits:
            return int(index, 16)
    raise OSError(f"{interface} is no address of this host")


def _bind(made: socket.socket, address: Address) -> None:
    if made.family == socket.AF_INET6:
        # Without it [::] takes the port of 0.0.0.0 too, and IPv4 peers arrive as ::ffff:1.2.3.4.
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address.host, address.port))


def source_address(bind: str, host: str) -> str:
    """The address that a connection to `host` shall come from: `bind` is an IP literal, the name of a network
    interface, or "" for any ("" is answered too). OSError if `bind` has none of that family: going out another way
    than the user said would betray him."""
    if not bind:
        return ""
    family = family_of(host)
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in bind else socket.AF_INET, bind)
    except OSError:
        return _interface_address(bind, family)
    if family_of(bind) != family:
        raise OSError(f"bind_address {bind} cannot reach {host}: other address family")
    return bind


def source_towards(host: str) -> str:
    """The address of ours from which the system reaches an IP literal; nothing is sent. OSError: it does not."""
    with socket.socket(family_of(host), socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # discard: any port does
        return str(probe.getsockname()[0]).partition("%")[0]


def socket_name(host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Where to send a datagram. An address of one link has the link's name behind a %; the socket module forgets it
    unless it is told the number. OSError: there is no such link."""
    bare, zoned, link = host.partition("%")
    return (bare, port, 0, socket.if_nametoindex(link)) if zoned else (host, port)


def _interface_address(name: str, family: socket.AddressFamily) -> str:
    found = _interface_v6(name) if family == socket.AF_INET6 else _interface_v4(name)
    if not found:
        kind = "IPv6" if family == socket.AF_INET6 else "IPv4"
        raise OSError(f"bind_address {name}: no such interface, or it has no {kind} address")
    return found


def _interface_v4(name: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])


def _interface_v6(name: str) -> str:
    """The first address of global scope; the kernel's table has `address index length scope flags name` lines."""
    try:
        lines = Path(IN6_ADDRESSES).read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        digits, _index, _length, reach, _flags, interface = line.split()
        if interface == name and reach in ("00", "10"):  # global, or the host itself
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))
    return ""


def twisted_address(kind: str, name: tuple[str, int] | tuple[str, int, int, int]) -> IPv4Address | IPv6Address:
    """What Twisted's factories expect for a socket name; `kind` is "TCP" or "UDP"."""
    made = IPv6Address if ":" in name[0] else IPv4Address
    return made(kind, *name)  # type: ignore[arg-type]
