"""Requests that must not get through, as bytes: each tries to add a torrent, to stop the daemon, or to read a secret.

What stands in angle brackets is filled in for the daemon at hand: tokens (`<all>`, `<read>`, ...), `<session>` and
`<host>`. An expectation is the HTTP status or the JSON-RPC code of every answer, the close code of a WebSocket, what
the one answer contains, or CLOSED: nothing is said.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

METAINFO = b"d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:" + b"\1" * 20 + b"ee"
MIB = 1024 * 1024
CLOSED = "closed"


class Attack(NamedTuple):
    name: str
    data: bytes
    expected: int | str
    frames: bytes = b""
    """what follows when the handshake of a WebSocket was answered"""


def call(method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


ADD = call("torrent.add", metainfo=base64.b64encode(METAINFO).decode(), paused=True)
NOTIFY = ADD.replace(b'"id": 1, ', b"")
STOP = call("daemon.shutdown")
LEGACY_ADD = json.dumps(
    {"method": "torrent-add", "arguments": {"metainfo": base64.b64encode(METAINFO).decode(), "paused": True}}
).encode()


def http(
    body: bytes = ADD, method: str = "POST", path: str = "/rpc", extra: str = "", /, **changed: str | None
) -> bytes:
    """A request as a good client sends it, but for what is changed; None leaves a header out. Underscores stand for
    hyphens. `extra`: further header lines."""
    headers: dict[str, str | None] = {
        "Host": "<host>",
        "Authorization": "Bearer <all>",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"{method} {path} HTTP/1.1\r\n{extra}{''.join(lines)}\r\n".encode("latin-1") + body


def get(path: str, **changed: str | None) -> bytes:
    return http(b"", "GET", path, Content_Type=None, Content_Length=None, **changed)


def chunked(*chunks: bytes, extra: str = "Transfer-Encoding: chunked\r\n") -> bytes:
    return http(b"".join(chunks), "POST", "/rpc", extra, Content_Length=None)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def legacy(**changed: str | None) -> bytes:
    headers: dict[str, str | None] = {"Content_Type": None, "X_Transmission_Session_Id": "<session>"}
    return http(LEGACY_ADD, "POST", "/transmission/rpc", **headers | changed)


def upgrade(**changed: str | None) -> bytes:
    headers: dict[str, str | None] = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return get("/ws", **headers | changed)


def frame(first: int, payload: bytes, *, size: int | None = None, mask: bool = True) -> bytes:
    """A client's frame with a mask of zeros; `size` is what it says of itself."""
    size = len(payload) if size is None else size
    masked = 0x80 if mask else 0
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 1 << 16:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    return head + (bytes(4) if mask else b"") + payload


TEXT, BINARY, UNFINISHED_TEXT, COMPRESSED = 0x81, 0x82, 0x01, 0xC1

BROWSERS = [
    Attack("a foreign name that leads here", http(Host="evil.example"), 421),
    Attack("no Host", http(Host=None), 421),
    Attack("two Hosts", http(ADD, "POST", "/rpc", "Host: localhost\r\n"), 421),
    Attack("a Host that ends like ours", http(Host="evil.localhost"), 421),
    Attack("a Host with our name as a user", http(Host="127.0.0.1@evil.example"), 421),
    Attack("a target with a name of its own", http(ADD, "POST", "http://evil.example/rpc"), 404),
    Attack("a page of another site", http(Origin="https://evil.example"), 403),
    Attack("a page of another port", http(Origin="http://127.0.0.1:1"), 403),
    Attack("a sandboxed page", http(Origin="null"), 403),
    Attack("two Origins", http(ADD, "POST", "/rpc", "Origin: http://<host>\r\n", Origin="http://evil.example"), 403),
    Attack("a request across sites", http(Sec_Fetch_Site="cross-site"), 403),
    Attack("a request of a neighbour", http(Sec_Fetch_Site="same-site"), 403),
    Attack("a form", http(Content_Type="application/x-www-form-urlencoded"), 415),
    Attack("an upload", http(Content_Type="multipart/form-data; boundary=x"), 415),
    Attack("plain text", http(Content_Type="text/plain"), 415),
    Attack("two content types", http(ADD, "POST", "/rpc", "Content-Type: text/plain\r\n"), 415),
    Attack("no content type", http(Content_Type=None), 415),
    Attack("a compressed body", http(Content_Encoding="gzip"), 415),
    Attack("another character set", http(Content_Type="application/json; charset=utf-7"), 415),
    Attack("GET", http(ADD, "GET"), 405),
    Attack("PUT", http(ADD, "PUT"), 405),
    Attack("TRACE", http(b"", "TRACE"), 405),
    Attack("a preflight", http(b"", "OPTIONS", Origin="http://<host>", Access_Control_Request_Method="POST"), 405),
    Attack("a method in a header", http(ADD, "GET", X_HTTP_Method_Override="POST"), 405),
    Attack("a tunnel", http(b"", "CONNECT", "127.0.0.1:22"), 404),
    Attack("a call in the query", get("/rpc?jsonrpc=2.0&method=daemon.shutdown&callback=x"), 404),
]

TOKENS = [
    Attack("no token", http(Authorization=None), 401),
    Attack("an empty token", http(Authorization="Bearer "), 401),
    Attack("the token without its end", http(Authorization="Bearer <most>"), 401),
    Attack("the token twice", http(ADD, "POST", "/rpc", "Authorization: Bearer <all>\r\n"), 401),
    Attack("two tokens in one", http(Authorization="Bearer <all>, Bearer <all>"), 401),
    Attack("the token as a user", http(Authorization="Basic <as-user>"), 401),
    Attack("the token in the query", http(ADD, "POST", "/rpc?token=<all>", Authorization=None), 404),
    Attack("the token in a cookie", http(Authorization=None, Cookie="token=<all>"), 401),
    Attack("the digest that is kept", http(Authorization="Bearer <digest>"), 401),
    Attack("a revoked token", http(Authorization="Bearer <revoked>"), 401),
    Attack("an expired token", http(Authorization="Bearer <expired>"), 401),
    Attack("a proxy's word for it", http(Authorization=None, X_Forwarded_User="root"), 401),
    Attack("adding with a token for reading", http(Authorization="Bearer <read>"), -32001),
    Attack("adding with a token for settings", http(Authorization="Bearer <settings>"), -32001),
    Attack("stopping with a token for torrents", http(STOP, Authorization="Bearer <control>"), -32001),
    Attack("a token that makes tokens", http(call("token.create", name="x", scopes=["read"])
                                             , Authorization="Bearer <settings>"), -32001),
    Attack("a batch with a token for reading", http(b"[%b,%b]" % (ADD, STOP), Authorization="Bearer <read>"), -32001),
    Attack("a notification with a token for reading", http(NOTIFY, Authorization="Bearer <read>"), 204),
    Attack("events with a token for torrents", get("/events", Authorization="Bearer <control>"), 403),
    Attack("numbers with a token for torrents", get("/metrics", Authorization="Bearer <control>"), 403),
    Attack("pages without a token", get("/healthz", Authorization=None), 401),
]  # fmt: skip

BODIES = [
    Attack("a body of 49 MiB", http(b"", Content_Length=str(49 * MIB)), 413),
    Attack("49 MiB in chunks", chunked(*[chunk(b" " * MIB)] * 49, chunk(b"")), 413),
    Attack("a chunk of a negative size", chunked(b"-1\r\n", ADD, b"\r\n0\r\n\r\n"), 400),
    Attack("a chunk of no size", chunked(b"zz\r\n", ADD, b"\r\n0\r\n\r\n"), 400),
    Attack("a chunk longer than it says", chunked(b"3\r\n", ADD, b"\r\n0\r\n\r\n"), 400),
    Attack("deep arrays", http(b"[" * 100_000), -32700),
    Attack("deep objects", http(b'{"a":' * 100_000), -32700),
    Attack("parameters that are too deep", http(ADD.replace(b"true", b"[" * 31 + b"]" * 31)), -32700),
    Attack("a method given twice", http(STOP.replace(b'"id"', b'"method": "daemon.status", "id"')), -32700),
    Attack("a number that is none", http(STOP.replace(b"1,", b"NaN,")), -32700),
    Attack("a body that is not UTF-8", http(ADD + b"\xff"), -32700),
    Attack("UTF-16", http(STOP.decode().encode("utf-16")), -32700),
    Attack("something behind the call", http(ADD + STOP), -32700),
    Attack("an empty batch", http(b"[]"), -32600),
    Attack("a batch of too many", http(b"[" + b",".join([ADD] * 101) + b"]"), -32600),
    Attack("an older version", http(STOP.replace(b"2.0", b"1.0")), -32600),
    Attack("a private name of Python", http(call("daemon.__init__")), -32601),
    Attack("a parameter that nobody knows", http(call("daemon.shutdown", now=True)), -32602),
]

SMUGGLING = [
    Attack("two lengths", http(ADD, "POST", "/rpc", "Content-Length: 4\r\n"), 400),
    Attack("two equal lengths", http(ADD, "POST", "/rpc", f"Content-Length: {len(ADD)}\r\n"), 400),
    Attack("a list of lengths", http(Content_Length=f"{len(ADD)}, {len(ADD)}"), 400),
    Attack("a length and chunks", http(chunk(ADD) + chunk(b""), "POST", "/rpc", "Transfer-Encoding: chunked\r\n"), 400),
    Attack("a signed length", http(Content_Length=f"+{len(ADD)}"), 400),
    Attack("a length with a space before its colon", http(ADD, "POST", "/rpc", "Content-Length : 4\r\n"), 400),
    Attack("a hidden encoding", chunked(chunk(ADD), chunk(b""), extra="Transfer-Encoding: \x0bchunked\r\n"), 400),
    Attack("another encoding", chunked(chunk(ADD), chunk(b""), extra="Transfer-Encoding: gzip, chunked\r\n"), 400),
    Attack("an encoding twice", chunked(chunk(ADD), chunk(b""), extra="Transfer-Encoding: chunked\r\n" * 2), 400),
    Attack("a header without a colon", http(ADD, "POST", "/rpc", "nonsense\r\n"), 400),
    Attack("a header with a space in its name", http(ADD, "POST", "/rpc", "X Y: 1\r\n"), 400),
    Attack("a header with NUL", http(ADD, "POST", "/rpc", "X: a\0b\r\n"), 400),
    Attack("a second request behind a refused one", http(Authorization=None) + http(STOP), 401),
    Attack("a second request in the body of one", http(http(STOP), "POST", "/rpc", Authorization=None), 401),
    Attack("a thousand headers", http(ADD, "POST", "/rpc", "X: a\r\n" * 1000), 400),
    Attack("a header of 20 kB", http(X="a" * 20_000), CLOSED),
    Attack("a target of 20 kB", http(ADD, "POST", "/" + "a" * 20_000), CLOSED),
    Attack("no version", b"POST /rpc\r\n\r\n", 400),
    Attack("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    Attack("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n", 400),
    Attack("BitTorrent", b"\x13BitTorrent protocol" + bytes(48) + b"\r\n\r\n", 400),
]

WEB = [
    Attack(f"the web client's folder: {what}", get(f"/transmission/web/{path}"), 404)
    for what, path in {
        "a parent": "../secret",
        "an encoded parent": "%2e%2e/secret",
        "an encoded slash": "..%2fsecret",
        "a backslash": "..%5csecret",
        "an absolute path": "/etc/passwd",
        "an absolute path, encoded": "%2fetc%2fpasswd",
        "another spelling of a dot": "%c0%ae%c0%ae/secret",
        "a name that ends early": "index.html%00/../../secret",
        "a link to a file": "link",
        "a link to a folder": "folder/secret",
        "a hidden file": ".secret",
        "a pipe": "pipe",
        "a folder": "deep",
    }.items()
] + [
    Attack("the web client without a token", get("/transmission/web/index.html", Authorization=None), 401),
    Attack("the web client under a foreign name", get("/transmission/web/index.html", Host="evil.example"), 421),
    Attack("the web client, posted to", http(ADD, "POST", "/transmission/web/index.html"), 405),
]

TRANSMISSION = [
    Attack("Transmission without a token", legacy(Authorization=None), 401),
    Attack("Transmission with an expired token", legacy(Authorization="Bearer <expired>"), 401),
    Attack("Transmission under a foreign name", legacy(Host="evil.example"), 421),
    Attack("Transmission without a session id", legacy(X_Transmission_Session_Id=None), 409),
    Attack("Transmission with a guessed session id", legacy(X_Transmission_Session_Id="0" * 48), 409),
    Attack("Transmission, a form of a page", legacy(X_Transmission_Session_Id=None, Origin="http://evil.example"), 409),
    Attack("Transmission by GET", legacy().replace(b"POST", b"GET", 1), 405),
    Attack("Transmission with a token for reading", legacy(Authorization="Bearer <read>"), "needs the scope"),
]  # fmt: skip

WEBSOCKETS = [
    Attack("a WebSocket of another site", upgrade(Origin="https://evil.example"), 403),
    Attack("a WebSocket of a sandboxed page", upgrade(Origin="null"), 403),
    Attack("a WebSocket under a foreign name", upgrade(Host="evil.example"), 421),
    Attack("a WebSocket without a token", upgrade(Authorization=None), 401),
    Attack("a WebSocket with a revoked token", upgrade(Authorization="Bearer <revoked>"), 401),
    Attack("a WebSocket that is none", upgrade(Sec_WebSocket_Key=None), 400),
    Attack("a call with a token for reading", upgrade(Authorization="Bearer <read>"), -32001, frame(TEXT, ADD)),
    Attack("a frame over 1 MiB", upgrade(), 1009, frame(TEXT, ADD.ljust(MIB + 1))),
    Attack("a frame that says it is huge", upgrade(), 1009, frame(TEXT, ADD, size=1 << 62)),
    Attack("frames over 1 MiB together", upgrade(), 1009, frame(UNFINISHED_TEXT, b" " * MIB) + frame(0x80, ADD)),
    Attack("a frame without a mask", upgrade(), 1002, frame(TEXT, ADD, mask=False)),
    Attack("a call in bytes", upgrade(), 1003, frame(BINARY, ADD)),
    Attack("a compressed frame", upgrade(), 1002, frame(COMPRESSED, ADD)),
    Attack("text that is not UTF-8", upgrade(), 1007, frame(TEXT, ADD + b"\xff")),
]

ATTACKS = [*BROWSERS, *TOKENS, *BODIES, *SMUGGLING, *WEB, *TRANSMISSION, *WEBSOCKETS]
