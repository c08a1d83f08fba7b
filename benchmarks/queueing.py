"""`python -m benchmarks.queueing`: what the queue costs with thousands of torrents.

A real daemon with 5,000 downloads without peers, of which five may run at once. Measured is how long each call takes,
the longest that a small call of somebody else took meanwhile, and the first poll after it (`torrent.list` with
`since`): of a caller that shows positions, and of one that does not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from benchmarks.alone import machine_to_ourselves
from benchmarks.subscribers import daemon
from benchmarks.table import aligned
from torrentd.rpc.client import Client, Endpoint, UnixEndpoint
from torrentd.wire.bencode import encode

TORRENTS, RUNNING, CALLERS = 5_000, 5, 32
SETTINGS = f"[queue]\ndownloads = {RUNNING}\nstalled_after = 100000\n"
FIELDS = ["id", "name", "state", "progress", "rate_down", "rate_up", "eta", "ratio"]
SETTLING = 2.0
"""Seconds after a call, in which what it caused is done"""

Row = tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.queueing", description=(__doc__ or "").split("\n")[0])
    parser.parse_args()
    with machine_to_ourselves(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with daemon(folder, SETTINGS) as (_, client):
            ids = fill(client.endpoint)
            time.sleep(SETTLING)
        began = time.perf_counter()
        with daemon(folder, SETTINGS) as (_, client):
            total = client.call("torrent.list", {"fields": FIELDS, "limit": 0})["total"]
            started = f"{(time.perf_counter() - began) * 1000:.0f}"
            assert total == TORRENTS, total
            time.sleep(SETTLING)
            table = list(rows(Measured(client), ids))
    print("\n".join(aligned([("ms", "the call", "others", "poll with positions", "rows", "without", "rows"), *table])))
    print(f"from a start to the first list: {started} ms")
    return 0


def rows(measured: Measured, ids: list[str]) -> Iterator[Row]:
    """A line for each call."""
    yield measured.line("nothing", lambda call: None)
    yield measured.line("one up", lambda call: call("torrent.queue", {"ids": [ids[2500]], "to": "up"}))
    yield measured.line("last to the top", lambda call: call("torrent.queue", {"ids": [ids[-1]], "to": "top"}))
    yield measured.line("first to the bottom", lambda call: call("torrent.queue", {"ids": [ids[-1]], "to": "bottom"}))
    yield measured.line("all to the top", lambda call: call("torrent.queue", {"ids": "all", "to": "top"}))
    yield measured.line("remove the first", lambda call: call("torrent.remove", {"ids": [ids[0]]}))
    yield measured.line("pause all", lambda call: call("torrent.pause", {"ids": "all"}))
    yield measured.line("resume all", lambda call: call("torrent.resume", {"ids": "all"}))
    yield measured.line("label all", lambda call: call("torrent.set", {"ids": "all", "labels": ["film"]}))
    yield measured.line("remove all", lambda call: call("torrent.remove", {"ids": "all"}))


class Measured:
    """Polls before and after."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._since: dict[bool, int] = {}
        for positions in (True, False):
            self._poll(positions)

    def line(self, name: str, act: Callable[[Callable[..., Any]], object]) -> Row:
        with Other(self._client.endpoint) as other:
            began = time.perf_counter()
            act(self._client.call)
            took = time.perf_counter() - began
        time.sleep(SETTLING)
        without, fewer = self._poll(False)
        with_positions, many = self._poll(True)
        self._poll(False)
        return (
            name,
            f"{took * 1000:.1f}",
            f"{other.longest * 1000:.1f}",
            f"{with_positions * 1000:.1f}",
            str(many),
            f"{without * 1000:.1f}",
            str(fewer),
        )

    def _poll(self, positions: bool) -> tuple[float, int]:
        """Seconds, and the number of rows."""
        params: dict[str, Any] = {"fields": [*FIELDS, "queue"] if positions else FIELDS, "limit": TORRENTS}
        if positions in self._since:
            params["since"] = self._since[positions]
        began = time.perf_counter()
        answer = self._client.call("torrent.list", params)
        took = time.perf_counter() - began
        self._since[positions] = answer["revision"]
        return took, len(answer["torrents"])


class Other:
    """Somebody who calls all the time, and how long he had to wait at most."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.longest = 0.0
        self._client = Client(endpoint)
        self._over = Event()
        self._thread = Thread(target=self._call)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()

    def _call(self) -> None:
        while not self._over.wait(0.002):
            began = time.perf_counter()
            self._client.call("daemon.version")
            self.longest = max(self.longest, time.perf_counter() - began)


def fill(endpoint: UnixEndpoint) -> list[str]:
    """Add the torrents; many at once, so that they share commits."""

    def add(number: int) -> str:
        info = {b"name": b"torrent %d" % number, b"piece length": 16384, b"length": 16384, b"pieces": bytes(20)}
        metainfo = b64encode(encode({b"info": info})).decode()
        client = Client(endpoint)
        try:
            added = client.call("torrent.add", {"metainfo": metainfo, "fields": ["id"], "verify": "skip"})
        finally:
            client.close()
        return str(added["torrent"]["id"])

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(add, range(TORRENTS)))


if __name__ == "__main__":
    sys.exit(main())
