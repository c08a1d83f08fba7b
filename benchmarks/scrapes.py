"""`python -m benchmarks.scrapes`: what a look at /metrics costs a daemon with 5,000 torrents.

The numbers are made on the reactor's thread, so nothing else moves while somebody looks: the time of a look is how long
peers wait. It is measured as the client has it, over the unix socket.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.alone import machine_to_ourselves, wait_for_quiet
from benchmarks.meter import Meter
from benchmarks.subscribers import TORRENTS, daemon, fill
from benchmarks.table import aligned


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.scrapes", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--looks", type=int, default=20, help="of each kind; 20")
    here = Path(sys.executable)
    parser.add_argument("--python", metavar="FILE", type=Path, default=here, help="measure another installation")
    options = parser.parse_args()
    with machine_to_ourselves(), tempfile.TemporaryDirectory() as folder:
        print("\n".join(aligned(list(rows(Path(folder), options.looks, options.python)))))
    return 0


def rows(folder: Path, looks: int, python: Path) -> Iterator[tuple[str, ...]]:
    """The table: a line without, and one with the series of each torrent."""
    yield "metrics.per_torrent", "torrents", "kB", "median ms", "fastest ms", "CPU ms"
    for per_torrent in ("false", "true"):
        more = f"[metrics]\nper_torrent = {per_torrent}\n"
        with daemon(folder / per_torrent, more, python) as (process, client):
            fill(client)
            path = str(client.endpoint)
            size = len(look(path))  # the library is imported with the first one
            wait_for_quiet()
            times = []
            with Meter(process.pid, []) as meter:
                for _ in range(looks):
                    began = time.perf_counter()
                    look(path)
                    times.append(1000 * (time.perf_counter() - began))
        cpu = 1000 * meter.cpu / looks
        median, fastest = statistics.median(times), min(times)
        yield per_torrent, str(TORRENTS), f"{size / 1e3:.0f}", f"{median:.0f}", f"{fastest:.0f}", f"{cpu:.0f}"


def look(path: str) -> bytes:
    """The page, with its head."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        parts = []
        while part := connection.recv(1 << 20):
            parts.append(part)
    page = b"".join(parts)
    if not page.startswith(b"HTTP/1.1 200 ") or not page.endswith(b"# EOF\n"):
        raise RuntimeError(f"no metrics: {page[:100]!r}")
    return page


if __name__ == "__main__":
    sys.exit(main())
