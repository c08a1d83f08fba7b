"""What the outside sees: torrents, jobs, events. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import deferLater

from torrentd.session.control import AddOptions, Changes
from torrentd.session.events.log import Event, Found, Listener, Topic
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.steering.part import Part
from torrentd.session.telling import snapshots
from torrentd.session.telling.details import DetailsRow, details_row, magnet_details_row
from torrentd.session.telling.rows import (
    ClosedPeerRow,
    FileRow,
    InspectRow,
    JobRow,
    PeerRow,
    PiecesRow,
    TorrentRow,
    TrackerRow,
    WaitRow,
)
from torrentd.session.telling.waiting import Until

if TYPE_CHECKING:
    from torrentd.session.running.torrent import TorrentSession


class Looking(Part):
    """See `session.control.Control`."""

    def ids(self) -> list[str]:
        return [info_hash.hex() for info_hash in (*self._around.torrents, *self._around.broken)]

    def row(self, id: str) -> TorrentRow:
        broken = self._around.broken.get(bytes.fromhex(id))
        return snapshots.broken_row(broken) if broken else self._row(self._around.torrents[self._around.find(id)])

    def _rows(self, columns: Collection[str] | None) -> list[TorrentRow]:
        """The queue was asked to show all, if `queue` is among the columns."""
        around = self._around
        if columns is None or "seeding_time" in columns:
            now = self._daemon.host.reactor.seconds()
            rows = [snapshots.row_of(torrent, now) for torrent in around.torrents.values()]
        else:
            rows = [
                torrent.row if type(torrent) is Sleeper else self._row(torrent) for torrent in around.torrents.values()
            ]
        return rows + [snapshots.broken_row(broken) for broken in around.broken.values()]

    def _row(self, torrent: TorrentSession | MagnetSession | Sleeper) -> TorrentRow:
        if isinstance(torrent, Sleeper):
            self._around.queueing.show(torrent)
        return snapshots.row_of(torrent, self._daemon.host.reactor.seconds())

    def revision(self) -> int:
        return self._around.changes.revision

    def changes(self, since: int | None, columns: Collection[str] | None = None) -> Changes:
        places = columns is None or "queue" in columns
        log = self._around.changes
        whole = since is None or not log.knows(since)
        if places:
            self._around.queueing.show_all(at_once=whole)
        if since is None or whole:
            return Changes(self._rows(columns), [], log.revision, True)
        changed = log.changed(since, places)
        return Changes([self.row(id) for id in changed], log.removed(since), log.revision, False)

    def files(self, id: str) -> Deferred[list[FileRow]]:
        return self._awake(id, snapshots.file_rows)

    def peers(self, id: str) -> Deferred[tuple[list[PeerRow], list[ClosedPeerRow]]]:
        return self._awake(id, snapshots.peer_rows, snapshots.magnet_peer_rows)

    def trackers(self, id: str) -> Deferred[list[TrackerRow]]:
        return self._awake(id, snapshots.tracker_rows, snapshots.tracker_rows)

    def pieces(self, id: str) -> Deferred[PiecesRow]:
        return self._awake(id, snapshots.pieces_row)

    def details(self, id: str) -> Deferred[DetailsRow]:
        return self._awake(id, details_row, magnet_details_row)

    def wait(self, ids: Sequence[str], until: Until, timeout: float) -> Deferred[WaitRow]:
        known = [id if bytes.fromhex(id) in self._around.broken else self._around.find(id).hex() for id in ids]
        return self._around.waits.wait(known, until, timeout)

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]:
        return Deferred.fromCoroutine(self._daemon.adding.parse(metainfo)).addCallback(snapshots.inspect_row)

    def inspect_magnet(self, link: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        done = Deferred.fromCoroutine(self._daemon.magnets.look(link, options, timeout))
        return done.addCallback(snapshots.inspect_row)

    def inspect_url(self, url: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        done = Deferred.fromCoroutine(self._daemon.urls.look(url, options, timeout))
        return done.addCallback(snapshots.inspect_row)

    def jobs(self) -> list[JobRow]:
        return self._around.jobs.rows()

    def job(self, id: int) -> JobRow:
        return self._around.jobs.row(id)

    def poll_events(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        return self._around.events.poll(since, topics, timeout)

    def events_after(self, since: str | None, topics: Collection[Topic]) -> Found:
        log = self._around.events.log
        return Found(log.cursor, [], False) if since is None else log.after(since, topics)

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        return self._around.events.listen(topics, tell)

    def ignore(self, listener: Listener) -> None:
        self._around.events.ignore(listener)

    def let_others(self) -> Deferred[None]:
        return deferLater(self._daemon.host.reactor, 0)

    def find(self, id: str) -> Deferred[None]:
        return execute(self._around.find, id).addCallback(lambda _: None)
