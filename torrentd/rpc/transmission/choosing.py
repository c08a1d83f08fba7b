"""Which torrents a call means by `ids`: a number, a list of numbers and hashes, "recently_active", or all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from torrentd.rpc.transmission.numbers import Moments, Numbers
from torrentd.session.control import Control

RECENT: Final = frozenset({"recently_active", "recently-active"})
ALL_TO_SHOW: Final = -1
"""Some ask for all torrents by this number. It is not taken for all where something is done to them."""


class Choosing:
    """`seconds` is monotonic."""

    def __init__(self, control: Control, seconds: Callable[[], float]) -> None:
        self.numbers = Numbers()
        self._control = control
        self._moments = Moments(seconds, control.revision())

    def torrents(self, params: dict[str, Any], *, to_show: bool = False) -> list[str]:
        """The ids of the torrents that are meant, in the order in which they were added or named. Those that do not
        exist are left out."""
        known = self._control.ids()
        self.numbers.sync(known)
        if "ids" not in params or (to_show and params["ids"] == ALL_TO_SHOW):
            return known
        ids = params["ids"]
        if isinstance(ids, str) and ids in RECENT:
            recent = self._recent()[0]
            return [id for id in known if id in recent]
        return self._named(ids if isinstance(ids, list) else [ids], frozenset(known))

    def removed(self) -> list[int]:
        """The numbers of torrents that were removed within the last minute."""
        return self.numbers.removed(self._recent()[1])

    def _named(self, names: Iterable[object], known: frozenset[str]) -> list[str]:
        found = dict.fromkeys(self._id(name) for name in names)
        return [id for id in found if id is not None and id in known]

    def _id(self, name: object) -> str | None:
        if isinstance(name, str):
            return name.lower()
        return self.numbers.id(name) if type(name) is int else None

    def _recent(self) -> tuple[frozenset[str], list[str]]:
        """(changed, removed); all if it is not known what changed."""
        self._moments.note(self._control.revision())
        changes = self._control.changes(self._moments.recent, ("id", "queue"))
        return frozenset(row.id for row in changes.rows), changes.removed
