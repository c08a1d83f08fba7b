"""The torrents' announces on their way to `net`: who we are is added here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import Deferred, DeferredList

from torrentd.swarm.commands import Announce
from torrentd.swarm.events import AnnounceNow, PortChanged
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

if TYPE_CHECKING:
    from torrentd.model.ids import PeerId
    from torrentd.net.trackers.trackers import Trackers
    from torrentd.session.around import Around
    from torrentd.session.driven import Driven

T = TypeVar("T")


class Announces:
    """Announces and scrapes of all torrents. `port` is where peers reach us."""

    def __init__(self, trackers: Trackers, port: int) -> None:
        self._trackers = trackers
        self.port = port
        self._goodbyes: dict[Deferred[Answer], None] = {}
        self.under_way = 0
        """announces that were not answered yet, those that wait for their turn included"""

    def announce(self, info_hash: bytes, peer_id: PeerId, command: Announce) -> Deferred[Answer]:
        """Errback TrackerError."""
        done = self._trackers.announce(command, info_hash=info_hash[:20], peer_id=peer_id, port=self.port)
        if command.event == "stopped" and not done.called:
            self._goodbyes[done] = None
            done.addBoth(self._said, done)
        self.under_way += 1
        return done.addBoth(self._over)

    def scrape(self, session: Driven[Any], url: str) -> Deferred[ScrapeAnswer]:
        """Errback TrackerError."""
        return self._trackers.scrape(url, session.info_hash[:20])

    def goodbyes(self) -> Deferred[Any]:
        """Fires when every "stopped" that is under way has been answered or given up."""
        waiting: list[Deferred[None]] = []
        for goodbye in self._goodbyes:
            over: Deferred[None] = Deferred()
            goodbye.addBoth(_tell, over)
            waiting.append(over)
        return DeferredList(waiting)

    def stop(self) -> None:
        """Give up everything that is under way."""
        self._trackers.stop()

    def _over(self, result: T) -> T:
        self.under_way -= 1
        return result

    def _said(self, result: T, done: Deferred[Answer]) -> T:
        self._goodbyes.pop(done, None)
        return result


def announce_now(around: Around, session: Driven[Any]) -> None:
    """Tell the trackers and the DHT of a running torrent."""
    session.handle(AnnounceNow())
    around.dht.search_now(session)


def announce_port(around: Around) -> None:
    """Peers reach us somewhere else. Who sleeps tells that with its next announce."""
    for session in around.all_awake():
        if session.torrent.running:
            session.handle(PortChanged())
            around.dht.search_now(session)


def _tell(result: T, over: Deferred[None]) -> T:
    over.callback(None)
    return result
