"""What a daemon in trouble says of a torrent, and whether it is true."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tests.interop.content import Torrent
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.faults import line as wire
from tests.interop.faults.content import Computed
from tests.interop.processes import until

RETRY = 1.0
"""Seconds in place of the half minute that the daemon waits between its tries"""
SOON = {"values": {"torrentd.session.running.trouble:RETRY": RETRY}}


def claimed(daemon: Torrentd, torrent: Torrent) -> set[int]:
    """The pieces of its bitfield."""
    pieces = daemon.rpc("torrent.pieces", id=torrent.info_hash)
    return wire.pieces_of(base64.b64decode(pieces["have"]))


def error_of(daemon: Torrentd, torrent: Torrent) -> dict[str, Any]:
    return daemon.get(torrent)["error"] or {}


def goes_on(daemon: Torrentd, torrent: Torrent) -> None:
    """By itself, and to its end, though it may fail again on its way."""
    until(lambda: daemon.get(torrent)["state"] == "seeding", "it goes on and completes", WAIT)
    daemon.wait(torrent)


def assert_true_claims(daemon: Torrentd, torrent: Torrent, content: Computed, directory: Path) -> int:
    """Every have bit is true; the number of them."""
    have = claimed(daemon, torrent)
    assert have <= content.right_pieces(directory / content.name)
    return len(have)
