"""A daemon that is told many secrets and then does one of everything: none of them is in what it says."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.running import PATIENCE, Running
from torrentd.rpc.client import RpcFailed

NAMES = (
    "passkey in a path",
    "passkey in a query",
    "passkey of a udp tracker",
    "passkey of a magnet link",
    "password of a tracker",
    "password of a blocklist",
    "pin of a blocklist",
    "password of a bad blocklist",
    "argument of a hook",
    "password of a file",
    "key of a file",
    "wrong token",
    "wrong token in a query",
)
SECRETS = {name: f"{index:02d}5ec7e7{index:02d}" * 4 for index, name in enumerate(NAMES)}
MAGNET_HASH = "5e" * 20
METAINFO = b"d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:" + b"\1" * 20 + b"ee"


class Server(BaseHTTPRequestHandler):
    """A tracker that repeats what it was asked, and a site that has nothing."""

    def do_GET(self) -> None:
        announced = "/announce" in self.path
        reason = f"not registered: http://{self.headers['Host']}{self.path}".encode()
        body = b"d14:failure reason%d:%be" % (len(reason), reason) if announced else reason
        self.send_response(200 if announced else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def configuration(folder: Path, source: str) -> str:
    return f"""[rpc]
unix = "{folder}/rpc.sock"
tcp = "127.0.0.1:0"
[network]
listen = ["127.0.0.1:0"]
local_trackers = "allow"
[discovery]
dht = false
lsd = false
[blocklist]
source = "{source}"
[hooks]
on_added = ["/bin/false", "{SECRETS["argument of a hook"]}"]
on_removed = ["/no/such/program", "{SECRETS["argument of a hook"]}"]
[log]
level = "debug"
"""


class Story:
    """Everything that the daemon answers is kept."""

    def __init__(self, daemon: Running, server: str) -> None:
        self.daemon, self.server = daemon, server
        self.said: list[str] = []
        self.events = socket.socket(socket.AF_UNIX)
        self.events.settimeout(PATIENCE)
        self.events.connect(str(daemon.socket))
        self.events.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")

    def call(self, method: str, **params: Any) -> Any:
        try:
            answer = self.daemon.call(method, **params)
        except RpcFailed as error:
            self.said.append(json.dumps([method, str(error), error.data]))
            return None
        self.said.append(json.dumps([method, answer]))
        return answer

    def over_tcp(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        (port,) = re.findall(r"RPC: listening on .*?127\.0\.0\.1:([0-9]+)$", self.daemon.out, re.MULTILINE)
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        self.said.append(f"{response.headers} {response.read().decode()}")
        connection.close()

    def until(self, text: str) -> None:
        """Listen to the events until this was in one."""
        heard = b""
        while text.encode() not in heard:
            more = self.events.recv(65536)
            assert more, heard
            heard += more
        self.said.append(heard.decode())


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with serving() as server:
        password, pin = SECRETS["password of a blocklist"], SECRETS["pin of a blocklist"]
        source = f"http://me:{password}@{server}/list?pin={pin}"
        daemon = Running(tmp_path, configuration(tmp_path, source))
        with closing(daemon):
            story = Story(daemon.start(), server)
            with story.events:
                yield story


def test_no_secret_is_told(story: Story) -> None:
    secrets = SECRETS | _tokens(story)
    _torrents(story)
    _settings(story)
    _strangers(story, secrets)
    for method in ("daemon.status", "config.get", "config.schema", "torrent.list", "job.list", "token.list"):
        story.call(method)
    story.call("torrent.remove", ids="all", delete_data=True)
    story.until("torrent.removed")
    assert story.daemon.end() == 0
    said = {"answers and events": "\n".join(story.said), "log": story.daemon.out + story.daemon.err}
    assert "not registered" in said["answers and events"]
    assert "ended with 127" in said["log"] and "404" in said["log"]
    told = [
        (name, where, text[max(0, text.find(secret) - 200) :][:300])
        for name, secret in secrets.items()
        for where, text in said.items()
        if secret in text
    ]
    assert told == []
    for file in story.daemon.state.iterdir():  # of a token even the state has only the digest
        if file.name != "token":
            assert secrets["made token"].encode() not in file.read_bytes()


def _tokens(story: Story) -> dict[str, str]:
    first = (story.daemon.state / "token").read_text().strip()
    made = story.daemon.call("token.create", name="monitor", scopes=["read"])["secret"]
    return {"first token": first, "made token": made}


def _torrents(story: Story) -> None:
    server = story.server
    trackers = [
        f"http://me:{SECRETS['password of a tracker']}@{server}/{SECRETS['passkey in a path']}/announce",
        f"http://{server}/announce?passkey={SECRETS['passkey in a query']}",
        f"udp://{server}/{SECRETS['passkey of a udp tracker']}",
    ]
    metainfo = base64.b64encode(METAINFO).decode()
    id = story.call("torrent.add", metainfo=metainfo, trackers=trackers)["torrent"]["id"]
    story.until("not registered")
    link = f"magnet:?xt=urn:btih:{MAGNET_HASH}&tr=http://{server}/announce/{SECRETS['passkey of a magnet link']}"
    story.call("torrent.add", magnet=link)
    story.call("torrent.inspect", magnet=link, timeout=0)
    url = f"http://me:{SECRETS['password of a file']}@{server}/x.torrent?key={SECRETS['key of a file']}"
    story.call("torrent.add", url=url)
    story.call("torrent.inspect", url=url)
    story.call("torrent.add", url=url.replace("http:", "ftp:"))
    story.call("torrent.add", magnet=link.replace("btih", "nonsense"))
    story.call("torrent.add", metainfo=metainfo, trackers=[f"nonsense:{SECRETS['passkey in a path']}"])
    story.call("torrent.announce", ids=[id])
    story.call("torrent.set_trackers", id=id, remove=[f"http://gone/{SECRETS['passkey in a path']}"])
    for method in ("get", "files", "peers", "trackers", "pieces"):
        story.call(f"torrent.{method}", id=id)
    for method in ("verify", "pause", "resume"):
        story.call(f"torrent.{method}", ids="all")
    story.call("torrent.wait", ids=[id], timeout=0)


def _settings(story: Story) -> None:
    daemon = story.daemon
    story.call("daemon.reload")
    good = daemon.config.read_text()
    bad = f"ftp://me:{SECRETS['password of a bad blocklist']}@b.example/"
    daemon.config.write_text(re.sub('source = ".*"', f'source = "{bad}"', good))
    story.call("daemon.reload")
    daemon.config.write_text(re.sub('source = ".*"', f'source = "{bad.removeprefix("ftp://")}"', good))
    story.call("daemon.reload")
    daemon.config.write_text(good)
    story.call("config.set", values={"blocklist.source": bad, "hooks.on_added": ["x"]})
    story.call("limits.set", down=1)


def _strangers(story: Story, secrets: dict[str, str]) -> None:
    story.over_tcp("POST", "/rpc", Authorization=f"Bearer {SECRETS['wrong token']}")
    story.over_tcp("GET", f"/metrics?token={SECRETS['wrong token in a query']}", Authorization="Basic eDp5")
    token = base64.b64encode(f"x:{secrets['first token']}".encode()).decode()
    story.over_tcp("GET", "/metrics", Authorization=f"Basic {token}")
    story.over_tcp("POST", "/transmission/rpc", Authorization=f"Basic {token}")
    (session,) = set(re.findall(r"^X-Transmission-Session-Id: (\S+)$", "\n".join(story.said), re.MULTILINE))
    for body in (
        {"method": "session-get"},
        {"method": "torrent-add", "arguments": {"filename": f"http://x:{SECRETS['password of a file']}@127.0.0.1:1/x"}},
        {"method": "session-set", "arguments": {"blocklist-url": f"http://{SECRETS['pin of a blocklist']}/x"}},
        {"method": "blocklist-update"},
    ):
        headers = {"Authorization": f"Basic {token}", "X-Transmission-Session-Id": session}
        story.over_tcp("POST", "/transmission/rpc", json.dumps(body).encode(), **headers)
