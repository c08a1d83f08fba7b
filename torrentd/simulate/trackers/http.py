"""A tracker over HTTP (BEP 3, 7, 23): just enough of a server for one GET per connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from twisted.internet.protocol import Factory, Protocol

from torrentd.model.address import Address
from torrentd.simulate.clock import Clock
from torrentd.simulate.trackers.registry import Announcement, Registry
from torrentd.wire import bencode
from torrentd.wire.addresses import pack_compact


class HttpTracker(Factory):
    """The factory of its connections. `body` replaces every answer, if it is set."""

    noisy = False

    def __init__(self, clock: Clock, registry: Registry) -> None:
        self.body: bytes | None = None
        self._clock = clock
        self._registry = registry

    def buildProtocol(self, addr: Any) -> Protocol:
        return _Request(self, addr.host)

    def answer(self, host: str, target: str) -> bytes:
        """The body for a request line's target."""
        if self.body is not None:
            return self.body
        if self._registry.failure:
            return bencode.encode({b"failure reason": self._registry.failure.encode()})
        query = dict(parse_qsl(urlsplit(target).query, encoding="latin-1", keep_blank_values=True))
        info_hash = query["info_hash"].encode("latin-1")
        if "/scrape" in target:
            return bencode.encode({b"files": {info_hash: self._numbers(info_hash, b"complete", b"incomplete")}})
        told = Announcement(
            time=self._clock.now,
            address=Address(host, int(query["port"])),
            info_hash=info_hash,
            peer_id=query["peer_id"].encode("latin-1"),
            event=query.get("event", ""),
            uploaded=int(query["uploaded"]),
            downloaded=int(query["downloaded"]),
            left=int(query["left"]),
            numwant=int(query.get("numwant", "50")),
        )
        peers = self._registry.announce(told)
        lists: dict[bytes, Any] = {
            b"peers": pack_compact(peer for peer in peers if ":" not in peer.host),
            b"peers6": pack_compact(peer for peer in peers if ":" in peer.host),
        }
        numbers = self._numbers(info_hash, b"complete", b"incomplete")
        return bencode.encode({**numbers, b"interval": self._registry.interval, **lists})

    def _numbers(self, info_hash: bytes, *names: bytes) -> dict[bytes, Any]:
        return {**dict(zip(names, self._registry.numbers(info_hash), strict=True)), b"downloaded": 0}


class _Request(Protocol):
    """One connection: a request in, an answer out."""

    transport: Any

    def __init__(self, tracker: HttpTracker, host: str) -> None:
        self._tracker = tracker
        self._host = host
        self._received = b""

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received:
            target = self._received.split(b" ", 2)[1].decode("latin-1")
            body = self._tracker.answer(self._host, target)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
            self.transport.write(head % len(body) + body)
            self.transport.loseConnection()
