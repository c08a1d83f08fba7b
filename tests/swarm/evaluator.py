"""A pure test evaluator: scripts go into the shipping `swarm.Torrent`; what it commanded comes out.

A script is a list of `(time, event)`. An *actor* is a reactive script: a function of everything that was commanded so
far to all the events it has to say about that, those it said before included. The evaluator plays what is new, in order
of time, ticks the torrent at its deadlines, and checks its invariants after every step. Nothing waits, nothing is
random, and whole downloads take milliseconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from tests.swarm.invariants import check
from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import FileEntry, Layout, Priority
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm.commands import Ask, Close, Command, Send, Serve, Store
from torrentd.swarm.events import Event, PeerConnected, PiecesVerified, Received, Start, Tick
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import BitfieldMessage, Blocks, Cancel, Message, Range, Unchoke

Log: TypeAlias = list[tuple[float, Command]]
Script: TypeAlias = list[tuple[float, Event]]
Actor: TypeAlias = Callable[[Log], Script]

T = TypeVar("T")

OWN_ID = PeerId(b"-TD0010-us__________")
PLAIN = bytes(8)
EXTENDED = bytes([0, 0, 0, 0, 0, 0x10, 0, 0])
FAST = bytes([0, 0, 0, 0, 0, 0, 0, 4])


def layout(*sizes: int) -> Layout:
    """Files f0, f1, ... of these sizes."""
    offsets = [sum(sizes[:index]) for index in range(len(sizes))]
    return Layout(tuple(FileEntry((f"f{i}",), size, offsets[i]) for i, size in enumerate(sizes)))


def make(
    pieces: int = 4,
    blocks: int = 4,
    *,
    have: Sequence[int] = (),
    files: Layout | None = None,
    priorities: Sequence[Priority] | None = None,
    short: int = 0,
    seed: int = 1,
    **others: Any,
) -> Torrent:
    """A torrent of so many pieces of so many blocks each; the last block lacks `short` bytes."""
    geometry = Geometry(pieces * blocks * BLOCK - short, blocks * BLOCK)
    files = files or layout(geometry.size)
    arguments: dict[str, Any] = {
        "info_hash": bytes(20),
        "geometry": geometry,
        "layout": files,
        "have": Bitfield(pieces, have),
        "priorities": priorities or [Priority.NORMAL] * len(files.files),
        "tiers": [],
        "private": False,
        "settings": Settings(),
        "totals": Totals(),
        "rng": random.Random(seed),
        "secret_rng": random.Random(seed),
        "down": Bucket(),
        "up": Bucket(),
        "own_ids": [OWN_ID],
        "sequential": True,
    }
    return Torrent(**(arguments | others))


def evaluate(torrent: Torrent, *actors: Actor, until: float) -> Log:
    """Play the actors up to a time; everything that was commanded, with its time."""
    log: Log = []
    played = [0] * len(actors)
    now = 0.0
    while True:
        waiting = [(said[played[i]], i) for i, actor in enumerate(actors) if len(said := actor(log)) > played[i]]
        soonest = min(waiting, key=lambda entry: (entry[0][0], entry[1]), default=None)
        at = soonest[0][0] if soonest is not None else float("inf")
        if torrent.next_deadline() < at:
            at, event = torrent.next_deadline(), Tick()
        elif soonest is not None:
            event = soonest[0][1]
            played[soonest[1]] += 1
        if at > until:
            return log
        now = max(now, at)
        log += [(now, command) for command in torrent.handle(event, now)]
        check(torrent)


def run(torrent: Torrent, *script: tuple[float, Event], until: float | None = None) -> Log:
    """Play one timed list of events, to its end or to `until`."""
    last = max(at for at, _ in script) if until is None else until
    return evaluate(torrent, lambda _: list(script), until=last)


# --- actors and events


def starts(log: Log) -> Script:
    """The user starts the torrent at time 0."""
    return [(0.0, Start())]


def peer_id(key: int) -> PeerId:
    return PeerId(b"-XX0001-%012d" % key)


def address(key: int) -> Address:
    return Address(f"10.0.0.{key}", 6881)


def arrives(key: int, *, reserved: bytes = PLAIN) -> PeerConnected:
    """Peer number `key` connected to us."""
    return PeerConnected(PeerKey(key), address(key), True, peer_id(key), reserved)


def says(key: int, *messages: Message) -> Received:
    return Received(PeerKey(key), list(messages))


def has(pieces: int, *have: int) -> BitfieldMessage:
    return BitfieldMessage(Bitfield(pieces, have).to_bytes())


def run_of(piece: int, first: int = 0, count: int = 1, *, last: int = BLOCK, fill: int = 0) -> Blocks:
    """`count` blocks from block `first` on; the last of them has `last` bytes."""
    views = [memoryview(bytes([fill]) * BLOCK) for _ in range(count - 1)] + [memoryview(bytes([fill]) * last)]
    return Blocks(piece, first * BLOCK, (count - 1) * BLOCK + last, views)


def blocks_of(ranges: Sequence[Range], block: int = BLOCK) -> Iterator[Range]:
    """Each block of the ranges."""
    for piece, begin, length in ranges:
        for at in range(begin, begin + length, block):
            yield piece, at, min(block, begin + length - at)


def sender(
    torrent: Torrent,
    key: int,
    *have: int,
    at: float = 0.0,
    latency: float = 0.05,
    rate: float = 1e6,
    most: int = 10**9,
    spoilt: Collection[tuple[int, int]] = (),
) -> Actor:
    """A peer that connects at `at`, unchokes us and sends what it is asked for (`most` blocks), unless it is cancelled
    before its turn on a link with this latency and rate (bytes per second). Blocks are zeros; `spoilt` ones are not."""
    pieces = torrent.geometry.piece_count
    hello = [(at, arrives(key)), (at, says(key, has(pieces, *(have or range(pieces))), Unchoke()))]

    def actor(log: Log) -> Script:
        script: Script = list(hello)
        queue: dict[Range, float] = {}
        free_at = at
        for when, command in [*log, (float("inf"), Tick())]:
            while queue and len(script) < most + 2:
                block, asked = next(iter(queue.items()))
                free_at = max(free_at, asked + latency) + block[2] / rate
                if free_at > when:
                    free_at -= block[2] / rate
                    break
                del queue[block]
                piece, begin, length = block
                content = bytes([(piece, begin // BLOCK) in spoilt]) * length
                script.append((free_at, says(key, Blocks(piece, begin, length, [memoryview(content)]))))
            if isinstance(command, Ask) and command.peer == key:
                queue.update((block, when) for block in blocks_of(command.ranges))
            elif isinstance(command, Send) and command.peer == key:
                for message in command.messages:
                    if isinstance(message, Cancel):
                        queue.pop((message.piece, message.begin, message.length), None)
        return script

    return actor


def disk(log: Log) -> Script:
    """A disk on which every piece is right, a hundredth of a second later."""
    return [(at + 0.01, PiecesVerified([c.piece])) for at, c in log if isinstance(c, Store) and c.complete]


# --- reading the log


def commands(log: Log, kind: type[T]) -> list[T]:
    return [command for _, command in log if isinstance(command, kind)]


def asked(log: Log, key: int) -> list[Range]:
    """All ranges that the peer was asked for."""
    return [one for command in commands(log, Ask) if command.peer == key for one in command.ranges]


def served(log: Log, key: int) -> list[list[Range]]:
    """The blocks of each Serve."""
    return [list(blocks_of(one.ranges, one.block)) for one in commands(log, Serve) if one.peer == key]


def sent(log: Log, key: int) -> list[Message]:
    """All control messages that the peer was sent."""
    return [message for command in commands(log, Send) if command.peer == key for message in command.messages]


def closed(log: Log) -> dict[int, str]:
    return {command.peer: command.reason for command in commands(log, Close)}
