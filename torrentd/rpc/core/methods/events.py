"""`events.*`: what happens in the daemon."""

from __future__ import annotations

import msgspec

from torrentd.rpc.core.registry import Noun, long_poll
from torrentd.rpc.core.schema import Poll
from torrentd.session.events.log import TOPICS, Event


class Events(msgspec.Struct, frozen=True):
    """`cursor` is the `since` of the next call. `gap`: events are missing between `since` and these."""

    cursor: str
    events: list[Event]
    gap: bool


class EventMethods(Noun):
    @long_poll
    async def jsonrpc_poll(self, params: Poll) -> Events:
        """Wait until something happens; all that did since the cursor is told."""
        topics = TOPICS if params.topics is None else params.topics
        return Events(*await self.control.poll_events(params.since, topics, params.timeout))
