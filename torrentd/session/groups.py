"""Groups of torrents with rate limits of their own, between those of each torrent and those of the daemon.

A group, or a torrent in none, may be outside of the daemon's limits; a torrent may be outside of all but its own. Who
knows of groups, and keeps them over restarts, is the RPC of Transmission.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm.events import SetShared

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.running.torrent import TorrentSession


class GroupLimits(NamedTuple):
    """Bytes per second of all members together; None is unlimited. `honors`: the daemon's limits hold as well."""

    down: int | None = None
    up: int | None = None
    honors: bool = True


class Membership(NamedTuple):
    """Of a torrent in a group; "" is none. `honors`: there are other limits for it than its own."""

    group: str = ""
    honors: bool = True


class Groups:
    """All of them, and who is in which."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._limits: dict[str, GroupLimits] = {}
        self._buckets: dict[str, tuple[Bucket, Bucket]] = {}
        self._members: dict[bytes, Membership] = {}

    def set(self, limits: Mapping[str, GroupLimits], members: Mapping[bytes, Membership]) -> None:
        """All anew; it counts at once."""
        now = self._around.host.reactor.seconds()
        changed = {name for name in {*limits, *self._limits} if limits.get(name) != self._limits.get(name)}
        for name, group in limits.items():
            down, up = self._buckets.setdefault(name, (Bucket(), Bucket()))
            if name in changed:
                down.set_rate(group.down, now)
                up.set_rate(group.up, now)
        before, self._limits, self._members = self._members, dict(limits), dict(members)
        for info_hash, session in list(self._around.sessions.items()):
            was, now_is = before.get(info_hash, Membership()), self._members.get(info_hash, Membership())
            if was != now_is or now_is.group in changed:
                self.apply(session)

    def apply(self, session: TorrentSession) -> None:
        """Tell the torrent which limits it shares."""
        downs, ups = self._shared(self._members.get(session.info_hash, Membership()))
        session.handle(SetShared(downs, ups))

    def joined(self, session: TorrentSession) -> None:
        """The same for one that was just made, which shares those of the daemon."""
        if session.info_hash in self._members:
            self.apply(session)

    def _shared(self, member: Membership) -> tuple[tuple[Bucket, ...], tuple[Bucket, ...]]:
        fleet = self._around.connections.fleet
        whole = (fleet.down,), (fleet.up,)
        if not member.honors:
            return (), ()
        if member.group not in self._limits:
            return whole
        down, up = self._buckets[member.group]
        if self._limits[member.group].honors:
            return (down, *whole[0]), (up, *whole[1])
        return (down,), (up,)
