"""`python -m benchmarks.subscribers`: what a hundred callers cost who are told of events.

A real daemon with 5,000 paused torrents, 50 of which change each second: a call gives them other labels, as many bytes
as a downloading torrent's figures are. Measured is its CPU with nobody listening, with all listening by server-sent
events, and by WebSockets; the difference is what listening costs. A process of its own reads and counts.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.alone import machine_to_ourselves, wait_for_quiet
from benchmarks.meter import Meter
from benchmarks.processes import Process, wait_until
from benchmarks.table import aligned
from torrentd.rpc.client import CannotConnect, Client, UnixEndpoint
from torrentd.wire.bencode import encode

TORRENTS, CHANGING, SUBSCRIBERS = 5_000, 50, 100
TOPIC = "torrent.changed"
LABELS = [f"a label of a torrent, number {number}" for number in range(9)]
"""300 bytes of JSON: some eight columns of a torrent that downloads."""
SETTLING = 3.0
"""Seconds after the subscribers have come: the first events hold whole rows."""
START_TIME = 20.0

_CONFIG = """[paths]
state_dir = "{folder}/state"
download_dir = "{folder}/downloads"
[network]
listen = ["127.0.0.1:0"]
[discovery]
dht = false
lsd = false
[ports]
map = false
[rpc]
unix = "{folder}/rpc.sock"
tcp = "off"
[log]
level = "warn"
"""


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.subscribers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=15, help="of each measurement; 15")
    parser.add_argument("--listen", nargs=2, metavar=("KIND", "SOCKET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.listen:
        return listen(*options.listen)
    with machine_to_ourselves(), tempfile.TemporaryDirectory() as folder, daemon(Path(folder)) as (process, client):
        changing = fill(client)
        print("\n".join(aligned(list(rows(process.pid, client, changing, options.seconds)))))
    return 0


def rows(pid: int, client: Client, changing: list[str], seconds: int) -> Iterator[tuple[str, ...]]:
    """The table: a line for nobody, and one for each way to listen."""
    yield "who listens", "CPU of the daemon", "for listening", "events each", "MB told", "CPU of others"
    nobody = 0.0
    for kind in ("nobody", "sse", "ws"):
        with listeners(kind, client.endpoint) as reader:
            wait_for_quiet()
            change(client, changing, SETTLING)
            before = told(reader)
            with Meter(pid, [reader.pid] if reader else ()) as meter:
                change(client, changing, seconds)
            events, size = (after - earlier for after, earlier in zip(told(reader), before, strict=True))
        share = meter.cpu / meter.seconds
        nobody = nobody or share
        cost = f"{share - nobody:.1%} of a core" if reader else ""
        each = f"{events / SUBSCRIBERS / seconds:.1f}/s" if reader else ""
        yield kind, f"{share:.1%}", cost, each, f"{size / 1e6:.1f}", f"{meter.foreign / meter.seconds:.1%}"


@contextmanager
def daemon(folder: Path, more: str = "", python: Path = Path(sys.executable)) -> Iterator[tuple[Process, Client]]:
    """A daemon of the installation of this interpreter, with `more` in its configuration."""
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(_CONFIG.format(folder=folder) + more)
    twistd = str(python.with_name("twistd"))
    process = Process("torrentd", [twistd, "--nodaemon", "torrentd", "--config", str(folder / "config.toml")], folder)
    client = Client(UnixEndpoint(str(folder / "rpc.sock")))

    def answers() -> bool:
        process.check()
        try:
            return bool(client.call("daemon.version"))
        except CannotConnect:
            return False

    try:
        wait_until(answers, START_TIME, "torrentd")
        yield process, client
    finally:
        client.close()
        process.stop()


def fill(client: Client) -> list[str]:
    """Add the torrents; the ids of those that will change."""
    ids = []
    for number in range(TORRENTS):
        info = {b"name": b"torrent %d" % number, b"piece length": 16384, b"length": 16384, b"pieces": bytes(20)}
        metainfo = b64encode(encode({b"info": info})).decode()
        added = client.call("torrent.add", {"metainfo": metainfo, "paused": True, "fields": ["id"], "verify": "skip"})
        ids.append(added["torrent"]["id"])
    return ids[:: TORRENTS // CHANGING][:CHANGING]


def change(client: Client, ids: list[str], seconds: float) -> None:
    """All of them once a second."""
    began = time.monotonic()
    for turn in range(int(seconds)):
        time.sleep(max(0.0, began + turn - time.monotonic()))
        client.call("torrent.set", {"ids": ids, "labels": [f"{label} {time.monotonic_ns()}" for label in LABELS]})
    time.sleep(max(0.0, began + int(seconds) - time.monotonic()))


# --- those who listen


@contextmanager
def listeners(kind: str, endpoint: object) -> Iterator[subprocess.Popen[str] | None]:
    """A process that listens SUBSCRIBERS times."""
    if kind == "nobody":
        yield None
        return
    command = [sys.executable, "-m", "benchmarks.subscribers", "--listen", kind, str(endpoint)]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        told(reader)
        yield reader
    finally:
        reader.kill()
        reader.communicate()


def told(reader: subprocess.Popen[str] | None) -> tuple[int, int]:
    """(events, bytes) of all of them so far."""
    if reader is None:
        return 0, 0
    assert reader.stdin is not None and reader.stdout is not None
    reader.stdin.write("\n")
    reader.stdin.flush()
    events, size = json.loads(reader.stdout.readline())
    return events, size


def listen(kind: str, path: str) -> int:
    """Read and count; told how much with each line of standard input."""
    selector = selectors.DefaultSelector()
    for _ in range(SUBSCRIBERS):
        selector.register(_connected(kind, path), selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    events = size = 0
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                if not sys.stdin.readline():
                    return 0
                print(json.dumps([events, size]), flush=True)
                continue
            assert isinstance(key.fileobj, socket.socket)
            data = key.fileobj.recv(1 << 20)
            if not data:
                raise ConnectionError("the daemon closed a connection")
            events += data.count(b'"cursor"')
            size += len(data)


def _connected(kind: str, path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    if kind == "sse":
        connection.sendall(f"GET /events?topics={TOPIC} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection
    connection.sendall(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    connection.recv(1 << 16)
    call = json.dumps({"jsonrpc": "2.0", "method": "events.subscribe", "params": {"topics": [TOPIC]}}).encode()
    connection.sendall(bytes((0x81, 0x80 | len(call), 0, 0, 0, 0)) + call)  # masked with nothing
    return connection


if __name__ == "__main__":
    sys.exit(main())
