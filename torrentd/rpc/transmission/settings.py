"""`session_get` and `session_set`: the daemon's configuration as Transmission's settings.

A limit is there a number and, apart from it, whether it is in force; in our configuration it is the number, and 0 is no
limit. A number that is not in force is remembered. Settings that we lack are remembered and given back; what is set of
them has no effect, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from msgspec import UNSET
from twisted.logger import Logger

from torrentd import __version__
from torrentd.model.address import parse_address
from torrentd.rpc.transmission import alternative
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.names import snake
from torrentd.rpc.transmission.params import Params, flag, number, real
from torrentd.rpc.transmission.view import KILO, MIB, MINUTE
from torrentd.session.alternative import Override
from torrentd.session.control import Control
from torrentd.session.telling.rows import StatusRow

_log = Logger()

VERSION: Final = f"4.1.1 (torrentd {__version__})"
"""Clients read the first dotted number, and use what that Transmission could do."""
RPC_VERSION: Final = 19
RPC_VERSION_MINIMUM: Final = 14
RPC_VERSION_SEMVER: Final = "6.0.1"

ENCRYPTION: Final = {"off": "allowed", "prefer": "preferred", "require": "required"}

UNITS: Final = {
    "speed_units": ["kB/s", "MB/s", "GB/s", "TB/s"],
    "speed_bytes": KILO,
    "size_units": ["kB", "MB", "GB", "TB"],
    "size_bytes": KILO,
    "memory_units": ["KiB", "MiB", "GiB", "TiB"],
    "memory_bytes": 1024,
}

LACKING: Final[dict[str, Any]] = {
    "anti_brute_force_enabled": True,
    "anti_brute_force_threshold": 5,
    "default_trackers": "",
    "incomplete_dir": "",
    "incomplete_dir_enabled": False,
    "peer_port_random_on_start": False,
    "queue_stalled_enabled": True,
    "rename_partial_files": False,
    "script_torrent_added_enabled": False,
    "script_torrent_added_filename": "",
    "script_torrent_done_enabled": False,
    "script_torrent_done_filename": "",
    "script_torrent_done_seeding_enabled": False,
    "script_torrent_done_seeding_filename": "",
    "start_added_torrents": True,
    "tcp_enabled": True,
    "trash_original_torrent_files": False,
    "utp_enabled": False,
}
"""Settings that are remembered, with what they are until somebody sets them. `start_added_torrents` counts for what is
added here."""

_RATES: Final = {"down": "speed_limit_down", "up": "speed_limit_up"}
DEFAULT_RATE: Final = 100  # kB/s, shown while no limit is in force


class Switched(NamedTuple):
    """A number that may be out of force, and the key that is 0 then."""

    enabled: str
    key: str
    unit: int
    default: float
    least: float
    """that the key can be in force: 0 is "at once" there, and never here"""


SWITCHED: Final = {
    "seed_ratio_limit": Switched("seed_ratio_limited", "seeding.ratio", 1, 2.0, 1e-6),
    "idle_seeding_limit": Switched("idle_seeding_limit_enabled", "seeding.idle_time", MINUTE, 30, MINUTE),
    "download_queue_size": Switched("download_queue_enabled", "queue.downloads", 1, 5, 1),
    "seed_queue_size": Switched("seed_queue_enabled", "queue.seeds", 1, 10, 1),
}
PLAIN: Final = {
    "peer_limit_global": ("peers.max_connections", 1),
    "peer_limit_per_torrent": ("peers.max_connections_per_torrent", 1),
    "queue_stalled_minutes": ("queue.stalled_after", MINUTE),
}
"""numbers: name -> (key, unit)"""
FLAGS: Final = {"dht_enabled": "discovery.dht", "pex_enabled": "discovery.pex"}


class Settings:
    """`session_id` tells the id of the handshake."""

    def __init__(self, control: Control, kept: Kept, session_id: Callable[[], str]) -> None:
        self._control = control
        self._kept = kept
        self._session_id = session_id

    async def get(self, params: Params) -> dict[str, Any]:
        """All settings, or those that `fields` names."""
        settings = self.all()
        names = params.get("fields")
        if not isinstance(names, list):
            return settings
        wanted = [snake(name) for name in names if isinstance(name, str)]
        return {name: settings[name] for name in wanted if name in settings}

    def all(self) -> dict[str, Any]:
        """Every setting, in snake_case."""
        status, config = self._control.status(), self._control.config_values()
        kept = {name: self._kept.session.get(name, default) for name, default in LACKING.items()}
        alternatives = alternative.told(self._control, self._kept)
        return (
            kept
            | alternatives
            | self._rates()
            | self._switched(config)
            | _of_config(config)
            | _of_status(status)
            | self._of_rpc()
        )

    def _of_rpc(self) -> dict[str, Any]:
        return {
            "rpc_version": RPC_VERSION,
            "rpc_version_minimum": RPC_VERSION_MINIMUM,
            "rpc_version_semver": RPC_VERSION_SEMVER,
            "session_id": self._session_id(),
            "units": UNITS,
            "version": VERSION,
        }

    def _rates(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, rate in zip(_RATES.values(), self._control.limits(), strict=True):
            told[name] = self._kept.session.get(name, DEFAULT_RATE) if rate is None else rate // KILO
            told[f"{name}_enabled"] = rate is not None
        return told

    def _switched(self, config: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, switched in SWITCHED.items():
            value = config[switched.key]
            told[name] = value // switched.unit if value and switched.unit > 1 else value or self._idle(name, switched)
            told[switched.enabled] = bool(value)
        return told

    def _idle(self, name: str, switched: Switched) -> float:
        """The number while it is not in force."""
        kept: float = self._kept.session.get(name, switched.default)
        return kept

    async def set(self, params: Params) -> dict[str, Any]:
        """What can be set is; what we lack is remembered; the rest is passed over."""
        wanted = self._keys(params)
        if wanted:
            await self._control.set_config(wanted)
        await self._set_rates(params)
        await alternative.change(params, self._control, self._kept)
        lacking = {name: value for name, value in params.items() if name in LACKING and _fits(value, LACKING[name])}
        numbers = {name: real(params, name) for name in (*SWITCHED, *_RATES.values())}
        remembered = lacking | {name: value for name, value in numbers.items() if value is not None and value >= 0}
        if remembered:
            await self._kept.set_session(remembered)
        known = {*remembered, *alternative.NAMES, *PLAIN, *FLAGS, *(switched.enabled for switched in SWITCHED.values())}
        passed_over = [name for name in params if name not in known and not name.startswith("speed_limit_")]
        if lacking or passed_over:
            _log.debug(
                "session-set: remembered without effect: {lacking}; passed over: {passed_over}",
                lacking=", ".join(sorted(lacking)) or "nothing",
                passed_over=", ".join(sorted(passed_over)) or "nothing",
            )
        return {}

    def _keys(self, params: Params) -> dict[str, object]:
        """What the parameters say of keys of our configuration."""
        config = self._control.config_values()
        wanted: dict[str, object] = {}
        for name, switched in SWITCHED.items():
            wish = self._switch(params, name, switched, config[switched.key])
            if wish is not None:
                wanted[switched.key] = wish
        for name, (key, unit) in PLAIN.items():
            given = number(params, name)
            if given is not None:
                wanted[key] = given * unit
        for name, key in FLAGS.items():
            enabled = flag(params, name)
            if enabled is not None:
                wanted[key] = enabled
        return {key: value for key, value in wanted.items() if value != config[key]}

    def _switch(self, params: Params, name: str, switched: Switched, now: Any) -> float | None:
        """What the key should be; None: nothing is said of it."""
        given, enabled = real(params, name), flag(params, switched.enabled)
        if enabled is False:
            return 0
        if enabled is None and (given is None or not now):
            return None
        if given is None:
            return None if now else max(self._idle(name, switched) * switched.unit, switched.least)
        value = max(given * switched.unit, switched.least)
        return value if isinstance(switched.default, float) else int(value)

    async def _set_rates(self, params: Params) -> None:
        now = dict(zip(_RATES, self._control.limits(), strict=True))
        down, up = (self._rate(params, name, now[way]) for way, name in _RATES.items())
        if down is not None or up is not None:
            await self._control.set_limits(UNSET if down is None else down, UNSET if up is None else up)

    def _rate(self, params: Params, name: str, now: int | None) -> Override:
        """The limit that is wanted; None: nothing is said of it."""
        given, enabled = number(params, name), flag(params, f"{name}_enabled")
        if enabled is False:
            return "unlimited"
        if enabled is None and (given is None or now is None):
            return None
        if now is not None and given in (None, now // KILO):
            return None
        if given is None:
            given = self._kept.session.get(name, DEFAULT_RATE)
        return int(max(0, given) * KILO)


def _of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    source = config["blocklist.source"]
    return {
        "blocklist_enabled": bool(source),
        "blocklist_url": source if "://" in source else "",
        "cache_size_mib": config["storage.disk_queue"] // MIB,
        "config_dir": config["paths.state_dir"],
        "download_dir": config["paths.download_dir"],
        "encryption": ENCRYPTION[config["peers.encryption"]],
        "lpd_enabled": config["discovery.lsd"],
        "port_forwarding_enabled": config["ports.map"],
        **{name: config[key] // unit for name, (key, unit) in PLAIN.items()},
        **{name: config[key] for name, key in FLAGS.items()},
    }


def _of_status(status: StatusRow) -> dict[str, Any]:
    disk = status.disk[0] if status.disk else None
    return {
        "blocklist_size": status.blocklist.ranges if status.blocklist else 0,
        "download_dir_free_space": -1 if disk is None or disk.free is None else disk.free,
        "peer_port": parse_address(status.listen[0]).port if status.listen else 0,
    }


def _fits(value: object, default: object) -> bool:
    """Whether a value is of the kind that the setting has."""
    return type(value) is type(default)
