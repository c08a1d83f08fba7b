"""`events.*`: what happens in the daemon."""

from __future__ import annotations

import msgspec

from torrentd.model.errors import RpcError
from torrentd.rpc.core.context import Context, Subscriptions
from torrentd.rpc.core.methods.daemon import Done
from torrentd.rpc.core.registry import Noun, long_poll, needs, of_caller
from torrentd.rpc.core.schema import Poll, Subscribe, Unsubscribe
from torrentd.rpc.streams.encoding import Wanted
from torrentd.session.events.log import TOPICS, Event


class Events(msgspec.Struct, frozen=True):
    """`cursor` is the `since` of the next call. `gap`: events are missing between `since` and these."""

    cursor: str
    events: list[Event]
    gap: bool


class Subscribed(msgspec.Struct, frozen=True):
    """For `events.unsubscribe`; it ends with the connection."""

    subscription: str


class EventMethods(Noun):
    @needs("read")
    @long_poll
    async def jsonrpc_poll(self, params: Poll) -> Events:
        """Wait until something happens; all that did since the cursor is told."""
        topics = TOPICS if params.topics is None else params.topics
        return Events(*await self.control.poll_events(params.since, topics, params.timeout))

    @needs("read")
    @of_caller
    def jsonrpc_subscribe(self, params: Subscribe, context: Context) -> Subscribed:
        """Be told of events on this WebSocket, as notifications named "event", from now on."""
        ids = None if params.ids is None else frozenset(id.lower() for id in params.ids)
        wanted = Wanted(frozenset(params.topics), ids)
        return Subscribed(_subscriptions(context).subscribe(wanted, params.interval))

    @needs("read")
    @of_caller
    def jsonrpc_unsubscribe(self, params: Unsubscribe, context: Context) -> Done:
        """Be told no more."""
        if not _subscriptions(context).unsubscribe(params.subscription):
            raise RpcError("invalid_params", "There is no such subscription", path="subscription")
        return Done()


def _subscriptions(context: Context) -> Subscriptions:
    if context.subscriptions is None:
        raise RpcError("unsupported", "Only over a WebSocket (GET /ws); others call events.poll, or GET /events")
    return context.subscriptions
