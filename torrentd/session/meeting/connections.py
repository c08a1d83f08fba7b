"""Who connects to whom: the fleet's decisions carried out, and net's questions about new connections answered."""

from __future__ import annotations

from collections.abc import Collection
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from torrentd.model.address import Address
from torrentd.model.ids import InfoHash, PeerId, PeerKey
from torrentd.net.encryption import NONE
from torrentd.net.interfaces import Identity, PeerConnection, PeerOwner
from torrentd.policy.peers.external import ExternalAddresses
from torrentd.policy.peers.turnover import worth
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.sleeping.doorstep import Doorstep, Nobody
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.swarm.events import ConnectFailed, Dial, OurAddresses, PeerConnected
from torrentd.swarm.events import MakeRoom as RoomWanted
from torrentd.swarm.fleet.events import (
    ConnectionClosed,
    DialEnded,
    Dialled,
    DialUnused,
    FleetCommand,
    FleetEvent,
    FleetLimits,
    GrantDial,
    HandshakeEnded,
    IncomingArrived,
    LimitsChanged,
    MakeRoom,
    Refuse,
    Tick,
    TorrentGone,
    WantPeers,
)
from torrentd.swarm.fleet.fleet import NEVER, Fleet
from torrentd.wire.escape import escape
from torrentd.wire.peer.handshake import RESERVED, Handshake, with_dht

if TYPE_CHECKING:
    from torrentd.net.connector import Connector
    from torrentd.policy.peers.encryption import Encryption
    from torrentd.session.around import Around, Member
    from torrentd.session.driven import Driven
    from torrentd.session.running.torrent import TorrentSession


log = Logger()

STOPPED = "the torrent was stopped"
"""Why an attempt is given up that may succeed later."""


class Connections:
    """Implements net's Reception for connections of both directions."""

    def __init__(self, around: Around, fleet: Fleet, connector: Connector, encryption: Encryption) -> None:
        self.fleet = fleet
        self._encryption = encryption
        self.external = ExternalAddresses()
        self._around = around
        self._connector = connector
        self._dialling: dict[int, tuple[PeerConnection, Driven[Any]]] = {}
        self._timer: IDelayedCall | None = None
        self._stopped = False

    # --- the fleet

    def handle(self, event: FleetEvent) -> list[FleetCommand]:
        """Give an event to the fleet, carry out its grants, and move its timer."""
        commands = self.fleet.handle(event, self._around.host.reactor.seconds())
        for command in commands:
            if isinstance(command, GrantDial):
                session = self._around.awake(command.torrent)
                if session is not None and not session.gone:
                    session.handle(Dial())
                else:
                    self.handle(DialUnused(command.torrent))
            elif isinstance(command, MakeRoom):
                self._make_room()
        self._arm()
        return commands

    def _make_room(self) -> None:
        """Ask the torrents first that have most connections for their weight; one that is busy now answers later."""
        awake = self._around.all_awake()
        for session in sorted(awake, key=lambda session: -len(session.connections) / session.torrent.settings.weight):
            before, asked_later = len(session.torrent.peers), not session.is_quiet
            session.handle(RoomWanted())
            if asked_later or len(session.torrent.peers) < before:
                return

    def _displace(self, newcomer: Address) -> bool:
        """Somebody has come and there is no place: whether the worst connection of all torrents goes for him."""
        now, found = self._around.host.reactor.seconds(), []
        for session in self._around.all_awake():
            link = session.torrent.expendable(newcomer, now) if session.is_quiet else None
            if link is not None:
                found.append((worth(link), link.peer, session))
        if not found:
            return False
        _, peer, session = min(found, key=itemgetter(0))
        session.handle(RoomWanted(peer))
        return True

    def _arm(self) -> None:
        deadline = self.fleet.next_deadline()
        if deadline == NEVER or self._stopped or (self._timer is not None and self._timer.active()):
            return
        reactor = self._around.host.reactor
        self._timer = reactor.callLater(max(0.0, deadline - reactor.seconds()), self.handle, Tick())

    def want(self, session: Driven[Any], count: int) -> None:
        """The torrent would like so many more connections."""
        self.handle(WantPeers(InfoHash(session.info_hash), count, session.torrent.settings.weight))

    def unused(self, session: Driven[Any]) -> None:
        """The torrent had nobody to dial."""
        self.handle(DialUnused(InfoHash(session.info_hash)))

    def dial(self, session: Driven[Any], address: Address) -> None:
        """Connect for the torrent."""
        self.handle(Dialled(InfoHash(session.info_hash)))
        self._begin(session, address, self._encryption.encrypts(address))

    def _begin(self, session: Driven[Any], address: Address, encrypted: bool) -> None:
        connection = self._connector.dial(address, self, self._identity(session), encrypted)
        self._dialling[connection.key] = (connection, session)

    def gone(self, session: Driven[Any]) -> None:
        """The torrent left the swarm: no attempt of its goes on."""
        self.handle(TorrentGone(InfoHash(session.info_hash)))
        for connection, of in list(self._dialling.values()):
            if of is session:
                connection.close(STOPPED)

    def give_up(self, session: Driven[Any], addresses: Collection[Address]) -> None:
        """The user does not want these: no attempt of this torrent to reach them goes on."""
        for connection, of in list(self._dialling.values()):
            if of is session and connection.address in addresses:
                connection.close("removed by the user")

    def move(self, session: Driven[Any], heir: TorrentSession) -> None:
        """Attempts for a magnet go on for the torrent that takes its place."""
        for key, (connection, of) in self._dialling.items():
            if of is session:
                self._dialling[key] = (connection, heir)

    def set_limits(self, limits: FleetLimits) -> None:
        """Limits of the daemon as a whole."""
        self.handle(LimitsChanged(limits))

    def stop(self) -> None:
        """No timer and no attempt stays behind."""
        self._stopped = True
        for connection, _ in list(self._dialling.values()):
            connection.close("the daemon is stopping")
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def leave_banned(self) -> None:
        """Leave those who are banned or on the blocklist now; who is still in the handshake is refused at its end."""
        for session in self._around.all_awake():
            for connection in list(session.connections.values()):
                reason = self._around.bans.reason(connection.address)
                if reason is not None:
                    connection.close(f"banned: {reason}")

    def seen_at(self, address: str, voter: str) -> None:
        """Somebody (a host, or where it is) told our address as he sees it; empty: he told none."""
        before = self.external.changes
        if address:
            self.external.vote(address, voter)
        if self.external.changes != before:
            news = OurAddresses(self.our_addresses())
            for session in self._around.all_awake():
                session.handle(news)

    def our_addresses(self) -> list[Address]:
        """Where others reach us, as far as they told."""
        return [Address(host, self._around.announces.port) for host in self.external.addresses()]

    # --- Reception

    def admit(self, address: Address) -> bool:
        if self._around.bans.reason(address) is not None:
            return False
        return not any(isinstance(command, Refuse) for command in self.handle(IncomingArrived(address)))

    def identify(self, info_hash: bytes) -> Identity | None:
        found = self._around.known(info_hash)
        if isinstance(found, Sleeper):
            reserved = self._reserved(RESERVED, bool(found.row.private))
            return Identity(info_hash[:20], found.peer_id, found.piece_count, reserved) if found.runs else None
        if found is None or not (found.torrent.running or _beginning(found)):
            return None
        return self._identity(found)

    def established(self, connection: PeerConnection, handshake: Handshake) -> PeerOwner:
        refusal = self._count(connection, connected=True)
        if refusal and connection.incoming and self._displace(connection.address):
            refusal = ""
        _, session = self._dialling.pop(connection.key, (None, None))
        info_hash = handshake.info_hash
        found = session or self._around.known(info_hash)
        beginning = _beginning(self._around.known(info_hash)) if session is None else None
        if isinstance(found, Sleeper) or beginning is not None:
            doorstep = Doorstep(self._around.host.reactor, self, connection, handshake)
            if refusal:
                connection.close(refusal)
            elif beginning is not None:
                beginning.visitors.append(doorstep)
            else:
                awake = self._around.waking.awake(info_hash, at_once=True)
                awake.addCallback(doorstep.opened).addErrback(doorstep.refused)
            return doorstep
        if found is None or found.gone:
            connection.close("the torrent was removed")
            return Nobody(self)
        if found.piece_count is not None:
            connection.learn(found.piece_count)  # perhaps it was not known when they began to shake hands
        self.join(found, connection, handshake, refusal)
        return found

    def join(self, session: Driven[Any], connection: PeerConnection, handshake: Handshake, refusal: str) -> None:
        """The connection is the session's from now on; `refusal` says why it has to go, if it has to."""
        key = PeerKey(connection.key)
        session.connections[key] = connection
        if refusal:
            connection.close(refusal)
            if not connection.incoming:
                session.handle(ConnectFailed(connection.address, refusal))
            return
        if self._around.disk_busy:
            session.disk_is(True)
        session.handle(
            PeerConnected(
                key,
                connection.address,
                connection.incoming,
                PeerId(handshake.peer_id),
                _both(handshake, connection),
                connection.encryption != NONE,
            )
        )

    def recognise(self, obfuscated: bytes) -> bytes | None:
        return self._around.recognise(obfuscated)

    def refused(self, connection: PeerConnection, reason: str) -> None:
        _, session = self._dialling.pop(connection.key, (None, None))
        if session is not None and self._again(connection, session):
            return
        self._count(connection, connected=False)
        if session is None:
            log.debug("{address} was refused: {reason}", address=connection.address, reason=escape(reason))
            return
        self._encryption.failed(connection.address)
        if not session.gone:
            session.handle(ConnectFailed(connection.address, reason, given_up=reason == STOPPED))

    def _again(self, connection: PeerConnection, session: Driven[Any]) -> bool:
        """Go on without encryption, at once, with a peer that did not take part in it. For the fleet and the torrent
        it is the same attempt."""
        if not (connection.declined and session.torrent.running) or self._stopped:
            return False
        if not self._encryption.declined(connection.address):
            return False
        self._begin(session, connection.address, encrypted=False)
        return True

    def ended(self, connection: PeerConnection) -> None:
        """An established connection is gone."""
        self.handle(ConnectionClosed(connection.address))

    def _count(self, connection: PeerConnection, connected: bool) -> str:
        """Tell the fleet how an attempt or a handshake ended; why the connection has to go, if it has to."""
        ended = HandshakeEnded if connection.incoming else DialEnded
        for command in self.handle(ended(connection.address, connected)):
            if isinstance(command, Refuse):
                return command.reason
        return ""

    def _identity(self, session: Driven[Any]) -> Identity:
        reserved = self._reserved(session.reserved, session.private)
        return Identity(session.info_hash[:20], session.peer_id, session.piece_count, reserved)

    def _reserved(self, reserved: bytes, private: bool) -> bytes:
        """What our handshake says that we can do."""
        return with_dht(reserved) if self._around.dht.port and not private else reserved


def _beginning(found: Member | None) -> TorrentSession | None:
    """The torrent, if it will run as soon as it is known what is on the disk."""
    if found is None or isinstance(found, Sleeper | MagnetSession) or not found.is_beginning:
        return None
    return found


def _both(handshake: Handshake, connection: PeerConnection) -> bytes:
    """The reserved bits that both sides have set: what can be spoken on this connection."""
    ours = connection.identity.reserved if connection.identity is not None else bytes(8)
    return bytes(theirs & our for theirs, our in zip(handshake.reserved, ours, strict=True))
