"""What callers set and only we remember: settings that the daemon lacks, limits that are not in force, and bandwidth
groups, which are.

A client that sets a value expects to read it back, and a dialog that is opened and closed again must change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred

from torrentd.rpc.transmission.errors import INVALID_PARAMS, TransmissionError
from torrentd.rpc.transmission.view import KILO
from torrentd.session.control import Control
from torrentd.session.groups import GroupLimits, Membership

SESSION: Final = "transmission.session"
TORRENTS: Final = "transmission.torrents"
GROUPS: Final = "transmission.groups"
GROUP: Final[dict[str, Any]] = {
    "honors_session_limits": True,
    "speed_limit_down": 0,
    "speed_limit_down_enabled": False,
    "speed_limit_up": 0,
    "speed_limit_up_enabled": False,
}
"""A bandwidth group that nobody has set anything of."""
MOST_GROUPS: Final = 1000
LONGEST_NAME: Final = 200
"""Characters of the name of a group. Who may act on torrents may make groups, which are kept."""


class Kept:
    """Three tables of plain values, which survive a restart."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.session: dict[str, Any] = _table(control.kept(SESSION))
        self.groups: dict[str, dict[str, Any]] = _tables(control.kept(GROUPS))
        self._torrents: dict[str, dict[str, Any]] = _tables(control.kept(TORRENTS))
        if self.groups or self._torrents:
            self._share()

    def of(self, id: str) -> Mapping[str, Any]:
        """What is remembered of a torrent."""
        return self._torrents.get(id, {})

    def set_session(self, values: Mapping[str, Any]) -> Deferred[None]:
        self.session |= values
        return self._control.keep(SESSION, self.session)

    def set_torrent(self, id: str, values: Mapping[str, Any]) -> None:
        """`save` makes it last."""
        self._torrents[id] = {**self.of(id), **values}

    def set_group(self, name: str, values: Mapping[str, Any]) -> Deferred[None]:
        """Made if it is not there. TransmissionError where that would be one too many."""
        if name not in self.groups and len(self.groups) >= MOST_GROUPS:
            raise TransmissionError(INVALID_PARAMS, f"There are {MOST_GROUPS} groups already")
        if len(name) > LONGEST_NAME:
            raise TransmissionError(INVALID_PARAMS, f"A group's name has at most {LONGEST_NAME} characters")
        self.groups[name] = {**self.groups.get(name, {}), **values}
        self._share()
        return self._control.keep(GROUPS, self.groups)

    def save(self) -> Deferred[None]:
        """Keep what is remembered of torrents, without those that are gone."""
        there = frozenset(self._control.ids())
        self._torrents = {id: values for id, values in self._torrents.items() if id in there}
        self._share()
        return self._control.keep(TORRENTS, self._torrents)

    def _share(self) -> None:
        """Groups, and torrents outside of the daemon's limits, are in force."""
        groups = {name: _limits({**GROUP, **values}) for name, values in self.groups.items()}
        members = {id: _membership(values) for id, values in self._torrents.items()}
        self._control.set_groups(groups, {id: member for id, member in members.items() if member != Membership()})


def _limits(group: Mapping[str, Any]) -> GroupLimits:
    return GroupLimits(_rate(group, "down"), _rate(group, "up"), bool(group["honors_session_limits"]))


def _rate(group: Mapping[str, Any], direction: str) -> int | None:
    limited, rate = group[f"speed_limit_{direction}_enabled"], group[f"speed_limit_{direction}"]
    return max(0, rate) * KILO if limited and isinstance(rate, int) else None


def _membership(values: Mapping[str, Any]) -> Membership:
    return Membership(str(values.get("group", "")), bool(values.get("honors_session_limits", True)))


def _table(stored: object) -> dict[str, Any]:
    return dict(stored) if isinstance(stored, dict) else {}


def _tables(stored: object) -> dict[str, dict[str, Any]]:
    return {name: _table(inner) for name, inner in _table(stored).items()}
