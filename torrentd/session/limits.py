"""The limits in force: what the file says, and what was set at run time, which beats it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from torrentd import __version__, config
from torrentd.policy.rates.weights import WEIGHTS, TorrentPriority, slots
from torrentd.session.alternative import Alternative, AlternativeChanges, Override, known_rate
from torrentd.swarm.fleet.events import FleetLimits
from torrentd.swarm.settings import Settings as TorrentSettings

if TYPE_CHECKING:
    from torrentd.config import Settings

MOST_CONNECTIONS = 65_535
"""No address has more ports; the daemon's own limit holds all the same."""


class RuntimeLimits(Struct, frozen=True):
    """Rates set through the API; each beats the file by itself."""

    down: Override = None
    up: Override = None
    alternative: Alternative = field(default_factory=Alternative)

    @classmethod
    def read(cls, stored: object) -> RuntimeLimits:
        """From the database; anything that we would not have written counts as not set."""
        if not isinstance(stored, dict):
            return cls()
        alternative = Alternative.read(stored.get("alternative"))
        return cls(known_rate(stored.get("down")), known_rate(stored.get("up")), alternative)

    def stored(self) -> dict[str, object] | None:
        """For the database."""
        if self == RuntimeLimits():
            return None
        return {"down": self.down, "up": self.up, "alternative": self.alternative.stored()}

    @property
    def beaten(self) -> list[str]:
        """The keys of the file that are not in force."""
        overrides = {"limits.download": self.down, "limits.upload": self.up}
        return [key for key, override in overrides.items() if override is not None] + self.alternative.beaten


LIMITS = "limits"
"""The setting of the database that holds them."""

_USUAL = {"limits.download": "down", "limits.upload": "up"}
_ALTERNATIVE = {
    "limits.alternative_download": "down",
    "limits.alternative_upload": "up",
    "limits.alternative_schedule": "schedule",
}
LIMIT_KEYS = frozenset(_USUAL) | frozenset(_ALTERNATIVE)
"""Keys of the file that RuntimeLimits beat."""


def as_limits(written: Mapping[str, object]) -> dict[str, Any]:
    """LIMIT_KEYS with values as the file would write them, as the arguments of `Control.set_limits`. ValueError."""
    usual = {_USUAL[key]: _override(key, value) for key, value in written.items() if key in _USUAL}
    others = {_ALTERNATIVE[key]: _override(key, value) for key, value in written.items() if key in _ALTERNATIVE}
    return {**usual, "alternative": AlternativeChanges(**others)} if others else usual


def _override(key: str, written: object) -> Any:
    """A rate of 0 is no limit there; None takes back what was set."""
    if written is None:
        return None
    value = config.convert_key(key, written)
    return "unlimited" if value == 0 else value


Rates = tuple[int | None, int | None]
"""(down, up), bytes per second; None is unlimited."""


def effective(settings: Settings, runtime: RuntimeLimits) -> Rates:
    """The usual limits."""
    return _in_force(runtime.down, settings.limits.download), _in_force(runtime.up, settings.limits.upload)


def alternative(settings: Settings, runtime: RuntimeLimits) -> Rates:
    """The alternative ones."""
    own, file = runtime.alternative, settings.limits
    return _in_force(own.down, file.alternative_download), _in_force(own.up, file.alternative_upload)


def _in_force(override: Override, in_file: int) -> int | None:
    if override is None:
        return in_file or None  # 0 in the file is unlimited
    return None if override == "unlimited" else override


def fleet_limits(settings: Settings, rates: Rates) -> FleetLimits:
    """What the daemon as a whole may use."""
    down, up = rates
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


def of_torrent(settings: TorrentSettings, limits: Mapping[str, object], priority: TorrentPriority) -> TorrentSettings:
    """The same with what the user set of the torrent alone, which beats what holds for all."""
    weight, peers = WEIGHTS[priority], limits.get("peers")
    most = MOST_CONNECTIONS if peers == "unlimited" else peers
    return replace(
        settings,
        max_connections=most if isinstance(most, int) else settings.max_connections,
        upload_slots=slots(settings.upload_slots, weight),
        weight=weight,
    )
