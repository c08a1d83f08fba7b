"""Who is banned since when, why and for how long: by the user, and by torrents in which somebody did harm.

The register that all torrents ask (`policy.peers.bans`) knows neither times nor the disk; both are here. What is banned
is left at once, wherever it is connected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import RpcError, StorageError
from torrentd.policy.peers import bans as policy
from torrentd.session.alarm import Alarm
from torrentd.session.telling.rows import BanRow
from torrentd.state.records import BanRecord
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.around import Around

log = Logger()

AUTOMATIC_TIME = 7 * 86400.0
"""Seconds for who did harm: long enough to be of no use to a liar, and an address has another owner some day."""

MOST_BY_HAND = 4096
"""Bans of the user: whoever has more of them wants the blocklist."""

BY_HAND = "by the user"
"""The reason if he gives none."""

NEVER = float("inf")


class Banning:
    """Owns `around.bans`, as far as they are not the blocklist."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._records: dict[str, BanRecord] = {}
        self._ends: dict[str, float] = {}
        """monotonic; those that end"""
        self._alarm = Alarm(around.host.reactor)

    def start(self, stored: Iterable[BanRecord]) -> None:
        """Take up what earlier runs kept."""
        for record in stored:
            try:
                policy.read(record.whom)
            except ValueError as error:
                log.warn("a ban is dropped: {error}", error=escape(str(error)))
                continue
            self._put(record)
        self._look()

    def stop(self) -> None:
        """Nothing ends any more."""
        self._alarm.cancel()

    def rows(self) -> list[BanRow]:
        """All of them, the oldest first."""
        return [_row(record) for record in self._records.values()]

    # --- by hand

    def ban(self, networks: Sequence[str], reason: str | None, seconds: float | None) -> Deferred[list[BanRow]]:
        """Ban addresses and networks, until the time is over or they are lifted; fires with what is banned then when it
        will survive a restart. RpcError("invalid_params"): nothing was changed."""
        spelled = _read(networks)
        now = self._around.host.wall_clock()
        until = None if seconds is None else now + seconds
        records = [BanRecord(whom, reason or BY_HAND, now, until, None) for whom in spelled]
        by_hand = sum(record.torrent is None for record in self._records.values())
        if by_hand + len(records) > MOST_BY_HAND:
            raise _invalid("networks", f"there can be {MOST_BY_HAND} bans; the blocklist is for more")
        for record in records:
            self._put(record)
        self._look()
        self._around.connections.leave_banned()
        log.info("banned: {whom}", whom=", ".join(spelled))
        return self._around.host.state.put_bans(records).addCallback(lambda _: [_row(record) for record in records])

    def lift(self, networks: Sequence[str]) -> Deferred[int]:
        """Ban these no more; fires with how many when that will survive a restart. RpcError("invalid_params") if one is
        not banned: nothing was changed."""
        spelled = _read(networks)
        for index, whom in enumerate(spelled):
            if whom not in self._records:
                raise _invalid(f"networks[{index}]", f"{whom} is not banned")
        lifted = list(dict.fromkeys(spelled))
        self._lift(lifted)
        log.info("not banned any more: {whom}", whom=", ".join(lifted))
        return self._around.host.state.lift_bans(lifted).addCallback(lambda _: len(lifted))

    # --- by torrents

    def banned(self, whom: str, reason: str, torrent: bytes) -> None:
        """A torrent has put somebody into the register."""
        before = self._records.get(whom)
        if before is not None and before.torrent is None:
            return
        now = self._around.host.wall_clock()
        record = BanRecord(whom, reason, now, now + AUTOMATIC_TIME, torrent)
        self._note(record)
        self._look()
        log.info("banned: {whom}: {reason}", whom=whom, reason=escape(reason))
        self._around.connections.leave_banned()
        self._kept(self._around.host.state.put_bans([record]))
        forgotten = [known for known in self._records if known not in self._around.bans]
        if forgotten:
            self._lift(forgotten)
            self._kept(self._around.host.state.lift_bans(forgotten))

    # --- both

    def _put(self, record: BanRecord) -> None:
        self._around.bans.put(record.whom, record.reason, automatic=record.torrent is not None)
        self._note(record)

    def _note(self, record: BanRecord) -> None:
        self._records.pop(record.whom, None)
        self._records[record.whom] = record
        self._ends.pop(record.whom, None)
        if record.until is not None:
            host = self._around.host
            left = min(record.until - host.wall_clock(), record.until - record.at)  # the clock may have been set back
            self._ends[record.whom] = host.reactor.seconds() + left

    def _lift(self, whom: Iterable[str]) -> None:
        for one in whom:
            self._around.bans.lift(one)
            self._records.pop(one, None)
            self._ends.pop(one, None)

    def _look(self) -> None:
        """End what is over, and come back when the next one is."""
        now = self._around.host.reactor.seconds()
        over = [whom for whom, end in self._ends.items() if end <= now]
        if over:
            self._lift(over)
            self._kept(self._around.host.state.lift_bans(over))
        self._alarm.set(min(self._ends.values(), default=NEVER), self._look)

    def _kept(self, written: Deferred[None]) -> None:
        """Nobody waits for it; a restart may bring back the state of before."""
        written.addErrback(_not_kept)


def _not_kept(failure: Failure) -> None:
    failure.trap(StorageError)
    log.error("bans cannot be kept: {error}", error=str(failure.value))


def _read(networks: Sequence[str]) -> list[str]:
    spelled = []
    for index, text in enumerate(networks):
        try:
            spelled.append(policy.read(text))
        except ValueError as error:
            raise _invalid(f"networks[{index}]", str(error)) from None
    return spelled


def _invalid(path: str, what: str) -> RpcError:
    return RpcError("invalid_params", f"{path}: {what}", path=path)


def _row(record: BanRecord) -> BanRow:
    torrent = None if record.torrent is None else record.torrent.hex()
    return BanRow(record.whom, record.reason, torrent is not None, torrent, record.at, record.until)
