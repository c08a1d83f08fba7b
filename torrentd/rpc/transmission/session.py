"""`session_get`, `session_set`, `session_stats`, `free_space`, `session_close`: the daemon as Transmission would be.

Settings that we lack are remembered and given back; what is set of them has no effect, and the log says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET
from twisted.logger import Logger

from torrentd import __version__
from torrentd.model.address import parse_address
from torrentd.rpc.transmission.errors import PATH_NOT_ABSOLUTE, SYSTEM_ERROR, TransmissionError
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.names import snake
from torrentd.rpc.transmission.params import Params, flag, number, text
from torrentd.rpc.transmission.view import KILO, MIB
from torrentd.session.control import Control
from torrentd.session.limits import Override
from torrentd.session.telling.rows import StatusRow, TotalsRow

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
    "alt_speed_down": 50,
    "alt_speed_enabled": False,
    "alt_speed_time_begin": 540,
    "alt_speed_time_day": 127,
    "alt_speed_time_enabled": False,
    "alt_speed_time_end": 1020,
    "alt_speed_up": 50,
    "anti_brute_force_enabled": True,
    "anti_brute_force_threshold": 5,
    "blocklist_enabled": False,
    "blocklist_url": "",
    "default_trackers": "",
    "download_queue_enabled": False,
    "download_queue_size": 5,
    "idle_seeding_limit": 30,
    "idle_seeding_limit_enabled": False,
    "incomplete_dir": "",
    "incomplete_dir_enabled": False,
    "peer_port_random_on_start": False,
    "queue_stalled_enabled": False,
    "queue_stalled_minutes": 30,
    "rename_partial_files": False,
    "script_torrent_added_enabled": False,
    "script_torrent_added_filename": "",
    "script_torrent_done_enabled": False,
    "script_torrent_done_filename": "",
    "script_torrent_done_seeding_enabled": False,
    "script_torrent_done_seeding_filename": "",
    "seed_queue_enabled": False,
    "seed_queue_size": 10,
    "seed_ratio_limit": 2.0,
    "seed_ratio_limited": False,
    "start_added_torrents": True,
    "trash_original_torrent_files": False,
    "utp_enabled": False,
}
"""Settings that are remembered, with what they are until somebody sets them."""

_RATES: Final = {"down": "speed_limit_down", "up": "speed_limit_up"}
DEFAULT_RATE: Final = 100  # kB/s, shown while no limit is in force


class Sessions:
    """`session_id` tells the id of the handshake."""

    def __init__(self, control: Control, kept: Kept, session_id: Callable[[], str]) -> None:
        self._control = control
        self._kept = kept
        self._session_id = session_id

    async def get(self, params: Params) -> dict[str, Any]:
        """All settings, or those that `fields` names."""
        settings = self.settings()
        names = params.get("fields")
        if not isinstance(names, list):
            return settings
        wanted = [snake(name) for name in names if isinstance(name, str)]
        return {name: settings[name] for name in wanted if name in settings}

    def settings(self) -> dict[str, Any]:
        """Every setting, in snake_case."""
        status, config = self._control.status(), self._control.config_values()
        kept = {name: self._kept.session.get(name, default) for name, default in LACKING.items()}
        return kept | self._rates() | _of_config(config) | _of_status(status) | self._of_rpc()

    def _of_rpc(self) -> dict[str, Any]:
        return {
            "blocklist_size": 0,
            "rpc_version": RPC_VERSION,
            "rpc_version_minimum": RPC_VERSION_MINIMUM,
            "rpc_version_semver": RPC_VERSION_SEMVER,
            "session_id": self._session_id(),
            "tcp_enabled": True,
            "units": UNITS,
            "version": VERSION,
        }

    def _rates(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name, rate in zip(_RATES.values(), self._control.limits(), strict=True):
            told[name] = self._kept.session.get(name, DEFAULT_RATE) if rate is None else rate // KILO
            told[f"{name}_enabled"] = rate is not None
        return told

    async def set(self, params: Params) -> dict[str, Any]:
        """What can be set is; what we lack is remembered; the rest is passed over."""
        await self._set_rates(params)
        lacking = {name: value for name, value in params.items() if name in LACKING and _fits(value, LACKING[name])}
        rates = {name: params[name] for name in _RATES.values() if number(params, name) is not None}
        if lacking or rates:
            await self._kept.set_session(lacking | rates)
        passed_over = sorted(name for name in params if name not in lacking and not name.startswith("speed_limit_"))
        if lacking or passed_over:
            _log.debug(
                "session-set: remembered without effect: {lacking}; passed over: {passed_over}",
                lacking=", ".join(sorted(lacking)) or "nothing",
                passed_over=", ".join(passed_over) or "nothing",
            )
        return {}

    async def _set_rates(self, params: Params) -> None:
        now = dict(zip(_RATES, self._control.limits(), strict=True))
        wanted = {way: self._rate(params, name, now[way]) for way, name in _RATES.items()}
        if any(limit is not None for limit in wanted.values()):
            await self._control.set_limits(**{way: UNSET if rate is None else rate for way, rate in wanted.items()})

    def _rate(self, params: Params, name: str, now: int | None) -> Override:
        """The limit that is wanted; None: nothing is said of it."""
        given, enabled = number(params, name), flag(params, f"{name}_enabled")
        if enabled is False:
            return "unlimited"
        if enabled is None and (given is None or now is None):
            return None
        if given is None:
            given = self._kept.session.get(name, DEFAULT_RATE) if now is None else now // KILO
        return max(0, given) * KILO

    # --- numbers

    async def stats(self, params: Params) -> dict[str, Any]:
        status = self._control.status()
        by_state = status.torrents.by_state
        paused = sum(by_state.get(state, 0) for state in ("paused", "finished", "error"))
        return {
            "active_torrent_count": status.torrents.total - paused,
            "download_speed": status.rates.down,
            "paused_torrent_count": paused,
            "torrent_count": status.torrents.total,
            "upload_speed": status.rates.up,
            "cumulative_stats": _totals(status.totals.all_time),
            "current_stats": _totals(status.totals.session),
        }

    async def free_space(self, params: Params) -> dict[str, Any]:
        path = text(params, "path") or ""
        if not path.startswith("/"):
            raise TransmissionError(PATH_NOT_ABSOLUTE, "directory path is not absolute")
        row = self._control.disk(path)
        if row.free is None:
            raise TransmissionError(SYSTEM_ERROR, "No such file or directory")
        return {"path": path, "size_bytes": row.free, "total_size": row.total}

    async def close(self, params: Params) -> dict[str, Any]:
        self._control.shutdown()
        return {}


def _of_config(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "cache_size_mib": config["storage.disk_queue"] // MIB,
        "config_dir": config["paths.state_dir"],
        "dht_enabled": config["discovery.dht"],
        "download_dir": config["paths.download_dir"],
        "encryption": ENCRYPTION[config["peers.encryption"]],
        "lpd_enabled": config["discovery.lsd"],
        "peer_limit_global": config["peers.max_connections"],
        "peer_limit_per_torrent": config["peers.max_connections_per_torrent"],
        "pex_enabled": config["discovery.pex"],
        "port_forwarding_enabled": config["ports.map"],
    }


def _of_status(status: StatusRow) -> dict[str, Any]:
    disk = status.disk[0] if status.disk else None
    return {
        "download_dir_free_space": -1 if disk is None or disk.free is None else disk.free,
        "peer_port": parse_address(status.listen[0]).port if status.listen else 0,
    }


def _totals(row: TotalsRow) -> dict[str, int]:
    return {
        "downloaded_bytes": row.downloaded,
        "uploaded_bytes": row.uploaded,
        "files_added": row.files,
        "seconds_active": row.seconds,
        "session_count": row.runs,
    }


def _fits(value: object, default: object) -> bool:
    """Whether a value is of the kind that the setting has."""
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
