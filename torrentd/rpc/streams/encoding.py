"""Events as JSON, and several changes of one torrent as one."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from torrentd.session.events.log import Event, Topic


class Notification(msgspec.Struct, frozen=True, kw_only=True, tag_field="jsonrpc", tag="2.0"):
    """What a WebSocket is sent."""

    method: str = "event"
    params: Event


class Wanted(msgspec.Struct, frozen=True):
    """Which events somebody wants: of these topics, and of torrents only these (None: all)."""

    topics: frozenset[Topic]
    ids: frozenset[str] | None = None

    def of(self, events: Iterable[Event]) -> list[Event]:
        """Those of them that are wanted. What is about no single torrent is not asked for its id."""
        if self.ids is None:
            return [event for event in events if event.topic in self.topics]
        return [event for event in events if event.topic in self.topics and self._is_about(event)]

    def _is_about(self, event: Event) -> bool:
        assert self.ids is not None
        return not event.topic.startswith(("torrent.", "tracker.")) or event.data.get("id") in self.ids


def merged(events: list[Event]) -> list[Event]:
    """The same, with one "torrent.changed" per torrent and one "stats", each where the last of them was."""
    last: dict[tuple[str, object], Event] = {}
    for number, event in enumerate(events):
        if event.topic == "torrent.changed":
            key: tuple[str, object] = (event.topic, event.data["id"])
        else:
            key = (event.topic, None if event.topic == "stats" else number)
        before = last.pop(key, None)
        last[key] = event if before is None else msgspec.structs.replace(event, data={**before.data, **event.data})
    return list(last.values())
