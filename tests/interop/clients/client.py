"""What a test asks of another client, whichever it is.

All are set up alike: an address of their own on loopback, plain TCP, no discovery but trackers, no queue, no limits.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from tests.interop.content import Torrent
from tests.interop.processes import Program


class Client(Program):
    """A running client. Torrents are named by the Torrent they were added with."""

    can_dial: ClassVar[bool] = True
    """whether it can be told to connect to a peer on loopback"""

    @property
    @abstractmethod
    def peer_address(self) -> str:
        """HOST:PORT where it takes peers."""

    @abstractmethod
    def add(self, torrent: Torrent, directory: Path, *, seed: bool = False) -> None:
        """Add and start. With `seed` the content is already in `directory`; returns when peers may connect."""

    @abstractmethod
    def add_magnet(self, torrent: Torrent, directory: Path) -> None:
        """Add and start by a magnet link that names nothing but the torrent."""

    def connect(self, torrent: Torrent, address: str) -> None:
        """Connect to a peer, HOST:PORT."""
        raise NotImplementedError(f"{self.name} cannot be told whom to dial")

    @abstractmethod
    def is_complete(self, torrent: Torrent) -> bool:
        """Whether it has verified every piece."""
