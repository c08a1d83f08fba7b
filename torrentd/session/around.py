"""What all torrent sessions share: the registry of torrents and the services around them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torrentd.model.errors import RpcError
from torrentd.policy.peers.bans import Bans
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.session.entering.checking import Checks
from torrentd.session.events.events import Events
from torrentd.session.groups import Groups
from torrentd.session.jobs import Jobs
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.meeting.banning import Banning
from torrentd.session.meeting.neighbours import Neighbours
from torrentd.session.running.places import Places
from torrentd.session.running.trouble import Trouble
from torrentd.session.saving import Saving
from torrentd.session.sleeping.dormancy import Dormancy
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.session.telling.changes import ChangeLog
from torrentd.session.telling.space import Space
from torrentd.session.telling.standing import standing, unusable
from torrentd.session.telling.waiting import Standing, Until, Waits
from torrentd.state.records import Broken
from torrentd.wire.peer.mse import obfuscated

if TYPE_CHECKING:
    from torrentd.session.dht.session import DhtSession
    from torrentd.session.host import Host
    from torrentd.session.magnets.fulfilling import Fulfilling
    from torrentd.session.meeting.announces import Announces
    from torrentd.session.meeting.connections import Connections
    from torrentd.session.running.torrent import TorrentSession
    from torrentd.session.sleeping.waking import Waking
    from torrentd.session.unattended.queueing import Queueing
    from torrentd.session.unattended.seeding import Seeding

    Member = TorrentSession | MagnetSession | Sleeper

V2_HASH = 32
"""Bytes of a v2 info hash."""
MICROSECONDS = 1_000_000
"""Revisions begin at the wall clock's microseconds: later runs begin higher than earlier ones ended."""


class Around:
    """Made by the daemon, which sets `announces` when the peer ports are open, what else is declared here at once."""

    connections: Connections
    fulfilling: Fulfilling
    waking: Waking
    seeding: Seeding
    queueing: Queueing
    dht: DhtSession
    announces: Announces

    def __init__(self, host: Host) -> None:
        self.host = host
        self.torrents: dict[bytes, TorrentSession | MagnetSession | Sleeper] = {}
        """all of them by info hash, in the order in which they were added"""
        self.sessions: dict[bytes, TorrentSession] = {}
        """those that are awake"""
        self.magnets: dict[bytes, MagnetSession] = {}
        """those whose metadata is fetched; also some that are no torrents of ours, but only looked at"""
        self._obfuscated: dict[bytes, bytes] = {}
        """info hashes by what hides them in an encrypted exchange: a peer that comes must not cost a walk over all"""
        self.broken: dict[bytes, Broken] = {}
        """in the database, but not usable"""
        self.blocklist = Blocklist()
        self.bans = Bans(self.blocklist)
        """asked by whoever meets somebody"""
        self.disk_busy = False
        self.changes = ChangeLog(int(host.wall_clock() * MICROSECONDS))
        self.events = Events(self)
        self.tell = self.events.tell
        self.saving = Saving(host, self._moved)
        self.space = Space(host)
        self.waits = Waits(host.reactor, self._standing)
        self.jobs = Jobs(self)
        self.checks = Checks(self.jobs)
        self.trouble = Trouble(self)
        self.dormancy = Dormancy(self)
        self.neighbours = Neighbours(self)
        self.banning = Banning(self)
        self.groups = Groups(self)
        self.places = Places(self)

    def find(self, id: str) -> bytes:
        """The info hash of the torrent that this hex hash names: a hybrid answers to its v2 hash, too.
        RpcError("torrent_not_found"), or "wrong_state" if its record cannot be used."""
        info_hash = bytes.fromhex(id)
        if info_hash in self.torrents:
            return info_hash
        if info_hash in self.broken:
            raise RpcError("wrong_state", "The torrent's record cannot be used; remove it, or add it again", id=id)
        if len(info_hash) == V2_HASH:
            for first_hash, torrent in self.torrents.items():
                if id == (torrent.row.hash_v2 if isinstance(torrent, Sleeper) else torrent.hash_v2):
                    return first_hash
        raise self.unknown(id)

    def unknown(self, id: str) -> RpcError:
        """The error about an id that names no torrent."""
        return RpcError("torrent_not_found", "No such torrent", id=id)

    def known(self, info_hash: bytes) -> TorrentSession | MagnetSession | Sleeper | None:
        """The torrent, or who only looks at its metadata."""
        return self.torrents.get(info_hash) or self.magnets.get(info_hash)

    def recognise(self, name: bytes) -> bytes | None:
        """The info hash, as on the wire, that an encrypted exchange hides like this; None: not ours."""
        found = self._obfuscated.get(name)
        return found[:20] if found is not None else None

    def awake(self, info_hash: bytes) -> TorrentSession | MagnetSession | None:
        """Whoever is in that swarm."""
        return self.sessions.get(info_hash) or self.magnets.get(info_hash)

    def all_awake(self) -> list[TorrentSession | MagnetSession]:
        """Whoever may be in a swarm."""
        return [*self.sessions.values(), *self.magnets.values()]

    def put(self, info_hash: bytes, torrent: TorrentSession | MagnetSession | Sleeper) -> None:
        """A new torrent, or what takes an old one's place as it wakes, falls asleep, or gets its metadata."""
        if info_hash not in self.torrents:
            self._obfuscated[obfuscated(info_hash[:20])] = info_hash
        self.torrents[info_hash] = torrent
        self.queueing.place(info_hash, torrent)
        self.events.states.put(info_hash, torrent)
        if isinstance(torrent, MagnetSession):
            self.magnets[info_hash] = torrent
            return
        self.magnets.pop(info_hash, None)
        self.places.note(torrent)
        if isinstance(torrent, Sleeper):
            self.sessions.pop(info_hash, None)
            self.seeding.watch(info_hash, torrent)
        else:
            self.sessions[info_hash] = torrent
            self.dormancy.changed()

    def look_at(self, magnet: MagnetSession) -> None:
        """Fetch the metadata of what is no torrent of ours."""
        self.magnets[magnet.info_hash] = magnet
        self._obfuscated[obfuscated(magnet.info_hash[:20])] = magnet.info_hash

    def look_away(self, magnet: MagnetSession) -> None:
        """Its metadata is not fetched any more; it may be a torrent of ours by now."""
        if self.magnets.get(magnet.info_hash) is magnet:
            del self.magnets[magnet.info_hash]
        if magnet.info_hash not in self.torrents:
            self._obfuscated.pop(obfuscated(magnet.info_hash[:20]), None)

    def arrange(self, order: Iterable[bytes]) -> None:
        """List the torrents in this order."""
        self.torrents = {info_hash: self.torrents[info_hash] for info_hash in order if info_hash in self.torrents}

    def drop(self, info_hash: bytes) -> None:
        """The torrent is no longer one of ours."""
        self.torrents.pop(info_hash, None)
        self.events.states.drop(info_hash)
        self._obfuscated.pop(obfuscated(info_hash[:20]), None)
        self.sessions.pop(info_hash, None)
        self.magnets.pop(info_hash, None)
        self.seeding.forget(info_hash)
        self.queueing.forget(info_hash)

    def _standing(self, id: str, until: Until) -> Standing:
        info_hash = bytes.fromhex(id)
        broken = self.broken.get(info_hash)
        return unusable(id) if broken else standing(self.torrents.get(info_hash), id, until)

    def touched(self, session: TorrentSession) -> None:
        """Something of the torrent's row may have changed."""
        if session.gone or self.sessions.get(session.facts.info_hash) is not session:
            return  # its last connections are closing, or it is being built
        self.saving.note(session)
        self.changes.touch(session.id)

    def _moved(self, session: TorrentSession) -> None:
        self.touched(session)
        self.seeding.look(session)
        self.queueing.stir()

    def state_changed(self, session: TorrentSession) -> None:
        """Its state may have changed: somebody may be waiting for that."""
        self.touched(session)
        self.queueing.changed(session)
        self.waits.changed(session.id)
        self.events.states.look(session.info_hash)
        self.dormancy.changed()
