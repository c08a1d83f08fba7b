"""What callers set and only we remember: settings that the daemon lacks, and limits that are not in force.

A client that sets a value expects to read it back, and a dialog that is opened and closed again must change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred

from torrentd.session.control import Control

SESSION: Final = "transmission.session"
TORRENTS: Final = "transmission.torrents"
GROUPS: Final = "transmission.groups"


class Kept:
    """Three tables of plain values, which survive a restart."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self.session: dict[str, Any] = _table(control.kept(SESSION))
        self.groups: dict[str, dict[str, Any]] = _tables(control.kept(GROUPS))
        self._torrents: dict[str, dict[str, Any]] = _tables(control.kept(TORRENTS))

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
        self.groups[name] = {**self.groups.get(name, {}), **values}
        return self._control.keep(GROUPS, self.groups)

    def save(self) -> Deferred[None]:
        """Keep what is remembered of torrents, without those that are gone."""
        there = frozenset(self._control.ids())
        self._torrents = {id: values for id, values in self._torrents.items() if id in there}
        return self._control.keep(TORRENTS, self._torrents)


def _table(stored: object) -> dict[str, Any]:
    return dict(stored) if isinstance(stored, dict) else {}


def _tables(stored: object) -> dict[str, dict[str, Any]]:
    return {name: _table(inner) for name, inner in _table(stored).items()}
