"""A torrent whose metadata is not here yet: its pure state (`swarm.fetching`), its record, its connections.

It is replaced by an ordinary session when the metadata has come (`session.magnets.fulfilling`). One that is not listed
serves `torrent.inspect` only, and leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.address import Address, parse_address
from torrentd.model.errors import TorrentdError
from torrentd.model.ids import PeerId
from torrentd.policy.rates.weights import TorrentPriority
from torrentd.session.driven import Driven
from torrentd.session.limits import of_torrent
from torrentd.session.magnets.probation import Probation
from torrentd.session.telling.reasons import INTERNAL, QUARANTINED
from torrentd.session.telling.rows import ErrorRow
from torrentd.state.records import MAX_PEERS, LimitValue, MagnetRecord
from torrentd.swarm.events import AnnounceNow, OurAddresses, PeersFound, PeersUnwanted, SetTrackers, Start, Stop
from torrentd.swarm.fetching.fetching import Fetching
from torrentd.wire.escape import escape
from torrentd.wire.magnet import Magnet, parse
from torrentd.wire.peer.handshake import EXTENDED

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.swarm.settings import Settings
    from torrentd.wire.metainfo import Metainfo

log = Logger()


class MagnetSession(Driven[Fetching]):
    """`listed`: one of the daemon's torrents, kept in its database."""

    reserved = EXTENDED
    """no fast extension: it would want to be told how many pieces we have"""

    def __init__(self, record: MagnetRecord, settings: Settings, around: Around, peer_id: PeerId, listed: bool) -> None:
        """MetainfoError: the record's link cannot be read."""
        self.record = record
        self.magnet = parse(record.link)
        self.listed = listed
        self.error: ErrorRow | None = None
        self.waiting: dict[Deferred[Metainfo], None] = {}
        """who wants to see the metadata when it comes"""
        host = around.host
        fetching = Fetching(
            info_hash=record.info_hash,
            tiers=self.tiers,
            settings=of_torrent(settings, record.limits, record.priority),
            rng=host.rng,
            secret_rng=host.secret_rng,
            own_ids=(peer_id,),
        )
        super().__init__(record.info_hash, fetching, around, peer_id)
        self.probation = Probation(host, record.info_hash) if listed else None
        if record.peers:
            self.handle(PeersFound([parse_address(text) for text in record.peers], "user"))

    @property
    def name(self) -> str:
        return escape(self.title)

    @property
    def title(self) -> str:
        """What the link calls it, not escaped; the hash if it has no name."""
        return self.magnet.name or self.id

    @property
    def tiers(self) -> list[list[str]]:
        """The trackers of the link and the user's own behind them, each a tier of its own."""
        return [[url] for url in dict.fromkeys((*self.magnet.trackers, *self.record.trackers))]

    @property
    def hash_v2(self) -> str | None:
        """In hex; None if the link does not tell it."""
        return self.magnet.hash_v2.hex() if self.magnet.hash_v2 else None

    @property
    def limits(self) -> dict[str, LimitValue]:
        return self.record.limits

    @property
    def priority(self) -> TorrentPriority:
        return self.record.priority

    @property
    def piece_count(self) -> None:
        return None

    @property
    def stalled(self) -> bool:
        """Running, and nobody sends metadata."""
        return self.torrent.running and not self.torrent.download.is_moving

    # --- running and not running

    def start(self) -> None:
        """Enter the swarm, unless the user paused it or it failed."""
        if self.record.paused or self.error is not None or self.gone or self.torrent.running:
            return
        if self.probation is not None:
            self.probation.started()
        if ours := self.around.connections.our_addresses():
            self.handle(OurAddresses(ours))
        self.handle(Start())
        self.around.neighbours.started()
        self.around.dht.track(self)
        self.state_changed()

    def stop(self, *, silent: bool = False) -> None:
        """Leave the swarm; what came of the metadata stays. Idempotent."""
        if self.torrent.running:
            self.handle(Stop(silent))
            self.around.connections.gone(self)
            self.around.dht.untrack(self.info_hash)
        self.state_changed()

    def fail(self, error: ErrorRow) -> None:
        """Show an error, and stop."""
        self.error = error
        self.stop()
        if error.source == "metadata":
            self.give_up(MetadataRefused(error.message))

    def leave(self) -> None:
        super().leave()
        if self.probation is not None:
            self.probation.over()

    def broken(self) -> None:
        self.fail(INTERNAL)

    def changed(self) -> None:
        if self.around.torrents.get(self.info_hash) is self:
            self.around.changes.touch(self.id)

    def state_changed(self) -> None:
        """Somebody may be waiting for that."""
        if self.around.torrents.get(self.info_hash) is self:
            self.around.changes.touch(self.id)
            self.around.waits.changed(self.id)
            self.around.events.states.look(self.info_hash)

    # --- what the user does

    def pause(self) -> Deferred[None]:
        """Until it is resumed. Fires when that is on the disk."""
        done = self.change(paused=True)
        self.stop()
        return done

    def resume(self, force: bool) -> Deferred[None]:
        """Go on; after an error, try again. `force`: the torrent that comes of it need not wait for its turn."""
        done = self.change(paused=False, forced=force)
        if self.error == QUARANTINED and self.probation is not None:
            self.probation.passed()
        self.error = None
        self.start()
        return done

    def name_peers(self, peers: Sequence[Address]) -> Deferred[None]:
        """The user knows these; they are dialled at once, and again after a restart."""
        self.handle(PeersFound(list(peers), "user"))
        return self.change(peers=with_peers(self.record.peers, peers))

    def remove_peers(self, peers: Sequence[Address]) -> Deferred[None]:
        """The user does not want these any more."""
        self.around.connections.give_up(self, peers)
        self.handle(PeersUnwanted(list(peers)))
        unwanted = set(map(str, peers))
        return self.change(peers=[peer for peer in self.record.peers if peer not in unwanted])

    def merge(self, magnet: Magnet, trackers: Sequence[str], labels: Sequence[str], peers: Sequence[Address]) -> Any:
        """Somebody adds it again: what is new is added. Fires when that is on the disk."""
        new_trackers = [*self.record.trackers, *magnet.trackers, *trackers]
        done = self.change(
            trackers=[url for url in dict.fromkeys(new_trackers) if url not in self.magnet.trackers],
            labels=list(dict.fromkeys((*self.record.labels, *labels))),
            peers=with_peers(self.record.peers, peers),
        )
        self.handle(SetTrackers(self.tiers))
        if peers:
            self.handle(PeersFound(list(peers), "user"))
        return done

    def announce(self) -> None:
        """Ask the trackers for peers now."""
        self.handle(AnnounceNow())

    def change(self, **fields: Any) -> Deferred[None]:
        """Change its record. Fires when that is on the disk."""
        self.record = msgspec.structs.replace(self.record, **fields)
        self.state_changed()
        return self.around.host.state.put_magnet(self.record)

    # --- the metadata

    def fetched(self, data: bytes) -> None:
        """It is here, and its hash is right. Whatever else this event leads to comes first."""
        self.around.host.reactor.callLater(0, self._fulfil, data)

    def _fulfil(self, data: bytes) -> None:
        if self.torrent.running and not self.gone:
            Deferred.fromCoroutine(self.around.fulfilling.fulfil(self, data)).addErrback(self.our_fault)

    def tell(self, metainfo: Metainfo) -> None:
        """Everybody who waits for it."""
        waiting, self.waiting = self.waiting, {}
        for answer in waiting:
            answer.callback(metainfo)

    def give_up(self, error: TorrentdError) -> None:
        """It will not come: everybody who waits is told why."""
        waiting, self.waiting = self.waiting, {}
        for answer in waiting:
            answer.errback(Failure(error))


class MetadataRefused(TorrentdError):
    """The metadata came and is not a torrent that we could run; the text says why."""


def with_peers(known: Sequence[str], peers: Sequence[Address]) -> list[str]:
    """The peers that the user names, the newest last, as many as are remembered."""
    return list(dict.fromkeys([*known, *map(str, peers)]))[-MAX_PEERS:]
