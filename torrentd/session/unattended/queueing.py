"""The queue: who downloads and seeds at once, and who waits for his turn.

Downloads and seeds stand in a line each (`policy.queueing`), all of them, so that each has a position; magnet links
stand with the downloads, but do not wait. Who wants to start when there is a limit waits in its line's `waiting`, in
the order of the turns; soon after, and then now and then while somebody waits, a *round* lets the first ones run and
makes others wait. A round looks at who is awake and at the first of those who wait, never at all: who sleeps and runs
moves nothing, and is not counted.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.errors import RpcError, StorageError
from torrentd.policy.queueing import STEP, Contender, Line, Where, admitted
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from torrentd.config.settings import Queue as Settings
    from torrentd.session.around import Member
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

Kind = Literal["downloads", "seeds"]
KINDS: tuple[Kind, ...] = ("downloads", "seeds")

SOON = 0.05
"""Seconds from a change to the round that it leads to; many come together."""

ROUND = 10.0
"""Seconds between two rounds while somebody waits: whether something moves shows only with time."""

MANY = 1000
"""New positions, from which on they are not shown with every look: to make their rows takes 20 ms."""

PER_SECOND = 5000
"""So many of them are shown in a second: 50,000 rows take a second to make, so this is a tenth of a core."""

Entry = tuple[float, bytes]
"""rank and info hash"""


class Queueing:
    """All torrents, by the lines in which they stand."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._lines: dict[Kind, Line] = {kind: Line() for kind in KINDS}
        self._kinds: dict[bytes, Kind] = {}
        self._stored: dict[bytes, float] = {}
        """ranks of an earlier run, until their torrents are placed"""
        self._last = 0.0
        """the highest rank ever given"""
        self._shifted: dict[Kind, int] = {}
        """from which position on the rows of a line's sleepers tell an old one"""
        self._shown_until = 0.0
        """until then nobody is shown anew who need not be at once"""
        self._waiting: dict[Kind, list[Entry]] = {kind: [] for kind in KINDS}
        self._entries: dict[bytes, tuple[Kind, Entry]] = {}
        """of those who wait"""
        self._called: dict[bytes, Kind] = {}
        """who may start and has not yet: it is being woken"""
        self._timer: IDelayedCall | None = None
        self._stopped = False

    # --- the lines

    def load(self, ranks: dict[bytes, float]) -> None:
        """As they were stored; who is not among them comes after them."""
        self._stored = ranks
        self._last = max(ranks.values(), default=0.0)

    def place(self, info_hash: bytes, torrent: Member) -> None:
        """A new torrent, or one that woke or fell asleep; it may have become a seed, or a download."""
        kind, known = kind_of(torrent), self._kinds.get(info_hash)
        if kind == known:
            return
        rank = self._stored.pop(info_hash, None) if known is None else self._lines[known].rank(info_hash)
        if known is not None:
            self._take_out(info_hash, known)
        if rank is None:
            rank = self._last = self._last + STEP
            self._keep({info_hash: rank})
        self._kinds[info_hash] = kind
        position = self._lines[kind].add(info_hash, rank)
        self._shift(kind, position if isinstance(torrent, Sleeper) else position + 1)

    def forget(self, info_hash: bytes) -> None:
        """The torrent is gone."""
        self.left(info_hash)
        kind = self._kinds.pop(info_hash, None)
        if kind is not None:
            self._take_out(info_hash, kind)

    def position(self, info_hash: bytes) -> int | None:
        """In its line, counted from 0."""
        kind = self._kinds.get(info_hash)
        return None if kind is None else self._lines[kind].position(info_hash)

    def move(self, movers: Iterable[bytes], to: Where) -> Deferred[None]:
        """Fires when it is on the disk. Each in its own line."""
        moving = list(movers)
        changed: dict[bytes, float] = {}
        for kind, line in self._lines.items():
            new = line.move([one for one in moving if one in line], to)
            changed |= new
            if new:
                self._shift(kind, 0)
        self._last = max(self._last, *changed.values(), 0.0)
        for info_hash in changed:
            self._stand_anew(info_hash)
        self._shown_until = 0.0
        self.stir(SOON)
        return self._around.host.state.set_ranks(changed)

    def show(self, sleeper: Sleeper) -> None:
        """Have its row tell its position; it counts as changed if it told another."""
        self._show(sleeper, self.position(bytes.fromhex(sleeper.row.id)))

    def show_all(self, *, at_once: bool = True) -> None:
        """The same for all. If it need not be at once, MANY are not shown again so soon: while thousands begin, each
        moves all behind it up."""
        now = self._around.host.reactor.seconds()
        if now < self._shown_until and not at_once:
            return
        shifted, self._shifted = self._shifted, {}
        count = sum(len(self._lines[kind]) - start for kind, start in shifted.items())
        self._shown_until = now + count / PER_SECOND if count >= MANY else now
        for kind, start in shifted.items():
            for position, info_hash in enumerate(self._lines[kind].members(start), start):
                torrent = self._around.torrents.get(info_hash)
                if isinstance(torrent, Sleeper):
                    self._show(torrent, position)
                else:
                    self._around.changes.shift(info_hash.hex())

    def _show(self, sleeper: Sleeper, position: int | None) -> None:
        told = sleeper.row.queue
        if told != position:
            sleeper.row = msgspec.structs.replace(sleeper.row, queue=position)
            if told is not None:
                self._around.changes.shift(sleeper.row.id)

    def _take_out(self, info_hash: bytes, kind: Kind) -> None:
        self._shift(kind, self._lines[kind].position(info_hash))
        self._lines[kind].remove(info_hash)

    def _shift(self, kind: Kind, start: int) -> None:
        if start < len(self._lines[kind]):
            self._shifted[kind] = min(start, self._shifted.get(kind, start))

    def _keep(self, ranks: dict[bytes, float]) -> None:
        self._around.host.state.set_ranks(ranks).addErrback(_not_kept)

    # --- whose turn it is

    def admits(self, session: TorrentSession) -> bool:
        """Whether a torrent that wants to start may; if not, it waits, and is started in its turn."""
        if self._called.pop(session.info_hash, None) or session.facts.forced or self._limit(kind_of(session)) is None:
            self._wait_no_more(session.info_hash)
            return True
        self._wait(session)
        return False

    def makes_wait(self, info_hash: bytes, sleeper: Sleeper) -> bool:
        """Whether one that sleeps, and would like to start, waits for its turn from now on."""
        if self._limit(kind_of(sleeper)) is None:
            return False
        self._stand(info_hash)
        self.stir(SOON)
        return True

    def goes_on(self, session: TorrentSession) -> None:
        """It ran while it slept, and is to run now that it wakes."""
        self._called[session.info_hash] = kind_of(session)

    def left(self, info_hash: bytes) -> None:
        """It stops, or is gone: somebody else may be next."""
        self._wait_no_more(info_hash)
        self._called.pop(info_hash, None)
        self.stir(SOON)

    def changed(self, session: TorrentSession) -> None:
        """Its state changed."""
        self.place(session.info_hash, session)
        if session.info_hash in self._entries:
            self._wait(session)
        self.stir(SOON)

    def stir(self, seconds: float = ROUND) -> None:
        """Look again within so many seconds, if there is anything to look at."""
        if self._stopped or not self._is_needed:
            return
        reactor = self._around.host.reactor
        if self._timer is None or not self._timer.active():
            self._timer = reactor.callLater(seconds, self._round)
        elif self._timer.getTime() > reactor.seconds() + seconds:
            self._timer.reset(seconds)

    def stop(self) -> None:
        """Nobody starts any more."""
        self._stopped = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    @property
    def _is_needed(self) -> bool:
        return bool(self._entries) or any(self._limit(kind) is not None for kind in KINDS)

    @property
    def _settings(self) -> Settings:
        return self._daemon.settings.queue

    def _limit(self, kind: Kind) -> int | None:
        return getattr(self._settings, kind) or None  # 0 in the file is unlimited

    def _round(self) -> None:
        for kind in KINDS:
            self._round_of(kind, self._limit(kind))
        if self._entries:
            self.stir(ROUND)

    def _round_of(self, kind: Kind, limit: int | None) -> None:
        sessions = [one for one in self._around.sessions.values() if one.torrent.running and kind_of(one) == kind]
        called = [info_hash for info_hash, its in self._called.items() if its == kind]
        places = len(self._waiting[kind]) if limit is None else limit
        waiting = [info_hash for _, info_hash in self._waiting[kind][:places]]
        hashes = [*(one.info_hash for one in sessions), *called, *waiting]
        contenders = [
            *(self._running(one) for one in sessions),
            *(Contender(self._rank(info_hash)) for info_hash in [*called, *waiting]),
        ]
        verdicts = dict(zip(hashes, admitted(contenders, len(hashes) if limit is None else limit), strict=True))
        for session in sessions:
            if not verdicts[session.info_hash]:
                session.stop()
                session.start()  # and so it waits
        for info_hash in waiting:
            if verdicts[info_hash]:
                self._call(info_hash, kind)

    def _running(self, session: TorrentSession) -> Contender:
        active = session.active_since
        stalled = active is not None and session.now() >= active + self._settings.stalled_after
        return Contender(self._rank(session.info_hash), session.facts.forced, stalled)

    def _rank(self, info_hash: bytes) -> float:
        return self._lines[self._kinds[info_hash]].rank(info_hash)

    def _call(self, info_hash: bytes, kind: Kind) -> None:
        """Its turn has come."""
        self._wait_no_more(info_hash)
        self._called[info_hash] = kind
        torrent = self._around.torrents.get(info_hash)
        if isinstance(torrent, Sleeper):
            torrent.active_since = self._around.host.reactor.seconds()  # or it would count as stalled at once
            woken: Deferred[TorrentSession] = self._around.waking.awake(info_hash)
            woken.addErrback(_not_woken).addBoth(lambda _: self._called.pop(info_hash, None))
        elif torrent is not None and not isinstance(torrent, MagnetSession):
            torrent.active_since = None
            torrent.start()
            self._called.pop(info_hash, None)

    # --- who waits

    def _wait(self, session: TorrentSession) -> None:
        self._wait_no_more(session.info_hash)
        self.place(session.info_hash, session)
        self._stand(session.info_hash)
        self.stir(SOON)

    def _stand(self, info_hash: bytes) -> None:
        kind, entry = self._kinds[info_hash], (self._rank(info_hash), info_hash)
        self._entries[info_hash] = kind, entry
        insort(self._waiting[kind], entry)

    def _stand_anew(self, info_hash: bytes) -> None:
        if info_hash in self._entries:
            self._wait_no_more(info_hash)
            self._stand(info_hash)

    def _wait_no_more(self, info_hash: bytes) -> None:
        kind, entry = self._entries.pop(info_hash, (None, None))
        if kind is not None and entry is not None:
            del self._waiting[kind][bisect_left(self._waiting[kind], entry)]


def kind_of(torrent: Member) -> Kind:
    """A torrent of which nothing that is wanted is missing is a seed."""
    if isinstance(torrent, Sleeper):
        return "downloads" if torrent.row.left else "seeds"
    return "seeds" if not isinstance(torrent, MagnetSession) and torrent.torrent.finished else "downloads"


def _not_kept(failure: Failure) -> None:
    """Its place is the last one after the next start as well, but for those who came later."""
    failure.trap(StorageError)


def _not_woken(failure: Failure) -> None:
    """What went wrong is in the log, and the torrent's row shows it."""
    failure.trap(StorageError, RpcError, CancelledError)
