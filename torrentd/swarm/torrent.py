"""One torrent without I/O: events in, commands out, one deadline.

    commands = torrent.handle(event, now)      run each of them, in order
    at = torrent.next_deadline()               hand in a Tick then; infinity: nothing to wait for

`TorrentState` is what the torrent knows. The verbs are functions over it, one module per subject; `ON_EVENT` says
which function takes which event, and `DUE` what is looked after when a deadline has come:

    conversation   what a peer says, message by message
    download       what to ask of whom            arrivals    blocks that came        release    requests that will not
    upload         what peers ask of us           choking     who may ask             interest   who has what
    storing        what the disk says             blame       who sent bad data       selection  which files
    connecting     peers come and go              dialling    whom we connect to      trackers   announces
    running        start and stop                 extensions  what both can do         pex       who else is there
    refusing       what we do not serve           offering    our link is free

Deadlines are lower bounds. Most events only move them into the future (a block came: the time-out is later), so
nothing is recomputed then; when the bound is reached, `DUE` looks at everybody once and finds the next one. An idle
torrent has none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import Any

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.ids import PeerId
from torrentd.model.layout import Layout, Priority
from torrentd.policy.peers.turnover import Link
from torrentd.policy.rates.limiter import Bucket
from torrentd.swarm import events, rationing, running, selection, storing
from torrentd.swarm.announcing import trackers
from torrentd.swarm.announcing.schedule import Announcing
from torrentd.swarm.downloading import release
from torrentd.swarm.events import Event
from torrentd.swarm.peers import connecting, conversation, dialling, pex
from torrentd.swarm.peers.floods import Budget
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.settings import Settings, Totals
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import choking, offering, upload
from torrentd.wire.peer.messages import Message

ON_EVENT: dict[type[Event], Callable[[TorrentState, Any], None]] = {
    events.Received: conversation.received,
    events.Drained: upload.drained,
    events.PeerConnected: connecting.peer_connected,
    events.PeerClosed: connecting.peer_closed,
    events.ConnectFailed: dialling.connect_failed,
    events.Dial: dialling.dial,
    events.MakeRoom: connecting.room_wanted,
    events.PeersFound: dialling.peers_found,
    events.PeersUnwanted: connecting.peers_unwanted,
    events.OurAddresses: dialling.our_addresses,
    events.PiecesVerified: storing.pieces_verified,
    events.PieceFailed: storing.piece_failed,
    events.StorageFailed: storing.storage_failed,
    events.StorageRecovered: storing.storage_recovered,
    events.ReadFailed: storing.read_failed,
    events.DiskBusy: storing.disk_busy,
    events.Durable: storing.durable,
    events.Announced: trackers.announced,
    events.AnnounceFailed: trackers.announce_failed,
    events.Scraped: trackers.scraped,
    events.AnnounceNow: trackers.announce_now,
    events.PortChanged: trackers.port_changed,
    events.SetTrackers: trackers.set_trackers,
    events.SetPriorities: selection.set_priorities,
    events.SetSequential: selection.set_sequential,
    events.Checked: selection.checked,
    events.Start: running.start,
    events.Stop: running.stop,
    events.SetLimits: running.set_limits,
    events.SetShared: running.set_shared,
    events.Tick: running.tick,
}

DUE: tuple[Callable[[TorrentState], None], ...] = (
    release.due,
    upload.due,
    choking.due,
    offering.idle,
    connecting.due,
    pex.due,
    dialling.due,
    trackers.due,
)


class Torrent(TorrentState):
    """The state, and the way in. `down` and `up` are the daemon's buckets; the torrent's own are put before them."""

    verbs = ON_EVENT
    chores = DUE

    def __init__(
        self,
        *,
        info_hash: bytes,
        geometry: Geometry,
        layout: Layout,
        have: Bitfield,
        priorities: Sequence[Priority],
        tiers: Sequence[Sequence[str]],
        private: bool,
        settings: Settings,
        totals: Totals,
        rng: random.Random,
        secret_rng: random.Random,
        down: Bucket,
        up: Bucket,
        own_ids: Collection[PeerId],
        sequential: bool = False,
        metadata: bytes = b"",
        metadata_budget: Budget | None = None,
    ) -> None:
        super().__init__(
            info_hash=info_hash,
            geometry=geometry,
            layout=layout,
            have=have,
            priorities=priorities,
            private=private,
            settings=settings,
            totals=totals,
            rng=rng,
            announcing=Announcing(tiers, rng, secret_rng.getrandbits(32)),
            down=down,
            up=up,
            own_ids=own_ids,
            sequential=sequential,
            metadata=metadata,
            metadata_budget=metadata_budget or Budget(),
        )

    def send(self, peer: Peer, *messages: Message) -> None:
        """Emit a Send, and have the upload limit count it."""
        super().send(peer, *messages)
        rationing.sent(self, peer, messages)

    # --- facts

    @property
    def availability(self) -> list[int] | None:
        """For each piece, how many connected peers have it; None when nobody is connected. Costs a walk over all."""
        if not self.peers:
            return None
        if self.requests is not None:
            return self.requests.picker.availability.counts()
        counts = [0] * self.geometry.piece_count
        for peer in self.peers.values():
            for piece in peer.have:
                counts[piece] += 1
        return counts

    def expendable(self, newcomer: Address, now: float) -> Link | None:
        return connecting.expendable(self, newcomer, now)

    def rates(self, now: float) -> tuple[float, float]:
        """Bytes per second down and up."""
        return self.down_meter.rate(now), self.up_meter.rate(now)
