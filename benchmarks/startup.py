"""`python -m benchmarks.startup`: what a script pays for each call of torrentctl.

Whole processes, from their start to their end, on a unix socket where a thread answers at once with ten torrents;
beside them an interpreter of the same installation that does nothing. They take turns, so that a mood of the machine is
shared by all. The fastest run is told as well: nothing but other programs makes the others slower.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.alone import machine_to_ourselves, wait_for_quiet
from benchmarks.table import aligned
from torrentd.cli.columns import LIST

TORRENTS = 10
BOUND = 80.0
"""Milliseconds that a call in a pipe may take."""

CALLS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "--version": (False, ("--version",)),
    "list": (False, ("list",)),
    "list --json": (False, ("list", "--json")),
    "list, on a terminal": (True, ("list",)),
}
"""What is shown -> whether on a terminal, and the words."""


def main() -> int:
    parser = argparse.ArgumentParser("benchmarks.startup", description=(__doc__ or "").split("\n")[0])
    here = Path(sys.executable).with_name("torrentctl")
    parser.add_argument("--torrentctl", metavar="FILE", type=Path, default=here, help="measure another installation")
    parser.add_argument("--runs", type=int, default=20, help="of each call; 20")
    options = parser.parse_args()
    with machine_to_ourselves(), tempfile.TemporaryDirectory() as folder, answering(f"{folder}/rpc.sock") as path:
        environment = {**os.environ, "TORRENTCTL_SOCKET": path, "TERM": "xterm"}
        wait_for_quiet()
        measured = measure(options.torrentctl, environment, options.runs)
    print("\n".join(aligned(list(rows(measured)))))
    return 0


def measure(torrentctl: Path, environment: dict[str, str], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run of each call, and of "python"."""
    python = torrentctl.with_name("python")
    calls: dict[str, Callable[[], None]] = {"python": lambda: in_a_pipe([python, "-c", "pass"], environment)}
    for name, (on_terminal, words) in CALLS.items():
        run, command = in_a_terminal if on_terminal else in_a_pipe, [torrentctl, *words]
        calls[name] = lambda run=run, command=command: run(command, environment)  # type: ignore[misc]
    for call in calls.values():
        call()  # what is imported is compiled, and in the page cache
    turns = [{name: _milliseconds(call) for name, call in calls.items()} for _ in range(runs)]
    return {name: [turn[name] for turn in turns] for name in calls}


def _milliseconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def rows(measured: dict[str, list[float]]) -> Iterator[tuple[str, ...]]:
    """The table."""
    yield "torrentctl", "median ms", "fastest ms", ""
    for name, times in measured.items():
        over = "over the bound" if statistics.median(times) > BOUND else ""
        yield name, f"{statistics.median(times):.0f}", f"{min(times):.0f}", over


def in_a_pipe(command: Sequence[str | Path], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)


def in_a_terminal(command: Sequence[str | Path], environment: dict[str, str]) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        try:
            while os.read(leader, 65536):
                pass
        except OSError:
            pass  # Linux says so when the other side has closed
    os.close(leader)
    if process.returncode:
        raise RuntimeError(f"{command}: exit status {process.returncode}")


@contextmanager
def answering(path: str) -> Iterator[str]:
    """A unix socket where every call is answered with the same list."""
    row = {column.key.partition(".")[0]: None for column in LIST}
    torrents = [row | {"id": f"{number:040x}", "name": f"torrent {number}"} for number in range(TORRENTS)]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"torrents": torrents}}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        threading.Thread(target=_answer_all, args=(listener, answer), daemon=True).start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)


def _answer_all(listener: socket.socket, answer: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            if connection.recv(65536):
                connection.sendall(answer)


if __name__ == "__main__":
    sys.exit(main())
