"""What the user may set of one torrent, and what it counted so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Settings:
    """Shared by all torrents and changed in place when the configuration is reloaded."""

    max_connections: int = 50
    """per torrent"""
    upload_slots: int = 8
    client: str = "torrentd"
    """our name and version for the extension handshake (BEP 10 `v`)"""
    dht_port: int = 0
    """where our DHT node is, as peers are told (BEP 5); 0: there is none"""


@dataclass(slots=True)
class Totals:
    """Payload bytes since the torrent was added, in all runs of the daemon."""

    uploaded: int = 0
    downloaded: int = 0
    """bytes of blocks received, useful or not"""
    wasted: int = 0
    """those of them that were of no use: duplicates, unrequested, discarded, of pieces with a wrong hash"""
