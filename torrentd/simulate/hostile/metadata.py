"""What strangers do to those who ask them for metadata (BEP 9)."""

from __future__ import annotations

from torrentd.simulate.hostile.stranger import Line
from torrentd.wire.peer import extensions, metadata
from torrentd.wire.peer.extensions import HANDSHAKE, ExtensionHandshake
from torrentd.wire.peer.messages import Extended, Message

OURS = 5
"""The id under which they want ut_metadata."""


class SilentAboutMetadata:
    """Says that it has metadata, and never answers."""

    def __init__(self, size: int | None = None) -> None:
        self.asked = 0
        self._size = size
        """as it says; the true one by default"""
        self._theirs = 0

    def greet(self, line: Line) -> None:
        size = len(line.torrent.metainfo.info) if self._size is None else self._size
        self._say(line, HANDSHAKE, extensions.encode(ExtensionHandshake({metadata.NAME: OURS}, metadata_size=size)))

    def said(self, line: Line, message: Message) -> None:
        if not isinstance(message, Extended):
            return
        if message.id == HANDSHAKE:
            self._theirs = extensions.parse(message.payload).m.get(metadata.NAME, 0)
            return
        request = metadata.parse(message.payload)
        if isinstance(request, metadata.Request):
            self.asked += 1
            self.answer(line, request.piece)

    def answer(self, line: Line, piece: int) -> None:
        """It was asked for a piece."""

    def give(self, line: Line, message: metadata.Message) -> None:
        """Send an answer."""
        self._say(line, self._theirs, metadata.encode(message))

    def _say(self, line: Line, id: int, payload: bytes) -> None:
        line.send(Extended(id, payload))


class FalseMetadata(SilentAboutMetadata):
    """Gives zeros."""

    def answer(self, line: Line, piece: int) -> None:
        size = len(line.torrent.metainfo.info) if self._size is None else self._size
        self.give(line, metadata.Data(piece, size, bytes(metadata.piece_length(size, piece))))


class RejectingMetadata(SilentAboutMetadata):
    """Rejects everything."""

    def answer(self, line: Line, piece: int) -> None:
        self.give(line, metadata.Reject(piece))


class LeavingWithMetadata(SilentAboutMetadata):
    """Gives one right piece, and goes."""

    def answer(self, line: Line, piece: int) -> None:
        info = line.torrent.metainfo.info
        part = info[piece * metadata.PIECE : (piece + 1) * metadata.PIECE]
        self.give(line, metadata.Data(piece, len(info), part))
        line.transport.loseConnection()
