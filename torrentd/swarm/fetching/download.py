"""Metadata from several sources at once: what to ask of whom, and whether what came is right.

Every source says how many bytes there are, and only the whole can be checked, by the info hash. So those that say the
same size bring one copy together. If a copy is wrong and one source alone gave it, that one lied. If several gave it,
somebody did: from then on every source of that size brings a copy of its own, and who brings a wrong one is known to be
a liar. Sizes do not wait for each other, so liars delay nobody who is honest.

Memory grows with what was received, and not beyond BUDGET: if all copies together could become larger, the smallest
are fetched first, and one that leads nowhere makes way. A source that rejects or is silent is left alone for a while,
longer each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from typing import TypeAlias

from torrentd.model.errors import ProtocolError
from torrentd.model.ids import PeerKey
from torrentd.wire.peer.metadata import MAX_SIZE, piece_count, piece_length

OUTSTANDING = 2
"""Requests to one source at a time: one on its way while the other is answered."""

TIMEOUT = 20.0
"""Seconds for an answer, as for a block."""

PATIENCE = 3.0
"""Seconds after which a piece that somebody owes is asked of somebody else, too, who has nothing else to do."""

ASKED_OF = 3
"""Sources of one copy that may owe the same piece."""

FIRST_PAUSE = 5.0
"""Seconds for which a source that rejected or was silent is left alone the first time: some serve at a rate."""

LONGEST_PAUSE = 60.0

BUDGET = 2 * MAX_SIZE
"""Bytes that all copies in progress may have when they are whole."""

STALL = 30.0
"""Seconds without a new piece after which a copy makes way for one that the budget leaves out."""

NEVER = float("inf")


@dataclass(slots=True)
class Source:
    """A peer that says it has the metadata."""

    key: PeerKey
    size: int
    asked: dict[int, float] = field(default_factory=dict)
    """pieces that it owes, and since when"""
    late: dict[int, None] = field(default_factory=dict)
    """pieces that it owed for too long; they may come all the same"""
    setbacks: int = 0
    """rejects and time-outs in a row"""
    ready_at: float = -NEVER


@dataclass(slots=True)
class Copy:
    """The metadata as some sources have it, or one alone."""

    size: int
    moved_at: float
    """when its last piece came, or its turn"""
    pieces: dict[int, bytes] = field(default_factory=dict)
    givers: dict[PeerKey, None] = field(default_factory=dict)
    passed: int = 0
    """how often it made way"""
    active: bool = False


CopyKey: TypeAlias = tuple[int, PeerKey | None]
"""The size, and whose copy it is if it is of one alone."""


class Download:
    """The metadata of one v1 info hash. `due` says what to ask; everything that happens is reported."""

    def __init__(self, info_hash: bytes) -> None:
        self.metadata: bytes | None = None
        """all of it, once it is here and right"""
        self._info_hash = info_hash
        self._sources: dict[PeerKey, Source] = {}
        self._copies: dict[CopyKey, Copy] = {}
        self._mistrusted: dict[int, None] = {}
        """sizes of which several sources gave a wrong copy together"""
        self._liars: list[PeerKey] = []
        self._deadline = NEVER

    @property
    def progress(self) -> float:
        """Of the copy that is furthest, 0.0 to 1.0."""
        if self.metadata is not None:
            return 1.0
        return max((len(copy.pieces) / piece_count(copy.size) for copy in self._copies.values()), default=0.0)

    @property
    def is_moving(self) -> bool:
        """Whether somebody owes an answer."""
        return any(source.asked for source in self._sources.values())

    def next_deadline(self) -> float:
        """When `due` has something to say; infinity if only sources can change that."""
        return self._deadline

    # --- what sources do

    def offered(self, key: PeerKey, size: int | None) -> None:
        """A peer says how large its metadata is; None: it has none (any more). ProtocolError: more than is fetched."""
        if size is not None and size > MAX_SIZE:
            raise ProtocolError(f"its metadata would be {size} bytes; {MAX_SIZE} are fetched")
        known = self._sources.get(key)
        if known is not None and known.size == size:
            return
        self.lost(key)
        if size is not None:
            self._sources[key] = Source(key, size)

    def lost(self, key: PeerKey) -> None:
        """The peer is gone; what it gave stays, unless it was to give everything alone."""
        source = self._sources.pop(key, None)
        if source is not None:
            self._copies.pop((source.size, key), None)

    def rejected(self, key: PeerKey, piece: int, now: float) -> None:
        """The source will not give a piece, for now."""
        source = self._sources.get(key)
        if source is not None and source.asked.pop(piece, None) is not None:
            _set_back(source, now)

    def received(self, key: PeerKey, piece: int, size: int, data: bytes, now: float) -> bool:
        """A piece came; whether it was asked for. ProtocolError: it cannot be what its sender says it is."""
        source = self._sources.get(key)
        if source is None or (piece not in source.asked and piece not in source.late):
            return False
        source.asked.pop(piece, None)
        source.late.pop(piece, None)
        if size != source.size or len(data) != piece_length(size, piece):
            raise ProtocolError(f"metadata piece {piece}: {len(data)} bytes, of {size} in all, are not what it owes")
        source.setbacks = 0
        copy = self._copies.get(self._key(source))
        if copy is not None and copy.active and piece not in copy.pieces:
            copy.pieces[piece] = data
            copy.givers[key] = None
            copy.moved_at = now
            if len(copy.pieces) == piece_count(size):
                self._check(self._key(source), copy)
        return True

    def take_liars(self) -> list[PeerKey]:
        """Who gave wrong metadata since the last call."""
        liars, self._liars = self._liars, []
        return liars

    # --- what to ask

    def due(self, now: float) -> list[tuple[PeerKey, int]]:
        """Pieces to ask for now, and of whom."""
        if self.metadata is not None:
            self._deadline = NEVER
            return []
        for source in self._sources.values():
            _time_out(source, now)
        left_out = self._allot(now)
        asks = [(source.key, piece) for source in self._sources.values() for piece in self._ask(source, now)]
        self._plan(now, left_out)
        return asks

    def _ask(self, source: Source, now: float) -> Iterator[int]:
        copy = self._copies[self._key(source)]
        while copy.active and source.ready_at <= now and len(source.asked) < OUTSTANDING:
            piece = self._next_piece(source, copy, now)
            if piece is None:
                return
            source.asked[piece] = now
            yield piece

    def _next_piece(self, source: Source, copy: Copy, now: float) -> int | None:
        """The first that nobody owes; else the one that has been owed for the longest time, if that is long enough."""
        since: dict[int, float] = {}
        owed: Counter[int] = Counter()
        for other in self._sources.values():
            for piece, at in other.asked.items() if self._key(other) == self._key(source) else ():
                since[piece] = max(at, since.get(piece, at))
                owed[piece] += 1
        for piece in range(piece_count(copy.size)):
            if piece not in copy.pieces and piece not in owed:
                return piece
        again = [
            (at, piece)
            for piece, at in since.items()
            if piece not in copy.pieces and piece not in source.asked and owed[piece] < ASKED_OF
        ]
        return next((piece for at, piece in sorted(again) if at + PATIENCE <= now), None)

    def _plan(self, now: float, left_out: bool) -> None:
        """When something changes by itself: an answer is late, a pause ends, a piece may be asked of somebody else, a
        copy has to make way."""
        times = [copy.moved_at + STALL for copy in self._copies.values() if copy.active and left_out]
        for source in self._sources.values():
            times += [at + wait for at in source.asked.values() for wait in (PATIENCE, TIMEOUT)]
            times.append(source.ready_at)
        self._deadline = min((at for at in times if at > now), default=NEVER)

    # --- which copies

    def _key(self, source: Source) -> CopyKey:
        return source.size, source.key if source.size in self._mistrusted else None

    def _allot(self, now: float) -> bool:
        """Decide which copies are in progress: the smallest, as far as the budget goes. Whether one is left out."""
        wanted = {self._key(source): source.size for source in self._sources.values()}
        for key, size in wanted.items():
            self._copies.setdefault(key, Copy(size, now))
        left_out = any(key in wanted and not copy.active for key, copy in self._copies.items())
        for copy in self._copies.values():
            if left_out and copy.active and now >= copy.moved_at + STALL:
                copy.passed += 1
        budget, left_out = BUDGET, False
        ranked = sorted(
            self._copies.items(), key=lambda entry: (entry[0] not in wanted, entry[1].passed, entry[1].size)
        )
        for key, copy in ranked:
            if copy.size <= budget:
                budget -= copy.size
                copy.moved_at = copy.moved_at if copy.active else now
                copy.active = True
            elif key in wanted:
                left_out = True
                copy.active = False
                copy.pieces.clear()
                copy.givers.clear()
            else:
                del self._copies[key]
        return left_out

    # --- whether it is right

    def _check(self, key: CopyKey, copy: Copy) -> None:
        data = b"".join(copy.pieces[piece] for piece in range(piece_count(copy.size)))
        if sha1(data).digest() == self._info_hash:
            self.metadata = data
            return
        del self._copies[key]
        givers = list(copy.givers)
        if len(givers) == 1:
            self._sources.pop(givers[0], None)
            self._liars.append(givers[0])
            return
        self._mistrusted[copy.size] = None
        for source in self._sources.values():
            if source.size == copy.size:
                source.late.update(dict.fromkeys(source.asked))
                source.asked.clear()


def _time_out(source: Source, now: float) -> None:
    overdue = [piece for piece, at in source.asked.items() if at + TIMEOUT <= now]
    for piece in overdue:
        del source.asked[piece]
        source.late[piece] = None
    if overdue:
        _set_back(source, now)


def _set_back(source: Source, now: float) -> None:
    source.setbacks += 1
    doublings = min(source.setbacks - 1, 10)  # far beyond the longest
    source.ready_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**doublings)
