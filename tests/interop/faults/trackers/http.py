"""An HTTP tracker that records every announce and answers as its script says."""

from __future__ import annotations

import socket
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from tests.interop.faults.server import Server
from tests.interop.faults.trackers.announce import Announce, Announces
from tests.interop.faults.trackers.answers import Answer

OURS = ("info_hash", "peer_id", "port", "uploaded", "downloaded", "left", "event", "numwant", "key")


class HttpTracker(Server):
    """`answer(connection, closing)` is called after each announce was recorded; it may be replaced at any time."""

    def __init__(self, answer: Answer, host: str = "127.0.0.1") -> None:
        self.announces = Announces()
        self.answer = answer
        super().__init__(host)

    @property
    def url(self) -> str:
        return f"http://{self.address}/announce"

    def converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            request = lines.readline()
            if not request.endswith(b"\n"):
                return  # given up before it was sent
            target = request.split()[1].decode("ascii")
            while lines.readline().strip():
                pass  # headers
        parts = urlsplit(target)
        if parts.path != "/announce":
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.announces.add(_read(parts.query))
        self.answer(connection, self.closing)


def _read(query: str) -> Announce:
    """The parameters as they are in the query; an absent number is -1."""
    raw = dict(pair.partition("=")[::2] for pair in query.split("&"))
    text = dict(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))
    number = {name: int(text.get(name, -1)) for name in ("port", "uploaded", "downloaded", "left", "numwant")}
    return Announce(
        info_hash=unquote_to_bytes(raw["info_hash"]).hex(),
        peer_id=unquote_to_bytes(raw["peer_id"]),
        event=text.get("event", ""),
        key=int(text.get("key", "-1"), 16),
        more={name: value for name, value in text.items() if name not in OURS},
        **number,
    )
