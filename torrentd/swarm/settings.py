"""What the user may set of one torrent, and what it counted so far."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from torrentd.policy.peers.bans import Bans


@dataclass(slots=True)
class Settings:
    """Shared by all torrents and changed in place when the configuration is reloaded."""

    max_connections: int = 50
    """per torrent"""
    upload_slots: int = 8
    client: str = "torrentd"
    """our name and version for the extension handshake (BEP 10 `v`)"""
    port: int = 0
    """where we accept connections (BEP 10 `p`); 0: nowhere"""
    pex: bool = True
    """peers are exchanged with peers (BEP 11)"""
    encrypts: bool = False
    """connections are encrypted where the peer takes part"""
    dht_port: int = 0
    """where our DHT node is, as peers are told (BEP 5); 0: there is none"""
    bans: Bans = field(default_factory=Bans)
    """who is not talked to: the daemon's register"""

    weight: float = 1.0
    """against other torrents, of what all of them want"""
    local_unlimited: bool = False
    """rate limits do not concern peers of the local network"""

    def become(self, other: Settings) -> None:
        """Take over everything from the other."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))


@dataclass(slots=True)
class Totals:
    """Payload bytes since the torrent was added, in all runs of the daemon."""

    uploaded: int = 0
    downloaded: int = 0
    """bytes of blocks received, useful or not"""
    wasted: int = 0
    """those of them that were of no use: duplicates, unrequested, discarded, of pieces with a wrong hash"""
