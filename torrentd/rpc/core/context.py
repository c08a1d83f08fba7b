"""Who calls, and what that caller may do. Transports decide it once; the methods never see a socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torrentd.rpc.streams.encoding import Wanted


class Subscriptions(Protocol):
    """Of one connection that stays."""

    def subscribe(self, wanted: Wanted, interval: float) -> str: ...

    def unsubscribe(self, subscription: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Context:
    """The rights of one caller. Whoever has a context at all may see everything and control torrents."""

    caller: str
    """for the log: "uid 1000", "192.0.2.7" """
    settings: bool
    """may change the daemon itself: its limits, its configuration, its life"""
    subscriptions: Subscriptions | None = None
    """None: the connection cannot be told of events"""
