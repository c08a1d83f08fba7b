"""How a node of ours gets into the network, and back into it (BEP 5).

It looks its own id up, beginning with whoever it was told of. While it knows hardly anybody it asks for more names, at
growing intervals: a machine without a network is not to ask for ever.

Routers are nodes that everybody begins with. They are asked when nothing better is known, and are not in the table
unless they ask us something, or are all there is: a private network may have no other.
"""

from __future__ import annotations

from collections.abc import Iterable

from torrentd.dht.asking.lookup import Lookup
from torrentd.dht.commands import NeedNodes
from torrentd.dht.routing.table import K
from torrentd.model.address import Address

FIRST_WAIT = 10.0
"""Seconds from an attempt that found hardly anybody to the next; doubled each time."""

LONGEST_WAIT = 900.0

MOST_ROUTERS = 16
NEVER = float("inf")


class Joining:
    """The way into the network of one family. It begins by asking for nodes, unless some come first."""

    def __init__(self, v6: bool, now: float) -> None:
        self.lookup: Lookup | None = None
        """of our own id, while it is under way"""
        self.need_at = now
        """when to ask for names"""
        self.is_done = False
        """a lookup of our own id came to its end with somebody there"""
        self._v6 = v6
        self._wait = FIRST_WAIT
        self._routers: dict[Address, bytes] = {}

    # --- routers

    @property
    def routers(self) -> list[Address]:
        """Those that we were told of."""
        return list(self._routers)

    def remember_routers(self, addresses: Iterable[Address]) -> None:
        """These are routers."""
        for address in addresses:
            if len(self._routers) < MOST_ROUTERS:
                self._routers.setdefault(address, b"")

    def is_router(self, id: bytes, address: Address) -> bool:
        """Whether who answers with this id is one."""
        if address not in self._routers:
            return False
        self._routers[address] = id
        return True

    def asked_by(self, address: Address) -> None:
        """Whoever asks us something is a node like any other."""
        self._routers.pop(address, None)

    def release_routers(self) -> list[tuple[bytes, Address]]:
        """There is hardly anybody else: those that answered are nodes like any other from now on."""
        released = [(id, address) for address, id in self._routers.items() if id]
        for _, address in released:
            del self._routers[address]
        return released

    # --- attempts

    def ended(self, known: int) -> None:
        """The lookup of our own id is over; so many nodes are known. With few, the next attempt is due when it was
        due anyway."""
        self.lookup = None
        self.is_done = known > 0
        if known >= K:
            self.need_at, self._wait = NEVER, FIRST_WAIT

    def need(self, known: int, now: float) -> NeedNodes | None:
        """What is to be done about it that only so many nodes are known."""
        if known >= K:
            self.need_at = NEVER
        if known >= K or self.lookup is not None:
            return None
        if self.need_at == NEVER:  # they were more
            self.need_at = now
        if now < self.need_at:
            return None
        self.need_at = now + self._wait
        self._wait = min(LONGEST_WAIT, 2 * self._wait)
        return NeedNodes(self._v6)

    def next_deadline(self) -> float:
        """When `need` has something to say; infinity while a lookup is under way."""
        return NEVER if self.lookup is not None else self.need_at
