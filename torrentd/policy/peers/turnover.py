"""Which connection makes room for another when a torrent, or the daemon, has as many as it may.

Without turnover a torrent that knows many peers stays with the first it met, and a few of them, connected with each
other alone, wait for ever for pieces that others have. So a connection that leads nowhere goes as soon as somebody else
is there: one in which neither side wants anything of the other, before one that has carried no block for a long time
though somebody wanted some. Of equals goes what is worth least to both ends (BEP 40). A connection that carries blocks
is never given up.

Who comes by himself need not wait for that: he takes the place of whoever is worth less to both ends and carries
nothing. So a full swarm settles into one graph that depends on nobody's being first, which is what BEP 40 is for; as
each change leaves something of more worth, it ends.

Each new one gets the same time to prove itself, and they go one by one, so that the swarm is explored and not churned:
even in a swarm of choking peers each has several optimistic unchokes to win first.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from torrentd.model.ids import PeerKey

UNWANTED = 60.0
"""Seconds without a block after which a connection goes that nobody wants anything of: two optimistic unchokes."""

FRUITLESS = 180.0
"""The same where somebody wants something: six optimistic unchokes went to others."""

SPACING = 30.0
"""Seconds between two that go. In an hour all of a torrent's 50 connections can be others."""

NEVER = float("inf")


class Link(Struct):
    """One connection."""

    peer: PeerKey
    wanted: bool
    """at least one side is interested in the other"""
    useful_at: float
    """when the last block came or went; the time it connected if none did"""
    priority: int = 0
    """canonical (BEP 40)"""

    @property
    def expires_at(self) -> float:
        """From when on somebody else may have its place."""
        return self.useful_at + (FRUITLESS if self.wanted else UNWANTED)


def weakest(links: Collection[Link], now: float) -> PeerKey | None:
    """Who goes: the unwanted first, then what is worth least, then whoever was useless longest. None if nobody may go
    yet."""
    expired = [link for link in links if link.expires_at <= now]
    return min(expired, key=worth).peer if expired else None


def worth(link: Link) -> tuple[bool, int, float, PeerKey]:
    """What goes first is worth least."""
    return (link.wanted, link.priority, link.useful_at, link.peer)


def displaced(links: Collection[Link], priority: int, now: float) -> PeerKey | None:
    """Who goes for a newcomer of such a priority: of those that are worth less and are idle for a minute whoever
    `weakest` would name. None if there is nobody."""
    idle = [link for link in links if link.priority < priority and link.useful_at + UNWANTED <= now]
    return min(idle, key=worth).peer if idle else None


def expendable(links: Collection[Link], priority: int, now: float) -> Link | None:
    """Whoever goes for a newcomer of such a priority where the places of all torrents are taken, one at a time. None if
    there is nobody."""
    key = weakest(links, now)
    if key is None:
        key = displaced(links, priority, now)
    return next((link for link in links if link.peer == key), None)


def expiry(links: Collection[Link]) -> float:
    """When the first of them may go; infinity if there is none."""
    return min((link.expires_at for link in links), default=NEVER)
