"""The peer wire's first 68 bytes (BEP 3): a fixed start, 8 reserved bytes, the info hash, the peer id.

Who connects sends all of it at once; who was connected answers when it has read the info hash, 48 bytes in, and learns
the peer id after that. So the head is read on its own, and a wrong first byte is refused without waiting for the rest.
"""

from __future__ import annotations

from msgspec import Struct

from torrentd.model.errors import ProtocolError

START = b"\x13BitTorrent protocol"
HEAD_LENGTH = len(START) + 8 + 20
"""Bytes up to the end of the info hash."""
LENGTH = HEAD_LENGTH + 20
"""Bytes of the whole handshake."""

EXTENDED = bytes((0, 0, 0, 0, 0, 0x10, 0, 0))
"""The extension protocol (BEP 10) alone."""

RESERVED = bytes((0, 0, 0, 0, 0, 0x10, 0, 0x04))
"""What we can do: the extension protocol (BEP 10) and the fast extension (BEP 6)."""


class Handshake(Struct, frozen=True):
    """What a peer says about itself before anything else."""

    reserved: bytes
    info_hash: bytes
    peer_id: bytes

    @property
    def extended(self) -> bool:
        """Whether the peer speaks the extension protocol (BEP 10)."""
        return has_extensions(self.reserved)


def has_extensions(reserved: bytes) -> bool:
    """Whether the reserved bytes announce the extension protocol (BEP 10)."""
    return bool(reserved[5] & 0x10)


def has_fast(reserved: bytes) -> bool:
    """Whether the reserved bytes announce the fast extension (BEP 6)."""
    return bool(reserved[7] & 0x04)


def has_dht(reserved: bytes) -> bool:
    """Whether the reserved bytes announce a DHT node (BEP 5)."""
    return bool(reserved[7] & 0x01)


def with_dht(reserved: bytes) -> bytes:
    """The same reserved bytes, announcing a DHT node."""
    return reserved[:7] + bytes([reserved[7] | 0x01])


def encode(handshake: Handshake) -> bytes:
    """The 68 bytes."""
    return START + handshake.reserved + handshake.info_hash + handshake.peer_id


def check_start(data: bytes) -> None:
    """ProtocolError when `data`, of any length, cannot be the beginning of a handshake."""
    if not START.startswith(data[: len(START)]):
        raise ProtocolError("the handshake does not begin with the BitTorrent protocol's name")


def parse_head(data: bytes) -> tuple[bytes, bytes]:
    """The reserved bytes and the info hash, from the first 48 bytes or more. ProtocolError for another protocol."""
    check_start(data)
    if len(data) < HEAD_LENGTH:
        raise ProtocolError(f"a handshake's head has {HEAD_LENGTH} bytes, not {len(data)}")
    return data[len(START) : len(START) + 8], data[len(START) + 8 : HEAD_LENGTH]


def parse(data: bytes) -> Handshake:
    """The handshake in the first 68 bytes; what follows is not looked at. ProtocolError if it is none or cut short."""
    reserved, info_hash = parse_head(data)
    if len(data) < LENGTH:
        raise ProtocolError(f"a handshake has {LENGTH} bytes, not {len(data)}")
    return Handshake(reserved, info_hash, data[HEAD_LENGTH:LENGTH])
