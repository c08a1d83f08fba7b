"""A node in a lookup, as others named it and as it showed itself to be."""

from __future__ import annotations

from enum import Enum, auto

from torrentd.dht.ids import ID_BITS, fits, number
from torrentd.model.address import Address

LIES = 3
"""Wrong names, and more wrong than right ones, after which whoever gave them is believed last."""

UNKNOWN = 1 << ID_BITS
"""The distance of a node whose id is not known: farther than all others."""


class State(Enum):
    """Of a node in a lookup."""

    FRESH = auto()
    ASKED = auto()
    SLOW = auto()
    ANSWERED = auto()
    FAILED = auto()


class Candidate:
    """A node that was named."""

    __slots__ = (
        "address",
        "depth",
        "distance",
        "informants",
        "is_believed_last",
        "misnamed",
        "right_names",
        "state",
        "token",
        "wrong_id",
        "wrong_names",
    )

    def __init__(self, id: bytes | None, address: Address, target: int, depth: int) -> None:
        self.address = address
        self.depth = depth
        """how many answers led to it: 1 for those that we knew"""
        self.state = State.FRESH
        self.token: bytes | None = None
        self.informants: list[Candidate] = []
        self.is_believed_last = False
        """it is a liar, or dubious itself"""
        self.misnamed = False
        """it has another id than the one it was named with"""
        self.wrong_names = 0
        self.right_names = 0
        self.identify(id, target)

    def identify(self, id: bytes | None, target: int) -> None:
        """Its id is this one."""
        self.distance = UNKNOWN if id is None else number(id) ^ target
        self.wrong_id = id is not None and not fits(id, self.address.host)

    @property
    def is_liar(self) -> bool:
        """Most of whom it named are not there, or somebody else; or it is not whom it was said to be itself."""
        return self.misnamed or (self.wrong_names >= LIES and self.wrong_names > self.right_names)

    @property
    def is_dubious(self) -> bool:
        """Only liars named it, or those whom only liars named."""
        return bool(self.informants) and all(informant.is_believed_last for informant in self.informants)

    @property
    def rank(self) -> tuple[bool, int, Address]:
        """Small is asked first."""
        return self.wrong_id, self.distance, self.address
