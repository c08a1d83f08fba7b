"""The exchange of handshakes (BEP 3), both ways, as a value: bytes so far in, bytes to send and a verdict out.

Who dials speaks first and knows the torrent. Who is dialled answers as soon as the info hash is there (48 bytes):
some clients send their peer id only after they saw our answer.
"""

from __future__ import annotations

from collections.abc import Callable

from torrentd.model.errors import ProtocolError
from torrentd.net.interfaces import Identity
from torrentd.wire.peer.handshake import HEAD_LENGTH, LENGTH, Handshake, check_start, encode, parse_head


class Handshaking:
    """One exchange. `identity` is given if we dialled; else `identify` is asked once the info hash is known."""

    __slots__ = ("_head", "_identify", "identity")

    def __init__(self, identity: Identity | None, identify: Callable[[bytes], Identity | None]) -> None:
        self.identity = identity
        self._identify = identify
        self._head: tuple[bytes, bytes] | None = None
        """(reserved, info hash), once read"""

    def opening(self) -> bytes:
        """What to send when connected: our handshake if we dialled, else nothing."""
        return b"" if self.identity is None else _ours(self.identity)

    def feed(self, data: memoryview) -> tuple[bytes, Handshake | None]:
        """Look at everything received so far. Answers what to send now, and the peer's handshake once it is whole
        (it is LENGTH bytes long; the peer's messages follow). ProtocolError: not a BitTorrent handshake, or not a
        torrent of ours, or another than the one we dialled for."""
        reply = b""
        if self._head is None:
            if len(data) < HEAD_LENGTH:
                check_start(bytes(data))
                return b"", None
            self._head = parse_head(bytes(data[:HEAD_LENGTH]))
            reply = self._introduced(self._head[1])
        if len(data) < LENGTH:
            return reply, None
        reserved, info_hash = self._head
        return reply, Handshake(reserved, info_hash, bytes(data[HEAD_LENGTH:LENGTH]))

    def _introduced(self, info_hash: bytes) -> bytes:
        if self.identity is not None:
            if info_hash != self.identity.info_hash:
                raise ProtocolError("the peer answered for another torrent")
            return b""
        self.identity = self._identify(info_hash)
        if self.identity is None:
            raise ProtocolError("the peer wants a torrent that is not here")
        return _ours(self.identity)


def _ours(identity: Identity) -> bytes:
    return encode(Handshake(identity.reserved, identity.info_hash, identity.peer_id))
