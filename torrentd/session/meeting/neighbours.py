"""Peers on the local network (BEP 14): our torrents are announced there, and who announces one of them is a candidate.

Torrents that sleep are announced as well. A peer wakes one only if something is missing: who lacks what a sleeping seed
has hears its announcements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.address import Address, Scope, scope
from torrentd.model.errors import TorrentdError
from torrentd.policy.peers.neighbours import LocalTurns, datagrams
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.swarm.events import PeersFound
from torrentd.wire import lsd

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.driven import Driven

log = Logger()

LOOK = 60.0
"""Seconds between two looks at what is due."""

SOON = 1.0
"""Seconds after which a torrent that starts is announced: often several start together."""


class Group(Protocol):
    """A multicast group in which we take part; see net.multicast."""

    group: Address

    def send(self, data: bytes) -> None:
        """To everybody near."""

    def leave(self) -> object:
        """Take part no more."""


class Neighbours:
    """Announces and listens while `start` .. `stop`."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._cookie = f"{around.host.secret_rng.getrandbits(32):08x}"
        self._turns = LocalTurns(lsd.MOST)
        self._groups: list[Group] = []
        self._port = 0
        self._timer: IDelayedCall | None = None

    def start(self, listen: list[Address]) -> None:
        """Take part on the interfaces on which we listen for peers."""
        self._port = listen[0].port if listen else 0
        self._groups = list(self._around.host.network.groups((lsd.V4_GROUP, lsd.V6_GROUP), listen, self._near))
        if self._groups:
            self._look_in(SOON)

    def stop(self) -> None:
        """No timer and no socket stays."""
        groups, self._groups = self._groups, []
        for group in groups:
            group.leave()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def started(self) -> None:
        """A torrent entered its swarm: it is announced soon."""
        if self._groups:
            self._look_in(max(SOON, self._turns.wait(self._now())))

    # --- announcing

    def _look(self) -> None:
        active = list(self._active())
        if not active:
            return  # whoever starts has us look again
        chosen = self._turns.take(active, self._now())
        for info_hashes in datagrams(chosen):
            announcement = lsd.Announcement(self._port, info_hashes, self._cookie)
            for group in self._groups:
                group.send(lsd.encode(announcement, group.group))
        self._look_in(max(SOON, self._turns.wait(self._now())) if len(chosen) == lsd.MOST else LOOK)

    def _look_in(self, seconds: float) -> None:
        timer = self._timer
        if timer is None or not timer.active():
            self._timer = self._around.host.reactor.callLater(seconds, self._look)
        elif timer.getTime() > self._now() + seconds:
            timer.reset(seconds)

    def _active(self) -> Iterator[bytes]:
        """Public torrents in their swarms; the wire knows the first 20 bytes of an info hash."""
        for info_hash, torrent in self._around.torrents.items():
            if isinstance(torrent, Sleeper):
                active = torrent.runs and not torrent.row.private
            else:
                active = torrent.torrent.running and not torrent.private
            if active:
                yield info_hash[:20]

    # --- hearing

    def _near(self, datagram: bytes, source: Address) -> None:
        if not self._turns.may_read(self._now()):
            return
        try:
            announcement = lsd.parse(datagram)
        except ValueError as problem:
            log.debug("{source} sent no local announcement: {problem}", source=source.host, problem=problem)
            return
        if announcement.cookie == self._cookie or _needs_a_zone(source.host):
            return
        peer = Address(source.host, announcement.port)
        for info_hash in announcement.info_hashes:
            self._found(info_hash, peer)

    def _found(self, info_hash: bytes, peer: Address) -> None:
        torrent = self._around.known(info_hash)
        if torrent is None:
            return
        if not isinstance(torrent, Sleeper):
            _tell(torrent, peer)
            return
        if torrent.row.left and torrent.has_to_meet([peer]):
            awake = self._around.waking.awake(info_hash)
            awake.addCallback(_tell, peer).addErrback(lambda failure: failure.trap(TorrentdError) and None)

    def _now(self) -> float:
        return float(self._around.host.reactor.seconds())


def _tell(session: Driven[Any], peer: Address) -> None:
    if session.torrent.running and not session.private:
        session.handle(PeersFound([peer], "lsd"))


def _needs_a_zone(host: str) -> bool:
    """IPv6 addresses of one link alone cannot be dialled without the interface's name, which addresses here lack."""
    return ":" in host and scope(host) == Scope.LINK_LOCAL
