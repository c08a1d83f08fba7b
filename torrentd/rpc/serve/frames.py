"""Frames of a WebSocket (RFC 6455, 5.2) as far as they are counted and made here; reading them is wsproto's."""

from __future__ import annotations

MAX_MESSAGE = 1024 * 1024
"""Bytes of a message, in one frame or in many. What is larger goes by POST."""

_TEXT = 0x81  # FIN, and the opcode of text
_CONTROL = 0x08
_FIN = 0x80
_MASKED = 0x80
_MASK_SIZE = 4
_EXTENDED = {126: 2, 127: 8}


def text_frame(payload: bytes) -> bytes:
    """A whole message from the server: UTF-8 in one frame."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload


class FrameGuard:
    """Looks at the heads of a client's frames only, before anything of a message is kept anywhere."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._payload = 0
        """bytes of the current frame that are still to come"""
        self._message = 0
        """bytes of the frames of a message so far"""

    def admits(self, data: bytes) -> bool:
        """Whether no message grows too large with these bytes. Once False, nothing more may be asked."""
        position = 0
        while position < len(data):
            if self._payload:
                step = min(self._payload, len(data) - position)
                self._payload -= step
                position += step
                continue
            self._head.append(data[position])
            position += 1
            if len(self._head) == self._head_size() and not self._begin():
                return False
        return True

    def _head_size(self) -> int:
        if len(self._head) < 2:
            return 2
        return 2 + _EXTENDED.get(self._head[1] & 0x7F, 0) + (_MASK_SIZE if self._head[1] & _MASKED else 0)

    def _begin(self) -> bool:
        """A head is complete."""
        length = self._head[1] & 0x7F
        if length in _EXTENDED:
            length = int.from_bytes(self._head[2 : 2 + _EXTENDED[length]], "big")
        first = self._head[0]
        self._head.clear()
        self._payload = length
        if first & _CONTROL:
            return length <= MAX_MESSAGE
        self._message += length
        fits = self._message <= MAX_MESSAGE
        if first & _FIN:
            self._message = 0
        return fits
