"""Rows for the API, made from what the sessions hold. Reading only."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from torrentd.model.layout import FileEntry, Layout
from torrentd.net.encryption import NONE
from torrentd.policy.picking.piece_sets import bytes_of
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.rows import (
    ClosedPeerRow,
    DhtNodeRow,
    DhtStatusRow,
    ErrorRow,
    FilePriority,
    FileRow,
    InspectRow,
    LimitsRow,
    PeerRow,
    PeersSummary,
    PiecesRow,
    RatesRow,
    State,
    TorrentRow,
    TrackerRow,
    TrackerSummary,
)
from torrentd.session.telling.urls import safe_url
from torrentd.state.records import Broken
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import Metainfo

if TYPE_CHECKING:
    from torrentd.dht.dht import Status
    from torrentd.policy.tiers import Tracker
    from torrentd.session.driven import Driven
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.swarm.fetching.peer import Peer as FetchingPeer
    from torrentd.swarm.peers.peer import Peer

PRIORITY_NAMES: tuple[FilePriority, ...] = ("skip", "low", "normal", "high")


def state_of(session: TorrentSession | MagnetSession) -> State:
    """The first that fits, in the order of the API."""
    if session.error is not None:
        return "error"
    if isinstance(session, MagnetSession):
        return "metadata"
    if session.is_moving:
        return "moving"
    if session.checking is not None:
        return "checking"
    if session.facts.paused:
        return "paused"
    if session.facts.finished:
        return "finished"
    if session.queued:
        return "queued"
    return "seeding" if session.torrent.finished else "downloading"


def row_of(torrent: TorrentSession | MagnetSession | Sleeper, now: float) -> TorrentRow:
    """The torrent object of whatever stands for the torrent at the moment; `now` is monotonic."""
    if isinstance(torrent, Sleeper):
        return torrent.row_at(now)
    return magnet_row(torrent) if isinstance(torrent, MagnetSession) else torrent_row(torrent)


def torrent_row(session: TorrentSession) -> TorrentRow:
    """The torrent object."""
    torrent, facts, metainfo = session.torrent, session.facts, session.metainfo
    down, up = session.rates()
    wanted, left = torrent.wanted_size, torrent.wanted_left
    state = state_of(session)
    moves = state == "downloading" and down and left  # the rate outlives a stop for a while
    return TorrentRow(
        id=session.id,
        hash_v1=metainfo.hash_v1.hex() if metainfo.hash_v1 else None,
        hash_v2=metainfo.hash_v2.hex() if metainfo.hash_v2 else None,
        name=metainfo.name,
        state=state,
        stalled=session.stalled,
        error=session.error,
        progress=1.0 if not wanted else (wanted - left) / wanted,
        size=metainfo.geometry.size,
        wanted=wanted,
        done=bytes_of(metainfo.geometry, torrent.have),
        left=left,
        downloaded=torrent.totals.downloaded,
        uploaded=torrent.totals.uploaded,
        wasted=torrent.totals.wasted,
        ratio=torrent.totals.uploaded / torrent.totals.downloaded if torrent.totals.downloaded else None,
        rate_down=down,
        rate_up=up,
        eta=-(-left // down) if moves else None,
        peers=_peers_summary(session),
        queue=session.around.queueing.position(session.info_hash),
        labels=facts.labels,
        private=metainfo.private,
        download_dir=facts.download_dir,
        added_at=facts.added_at,
        started_at=facts.started_at,
        completed_at=facts.completed_at,
        active_at=facts.active_at,
        seeding_time=int(session.seeding_time),
        tracker=_tracker_summary(session),
        limits=msgspec.convert(facts.limits, LimitsRow),
        sequential=facts.sequential,
        piece_count=metainfo.geometry.piece_count,
        piece_size=metainfo.geometry.piece_size,
        metadata_progress=1.0,
        check_progress=session.checking,
        downloading_time=int(session.facts.downloading_time),
        edited_at=facts.edited_at,
        priority=facts.priority,
    )


def magnet_row(session: MagnetSession) -> TorrentRow:
    """A torrent whose metadata is not here yet."""
    record, fetching = session.record, session.torrent
    return TorrentRow(
        id=session.id, hash_v1=session.id, hash_v2=session.hash_v2, name=session.title, state=state_of(session),
        stalled=session.stalled, error=session.error, progress=0.0, size=None, wanted=None, done=0, left=None,
        downloaded=0, uploaded=0, wasted=0, ratio=None, rate_down=0, rate_up=0, eta=None,
        peers=_magnet_peers(session), queue=session.around.queueing.position(session.info_hash),
        labels=record.labels, private=None,
        download_dir=record.download_dir, added_at=record.added_at, started_at=None, completed_at=None, active_at=None,
        seeding_time=0, tracker=_tracker_summary(session), limits=msgspec.convert(record.limits, LimitsRow),
        sequential=record.sequential, piece_count=None, piece_size=None,
        metadata_progress=fetching.download.progress, check_progress=None, edited_at=record.added_at,
        priority=record.priority,
    )  # fmt: skip


def _magnet_peers(session: MagnetSession) -> PeersSummary:
    fetching = session.torrent
    seeders, leechers = _swarm_numbers(session)
    return PeersSummary(len(fetching.peers), 0, 0, 0, len(fetching.candidates), seeders, leechers)


def broken_row(broken: Broken) -> TorrentRow:
    """A torrent that is in the database and cannot be used."""
    return TorrentRow(
        id=broken.info_hash.hex(), hash_v1=broken.info_hash.hex(), hash_v2=None, name=broken.name, state="error",
        stalled=False, error=ErrorRow("invalid", escape(broken.reason), "state"), progress=0.0, size=0, wanted=0,
        done=0, left=0, downloaded=0, uploaded=0, wasted=0, ratio=None, rate_down=0, rate_up=0, eta=None,
        peers=PeersSummary(0, 0, 0, 0, 0, None, None), queue=None, labels=[], private=False, download_dir="",
        added_at=0.0, started_at=None, completed_at=None, active_at=None, seeding_time=0, tracker=None,
        limits=LimitsRow(), sequential=False, piece_count=0, piece_size=0, metadata_progress=1.0, check_progress=None,
    )  # fmt: skip


def _peers_summary(session: TorrentSession) -> PeersSummary:
    torrent, now = session.torrent, session.now()
    peers = torrent.peers.values()
    seeders, leechers = _swarm_numbers(session)
    return PeersSummary(
        connected=len(torrent.peers),
        seeds=sum(peer.is_seed for peer in peers),
        down=sum(peer.down.rate(now) > 0 for peer in peers),
        up=sum(peer.up.rate(now) > 0 for peer in peers),
        known=len(torrent.candidates),
        swarm_seeds=seeders,
        swarm_leechers=leechers,
    )


def _swarm_numbers(session: Driven[Any]) -> tuple[int | None, int | None]:
    """What the best informed tracker says; if none does, what the DHT estimates."""
    trackers = session.torrent.trackers
    seeders = [tracker.seeders for tracker in trackers if tracker.seeders is not None]
    leechers = [tracker.leechers for tracker in trackers if tracker.leechers is not None]
    if not seeders and not leechers:
        return session.swarm_estimate
    return max(seeders, default=None), max(leechers, default=None)


def _tracker_summary(session: Driven[Any]) -> TrackerSummary | None:
    trackers = session.torrent.trackers
    if not trackers:
        return None
    serving = next((tracker for tracker in trackers if tracker.status in ("working", "announcing")), trackers[0])
    return TrackerSummary(_host(serving.url), _status(serving), _wall(session, serving.next_announce))


def tracker_rows(session: Driven[Any]) -> list[TrackerRow]:
    """In the order in which they are tried."""
    return [
        TrackerRow(
            url=safe_url(tracker.url),
            tier=tracker.tier,
            status=_status(tracker),
            message=escape(tracker.message or tracker.warning),
            seeders=tracker.seeders,
            leechers=tracker.leechers,
            downloads=tracker.downloads,
            last_at=_wall(session, tracker.last_announce),
            next_at=_wall(session, tracker.next_announce),
            failures=tracker.failures,
            peers=tracker.peers,
        )
        for tracker in session.torrent.trackers
    ]


def _status(tracker: Tracker) -> str:
    """The API's words for it."""
    return {"new": "waiting", "failed": "error", "stopped": "waiting"}.get(tracker.status, tracker.status)


def _host(url: str) -> str:
    try:
        return escape(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _wall(session: Driven[Any], at: float | None) -> float | None:
    """A monotonic time as Unix seconds."""
    if at is None or at == float("inf"):
        return None
    return session.around.host.wall_clock() + at - session.now()


def peer_rows(session: TorrentSession) -> tuple[list[PeerRow], list[ClosedPeerRow]]:
    """The connected ones, and why the last ones are no longer."""
    now = session.now()
    return [_peer_row(session, peer, now) for peer in session.torrent.peers.values()], _closed_rows(session)


def magnet_peer_rows(session: MagnetSession) -> tuple[list[PeerRow], list[ClosedPeerRow]]:
    """The same while the metadata is fetched: nothing moves but that."""
    return [_magnet_peer_row(session, peer) for peer in session.torrent.peers.values()], _closed_rows(session)


def _magnet_peer_row(session: MagnetSession, peer: FetchingPeer) -> PeerRow:
    return PeerRow(
        address=str(peer.address), client=escape(peer.client), incoming=peer.incoming, source=peer.source,
        am_choking=True, am_interested=False, peer_choking=True, peer_interested=False, snubbed=False, progress=0.0,
        rate_down=0, rate_up=0, downloaded=0, uploaded=0, requests_out=0, requests_in=0,
        connected_at=_wall(session, peer.connected_at) or 0.0, encryption=_encryption(session, peer),
        listens=_listens(peer), extensions=_extensions(peer),
    )  # fmt: skip


def _encryption(session: Driven[Any], peer: Peer | FetchingPeer) -> str:
    connection = session.connections.get(peer.key)
    return connection.encryption if connection is not None else NONE


def _listens(peer: Peer | FetchingPeer) -> str | None:
    return str(peer.listens) if peer.listens is not None else None


def _extensions(peer: Peer | FetchingPeer) -> list[str]:
    return sorted(name.decode() for name in peer.extensions)


def _closed_rows(session: Driven[Any]) -> list[ClosedPeerRow]:
    return [
        ClosedPeerRow(str(gone.address), escape(gone.reason), _wall(session, gone.at) or 0.0)
        for gone in session.torrent.closed_peers
    ]


def _peer_row(session: TorrentSession, peer: Peer, now: float) -> PeerRow:
    return PeerRow(
        address=str(peer.address),
        client=escape(peer.client),
        incoming=peer.incoming,
        source=peer.source,
        am_choking=peer.am_choking,
        am_interested=peer.am_interested,
        peer_choking=peer.peer_choking,
        peer_interested=peer.peer_interested,
        snubbed=peer.snubbed,
        progress=peer.progress,
        rate_down=int(peer.down.rate(now)),
        rate_up=int(peer.up.rate(now)),
        downloaded=peer.downloaded,
        uploaded=peer.uploaded,
        requests_out=peer.queue.count,
        requests_in=peer.requests.count + (peer.serving.count if peer.serving else 0),
        connected_at=_wall(session, peer.connected_at) or 0.0,
        encryption=_encryption(session, peer),
        listens=_listens(peer),
        fast=peer.fast,
        upload_only=peer.upload_only,
        extensions=_extensions(peer),
    )


def file_rows(session: TorrentSession) -> list[FileRow]:
    """Every file; `done` counts bytes of verified pieces."""
    have, piece_size = session.torrent.have.flags(), session.metainfo.geometry.piece_size
    rows = []
    for index, entry in enumerate(session.metainfo.layout.files):
        priority = PRIORITY_NAMES[session.torrent.priorities[index]]
        rows.append(_file_row(session.metainfo.layout, index, _done(entry, have, piece_size), priority))
    return rows


def _done(entry: FileEntry, have: str, piece_size: int) -> int:
    """Bytes of a file that are there. There may be thousands of files, or thousands of pieces in one."""
    if not entry.size:
        return 0
    first, before = divmod(entry.offset, piece_size)
    last, within = divmod(entry.offset + entry.size - 1, piece_size)
    done = have.count("1", first, last + 1) * piece_size
    if have[first] == "1":
        done -= before
    if have[last] == "1":
        done -= piece_size - 1 - within
    return done


def _file_row(layout: Layout, index: int, done: int, priority: FilePriority) -> FileRow:
    entry = layout.files[index]
    return FileRow(index, "/".join(entry.path), entry.size, done, done / entry.size if entry.size else 1.0, priority)


def pieces_row(session: TorrentSession) -> PiecesRow:
    geometry = session.metainfo.geometry
    return PiecesRow(
        count=geometry.piece_count,
        size=geometry.piece_size,
        have=b64encode(session.torrent.have.to_bytes()).decode(),
        availability=session.torrent.availability,
    )


def dht_row(status: Status | None) -> DhtStatusRow:
    """The DHT; None: it is off."""
    if status is None:
        nothing = {"torrents": 0, "peers": 0}, {"sent": 0, "answered": 0, "dropped": 0}
        return DhtStatusRow(False, [], 0, 0, 0, nothing[0], 0, 0, RatesRow(0, 0), nothing[1])
    return DhtStatusRow(
        enabled=True,
        own=[DhtNodeRow(own.id.hex(), str(own.address), own.host or None) for own in status.own],
        nodes=status.nodes,
        good_nodes=status.good,
        buckets=status.buckets,
        stored={"torrents": status.info_hashes, "peers": status.peers},
        torrents=status.tracked,
        searches=status.searches,
        rates=RatesRow(int(status.down), int(status.up)),
        queries={"sent": status.asked, "answered": status.answered, "dropped": status.dropped},
    )


def inspect_row(metainfo: Metainfo) -> InspectRow:
    """A metainfo without adding it."""
    return InspectRow(
        id=metainfo.info_hash.hex(),
        hash_v1=metainfo.hash_v1.hex() if metainfo.hash_v1 else None,
        hash_v2=metainfo.hash_v2.hex() if metainfo.hash_v2 else None,
        name=metainfo.name,
        size=metainfo.size,
        piece_count=metainfo.geometry.piece_count,
        piece_size=metainfo.geometry.piece_size,
        private=metainfo.private,
        files=[_file_row(metainfo.layout, index, 0, "normal") for index in range(len(metainfo.layout.files))],
        trackers=metainfo.tiers,
        webseeds=metainfo.webseeds,
        httpseeds=metainfo.httpseeds,
        comment=metainfo.comment,
        created_by=metainfo.created_by,
        created_at=metainfo.creation_date,
    )
