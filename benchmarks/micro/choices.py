"""Which piece, which blocks, whom to unchoke: the policies alone."""

from __future__ import annotations

import random
import time

from benchmarks.micro.cost import ROUND, Samples, Subject, Worlds, repeated
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.ids import PeerKey
from torrentd.model.layout import Priority
from torrentd.policy.choking import choker
from torrentd.policy.choking.ranking import Candidate
from torrentd.policy.picking.picker import Picker
from torrentd.policy.picking.request_queue import RequestQueue
from torrentd.policy.picking.requests import Requests
from torrentd.wire.peer.messages import Range

BLOCKS_OF_PIECE = 16
TOP_UP = 11
"""Blocks asked for at once; no divisor of a piece's, so that pieces stay open and others go on with them."""

SHARE = 0.2
"""What a leech has of the pieces."""

PICKS = 50
"""Pieces taken from the pool before they are put back."""

SPENT = 0.5
"""Pieces left in the pool at which the asking begins anew."""


def picks(pieces: int) -> Samples:
    """The next piece to start with a leech that has a part of them; seeds and leeches are connected."""
    rng = random.Random(1)
    haves = [_leech(pieces, rng) for _ in range(10)]
    picker = _picker(pieces, haves)
    while True:
        seconds = 0.0
        for have in haves:
            began = time.perf_counter()
            taken = [picker.next(have) for _ in range(PICKS)]
            seconds += time.perf_counter() - began
            for piece in taken:
                assert piece is not None
                picker.add(piece, Priority.NORMAL)
        yield seconds / (len(haves) * PICKS)


def haves(pieces: int) -> Samples:
    """A leech tells of a piece more: rarity changes."""
    rng = random.Random(1)
    availability = _picker(pieces, [_leech(pieces, rng) for _ in range(10)]).availability
    told = [rng.randrange(pieces) for _ in range(PICKS)]

    def tell() -> None:
        for piece in told:
            availability.gained(piece)
        for piece in told:
            availability.lost(piece)

    return repeated(tell, 2 * PICKS)


def top_ups(pieces: int = 5_000, peers: int = 10) -> Samples:
    """Blocks to ask of leeches that have different parts, in turn."""
    rng = random.Random(1)
    haves = [_leech(pieces, rng) for _ in range(peers)]
    geometry = Geometry(pieces * BLOCKS_OF_PIECE * BLOCK, BLOCKS_OF_PIECE * BLOCK)
    while True:
        requests = Requests(geometry, _picker(pieces, haves), {})
        queues = [RequestQueue() for _ in haves]
        while len(requests.picker) > pieces * SPENT:
            yield _asked(requests, queues, haves)


def _asked(requests: Requests, queues: list[RequestQueue], haves: list[Bitfield]) -> float:
    seconds, count = 0.0, 0
    end = time.perf_counter() + ROUND
    while time.perf_counter() < end:
        for number, (queue, have) in enumerate(zip(queues, haves, strict=True)):
            began = time.perf_counter()
            ranges, _ = requests.ask(queue, have, TOP_UP)
            seconds += time.perf_counter() - began
            count += TOP_UP
            _arrive(requests, queue, PeerKey(number), ranges)
        if len(requests.picker) <= len(queues):
            break
    return seconds / count


def _arrive(requests: Requests, queue: RequestQueue, peer: PeerKey, ranges: list[Range]) -> None:
    for piece, begin, length in ranges:
        arrived = (1 << length // BLOCK) - 1 << begin // BLOCK
        requests.receive(queue, peer, piece, arrived)


def rounds(peers: int, *, seeding: bool) -> Samples:
    """A choking round, everybody interested."""
    rng = random.Random(1)
    candidates = [
        Candidate(PeerKey(number), True, number < choker.SLOTS, rng.random() * 100, 0.0, rate=rng.random() * 1e6)
        for number in range(peers)
    ]
    return repeated(lambda: choker.choose(candidates, choker.SLOTS, seeding, 100.0, rng), peers)


def _leech(pieces: int, rng: random.Random) -> Bitfield:
    return Bitfield(pieces, rng.sample(range(pieces), int(pieces * SHARE)))


def _picker(pieces: int, haves: list[Bitfield]) -> Picker:
    """Past its random first pieces."""
    picker = Picker(pieces, random.Random(1), verified=pieces)
    for have in haves:
        picker.availability.joined(have)
    picker.fill(bytes([Priority.NORMAL]) * pieces, Bitfield.full(pieces))
    return picker


PIECES: Worlds = {"pieces": (1_000, 100_000)}
PEERS: Worlds = {"peers": (10, 100, 1_000)}

SUBJECTS = (
    Subject("picker: next piece", "piece", picks, PIECES, for_each_block=True),
    Subject("picker: have", "have", haves, PIECES, for_each_block=True),
    Subject("requests: top up", "block", top_ups, {**PIECES, **PEERS}, for_each_block=True),
    Subject("choker: round of a leech", "peer", lambda peers: rounds(peers, seeding=False), PEERS),
    Subject("choker: round of a seed", "peer", lambda peers: rounds(peers, seeding=True), PEERS),
)
