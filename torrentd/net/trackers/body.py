"""The body of an HTTP answer, read as it comes and never more than a tracker's answer may be.

The cap holds for the bytes on the wire and for what they unpack to: a gzip bomb is unpacked up to the cap and no
further.
"""

from __future__ import annotations

import zlib
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse

from torrentd.model.errors import TrackerError

LARGEST: Final = 1024 * 1024
"""Bytes of an answer, packed and unpacked: 3000 peers are 54 KiB."""

ANY_WRAPPER: Final = zlib.MAX_WBITS | 32
"""zlib finds out itself whether it is gzip's or its own format."""


class Unpacking:
    """Undoes one content encoding, within the cap."""

    def __init__(self, encoding: str, largest: int = LARGEST) -> None:
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise TrackerError("the answer is packed in a way that was not asked for")
        self._packed = None if encoding in ("", "identity") else zlib.decompressobj(ANY_WRAPPER)
        self._largest = self._room = largest
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """TrackerError when it becomes too much, or is not gzip."""
        if self._packed is not None:
            try:
                data = self._packed.decompress(data, self._room + 1)
            except zlib.error:
                raise TrackerError("the answer is damaged: it does not unpack") from None
        self._room -= len(data)
        if self._room < 0:
            raise too_large(self._largest)
        self._parts.append(data)

    def finish(self) -> bytes:
        """The whole body. TrackerError if it ends within the packed data."""
        if self._packed is not None and not self._packed.eof:
            raise TrackerError("the answer is damaged: it is cut short")
        return b"".join(self._parts)


class Body(Protocol):
    """Collects a body; `finished` fires with it, or fails with TrackerError. Cancelling stops waiting."""

    def __init__(self, unpacking: Unpacking) -> None:
        self.finished: Deferred[bytes] = Deferred()
        self._unpacking = unpacking

    def dataReceived(self, data: bytes) -> None:
        if self.finished.called:
            return
        try:
            self._unpacking.feed(data)
        except TrackerError as error:
            self.finished.errback(error)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.finished.called:
            return
        try:
            if not reason.check(ResponseDone, PotentialDataLoss):
                raise TrackerError("the connection broke off within the answer")
            self.finished.callback(self._unpacking.finish())
        except TrackerError as error:
            self.finished.errback(error)


def read_body(response: IResponse, largest: int = LARGEST) -> Deferred[bytes]:
    """The unpacked body of `response`. Errback TrackerError. Whoever asks closes the connection afterwards."""
    encodings = b",".join(response.headers.getRawHeaders(b"content-encoding") or [])
    body = Body(Unpacking(encodings.decode("latin-1").strip().lower(), largest))
    response.deliverBody(body)
    return body.finished


def too_large(largest: int = LARGEST) -> TrackerError:
    return TrackerError(f"the answer is larger than {largest // 1024} KiB")
