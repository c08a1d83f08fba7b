"""What concerns the daemon as a whole, besides its settings: statistics, disks, groups, port, blocklist."""

from __future__ import annotations

from typing import Any, Final

from torrentd.rpc.transmission.errors import (
    BLOCKLIST,
    INVALID_PARAMS,
    PATH_NOT_ABSOLUTE,
    SYSTEM_ERROR,
    TransmissionError,
)
from torrentd.rpc.transmission.kept import GROUP, Kept
from torrentd.rpc.transmission.params import Params, flag, number, text, texts
from torrentd.session.control import Control
from torrentd.session.telling.rows import StatusRow, TotalsRow

STOPPED: Final = ("paused", "finished", "error")


class Sessions:
    def __init__(self, control: Control, kept: Kept) -> None:
        self._control = control
        self._kept = kept

    async def stats(self, params: Params) -> dict[str, Any]:
        status = self._control.status()
        stopped = sum(status.torrents.by_state.get(state, 0) for state in STOPPED)
        return {
            "active_torrent_count": status.torrents.total - stopped,
            "download_speed": status.rates.down,
            "paused_torrent_count": stopped,
            "torrent_count": status.torrents.total,
            "upload_speed": status.rates.up,
            "cumulative_stats": _totals(status.totals.all_time),
            "current_stats": _totals(status.totals.session),
        }

    async def free_space(self, params: Params) -> dict[str, Any]:
        path = text(params, "path") or ""
        if not path.startswith("/") or "\0" in path:
            raise TransmissionError(PATH_NOT_ABSOLUTE, "directory path is not absolute")
        row = await self._control.disk(path)
        if row.free is None:
            raise TransmissionError(SYSTEM_ERROR, "No such file or directory")
        return {"path": path, "size_bytes": row.free, "total_size": row.total}

    async def port_test(self, params: Params) -> dict[str, Any]:
        """As far as we can tell by ourselves; nobody on the internet is asked."""
        protocol = text(params, "ip_protocol")
        if protocol not in (None, "ipv4", "ipv6"):
            raise TransmissionError(INVALID_PARAMS, "ip_protocol is ipv4 or ipv6")
        is_open = _is_reachable(self._control.status(), protocol, bool(self._control.config_values()["ports.map"]))
        return {"port_is_open": is_open} | ({} if protocol is None else {"ip_protocol": protocol})

    async def blocklist_update(self, params: Params) -> dict[str, Any]:
        row = await self._control.renew_blocklist()
        if row is None:
            raise TransmissionError(BLOCKLIST, "The configuration key blocklist.source names no list")
        if row.error is not None:
            raise TransmissionError(BLOCKLIST, row.error)
        return {"blocklist_size": row.ranges}

    async def close(self, params: Params) -> dict[str, Any]:
        self._control.shutdown()
        return {}

    # --- groups

    async def group_get(self, params: Params) -> dict[str, Any]:
        """All groups, or those that are named."""
        name = text(params, "group")
        named = texts(params, "group") if name is None else [name]
        groups = self._kept.groups
        return {"group": [{"name": name, **GROUP, **groups[name]} for name in groups if named is None or name in named]}

    async def group_set(self, params: Params) -> dict[str, Any]:
        name = (text(params, "name") or "").strip()
        if not name:
            raise TransmissionError(INVALID_PARAMS, "No group name given")
        given = {key: (flag if isinstance(GROUP[key], bool) else number)(params, key) for key in GROUP}
        await self._kept.set_group(name, {key: value for key, value in given.items() if value is not None})
        return {}


def _totals(row: TotalsRow) -> dict[str, int]:
    return {
        "downloaded_bytes": row.downloaded,
        "uploaded_bytes": row.uploaded,
        "files_added": row.files,
        "seconds_active": row.seconds,
        "session_count": row.runs,
    }


def _is_reachable(status: StatusRow, protocol: str | None, looks_for_router: bool) -> bool:
    """A router sends the port to us; or others see our address, and no router was found between us and them."""
    if any(row.protocol == "tcp" and row.external_port for row in status.port_mapping) and protocol != "ipv6":
        return True
    seen = {"ipv6" if ":" in address else "ipv4" for address in status.external_addresses}
    if status.port_mapping or not looks_for_router:
        seen.discard("ipv4")
    return bool(seen) if protocol is None else protocol in seen
