"""From a record and its metainfo to a running torrent session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from twisted.logger import Logger

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import StorageError
from torrentd.model.ids import PeerId
from torrentd.model.layout import Priority
from torrentd.session.checking import find_existing, recover, settle
from torrentd.session.facts import Facts
from torrentd.session.rows import ErrorRow
from torrentd.session.torrent import TorrentSession
from torrentd.state.records import TorrentRecord
from torrentd.swarm.events import SetLimits
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.escape import escape
from torrentd.wire.metainfo import Metainfo

if TYPE_CHECKING:
    from torrentd.session.around import Around

log = Logger()

CLIENT_ID = b"-TD0100-"
"""Azureus style (BEP 20): torrentd 0.1.0.0."""


def build(
    around: Around, record: TorrentRecord, metainfo: Metainfo, settings: Settings, allocation: Literal["sparse", "full"]
) -> TorrentSession:
    """A session that is not in its swarm yet; see `begin`."""
    facts = Facts.of(record)
    priorities = [Priority(value) for value in record.priorities] or [Priority.NORMAL] * len(metainfo.layout.files)
    host = around.host
    storage = host.disk.open(metainfo.layout, metainfo.geometry, metainfo.hashes, facts.download_dir, allocation)
    storage.set_wanted(priorities)
    peer_id = PeerId(CLIENT_ID + host.secret_rng.randbytes(20 - len(CLIENT_ID)))
    fleet = around.connections.fleet
    torrent = Torrent(
        info_hash=facts.info_hash,
        geometry=metainfo.geometry,
        layout=metainfo.layout,
        have=Bitfield.from_bytes(metainfo.geometry.piece_count, record.have),
        priorities=priorities,
        tiers=metainfo.tiers if facts.tiers is None else facts.tiers,
        private=metainfo.private,
        settings=settings,
        totals=Totals(facts.uploaded, facts.downloaded, facts.wasted),
        rng=host.rng,
        secret_rng=host.secret_rng,
        down=fleet.down,
        up=fleet.up,
        own_ids=(peer_id,),
        sequential=facts.sequential,
    )
    session = TorrentSession(facts, metainfo, torrent, storage, around, peer_id)
    _apply(session)
    return session


def _apply(session: TorrentSession) -> None:
    """What the user set of this torrent alone."""
    down, up = (_cap(session.facts.limits.get(key)) for key in ("down", "up"))
    if down is not None or up is not None:
        session.handle(SetLimits(down, up))


def _cap(value: int | float | str | None) -> int | None:
    return int(value) if isinstance(value, int | float) else None


async def begin(session: TorrentSession, verify: str = "auto") -> None:
    """Find out what is on the disk, as far as that is not known, and enter the swarm.

    `verify` concerns a new torrent: "auto" hashes what is there, "full" hashes all, "skip" believes files of the right
    size.
    """
    try:
        pieces = await _doubtful(session, verify)
    except StorageError as error:
        session.fail(ErrorRow(error.code, escape(str(error)), "storage"))
        return
    if session.gone or pieces is None:
        return
    if pieces:
        await session.around.checks.check(session, pieces)
        return
    session.facts.checked = True
    session.start()


async def _doubtful(session: TorrentSession, verify: str) -> list[int] | None:
    """The pieces that must be hashed before anything else; None if the torrent cannot begin."""
    if not session.facts.checked:
        if verify == "full":
            return list(range(session.metainfo.geometry.piece_count))
        if verify == "skip" and await _sizes_are_right(session):
            await settle(session, Bitfield.full(session.metainfo.geometry.piece_count))
            return []
        return await find_existing(session)
    pieces, missing = await recover(session)
    if missing:
        path = "/".join((session.facts.download_dir, *session.metainfo.layout.files[missing[0]].path))
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        words = f"{path}{more}: the file is missing; put it back and resume, or verify"
        session.fail(ErrorRow("files_missing", escape(words), "storage"))
        return None
    return pieces


async def _sizes_are_right(session: TorrentSession) -> bool:
    stats = await session.storage.existing()
    return all(
        entry.padding or not entry.size or (stat is not None and stat[0] == entry.size)
        for entry, stat in zip(session.metainfo.layout.files, stats, strict=True)
    )
