"""The torrent and its trackers: hands the schedule (`announcing`) its facts, and takes the peers out of the answers."""

from __future__ import annotations

from typing import Any

from torrentd.swarm.events import Announced, AnnounceFailed, AnnounceNow, PortChanged, Scraped, SetTrackers
from torrentd.swarm.membership import Membership
from torrentd.swarm.peers import dialling


def announced(torrent: Membership[Any], event: Announced) -> None:
    """A tracker answered; it may name nobody of a narrower scope than its own."""
    torrent.candidates.add(event.answer.peers, "tracker", torrent.now, event.narrowest)
    torrent.announcing.answered(event, torrent.now)
    torrent.wake(torrent.now)


def announce_failed(torrent: Membership[Any], event: AnnounceFailed) -> None:
    """A tracker did not answer, or refused: the next one's turn."""
    torrent.announcing.failed(event, torrent.now)
    torrent.wake(torrent.now)


def scraped(torrent: Membership[Any], event: Scraped) -> None:
    """A tracker told numbers."""
    torrent.announcing.scraped(event, torrent.now)


def announce_now(torrent: Membership[Any], _: AnnounceNow) -> None:
    """The user asks for it."""
    torrent.announcing.announce_now(torrent.now)
    torrent.wake(torrent.now)


def port_changed(torrent: Membership[Any], _: PortChanged) -> None:
    """Peers reach us elsewhere."""
    torrent.announcing.port_changed(torrent.now)
    torrent.wake(torrent.now)


def set_trackers(torrent: Membership[Any], event: SetTrackers) -> None:
    """Other trackers; those that are gone are told "stopped"."""
    torrent.commands += torrent.announcing.replace(event.tiers, torrent.now, torrent.tally)
    torrent.wake(torrent.now)


def due(torrent: Membership[Any]) -> None:
    """Announce and scrape what is due. A torrent with room and nobody to dial may ask early."""
    hungry = dialling.wants_peers(torrent) and not torrent.finished
    starving = hungry and not torrent.connecting and not torrent.candidates.ready(torrent.now)
    wanting = dialling.wants_addresses(torrent)
    torrent.commands += torrent.announcing.due(torrent.now, torrent.tally, wanting, starving)
    torrent.wake(torrent.announcing.next_deadline())
