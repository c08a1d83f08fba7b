"""How a torrent comes in: parse, check where it may go, commit its record, begin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.model.errors import RpcError
from torrentd.model.ids import PeerId
from torrentd.model.layout import Layout, Priority
from torrentd.session.control import AddOptions, FileChoice
from torrentd.session.entering.roots import allowed_directory
from torrentd.session.magnets.magnet import MagnetSession, with_peers
from torrentd.session.running.building import build, new_peer_id
from torrentd.session.sleeping.sleeper import of_record, tells_all
from torrentd.state.records import TorrentRecord
from torrentd.swarm.events import SetTrackers
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import Metainfo, parse

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.running.torrent import TorrentSession

log = Logger()

PARSED_AT_ONCE = 256 * 1024
"""Bytes of metainfo that the reactor's thread parses itself; a torrent of 200,000 files takes a second."""


class Adding:
    """Adds torrents to a daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def parse(self, data: bytes) -> Metainfo:
        """MetainfoError, or RpcError("unsupported") for what we cannot run."""
        if len(data) <= PARSED_AT_ONCE:
            return parse(data)
        return await self._daemon.host.workers.run(parse, data)

    async def add(self, data: bytes, options: AddOptions) -> tuple[str, bool]:
        """(id, whether it is new), once the record is committed."""
        metainfo = await self.parse(data)
        if metainfo.v2_only:
            raise RpcError("unsupported", "torrents of version 2 only cannot be added yet", id=metainfo.info_hash.hex())
        return await self._daemon.turns.run(metainfo.info_hash, self._add, data, metainfo, options)

    async def _add(self, data: bytes, metainfo: Metainfo, options: AddOptions) -> tuple[str, bool]:
        found = self._daemon.around.torrents.get(metainfo.info_hash)
        if isinstance(found, MagnetSession) and options.if_exists != "error":
            await self._daemon.around.fulfilling.become(found, data, metainfo)
        if found is not None:
            await self._existing(metainfo, options)
            return metainfo.info_hash.hex(), False
        await self._new(data, metainfo, options)
        return metainfo.info_hash.hex(), True

    async def _new(self, data: bytes, metainfo: Metainfo, options: AddOptions) -> None:
        daemon, record = self._daemon, self.record(metainfo, options)
        async with daemon.around.places.entering(metainfo, record.download_dir):
            if metainfo.info_hash in daemon.around.broken:
                await daemon.host.state.remove(metainfo.info_hash)
                del daemon.around.broken[metainfo.info_hash]
            await daemon.host.state.add(record, data)
        if daemon.stopping:
            raise RpcError("shutting_down", "The daemon is shutting down; the torrent begins with its next start")
        daemon.backups.soon()
        daemon.around.saving.added(record.file_count)
        looked_at = daemon.around.magnets.get(metainfo.info_hash)
        if looked_at is not None:
            looked_at.tell(metainfo)  # and so it ends
        log.info("{name}: added", name=escape(metainfo.name))
        if daemon.entrance.is_free or options.peers or options.verify != "auto" or not tells_all(record):
            session = daemon.take_in(self.build(record, metainfo))
            daemon.entrance.enter(session, options.verify)
        else:
            self._let_wait(record)
        daemon.around.tell("torrent.added", id=record.info_hash.hex(), name=record.name)

    def _let_wait(self, record: TorrentRecord) -> None:
        """It begins when those before it have found out what is on the disk."""
        daemon, host = self._daemon, self._daemon.host
        sleeper = of_record(record, new_peer_id(host.secret_rng), host.reactor.seconds())
        daemon.around.put(record.info_hash, sleeper)
        daemon.around.changes.touch(sleeper.row.id)
        daemon.entrance.wait(record.info_hash)

    def build(self, record: TorrentRecord, metainfo: Metainfo, peer_id: PeerId | None = None) -> TorrentSession:
        """The session of a torrent that was not here before."""
        session = build(
            self._daemon.around,
            record,
            metainfo,
            self._daemon.torrent_settings,
            self._daemon.settings.storage.allocation,
            peer_id or new_peer_id(self._daemon.host.secret_rng),
        )
        session.facts.files = [None] * len(metainfo.layout.files)
        return session

    def record(self, metainfo: Metainfo, options: AddOptions, **known: Any) -> TorrentRecord:
        """What is kept of a new torrent. `known`: fields that do not follow from the options."""
        fields = {} if known else self._chosen(metainfo, options)
        return TorrentRecord(
            **(fields | known),
            edited_at=self._daemon.host.wall_clock(),
            info_hash=metainfo.info_hash,
            hash_v1=metainfo.hash_v1,
            hash_v2=metainfo.hash_v2,
            name=metainfo.name,
            size=metainfo.geometry.size,
            piece_size=metainfo.geometry.piece_size,
            piece_count=metainfo.geometry.piece_count,
            file_count=len(metainfo.layout.files),
            private=metainfo.private,
            paused=options.paused or options.stop_after == "metadata",
            sequential=options.sequential,
            priority=options.priority,
            stop_after=None if options.stop_after == "metadata" else options.stop_after,
            labels=list(options.labels),
            tiers=_with(metainfo.tiers, options.trackers),
            have=bytes((metainfo.geometry.piece_count + 7) // 8),
        )

    def _chosen(self, metainfo: Metainfo, options: AddOptions) -> dict[str, Any]:
        paths = self._daemon.settings.paths
        priorities = choose(metainfo.layout, [Priority.NORMAL] * len(metainfo.layout.files), options.files)
        return {
            "download_dir": allowed_directory(options.download_dir, paths.download_dir, paths.allowed_roots),
            "added_at": self._daemon.host.wall_clock(),
            "priorities": bytes(priorities),
            "peers": with_peers((), options.peers),
            "limits": set_limits(options),
        }

    async def _existing(self, metainfo: Metainfo, options: AddOptions) -> None:
        if options.if_exists == "error":
            id = metainfo.info_hash.hex()
            raise RpcError("already_exists", f"The torrent is here already: {escape(metainfo.name)}", id=id)
        if options.if_exists == "merge":
            session = await self._daemon.around.waking.awake(metainfo.info_hash)
            await self.merge(session, options.trackers, options.labels, options.peers)

    def merge(
        self,
        session: TorrentSession,
        trackers: Sequence[str] | None,
        labels: Sequence[str],
        peers: Sequence[Address],
    ) -> Deferred[None]:
        """Somebody adds it again: what is new is added. Fires when that is on the disk."""
        facts = session.facts
        facts.labels = list(dict.fromkeys([*facts.labels, *labels]))
        tiers = _with(session.tiers, trackers)
        if tiers is not None:
            facts.tiers = tiers
            session.handle(SetTrackers(tiers))
        if peers:
            session.name_peers(peers)
        session.around.touched(session)
        return self._daemon.around.saving.write(session)


def _with(tiers: list[list[str]], trackers: Sequence[str] | None) -> list[list[str]] | None:
    """The tiers and behind them further trackers, each a tier of its own; None if none of them is new."""
    known = {url for tier in tiers for url in tier}
    new = [[url] for url in dict.fromkeys(trackers or ()) if url not in known]
    return [*tiers, *new] if new else None


def choose(
    layout: Layout, priorities: list[Priority], choices: tuple[FileChoice, ...] | list[FileChoice]
) -> list[Priority]:
    """Apply choices in order.

    RpcError("file_index") when an index is out of range or a glob fits nothing.
    """
    result = list(priorities)
    for choice in choices:
        fitting = _fitting(layout, choice)
        if not fitting:
            what = f"index {choice.index}" if choice.glob is None else f"glob {choice.glob!r}"
            raise RpcError("file_index", f"No file of the torrent fits {what}", path="files")
        for index in fitting:
            result[index] = choice.priority
    return result


def choose_fitting(layout: Layout, priorities: list[Priority], choices: Sequence[FileChoice]) -> list[Priority]:
    """The same where nobody is there to be told of an error: choices that fit nothing are passed over."""
    result = list(priorities)
    for choice in choices:
        for index in _fitting(layout, choice):
            result[index] = choice.priority
    return result


def _fitting(layout: Layout, choice: FileChoice) -> list[int]:
    if choice.glob is None:
        return [choice.index] if choice.index is not None and 0 <= choice.index < len(layout.files) else []
    fits = re.compile(translate(choice.glob)).match
    return [index for index, entry in enumerate(layout.files) if any(map(fits, _texts(entry.path)))]


def _texts(path: tuple[str, ...]) -> tuple[str, ...]:
    """What a glob may mean: the whole path, the path within the torrent's folder, or the file's own name."""
    return "/".join(path), "/".join(path[1:]), path[-1]


def set_limits(options: AddOptions) -> dict[str, int | float | str | None]:
    """Those that were given."""
    limits = options.limits
    named = {name: getattr(limits, name) for name in ("down", "up", "peers", "ratio", "seed_time", "idle_time")}
    return {name: value for name, value in named.items() if value is not None}
