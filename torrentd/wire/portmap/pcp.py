"""PCP (RFC 6887): the MAP request and its answer, for IPv4 and IPv6."""

from __future__ import annotations

import struct
from ipaddress import IPv6Address, ip_address
from typing import Final

from torrentd.wire.portmap.messages import Answer, Granted, Protocol, Refused

VERSION: Final = 2
NONCE: Final = 12
"""Bytes of a nonce: it ties an answer to its request, and a mapping to who asked for it."""

_MAP: Final = 1
_ANSWER: Final = 0x80
_SIZE: Final = 60
"""Bytes of a MAP request, and of its answer without options."""

_NUMBERS: Final[dict[Protocol, int]] = {"tcp": 6, "udp": 17}  # IANA's, as in the IP header
_PROTOCOLS: Final[dict[int, Protocol]] = {number: protocol for protocol, number in _NUMBERS.items()}

_UNSUPPORTED_VERSION: Final = 1
_REASONS: Final = {
    _UNSUPPORTED_VERSION: "does not speak this version of PCP",
    2: "port mapping is switched off or not permitted",
    3: "does not understand the request",
    4: "cannot map ports",
    7: "has no connection itself",
    8: "has no ports left",
    9: "cannot map this protocol",
    10: "we have all the ports that one host may have",
    11: "cannot give that port",
    12: "there is another router between us",
}


def ask_port(client: str, nonce: bytes, protocol: Protocol, port: int, external_port: int, lifetime: int) -> bytes:
    """The request for a mapping to our address `client`, which must be the datagram's source. `external_port` is a
    wish, 0: any. `lifetime` 0: remove it."""
    any_address = "0.0.0.0" if ":" not in client else "::"
    return (
        struct.pack(">BBHI", VERSION, _MAP, 0, lifetime)
        + _sixteen(client)
        + struct.pack(">12sB3xHH", nonce, _NUMBERS[protocol], port, external_port)
        + _sixteen(any_address)
    )


def parse(datagram: bytes) -> Answer:
    """ValueError: no answer to a MAP request. A router that only speaks NAT-PMP says so in its own format."""
    if len(datagram) < 4:
        raise ValueError("too short")
    version, opcode, _, result = datagram[:4]
    if opcode < _ANSWER:
        raise ValueError("not an answer of PCP")
    if version != VERSION:
        return Refused(_REASONS[_UNSUPPORTED_VERSION], wrong_version=True)
    if result == _UNSUPPORTED_VERSION:
        return Refused(_REASONS[result], wrong_version=True)
    if opcode != _ANSWER | _MAP or len(datagram) < _SIZE:
        raise ValueError("not an answer to a MAP request")
    (lifetime,) = struct.unpack_from(">I", datagram, 4)
    nonce, number, port, external_port, address = struct.unpack_from(">12sB3xHH16s", datagram, 24)
    protocol = _PROTOCOLS.get(number)
    if protocol is None:
        raise ValueError("an answer about a protocol that was not asked for")
    if result:
        return Refused(_REASONS.get(result, f"error {result}"), protocol=protocol)
    return Granted(protocol, port, external_port, lifetime, _text(address), nonce)


def _sixteen(host: str) -> bytes:
    """An IPv4 address is mapped into IPv6."""
    ip = ip_address(host)
    return ip.packed if isinstance(ip, IPv6Address) else bytes(10) + b"\xff\xff" + ip.packed


def _text(packed: bytes) -> str:
    ip = IPv6Address(packed)
    return str(ip.ipv4_mapped or ip)
