"""What one peer was told by peer exchange (BEP 11), and when it is told more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from torrentd.model.address import Address

SPACING = 60.0
"""Seconds between two messages to a peer."""

SOON = 5.0
"""Seconds from a piece of news to the message: connections come in crowds, and the next message is a minute away."""

NEVER = float("inf")

T = TypeVar("T")


@dataclass(slots=True)
class Exchange:
    """Messages carry what changed, so it is remembered what was told. `version` names a state of the contacts."""

    told: dict[Address, None] = field(default_factory=dict)
    version: int = 0
    """of the contacts, up to which all was told"""
    sent_at: float = -NEVER
    due_at: float = NEVER
    """when the next message is due; infinity: there is no news"""

    def news_at(self, version: int, now: float) -> float:
        """When to send a message; infinity: the peer knows the present version."""
        if version == self.version:
            self.due_at = NEVER
        elif self.due_at == NEVER:
            self.due_at = max(now + SOON, self.sent_at + SPACING)
        return self.due_at

    def take(
        self, contacts: dict[Address, T], version: int, most: int, now: float
    ) -> tuple[dict[Address, T], list[Address]]:
        """Who is to be told as new and as gone, at most so many each; it counts as told. Both may be empty."""
        added = {address: what for address, what in contacts.items() if address not in self.told}
        dropped = [address for address in self.told if address not in contacts]
        if len(added) <= most and len(dropped) <= most:
            self.version = version
        added = dict(list(added.items())[:most])
        dropped = dropped[:most]
        for address in dropped:
            del self.told[address]
        self.told.update(dict.fromkeys(added))
        self.due_at = NEVER
        if added or dropped:
            self.sent_at = now
        return added, dropped
