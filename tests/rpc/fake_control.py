"""A daemon of two torrents that does as it is told at once, and remembers what it was told."""

from __future__ import annotations

from tests.rpc.control.acting import Acting
from tests.rpc.control.governing import Governing
from tests.rpc.control.looking import Looking
from tests.rpc.control.rows import ONE, REVISION, TWO, UNKNOWN, peer, torrent

__all__ = ["ONE", "REVISION", "TWO", "UNKNOWN", "FakeControl", "peer", "torrent"]


class FakeControl(Looking, Acting, Governing):
    """Implements `session.control.Control`."""
