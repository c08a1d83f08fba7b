"""From a record and its metainfo to a running torrent session."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Literal

import msgspec

from torrentd.model.address import parse_address
from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId
from torrentd.model.layout import Priority
from torrentd.session.limits import of_torrent, rate_limits
from torrentd.session.running.facts import Facts
from torrentd.session.running.torrent import TorrentSession
from torrentd.session.telling.rows import LimitsRow
from torrentd.state.records import TorrentRecord
from torrentd.swarm.events import PeersFound, SetLimits
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.metainfo import Metainfo

if TYPE_CHECKING:
    from torrentd.session.around import Around

CLIENT_ID = b"-TD0100-"
"""Azureus style (BEP 20): torrentd 0.1.0.0."""


def new_peer_id(secret_rng: Random) -> PeerId:
    """Ours in one torrent, for one run."""
    return PeerId(CLIENT_ID + secret_rng.randbytes(20 - len(CLIENT_ID)))


def build(
    around: Around,
    record: TorrentRecord,
    metainfo: Metainfo,
    settings: Settings,
    allocation: Literal["sparse", "full"],
    peer_id: PeerId,
) -> TorrentSession:
    """A session that is not in its swarm yet; see session.beginning. ValueError: the record holds what it cannot."""
    facts = Facts.of(record)
    msgspec.convert(facts.limits, LimitsRow)
    priorities = [Priority(value) for value in record.priorities] or [Priority.NORMAL] * len(metainfo.layout.files)
    host = around.host
    storage = host.disk.open(metainfo.layout, metainfo.geometry, metainfo.hashes, facts.download_dir, allocation)
    storage.set_wanted(priorities)
    fleet = around.connections.fleet
    torrent = Torrent(
        info_hash=facts.info_hash,
        geometry=metainfo.geometry,
        layout=metainfo.layout,
        have=Bitfield.from_bytes(metainfo.geometry.piece_count, record.have),
        priorities=priorities,
        tiers=metainfo.tiers if facts.tiers is None else facts.tiers,
        private=metainfo.private,
        settings=of_torrent(settings, facts.limits, facts.priority),
        totals=Totals(facts.uploaded, facts.downloaded, facts.wasted),
        rng=host.rng,
        secret_rng=host.secret_rng,
        down=fleet.down,
        up=fleet.up,
        own_ids=(peer_id,),
        sequential=facts.sequential,
        metadata=metainfo.info,
        metadata_budget=fleet.metadata,
    )
    session = TorrentSession(facts, metainfo, torrent, storage, around, peer_id)
    _apply(session)
    return session


def _apply(session: TorrentSession) -> None:
    """What the user said of this torrent alone. ValueError for what he cannot have said."""
    down, up = rate_limits(session.facts.limits)
    if down is not None or up is not None:
        session.handle(SetLimits(down, up))
    session.around.groups.joined(session)
    if session.facts.peers:
        session.handle(PeersFound([parse_address(text) for text in session.facts.peers], "user"))
