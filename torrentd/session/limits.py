"""The limits in force: what the file says, and what was set at run time, which beats it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from torrentd import __version__, config
from torrentd.swarm.fleet.events import FleetLimits
from torrentd.swarm.settings import Settings as TorrentSettings

if TYPE_CHECKING:
    from torrentd.config import Settings

MOST_CONNECTIONS = 65_535
"""No address has more ports; the daemon's own limit holds all the same."""


Override = int | Literal["unlimited"] | None
"""Bytes per second, or no limit; None: what the file says is in force."""


@dataclass(frozen=True, slots=True)
class RuntimeLimits:
    """Rates set through the API; each beats the file by itself."""

    down: Override = None
    up: Override = None

    @classmethod
    def read(cls, stored: object) -> RuntimeLimits:
        """From the database; anything that we would not have written counts as not set."""
        return cls(_known(stored.get("down")), _known(stored.get("up"))) if isinstance(stored, dict) else cls()

    def stored(self) -> dict[str, Override] | None:
        """For the database."""
        return {"down": self.down, "up": self.up} if self.beaten else None

    @property
    def beaten(self) -> list[str]:
        """The keys of the file that are not in force."""
        overrides = {"limits.download": self.down, "limits.upload": self.up}
        return [key for key, override in overrides.items() if override is not None]


RATE_KEYS = {"limits.download": "down", "limits.upload": "up"}


def as_override(key: str, written: object) -> Override:
    """A rate as the file would write it, where 0 is no limit; None takes back what was set. ValueError."""
    if written is None:
        return None
    rate = config.convert_key(key, written)
    return rate if isinstance(rate, int) and rate else "unlimited"


def _known(stored: object) -> Override:
    if stored == "unlimited":
        return "unlimited"
    return stored if type(stored) is int and stored >= 0 else None


def effective(settings: Settings, runtime: RuntimeLimits) -> tuple[int | None, int | None]:
    """(down, up) in force; None is unlimited."""
    return _in_force(runtime.down, settings.limits.download), _in_force(runtime.up, settings.limits.upload)


def _in_force(override: Override, in_file: int) -> int | None:
    if override is None:
        return in_file or None  # 0 in the file is unlimited
    return None if override == "unlimited" else override


def fleet_limits(settings: Settings, runtime: RuntimeLimits) -> FleetLimits:
    """What the daemon as a whole may use."""
    down, up = effective(settings, runtime)
    peers = settings.peers
    return FleetLimits(peers.max_connections, peers.max_connections_per_address, peers.max_half_open, down, up)


def torrent_settings(settings: Settings, port: int) -> TorrentSettings:
    """What each torrent may use. `port`: where we accept connections, 0 if nowhere."""
    peers = settings.peers
    return TorrentSettings(
        peers.max_connections_per_torrent,
        peers.upload_slots,
        f"torrentd {__version__}",
        port,
        settings.discovery.pex,
        local_unlimited=settings.limits.local_unlimited,
    )


def rate_limits(limits: Mapping[str, object]) -> tuple[int | None, int | None]:
    """(down, up) of a torrent alone, bytes per second; None is unlimited."""
    return _rate(limits.get("down")), _rate(limits.get("up"))


def _rate(limit: object) -> int | None:
    return int(limit) if isinstance(limit, int | float) else None


def of_torrent(settings: TorrentSettings, limits: Mapping[str, object]) -> TorrentSettings:
    """The same with the torrent's own limits, which beat the daemon's."""
    peers = limits.get("peers")
    if peers == "unlimited":
        return replace(settings, max_connections=MOST_CONNECTIONS)
    return replace(settings, max_connections=peers) if isinstance(peers, int) else replace(settings)
