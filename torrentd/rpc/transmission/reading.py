"""`torrent_get`: views of torrents, with the parts that their fields ask for.

What only a torrent's session can tell would wake a torrent that sleeps, and there are programs that ask for every field
of all torrents every minute. So what it told is remembered while nothing goes on, and asked for again only if the row
shows a change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults

from torrentd.model.errors import RpcError
from torrentd.rpc.transmission.choosing import RECENT, Choosing
from torrentd.rpc.transmission.dialects import Asked, AskedTable
from torrentd.rpc.transmission.fields import FIELDS, Field
from torrentd.rpc.transmission.kept import Kept
from torrentd.rpc.transmission.names import snake
from torrentd.rpc.transmission.view import Part, Session, View
from torrentd.session.control import Control
from torrentd.session.telling.rows import TorrentRow

MOST_KEPT: Final = 200_000
"""Parts that are remembered together, a file counting as one: some tens of MB."""

_QUIET: Final = frozenset({"no_metadata", "torrent_not_found", "wrong_state"})
"""a torrent that has no such part, or is not there any more"""


class Reading:
    """`session` tells what the fields of all torrents share, at the time of the call."""

    def __init__(self, control: Control, choosing: Choosing, kept: Kept, session: Callable[[], Session]) -> None:
        self._control = control
        self._choosing = choosing
        self._kept = kept
        self._session = session
        self._parts = _Parts(control)

    async def get(self, params: dict[str, Any]) -> dict[str, Any]:
        """Fields of torrents, each under the name by which it was asked for."""
        asked = _asked(params)
        ids = self._choosing.torrents(params, to_show=True)
        views = await self._views(ids, frozenset(snake(name) for name in asked))
        torrents: list[Any]
        if params.get("format") == "table":
            torrents = AskedTable([list(asked), *([field.make(view) for field in asked.values()] for view in views)])
        else:
            torrents = [Asked((name, field.make(view)) for name, field in asked.items()) for view in views]
        answer: dict[str, Any] = {"torrents": torrents}
        if isinstance(params.get("ids"), str) and params["ids"] in RECENT:
            answer["removed"] = self._choosing.removed()
        return answer

    async def _views(self, ids: list[str], fields: Collection[str]) -> list[View]:
        session, numbers = self._session(), self._choosing.numbers
        views = [View(numbers.of(row.id), row, session, self._kept.of(row.id)) for row in self._rows(ids, fields)]
        wanted = [FIELDS[name] for name in fields]
        waiting = [fetched for view in views for fetched in self._parts.fetch(view, _needs(view.row, wanted))]
        if waiting:
            await gatherResults(waiting, consumeErrors=True)
        return views

    def _rows(self, ids: list[str], fields: Collection[str]) -> list[TorrentRow]:
        if len(ids) == 1:
            return [self._control.row(ids[0])]
        columns = None if "seconds_seeding" in fields else ("id",)  # a sleeping seed's row is made for that alone
        rows = {row.id: row for row in self._control.changes(None, columns).rows}
        return [rows[id] for id in ids if id in rows]


def _asked(params: dict[str, Any]) -> dict[str, Field]:
    """The fields that exist, by the names that the caller uses."""
    names = params.get("fields")
    named = names if isinstance(names, list) else []
    return {name: FIELDS[snake(name)] for name in named if isinstance(name, str) and snake(name) in FIELDS}


def _needs(row: TorrentRow, fields: Iterable[Field]) -> dict[Part, None]:
    return {part: None for field in fields for part in field.needs(row)}


class _Parts:
    """Fetches parts into views, and remembers those of torrents where nothing goes on."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._kept: OrderedDict[tuple[str, Part], tuple[Hashable, Any]] = OrderedDict()
        self._weight = 0

    def fetch(self, view: View, parts: Iterable[Part]) -> list[Deferred[None]]:
        """Fill these parts of the view; what has to be waited for."""
        return [fetched for part in parts if (fetched := self._fetch(view, part)) is not None]

    def _fetch(self, view: View, part: Part) -> Deferred[None] | None:
        key, state = (view.row.id, part), _state(view.row, part)
        known = self._kept.get(key)
        if known is not None and state is not None and known[0] == state:
            self._kept.move_to_end(key)
            setattr(view, part, known[1])
            return None
        try:
            fetched: Deferred[Any] = getattr(self._control, part)(view.row.id)
        except RpcError as error:
            _unless_quiet(error)
            return None
        return fetched.addCallbacks(
            self._fetched, lambda failure: _unless_quiet(failure.value), callbackArgs=(view, part, state)
        )

    def _fetched(self, value: Any, view: View, part: Part, state: Hashable) -> None:
        if part == "peers":
            value = value[0]
        setattr(view, part, value)
        if state is not None:
            self._keep((view.row.id, part), state, value)

    def _keep(self, key: tuple[str, Part], state: Hashable, value: Any) -> None:
        self._drop(key)
        self._kept[key] = state, value
        self._weight += _weight(value)
        while self._weight > MOST_KEPT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[str, Part]) -> None:
        if key in self._kept:
            self._weight -= _weight(self._kept.pop(key)[1])


def _state(row: TorrentRow, part: Part) -> Hashable:
    """What would be different if the part had changed; None if it may have changed all the same."""
    if row.peers.connected or part == "peers" or row.state in ("checking", "moving", "metadata"):
        return None
    if part == "trackers":
        tracker = row.tracker
        return (row.edited_at, tracker and (tracker.host, tracker.status, round(tracker.next_at or 0)))
    return (row.edited_at, row.name, row.download_dir, row.done, row.left, row.wanted, row.state)


def _weight(value: Any) -> int:
    return 1 + len(value) if isinstance(value, list) else 1


def _unless_quiet(error: BaseException) -> None:
    if not (isinstance(error, RpcError) and error.name in _QUIET):
        raise error
