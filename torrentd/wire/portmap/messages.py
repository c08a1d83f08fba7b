"""What routers answer, in either protocol."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

Protocol: TypeAlias = Literal["tcp", "udp"]

GATEWAY_PORT: Final = 5351
"""Where routers listen for both protocols (RFC 6886, RFC 6887)."""


class Granted(Struct, frozen=True):
    """What comes for `external_port` reaches our `port`, for `lifetime` seconds; 0: no longer."""

    protocol: Protocol
    port: int
    external_port: int
    lifetime: int
    external_address: str = ""
    """empty: it did not say"""
    nonce: bytes = b""
    """of the request; NAT-PMP has none"""


class SeenAt(Struct, frozen=True):
    """The router's own address on its other side."""

    address: str


class Refused(Struct, frozen=True):
    """`wrong_version`: it does not speak this protocol, but perhaps the other. `protocol`: which port it is about;
    None: it does not say."""

    reason: str
    wrong_version: bool = False
    protocol: Protocol | None = None


Answer: TypeAlias = Granted | SeenAt | Refused
