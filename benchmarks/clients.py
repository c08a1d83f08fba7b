"""The clients that are measured, each in a process of its own, and the far end of the transfers.

torrentd is what users have: `twistd torrentd` with a configuration file, and JSON-RPC over the unix socket by the
public client. Its configuration names places and addresses and switches discovery off; all else is the default, as with
libtorrent.

The far end dials the measured client, so that both begin alike, and neither needs a tracker.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import libtorrent

from benchmarks.content import Content
from benchmarks.processes import Process, ProcessDied, wait_until
from torrentd.rpc.client import Client as Rpc
from torrentd.rpc.client import ClientError, UnixEndpoint

HOST = "127.0.0.11"
"""Where the measured client listens, and a pattern for the far end's addresses: one for each of its sessions, since
clients allow few connections with one address."""
FAR_HOST = "127.0.0.{}"
FIRST_FAR = 101

TICK = 1.0
TICK_PHASE = 0.5
"""libtorrent dials once a second, half a second after each full second of its session."""

BEFORE_TICK = 0.2
"""Seconds in which a client takes in a torrent."""

START_TIME = 30.0
"""Seconds for a client to start and answer."""

CONFIGURATION = """\
[paths]
state_dir = "{state}"
download_dir = "{downloads}"
allowed_roots = {roots}
[network]
listen = ["{host}:0"]
[discovery]
dht = false
pex = false
lsd = false
[ports]
map = false
[rpc]
unix = "{socket}"
tcp = "off"
"""

CROWDED = """\
max_connections = {connections}
max_connections_per_torrent = {connections}
upload_slots = {connections}
"""
MOST_CONNECTIONS = 1000
"""What clients are allowed that are to talk to hundreds of peers; by default they take fewer and serve eight."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What a case wants of clients beyond their defaults."""

    crowded: bool = False
    """hundreds of peers"""
    encrypted: bool = False
    """all traffic by RC4, and no other"""


DEFAULTS = Demands()


class Endpoint(NamedTuple):
    """Where a client accepts peers."""

    host: str
    port: int


class Client(Protocol):
    """What a case asks of a measured client."""

    pid: int
    endpoint: Endpoint

    def add(self, content: Content, directory: Path, complete: bool) -> None:
        """Add the torrent; `complete`: its content is in `directory` already."""

    def done(self) -> bool:
        """Whether it has everything and would seed; an exception if it never will."""

    def ping(self) -> None:
        """Return when the thread that serves peers has answered something that costs nothing."""

    def stop(self) -> None: ...


class Kind(Protocol):
    """How to start a client: `work` is a folder for its state, `content` where it may keep content."""

    name: str

    def start(self, work: Path, content: Path, demands: Demands = DEFAULTS) -> Client: ...


class TorrentdKind:
    """torrentd as installed beside `twistd`."""

    name = "torrentd"

    def __init__(self, twistd: Path) -> None:
        self.twistd = twistd

    def start(self, work: Path, content: Path, demands: Demands = DEFAULTS) -> Client:
        return Torrentd(self.twistd, work, content, demands)


class LibtorrentKind:
    """The PyPI wheel in a Python process."""

    name = f"libtorrent {libtorrent.__version__}"

    def start(self, work: Path, content: Path, demands: Demands = DEFAULTS) -> Client:
        return Libtorrent(work, demands=demands)


class Torrentd:
    """A daemon of its own, with an empty state."""

    def __init__(self, twistd: Path, work: Path, content: Path, demands: Demands = DEFAULTS) -> None:
        socket = work / "rpc.sock"
        configuration = work / "config.toml"
        configuration.write_text(
            CONFIGURATION.format(
                state=work / "state", downloads=work, roots=json.dumps([str(content)]), host=HOST, socket=socket
            )
            + "".join(_peers(demands))
        )
        command = [str(twistd), "--nodaemon", "--pidfile=", "torrentd", "--config", str(configuration)]
        self._process = Process("torrentd", command, work)
        self._rpc = Rpc(UnixEndpoint(str(socket)))
        self._id = ""
        try:
            self.pid = self._process.pid
            self.endpoint = wait_until(self._listening, START_TIME, "torrentd answers")
        except BaseException:
            self.stop()
            raise

    def _listening(self) -> Endpoint | None:
        self._process.check()
        with suppress(ClientError):
            host, _, port = self._rpc.call("daemon.status")["listen"][0].rpartition(":")
            return Endpoint(host, int(port))
        return None

    def add(self, content: Content, directory: Path, complete: bool) -> None:
        parameters = {"metainfo": b64encode(content.metainfo).decode(), "download_dir": str(directory)}
        self._id = self._rpc.call("torrent.add", parameters)["torrent"]["id"]

    def done(self) -> bool:
        self._process.check()
        row = self._rpc.call("torrent.get", {"id": self._id, "fields": ["state", "error"]})["torrent"]
        if row["error"] is not None:
            raise RuntimeError(f"torrentd: {row['error']['message']}")
        return bool(row["state"] == "seeding")

    def ping(self) -> None:
        self._rpc.call("daemon.status")

    def stop(self) -> None:
        self._rpc.close()
        self._process.stop()


def _peers(demands: Demands) -> Iterator[str]:
    yield "[peers]\n"
    if demands.crowded:
        yield CROWDED.format(connections=MOST_CONNECTIONS)
    if demands.encrypted:
        yield 'encryption = "require"\n'


class Libtorrent:
    """A libtorrent process; see node."""

    def __init__(
        self, work: Path, hosts: tuple[str, ...] = (HOST,), *, fast: bool = False, demands: Demands = DEFAULTS
    ) -> None:
        script = Path(__file__).with_name("node.py")
        self._process = Process("far" if fast else "libtorrent", [sys.executable, str(script)], work, piped=True)
        try:
            self.pid = self._process.pid
            connections = MOST_CONNECTIONS if demands.crowded else 0
            ports = [
                self.call("open", host=host, fast=fast, connections=connections, encrypted=demands.encrypted)
                for host in hosts
            ]
            self.endpoint = Endpoint(hosts[0], ports[0])
        except BaseException:
            self.stop()
            raise

    def call(self, method: str, **arguments: Any) -> Any:
        """The result of a method of `node.Node`."""
        to, answers = self._process.pipes
        with suppress(BrokenPipeError):  # then there is no answer either
            to.write(json.dumps([method, arguments]).encode() + b"\n")
            to.flush()
        line = answers.readline()
        if not line:
            self._process.check()
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"libtorrent: {method}: {answer['error']}")
        return answer["ok"]

    def add(self, content: Content, directory: Path, complete: bool, session: int = 0) -> None:
        metainfo = b64encode(content.metainfo).decode()
        self.call("add", session=session, metainfo=metainfo, directory=str(directory), complete=complete)

    def look(self) -> dict[str, Any]:
        """As `node.Node.look`; RuntimeError if a torrent failed."""
        look: dict[str, Any] = self.call("look")
        if look["error"]:
            raise RuntimeError(f"libtorrent: {look['error']}")
        return look

    def done(self) -> bool:
        return bool(self.look()["complete"])

    def ping(self) -> None:
        self.call("ping")

    def stop(self) -> None:
        with suppress(ProcessDied, OSError, RuntimeError, ValueError):  # it is gone already
            self.call("settle")
        self._process.stop()


class FarEnd(Libtorrent):
    """The peers of the measured client: one fast libtorrent process, a session for each peer."""

    def __init__(self, work: Path, peers: int, demands: Demands = DEFAULTS) -> None:
        hosts = tuple(FAR_HOST.format(FIRST_FAR + index) for index in range(peers))
        super().__init__(work, hosts, fast=True, demands=demands)
        self._opened_at = time.monotonic()

    def stop(self) -> None:
        self._process.stop()

    def wait_for_tick(self) -> None:
        """Return BEFORE_TICK seconds before it dials next, so that this delay is the same in each transfer."""
        time.sleep((self._opened_at + TICK_PHASE - BEFORE_TICK - time.monotonic()) % TICK)

    def dial(self, endpoint: Endpoint, torrents: list[int]) -> None:
        """Let these torrents connect to the measured client."""
        for torrent in torrents:
            self.call("connect", torrent=torrent, host=endpoint.host, port=endpoint.port)
