"""`torrent_set`: limits, labels, files, trackers of torrents that are here.

A limit is there a number and, apart from it, whether it is in force; here it is the number that is in force. A number
that is not is remembered, so that it is read back and can be put in force later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from torrentd.policy.rates.weights import TorrentPriority
from torrentd.rpc.transmission.acting import each, in_queue
from torrentd.rpc.transmission.choosing import Choosing
from torrentd.rpc.transmission.fields import GLOBAL, SINGLE, UNLIMITED
from torrentd.rpc.transmission.files import choices, named
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.params import Params, flag, number, real, text, texts
from torrentd.rpc.transmission.trackers import TRACKERS, changed
from torrentd.rpc.transmission.view import KILO, MINUTE
from torrentd.session.control import Control, Wishes
from torrentd.session.telling.rows import LimitsRow
from torrentd.state.records import LimitValue

_RATES: Final = {"down": ("download_limited", "download_limit"), "up": ("upload_limited", "upload_limit")}
_PRIORITIES: Final[dict[int | None, TorrentPriority]] = {-1: "low", 0: "normal", 1: "high"}
_FILES: Final = ("files_wanted", "files_unwanted", "priority_low", "priority_normal", "priority_high")
DEFAULT_RATIO: Final = 2.0
DEFAULT_IDLE: Final = 30  # minutes
AND_MORE: Final = 1
"""Seconds. Sonarr and Radarr take the idle limit for one of the seeding time, and remove what was seeded for longer: a
torrent that stops at the limit because nobody ever came must have been."""


class Setting:
    def __init__(self, control: Control, choosing: Choosing, kept: Kept) -> None:
        self._control = control
        self._choosing = choosing
        self._kept = kept

    async def set(self, params: Params) -> dict[str, Any]:
        """Everything that is named, of all that are meant."""
        ids = self._choosing.torrents(params)
        group = (text(params, "group") or "").strip()
        if group and ids and group not in self._kept.groups:
            await self._kept.set_group(group, {})
        await each(self._control, ids, lambda id: self._set(id, params))
        position = number(params, "queue_position")
        if position is not None:
            await in_queue(self._control, ids, max(0, position))
        return {}

    async def _set(self, id: str, params: Params) -> None:
        limits, kept = _Limits(params, self._control.row(id).limits, self._kept.of(id)).wanted()
        labels = texts(params, "labels")
        wishes = Wishes(
            labels=None if labels is None else tuple(dict.fromkeys(label for label in labels if label)),
            limits=limits,
            sequential=flag(params, "sequential_download"),
            priority=priority(params),
        )
        if wishes != Wishes():
            await self._control.set(id, wishes)
        if kept:
            self._kept.set_torrent(id, kept)
            await self._kept.save()
        if any(name in params for name in _FILES):
            await self._set_files(id, params)
        if any(name in params for name in TRACKERS):
            await self._set_trackers(id, params)

    async def _set_trackers(self, id: str, params: Params) -> None:
        now = (await self._control.details(id)).tiers
        tiers = changed(params, now)
        if tiers != now:
            await self._control.set_trackers(id, tiers)

    async def _set_files(self, id: str, params: Params) -> None:
        files = await self._control.files(id)
        chosen = choices(named(params, len(files)), files)
        if chosen:
            await self._control.set_files(id, chosen)


def priority(params: Params) -> TorrentPriority | None:
    """What `bandwidth_priority` says, if anything."""
    return _PRIORITIES.get(number(params, "bandwidth_priority"))


class _Limits:
    """From the limits as they are and the parameters: those that change, and what is to be remembered."""

    def __init__(self, params: Params, now: LimitsRow, kept: Any) -> None:
        self._params = params
        self._now = now
        self._kept = kept
        self._limits: dict[str, LimitValue] = {}
        self._keep: dict[str, Any] = {}

    def wanted(self) -> tuple[dict[str, LimitValue], dict[str, Any]]:
        for direction, (limited, name) in _RATES.items():
            self._rate(direction, limited, name)
        self._mode("ratio", "seed_ratio", real(self._params, "seed_ratio_limit"), DEFAULT_RATIO, float)
        self._mode("idle_time", "seed_idle", number(self._params, "seed_idle_limit"), DEFAULT_IDLE, _idle_time)
        peers = number(self._params, "peer_limit")
        if peers is not None and peers > 0:
            self._limits["peers"] = peers
        self._remember("honors_session_limits", flag(self._params, "honors_session_limits"))
        group = text(self._params, "group")
        self._remember("group", None if group is None else group.strip())
        return self._limits, self._keep

    def _remember(self, name: str, value: object) -> None:
        if value is not None:
            self._keep[name] = value

    def _rate(self, direction: str, limited: str, name: str) -> None:
        now = getattr(self._now, direction)
        given, in_force = number(self._params, name), flag(self._params, limited)
        if given is None and in_force is None:
            return
        rate = given if given is not None else now // KILO if isinstance(now, int) else self._kept.get(name, 0)
        if in_force or (in_force is None and isinstance(now, int)):
            self._limits[direction] = max(0, rate) * KILO
        elif isinstance(now, int):
            self._limits[direction] = None
        self._keep[name] = max(0, rate)

    def _mode(
        self, own: str, name: str, given: float | None, default: float, limit: Callable[[float], LimitValue]
    ) -> None:
        now, mode = getattr(self._now, own), number(self._params, f"{name}_mode")
        if given is not None:
            self._keep[f"{name}_limit"] = given = max(given, 0)
        if mode == SINGLE or (mode is None and given is not None and isinstance(now, int | float)):
            wanted = given if given is not None else self._kept.get(f"{name}_limit", default)
            if given is not None or not isinstance(now, int | float):
                self._limits[own] = limit(wanted)
        elif mode in (GLOBAL, UNLIMITED):
            self._limits[own] = None if mode == GLOBAL else "unlimited"


def _idle_time(minutes: float) -> int:
    return int(minutes) * MINUTE + AND_MORE
