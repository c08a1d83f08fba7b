"""The process in which the crowd lives: one loop over all sockets, and a turn for each peer at its time.

The peers join one after the other. Asked through a pipe, the process says what they sent and received until then.
"""

from __future__ import annotations

import multiprocessing
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from benchmarks.clients import Endpoint
from benchmarks.crowd.pace import Turns
from benchmarks.crowd.peers import Counts, Leech, Peer, Seed, Torrent
from benchmarks.crowd.wire import BLOCK
from benchmarks.sizes import KIB

JOINING = 0.004
"""Seconds between two peers that join: 500 of them are there after two seconds, and no backlog overflows."""

NAP = 0.001
"""Seconds that the loop sleeps at most: turns are had in time."""

BUFFER = 256 * KIB
"""Bytes that one peer reads at once, at most."""

ADDRESS = "127.1.{}.{}"
ADDRESSES = 250
"""Each peer has an address of its own: clients allow few connections with one. So many differ in the last number."""

_FORK = multiprocessing.get_context("fork")  # as in loopback


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of each kind, and how many bytes a second each sends or asks for."""

    seeds: int = 250
    leeches: int = 250
    rate: float = 400_000.0

    @property
    def rates(self) -> tuple[float, float]:
        """Bytes per second that all seeds send, and that all leeches ask for."""
        return self.seeds * self.rate, self.leeches * self.rate


class CrowdLeft(Exception):
    """The process ended by itself."""


class Crowd:
    """The process: peers of `endpoint`, which seeds `seeded` and downloads `wanted`."""

    def __init__(self, plan: Plan, endpoint: Endpoint, seeded: Torrent, wanted: Torrent) -> None:
        self._pipe, theirs = _FORK.Pipe()
        self._child = _FORK.Process(target=_run, args=(plan, endpoint, seeded, wanted, theirs), daemon=True)
        self._child.start()
        theirs.close()
        self.pid = self._child.pid or 0

    def look(self) -> Counts:
        """Until now. CrowdLeft if there is nobody to ask."""
        try:
            self._pipe.send(None)
            counts: Counts = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise CrowdLeft(f"the crowd ended with {self._child.exitcode}") from None
        return counts

    def stop(self) -> None:
        self._child.terminate()
        self._child.join()
        self._pipe.close()


def _run(plan: Plan, endpoint: Endpoint, seeded: Torrent, wanted: Torrent, asked: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ours would clean up what is the parent's
    counts = Counts()
    joining = [_joining(index, plan, endpoint, seeded, wanted, counts) for index in range(plan.seeds + plan.leeches)]
    _loop(joining, BLOCK / plan.rate, counts, asked)


def _joining(
    index: int, plan: Plan, endpoint: Endpoint, seeded: Torrent, wanted: Torrent, counts: Counts
) -> Callable[[], Peer]:
    """How this peer connects: seeds and leeches alternate while there are both."""
    peer_id = b"-CR0001-%012d" % index
    source = ADDRESS.format(index // ADDRESSES, 1 + index % ADDRESSES)
    both = 2 * min(plan.seeds, plan.leeches)
    if index % 2 if index < both else plan.leeches > plan.seeds:
        first = index * seeded.pieces // (plan.seeds + plan.leeches)
        return lambda: Leech(_connect(endpoint, source), seeded, counts, peer_id, first)
    return lambda: Seed(_connect(endpoint, source), wanted, counts, peer_id)


def _connect(endpoint: Endpoint, source: str) -> socket.socket:
    connection = socket.create_connection(endpoint, source_address=(source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _loop(joining: list[Callable[[], Peer]], period: float, counts: Counts, asked: Connection) -> None:
    """For ever."""
    peers: list[Peer] = []
    by_number: dict[int, Peer] = {}
    buffer = memoryview(bytearray(BUFFER))
    poll = select.epoll()
    poll.register(asked.fileno(), select.EPOLLIN)
    began = time.monotonic()
    turns = Turns(len(joining), period, began)
    while True:
        for number, _ in poll.poll(NAP):
            if number == asked.fileno():
                asked.recv()
                asked.send(counts)
            elif not by_number[number].read(buffer):
                poll.unregister(number)
        now = time.monotonic()
        while len(peers) < min(len(joining), (now - began) / JOINING):
            peer = joining[len(peers)]()
            peer.socket.setblocking(False)
            peers.append(peer)
            by_number[peer.socket.fileno()] = peer
            poll.register(peer.socket.fileno(), select.EPOLLIN)
        for index in turns.due(now):
            if index < len(peers):
                peers[index].turn()
