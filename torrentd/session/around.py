"""What all torrent sessions share: the registry of torrents and the services around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torrentd.model.errors import RpcError
from torrentd.session.changes import ChangeLog
from torrentd.session.checking import Checks
from torrentd.session.saving import Saving
from torrentd.session.standing import standing, unusable
from torrentd.session.trouble import Trouble
from torrentd.session.waiting import Standing, Until, Waits
from torrentd.state.records import Broken

if TYPE_CHECKING:
    from torrentd.session.announces import Announces
    from torrentd.session.connections import Connections
    from torrentd.session.host import Host
    from torrentd.session.torrent import TorrentSession

MICROSECONDS = 1_000_000
"""Revisions begin at the wall clock's microseconds: later runs begin higher than earlier ones ended."""


class Around:
    """Made by the daemon, which sets `connections` at once and `announces` when the peer ports are open."""

    connections: Connections
    announces: Announces

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sessions: dict[bytes, TorrentSession] = {}
        """by info hash, in the order in which they were added"""
        self.broken: dict[bytes, Broken] = {}
        """in the database, but not usable"""
        self.disk_busy = False
        self.changes = ChangeLog(int(host.wall_clock() * MICROSECONDS))
        self.saving = Saving(host, lambda session: self.touched(session))
        self.waits = Waits(host.reactor, self._standing)
        self.checks = Checks()
        self.trouble = Trouble(self)

    def session(self, id: str) -> TorrentSession:
        """The torrent with this hex info hash. RpcError("torrent_not_found")."""
        session = self.sessions.get(bytes.fromhex(id)) or self._by_second_hash(id)
        if bytes.fromhex(id) in self.broken:
            raise RpcError("wrong_state", "The torrent's record cannot be used; remove it, or add it again", id=id)
        if session is None:
            raise RpcError("torrent_not_found", "No such torrent", id=id)
        return session

    def _standing(self, id: str, until: Until) -> Standing:
        info_hash = bytes.fromhex(id)
        broken = self.broken.get(info_hash)
        return unusable(id) if broken else standing(self.sessions.get(info_hash), id, until)

    def _by_second_hash(self, id: str) -> TorrentSession | None:
        """A hybrid answers to its v2 hash, too."""
        wanted = bytes.fromhex(id)
        return next((session for session in self.sessions.values() if session.metainfo.hash_v2 == wanted), None)

    def touched(self, session: TorrentSession) -> None:
        """Something of the torrent's row may have changed."""
        if session.gone or self.sessions.get(session.facts.info_hash) is not session:
            return  # its last connections are closing, or it is being built
        self.saving.note(session)
        self.changes.touch(session.id)

    def state_changed(self, session: TorrentSession) -> None:
        """Its state may have changed: somebody may be waiting for that."""
        self.touched(session)
        self.waits.changed(session.id)
