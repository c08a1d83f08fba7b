"""NAT-PMP (RFC 6886): requests and answers of a dozen bytes."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address
from typing import Final

from torrentd.wire.portmap.messages import Answer, Granted, Protocol, Refused, SeenAt

VERSION: Final = 0

ASK_ADDRESS: Final = bytes((VERSION, 0))
"""The request for the router's own address."""

_OPCODES: Final[dict[Protocol, int]] = {"udp": 1, "tcp": 2}
_PROTOCOLS: Final[dict[int, Protocol]] = {opcode: protocol for protocol, opcode in _OPCODES.items()}
_ANSWER: Final = 128

_UNSUPPORTED_VERSION: Final = 1
_REASONS: Final = {
    _UNSUPPORTED_VERSION: "does not speak NAT-PMP",
    2: "port mapping is switched off or not permitted",
    3: "has no address itself",
    4: "has no ports left",
    5: "cannot map ports",
}


def ask_port(protocol: Protocol, port: int, external_port: int, lifetime: int) -> bytes:
    """The request for a mapping. `external_port` is a wish, 0: any. `lifetime` 0: remove it."""
    return struct.pack(">BBHHHI", VERSION, _OPCODES[protocol], 0, port, external_port if lifetime else 0, lifetime)


def parse(datagram: bytes) -> Answer:
    """ValueError: no answer of this protocol."""
    if len(datagram) < 4:
        raise ValueError("too short")
    version, opcode, result = struct.unpack_from(">BBH", datagram)
    if version != VERSION or opcode < _ANSWER:
        raise ValueError("not an answer of NAT-PMP")
    protocol = _PROTOCOLS.get(opcode - _ANSWER)
    if result:
        reason = _REASONS.get(result, f"error {result}")
        return Refused(reason, result == _UNSUPPORTED_VERSION, protocol)
    if opcode == _ANSWER:
        return _address(datagram)
    if protocol is None:
        raise ValueError("an answer to nothing that is asked")
    if len(datagram) < 16:
        raise ValueError("too short")
    port, external_port, lifetime = struct.unpack_from(">HHI", datagram, 8)
    return Granted(protocol, port, external_port, lifetime)


def _address(datagram: bytes) -> SeenAt:
    if len(datagram) < 12:
        raise ValueError("too short")
    return SeenAt(str(IPv4Address(datagram[8:12])))
