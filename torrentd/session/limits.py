"""The limits in force: what the file says, and what was set at run time, which beats it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torrentd import __version__
from torrentd.swarm.fleet_events import FleetLimits
from torrentd.swarm.settings import Settings as TorrentSettings

if TYPE_CHECKING:
    from torrentd.config import Settings

MOST_CONNECTIONS = 65_535
"""No address has more ports; the daemon's own limit holds all the same."""


@dataclass(frozen=True, slots=True)
class RuntimeLimits:
    """Rates set through the API, in bytes per second; None is unlimited. `given`: whether they beat the file."""

    given: bool = False
    down: int | None = None
    up: int | None = None

    @classmethod
    def read(cls, stored: object) -> RuntimeLimits:
        """From the database; anything that we would not have written counts as not given."""
        if not isinstance(stored, dict):
            return cls()
        rates = stored.get("down"), stored.get("up")
        if all(rate is None or (type(rate) is int and rate >= 0) for rate in rates):
            return cls(True, *rates)
        return cls()

    def stored(self) -> dict[str, int | None] | None:
        """For the database."""
        return {"down": self.down, "up": self.up} if self.given else None


def effective(settings: Settings, runtime: RuntimeLimits) -> tuple[int | None, int | None]:
    """(down, up) in force."""
    if runtime.given:
        return runtime.down, runtime.up
    return settings.limits.download or None, settings.limits.upload or None  # 0 in the file is unlimited


def fleet_limits(settings: Settings, runtime: RuntimeLimits) -> FleetLimits:
    """What the daemon as a whole may use."""
    down, up = effective(settings, runtime)
    peers = settings.peers
    return FleetLimits(peers.max_connections, peers.max_connections_per_address, peers.max_half_open, down, up)


def torrent_settings(settings: Settings) -> TorrentSettings:
    """What each torrent may use."""
    peers = settings.peers
    return TorrentSettings(peers.max_connections_per_torrent, peers.upload_slots, f"torrentd {__version__}")


def of_torrent(settings: TorrentSettings, limits: Mapping[str, object]) -> TorrentSettings:
    """The same with the torrent's own limits, which beat the daemon's."""
    peers = limits.get("peers")
    if peers == "unlimited":
        return replace(settings, max_connections=MOST_CONNECTIONS)
    return replace(settings, max_connections=peers) if isinstance(peers, int) else replace(settings)
