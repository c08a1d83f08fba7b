"""Who calls, and what that caller may do. Transports decide it once; the methods never see a socket."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """The rights of one caller. Whoever has a context at all may see everything and control torrents."""

    caller: str
    """for the log: "uid 1000", "192.0.2.7" """
    settings: bool
    """may change the daemon itself: its limits, its configuration, its life"""
