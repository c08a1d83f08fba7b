"""Metadata from several sources at once: what to ask of whom, and whether what came is right.

Every source says how many bytes there are, and only the whole can be checked, by the info hash. So the sources of one
size are asked together, the size of most first; one that leads nowhere makes way for another. If what came is wrong and
one source alone gave it, that one lied. If several gave it, somebody did: from then on everything is asked of one
source alone, one after the other, until it is right; who gives a wrong copy then is known to be a liar.

Memory grows with what was received, of one size at a time. A source that rejects or is silent is left alone for a
while, longer each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1

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
"""Sources that may owe the same piece."""

FIRST_PAUSE = 5.0
"""Seconds for which a source that rejected or was silent is left alone the first time: some serve at a rate."""

LONGEST_PAUSE = 60.0

ALONE = 30.0
"""Seconds that a source has to bring everything alone, and one more for each piece."""

STALL = 30.0
"""Seconds without a new piece after which another size has its turn, if anybody names one."""

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
    trials: int = 0
    """how often everything was asked of it alone"""


class Download:
    """The metadata of one v1 info hash. `due` says what to ask; everything that happens is reported."""

    def __init__(self, info_hash: bytes) -> None:
        self.metadata: bytes | None = None
        """all of it, once it is here and right"""
        self._info_hash = info_hash
        self._sources: dict[PeerKey, Source] = {}
        self._size = 0
        self._pieces: dict[int, bytes] = {}
        self._givers: dict[PeerKey, None] = {}
        self._moved_at = 0.0
        """when a piece came, or a size got its turn"""
        self._turns: dict[int, int] = {}
        """how often each size had its turn"""
        self._mistrust = False
        self._alone: PeerKey | None = None
        self._alone_until = NEVER
        self._liars: list[PeerKey] = []
        self._deadline = NEVER

    @property
    def progress(self) -> float:
        """0.0 to 1.0."""
        if self.metadata is not None:
            return 1.0
        return len(self._pieces) / piece_count(self._size) if self._size else 0.0

    @property
    def is_moving(self) -> bool:
        """Whether somebody owes an answer."""
        return any(source.asked for source in self._sources.values())

    @property
    def size(self) -> int | None:
        """Bytes, as those say who are asked now; None while nobody is."""
        return self._size or None

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
        self._sources.pop(key, None)
        if key == self._alone:
            self._begin_anew()

    def rejected(self, key: PeerKey, piece: int, now: float) -> None:
        """The source will not give a piece, for now."""
        source = self._sources.get(key)
        if source is not None and source.asked.pop(piece, None) is not None:
            self._set_back(source, now)

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
        if size == self._size and piece not in self._pieces and self._alone in (None, key):
            self._pieces[piece] = data
            self._givers[key] = None
            self._moved_at = now
            if len(self._pieces) == piece_count(size):
                self._check()
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
            self._time_out(source, now)
        self._choose(now)
        asks = [(source.key, piece) for source in self._usable(now) for piece in self._ask(source, now)]
        self._plan(now)
        return asks

    def _usable(self, now: float) -> list[Source]:
        """Those that may be asked: the one, or all of the size that is fetched."""
        if self._alone is not None:
            return [self._sources[self._alone]]
        if self._mistrust:
            return []
        return [source for source in self._sources.values() if source.size == self._size and source.ready_at <= now]

    def _ask(self, source: Source, now: float) -> Iterator[int]:
        while len(source.asked) < OUTSTANDING:
            piece = self._next_piece(source, now)
            if piece is None:
                return
            source.asked[piece] = now
            yield piece

    def _next_piece(self, source: Source, now: float) -> int | None:
        """The first that nobody owes; else the one that has been owed for the longest time, if that is long enough."""
        since: dict[int, float] = {}
        owed: Counter[int] = Counter()
        for other in self._sources.values():
            for piece, at in other.asked.items():
                since[piece] = max(at, since.get(piece, at))
                owed[piece] += 1
        for piece in range(piece_count(self._size)):
            if piece not in self._pieces and piece not in owed:
                return piece
        again = [
            (at, piece)
            for piece, at in since.items()
            if piece not in self._pieces and piece not in source.asked and owed[piece] < ASKED_OF
        ]
        return next((piece for at, piece in sorted(again) if at + PATIENCE <= now), None)

    def _plan(self, now: float) -> None:
        """When something changes by itself: an answer is late, a pause ends, a piece may be asked of somebody else."""
        times = [self._alone_until]
        if len(self._sizes()) > 1 and self._moved_at + STALL > now:
            times.append(self._moved_at + STALL)
        for source in self._sources.values():
            times += [at + wait for at in source.asked.values() for wait in (PATIENCE, TIMEOUT) if at + wait > now]
            if source.ready_at > now:
                times.append(source.ready_at)
        self._deadline = min(times)

    # --- who is asked

    def _choose(self, now: float) -> None:
        """Whom to ask: of one size, or alone."""
        if self._mistrust:
            self._choose_one(now)
            return
        able = [source for source in self._sources.values() if source.ready_at <= now or source.asked]
        votes = Counter(source.size for source in able)
        if now >= self._moved_at + STALL and len(votes) > 1:
            del votes[self._size]
        if not votes or self._size in votes:
            return
        self._begin_anew()
        self._size = min(votes, key=lambda size: (self._turns.get(size, 0), -votes[size]))  # of equals the first said
        self._moved_at = now
        self._turns = {size: self._turns.get(size, 0) + (size == self._size) for size in self._sizes()}

    def _sizes(self) -> list[int]:
        """Those that somebody names, in the order in which they were said."""
        return list(dict.fromkeys(source.size for source in self._sources.values()))

    def _choose_one(self, now: float) -> None:
        if self._alone is not None and now >= self._alone_until:
            self._set_back(self._sources[self._alone], now)
        ready = [source for source in self._sources.values() if source.ready_at <= now]
        if self._alone is not None or not ready:
            return
        chosen = min(ready, key=lambda source: source.trials)  # of equals the one that came first
        chosen.trials += 1
        self._size, self._alone = chosen.size, chosen.key
        self._alone_until = now + ALONE + piece_count(chosen.size)

    def _time_out(self, source: Source, now: float) -> None:
        overdue = [piece for piece, at in source.asked.items() if at + TIMEOUT <= now]
        for piece in overdue:
            del source.asked[piece]
            source.late[piece] = None
        if overdue:
            self._set_back(source, now)

    def _set_back(self, source: Source, now: float) -> None:
        source.setbacks += 1
        doublings = min(source.setbacks - 1, 10)  # far beyond the longest
        source.ready_at = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**doublings)
        if source.key == self._alone:
            self._begin_anew()

    # --- whether it is right

    def _check(self) -> None:
        data = b"".join(self._pieces[piece] for piece in range(piece_count(self._size)))
        if sha1(data).digest() == self._info_hash:
            self.metadata = data
            return
        givers = list(self._givers)
        self._begin_anew()
        if len(givers) > 1:
            self._mistrust = True
            return
        self._sources.pop(givers[0], None)
        self._liars.append(givers[0])

    def _begin_anew(self) -> None:
        """Nothing of what came is believed; what is owed still may come."""
        self._pieces.clear()
        self._givers.clear()
        self._alone, self._alone_until = None, NEVER
        for source in self._sources.values():
            source.late.update(dict.fromkeys(source.asked))
            source.asked.clear()
