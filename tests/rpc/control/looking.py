"""What it shows of its torrents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from twisted.internet.defer import Deferred, fail, succeed

from tests.rpc.control.part import Part
from tests.rpc.control.rows import ONE, REVISION, job, peer
from torrentd.model.errors import MetainfoError, RpcError
from torrentd.session.control import AddOptions, Changes
from torrentd.session.events.log import Event, Found, Listener, Topic
from torrentd.session.telling.details import DetailsRow
from torrentd.session.telling.rows import (
    ClosedPeerRow,
    FileRow,
    InspectRow,
    JobRow,
    PeerRow,
    PiecesRow,
    TrackerRow,
    WaitRow,
)


class Looking(Part):
    """Always the same."""

    def ids(self) -> list[str]:
        return list(self.torrents)

    def revision(self) -> int:
        return REVISION

    def changes(self, since: int | None, columns: Collection[str] | None = None) -> Changes:
        return Changes(list(self.torrents.values()), self.removed, REVISION, since is None or self.full)

    def files(self, id: str) -> Deferred[list[FileRow]]:
        self.row(id)
        return succeed([FileRow(index, f"data/{index}", 100, 100, 1.0, "normal") for index in range(5)])

    def peers(self, id: str) -> Deferred[tuple[list[PeerRow], list[ClosedPeerRow]]]:
        self.row(id)
        rows = [peer("192.0.2.1:6881"), peer("[2001:db8::1]:6881")]
        return succeed((rows, [ClosedPeerRow("192.0.2.9:1", "too slow", 1.0)]))

    def trackers(self, id: str) -> Deferred[list[TrackerRow]]:
        self.row(id)
        return succeed([TrackerRow("http://t.example/announce", 0, "working", "", 3, 4, None, 1.0, 2.0, 0)])

    def pieces(self, id: str) -> Deferred[PiecesRow]:
        self.row(id)
        return succeed(PiecesRow(4, 256, "8A==", None))

    def details(self, id: str) -> Deferred[DetailsRow]:
        self.row(id)
        return succeed(
            DetailsRow(f"magnet:?xt=urn:btih:{id}", [["http://t.example/announce"]], ["http://t.example/announce"])
        )

    def inspect_url(self, url: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        self.told.append(("inspect_url", url, options, timeout))
        return fail(RpcError("fetch_failed", "The torrent cannot be fetched: HTTP status 404"))

    def inspect_magnet(self, link: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        self.told.append(("inspect_magnet", link, options, timeout))
        return fail(RpcError("timeout", "The metadata did not come in time"))

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]:
        if not metainfo.startswith(b"d"):
            return fail(MetainfoError("not a bencoded dictionary"))
        files = [FileRow(0, "a", 1, 0, 0.0, "normal")]
        return succeed(InspectRow(ONE, ONE, None, "a", 1, 1, 16384, False, files, [], [], [], "", "", None))

    def let_others(self) -> Deferred[None]:
        self.told.append(("let_others",))
        return succeed(None)

    def find(self, id: str) -> Deferred[None]:
        return self._do("find", id)

    def wait(self, ids: Sequence[str], until: str, timeout: float) -> Deferred[WaitRow]:
        for id in ids:
            self.row(id)
        self.told.append(("wait", tuple(ids), until, timeout))
        if timeout == 0:
            return succeed(WaitRow([], list(ids), []))
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def jobs(self) -> list[JobRow]:
        return [job(1)]

    def job(self, id: int) -> JobRow:
        if id != 1:
            raise RpcError("job_not_found", "There is no such job, or it ended long ago")
        return job(id)

    def poll_events(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        self.told.append(("poll_events", since, tuple(topics), timeout))
        return succeed(Found("e-1", [Event("e-1", 5.0, "torrent.added", {"id": ONE})], False))

    def events_after(self, since: str | None, topics: Collection[Topic]) -> Found:
        return self.log.after(self.log.cursor if since is None else since, topics)

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        return self.log.listen(topics, tell)

    def ignore(self, listener: Listener) -> None:
        self.log.ignore(listener)
