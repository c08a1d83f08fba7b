"""A place between two programs, where what one sends to the other is passed on and counted byte by byte."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from threading import Event, Thread

READ = 65536
END = 10.0
"""Seconds in which a thread should end."""
TICK = 0.01
"""Seconds between two looks of a thread at whether it runs in time."""


class Relay:
    """Waits at `address` and leads who connects to `target`. `up` is what the target sends, `down` what it is sent."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.up: list[tuple[float, int]] = []
        self.down: list[tuple[float, int]] = []
        self._sockets = [self._listening]
        self._threads = [Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
                called = socket.create_connection(self._target)
            except OSError:
                return  # it was closed
            self._sockets += [caller, called]
            for source, sink, carried in ((called, caller, self.up), (caller, called, self.down)):
                self._threads.append(Thread(target=_pump, args=(source, sink, carried), daemon=True))
                self._threads[-1].start()

    def close(self) -> None:
        """Both ends see the end of the connection."""
        for one in self._sockets:
            with suppress(OSError):  # it ended before
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(END)


def _pump(source: socket.socket, sink: socket.socket, carried: list[tuple[float, int]]) -> None:
    try:
        while data := source.recv(READ):
            carried.append((time.monotonic(), len(data)))
            sink.sendall(data)
    except OSError:
        pass
    for one in (source, sink):
        with suppress(OSError):  # the other one hears that the connection ended
            one.shutdown(socket.SHUT_RDWR)


def rate(carried: list[tuple[float, int]], begin: float, end: float) -> float:
    """Bytes per second between the two times."""
    return sum(count for at, count in carried if begin <= at < end) / (end - begin)


def busiest_second(carried: list[tuple[float, int]], begin: float, end: float) -> int:
    """Most bytes in any second between the two times."""
    inside, worst, first, total = [one for one in carried if begin <= one[0] < end], 0, 0, 0
    for at, count in inside:
        total += count
        while inside[first][0] <= at - 1:
            total -= inside[first][1]
            first += 1
        worst = max(worst, total)
    return worst


class Lateness:
    """How long this process did not run though it wanted to, at worst: what came meanwhile seems to come at once."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        due = time.monotonic() + TICK
        while not self._over.wait(TICK):
            now = time.monotonic()
            self.worst, due = max(self.worst, now - due), now + TICK

    def end(self) -> float:
        """Seconds."""
        self._over.set()
        self._thread.join(END)
        return self.worst
