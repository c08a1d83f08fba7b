"""The way in: a table event type -> function, and what is looked after when a deadline has come; see `swarm.torrent`,
which has the same shape.

The metadata leaves once, as a `MetadataFetched`; the state is of no more use then but to be handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torrentd.swarm import events
from torrentd.swarm.announcing import trackers
from torrentd.swarm.commands import MetadataFetched
from torrentd.swarm.events import Event, Fulfilled, Start, Stop, Tick
from torrentd.swarm.fetching import meeting, talk
from torrentd.swarm.fetching.state import FetchingState
from torrentd.swarm.membership import NEVER
from torrentd.swarm.peers import dialling, extensions

if TYPE_CHECKING:
    from torrentd.model.address import Address
    from torrentd.policy.peers.turnover import Link
    from torrentd.swarm.state import TorrentState

TRUSTED = ("user", "tracker")
"""Who may name peers of a private torrent (BEP 27)."""

INCOMING = "incoming"
"""The source of those who came by themselves."""


def start(fetching: FetchingState, _: Start) -> None:
    """Begin or resume."""
    if fetching.running:
        return
    fetching.running = True
    fetching.announcing.start(fetching.now)
    fetching.wake(fetching.now)
    if fetching.download.metadata is not None:  # something went wrong with it
        fetching.commands.append(MetadataFetched(fetching.download.metadata))


def stop(fetching: FetchingState, event: Stop) -> None:
    """Pause or shut down. What came of the metadata stays."""
    if fetching.running:
        fetching.running = False
        meeting.close_all(fetching, "the torrent was paused")
        fetching.commands += fetching.announcing.stop(fetching.now, fetching.tally, silent=event.silent)
        fetching.deadline = NEVER
        fetching.wake(fetching.now)


def tick(fetching: FetchingState, _: Tick) -> None:
    """Do what is due, also when only limits changed."""
    fetching.wake(fetching.now)


def fulfilled(fetching: FetchingState, event: Fulfilled) -> None:
    """A torrent takes over: let those go that it may not have, and take back to the others that we exchange peers."""
    fetching.private = event.private
    if event.private:
        fetching.candidates.keep_only(TRUSTED)
        for peer in list(fetching.peers.values()):
            if peer.source not in (*TRUSTED, INCOMING):
                meeting.close(fetching, peer, "the torrent is private")
        extensions.update(fetching)


ON_EVENT: dict[type[Event], Callable[[FetchingState, Any], None]] = {
    events.Received: talk.received,
    events.PeerConnected: meeting.peer_connected,
    events.PeerClosed: meeting.peer_closed,
    events.ConnectFailed: dialling.connect_failed,
    events.Dial: dialling.dial,
    events.MakeRoom: meeting.room_wanted,
    events.PeersFound: dialling.peers_found,
    events.PeersUnwanted: meeting.peers_unwanted,
    events.Announced: trackers.announced,
    events.AnnounceFailed: trackers.announce_failed,
    events.Scraped: trackers.scraped,
    events.AnnounceNow: trackers.announce_now,
    events.PortChanged: trackers.port_changed,
    events.SetTrackers: trackers.set_trackers,
    events.OurAddresses: dialling.our_addresses,
    events.Fulfilled: fulfilled,
    events.Start: start,
    events.Stop: stop,
    events.Tick: tick,
}

DUE: tuple[Callable[[FetchingState], None], ...] = (talk.due, meeting.due, trackers.due)


class Fetching(FetchingState):
    """The state, and the way in."""

    verbs = ON_EVENT
    chores = DUE

    def expendable(self, newcomer: Address, now: float) -> Link | None:
        return meeting.expendable(self, now)


def hand_over(fetching: FetchingState, torrent: TorrentState) -> None:
    """The torrent, which was just made and does not run yet, takes over who is known.

    Connections that we made, and attempts under way, count as the torrent's attempts from now on: each must be reported
    to it by PeerConnected or ConnectFailed.
    """
    for peer in fetching.peers.values():
        if peer.incoming and peer.listens is not None:
            fetching.candidates.closed(peer.listens, fetching.now)  # it will tell the torrent, too
    torrent.candidates = fetching.candidates
    torrent.closed_peers = fetching.closed_peers
    torrent.connecting = fetching.connecting + sum(not peer.incoming for peer in fetching.peers.values())
