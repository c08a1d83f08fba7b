"""Blocks, requests and pieces through the shipping `swarm.Torrent`, as the session drives it.

The worlds are whole: peers are connected and unchoked, request queues are full, what is asked arrives. Only `handle` is
timed. Peers answer one after the other, a read at a time.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice

from benchmarks.micro.cost import Samples, Subject, Worlds
from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.ids import PeerId, PeerKey
from torrentd.model.layout import FileEntry, Layout, Priority
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm.commands import Ask, Command, Serve, Store
from torrentd.swarm.events import Drained, PeerConnected, PiecesVerified, Received, Start
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import BitfieldMessage, Blocks, Interested, Message, Range, Request, Unchoke

BLOCKS_OF_PIECE = 16
READ = 16
"""Blocks of one read: 256 KiB, usual at some hundred MB/s."""

TICK = 0.0005
"""Seconds that pass in the world with each read: 500 MB/s."""

READS = 100
"""of one step"""

SPENT = 0.3
"""A download is begun anew when so much of it is left: the endgame is another subject."""

ASKING = 8
"""Leeches that are unchoked, as many as there are slots."""

BATCH = 32
"""Requests of a leech that arrive together, and leave as few Serves."""

_VIEW = memoryview(bytes(BLOCK))


class World:
    """Torrents of `pieces` pieces, each connected to `peers` peers, all of them seeds or none."""

    def __init__(self, pieces: int, peers: int, torrents: int, seeding: bool) -> None:
        self.now = 0.0
        self._settings = Settings(max_connections=peers)
        self._down, self._up = Bucket(), Bucket()
        self.asked: dict[tuple[int, PeerKey], deque[Range]] = {}
        """what each peer was asked for and has not sent"""
        self.torrents = [self._torrent(pieces, seeding) for _ in range(torrents)]
        for index, torrent in enumerate(self.torrents):
            torrent.handle(Start(), 0.0)
            for number in range(peers):
                self._connect(index, PeerKey(number), seeding)

    def _torrent(self, pieces: int, seeding: bool) -> Torrent:
        geometry = Geometry(pieces * BLOCKS_OF_PIECE * BLOCK, BLOCKS_OF_PIECE * BLOCK)
        return Torrent(
            info_hash=bytes(20),
            geometry=geometry,
            layout=Layout((FileEntry(("content",), geometry.size, 0),)),
            have=Bitfield.full(pieces) if seeding else Bitfield(pieces),
            priorities=[Priority.NORMAL],
            tiers=[],
            private=False,
            settings=self._settings,
            totals=Totals(downloaded=1),  # no seed that a new swarm depends on
            rng=random.Random(1),
            secret_rng=random.Random(1),
            down=self._down,
            up=self._up,
            own_ids=[PeerId(bytes(20))],
        )

    def _connect(self, index: int, peer: PeerKey, seeding: bool) -> None:
        torrent = self.torrents[index]
        address = Address(f"10.{peer >> 16}.{peer >> 8 & 255}.{peer & 255}", 6881)
        torrent.handle(PeerConnected(peer, address, True, PeerId(b"-XX0001-%012d" % peer), bytes(8)), 0.0)
        says: list[Message] = []
        if not seeding:
            says = [BitfieldMessage(Bitfield.full(torrent.geometry.piece_count).to_bytes()), Unchoke()]
        elif peer < ASKING:
            says = [Interested()]
        self.asked[index, peer] = deque()
        self.note(index, torrent.handle(Received(peer, says), 0.0))

    def note(self, index: int, commands: list[Command]) -> list[int]:
        """Remember what was asked; the pieces that are complete."""
        complete = []
        for command in commands:
            if type(command) is Ask:
                self.asked[index, command.peer] += command.ranges
            elif type(command) is Store and command.complete:
                complete.append(command.piece)
        return complete

    def read(self, index: int, peer: PeerKey) -> list[Message]:
        """The next blocks that the peer owes, as framing would report them."""
        asked = self.asked[index, peer]
        messages: list[Message] = []
        room = READ
        while room and asked:
            piece, begin, length = asked.popleft()
            count = -(-length // BLOCK)
            if count > room:
                asked.appendleft((piece, begin + room * BLOCK, length - room * BLOCK))
                count = room
            messages.append(Blocks(piece, begin, count * BLOCK, [_VIEW] * count))
            room -= count
        return messages


def blocks(pieces: int = 10_000, peers: int = 10, torrents: int = 1) -> Samples:
    """`Received` of blocks: to Store commands and the next requests."""
    for seconds, _, _ in _download(pieces, peers, torrents):
        yield seconds / (READS * READ)


def verified(pieces: int = 10_000, peers: int = 10, torrents: int = 1) -> Samples:
    """`PiecesVerified`: the piece is ours, and what that means for the interest in each peer."""
    for _, seconds, count in _download(pieces, peers, torrents):
        if count:
            yield seconds / count


def _download(pieces: int, peers: int, torrents: int) -> Iterator[tuple[float, float, int]]:
    """Endless; of each step: seconds in READS times `Received`; seconds in `PiecesVerified`, and how many."""
    while True:
        world = World(pieces, peers, torrents, seeding=False)
        turns = _turns(world)
        enough = pieces * torrents * SPENT
        while sum(torrent.missing.count for torrent in world.torrents) > enough:
            yield _reads(world, turns)


def _reads(world: World, turns: Iterator[tuple[int, PeerKey]]) -> tuple[float, float, int]:
    clock = time.perf_counter
    receiving = verifying = 0.0
    done = 0
    for index, peer in islice(turns, READS):
        messages = world.read(index, peer)
        torrent = world.torrents[index]
        world.now += TICK
        event = Received(peer, messages)
        began = clock()
        commands = torrent.handle(event, world.now)
        receiving += clock() - began
        for piece in world.note(index, commands):
            began = clock()
            more = torrent.handle(PiecesVerified([piece]), world.now)
            verifying += clock() - began
            done += 1
            world.note(index, more)
    return receiving, verifying, done


def _turns(world: World) -> Iterator[tuple[int, PeerKey]]:
    """Who has something to send, one after the other."""
    while True:
        for key, asked in world.asked.items():
            if asked:
                yield key


def served(pieces: int = 10_000, peers: int = 10, torrents: int = 1) -> Samples:
    """`Received` of requests and `Drained`: to Serve commands."""
    world = World(pieces, peers, torrents, seeding=True)
    asking = [(torrent, PeerKey(number)) for torrent in world.torrents for number in range(min(peers, ASKING))]
    rng = random.Random(1)
    while True:
        seconds = 0.0
        for torrent, peer in asking:
            world.now += TICK
            first = rng.randrange(pieces - BATCH // BLOCKS_OF_PIECE)
            received = Received(peer, _requests(first))
            began = time.perf_counter()
            left = BATCH
            commands = torrent.handle(received, world.now)
            while left:
                (serve,) = (command for command in commands if type(command) is Serve)
                left -= serve.count
                commands = torrent.handle(Drained(peer, serve.count * BLOCK), world.now)
            seconds += time.perf_counter() - began
        yield seconds / (len(asking) * BATCH)


def _requests(first: int) -> list[Message]:
    """Of BATCH blocks, as framing finds them."""
    return [Request(piece, 0, BLOCK, BLOCKS_OF_PIECE) for piece in range(first, first + BATCH // BLOCKS_OF_PIECE)]


WORLDS: Worlds = {"pieces": (1_000, 100_000), "peers": (10, 100, 1_000), "torrents": (1, 10, 50)}

SUBJECTS = (
    Subject("swarm: blocks received, more requested", "block", blocks, WORLDS, for_each_block=True),
    Subject("swarm: piece verified", "piece", verified, WORLDS, for_each_block=True),
    Subject("swarm: requests received, served", "block", served, WORLDS, for_each_block=True),
)
