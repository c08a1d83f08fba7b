"""Encrypted connections with other clients, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.clients.aria2 import Aria2
from tests.interop.clients.client import Client
from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.qbittorrent import QBittorrent
from tests.interop.clients.transmission import Transmission
from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

FORCED, PLAIN_PAYLOAD, RC4, BOTH = 0, 1, 2, 3
"""of libtorrent's enc_policy and enc_level"""

SIZE = 6 * MIB + 77

MODES = {mode: {"peers": {"encryption": mode}} for mode in ("off", "prefer", "require")}


@pytest.fixture
def torrent(stage: Stage) -> Torrent:
    return make(stage.directory("origin"), {"content.bin": SIZE})


def _libtorrent(level: int) -> dict[str, Any]:
    return {"in_enc_policy": FORCED, "out_enc_policy": FORCED, "allowed_enc_level": level}


def _ways(daemon: Torrentd, torrent: Torrent) -> set[str]:
    return {row["encryption"] for row in daemon.rpc("torrent.peers", id=torrent.info_hash)["peers"]}


@pytest.mark.parametrize(
    ("mode", "level", "found"),
    [
        ("prefer", BOTH, "handshake"),
        ("prefer", RC4, "rc4"),
        ("prefer", PLAIN_PAYLOAD, "handshake"),
        ("require", BOTH, "rc4"),
    ],
)
@pytest.mark.parametrize("torrentd_dials", [True, False])
def test_with_a_libtorrent_that_takes_nothing_else(
    stage: Stage, torrent: Torrent, mode: str, level: int, found: str, torrentd_dials: bool
) -> None:
    """It is limited, so that there is something to see before the peers part."""
    other = stage.run(Libtorrent, **_libtorrent(level))
    daemon = stage.run(Torrentd, **MODES[mode])
    ways: set[str] = set()
    if torrentd_dials:
        other.add(torrent, torrent.origin, seed=True, upload_limit=4 * MIB)
        daemon.add(torrent, peers=[other.peer_address])
    else:
        other.add(torrent, torrent.origin, seed=True, upload_limit=4 * MIB)
        daemon.add(torrent)
        other.connect(torrent, daemon.peer_address)

    def complete() -> bool:
        ways.update(_ways(daemon, torrent))
        return bool(daemon.get(torrent)["progress"] == 1.0)

    until(complete, "torrentd is complete", WAIT)
    assert_same(torrent, daemon.downloads)
    assert ways == {found}


def test_seeding_to_a_libtorrent_that_takes_nothing_else(stage: Stage, torrent: Torrent) -> None:
    other, target = stage.run(Libtorrent, **_libtorrent(RC4)), stage.directory("target")
    daemon = stage.run(Torrentd, **MODES["prefer"])
    daemon.add(torrent, torrent.origin)
    daemon.wait(torrent)
    other.add(torrent, target)
    other.connect(torrent, daemon.peer_address)
    until(lambda: other.is_complete(torrent), "libtorrent is complete", WAIT)
    assert_same(torrent, target)


@pytest.mark.parametrize(
    ("kind", "settings", "mode"),
    [
        (Transmission, {"encryption": 2}, "prefer"),
        (Aria2, {"bt_require_crypto": "true", "bt_min_crypto_level": "arc4"}, "require"),
        (Aria2, {"bt_require_crypto": "true", "bt_min_crypto_level": "plain"}, "prefer"),
        (QBittorrent, {"Encryption": 1}, "prefer"),
    ],
    ids=["transmission", "aria2-arc4", "aria2-plain", "qbittorrent"],
)
def test_from_and_to_others_that_require_it(
    stage: Stage, torrent: Torrent, kind: type[Client], settings: dict[str, Any], mode: str
) -> None:
    """A torrent each way at the same time."""
    theirs, target = make(stage.directory("theirs"), {"theirs.bin": SIZE}), stage.directory("target")
    other, daemon = stage.run(kind, **settings), stage.run(Torrentd, **MODES[mode])
    other.add(theirs, theirs.origin, seed=True)
    other.add(torrent, target)
    daemon.add(theirs, peers=[other.peer_address])
    daemon.add(torrent, torrent.origin, peers=[other.peer_address])
    daemon.wait(theirs)
    assert_same(theirs, daemon.downloads)
    until(lambda: other.is_complete(torrent), f"{kind.name} is complete", WAIT)
    assert_same(torrent, target)


def test_nobody_plain_gets_in_where_it_is_required(stage: Stage, torrent: Torrent) -> None:
    other, target = stage.run(Libtorrent), stage.directory("target")
    daemon = stage.run(Torrentd, **MODES["require"])
    daemon.add(torrent, torrent.origin)
    daemon.wait(torrent)
    other.add(torrent, target)
    other.connect(torrent, daemon.peer_address)
    until(lambda: "it is not encrypted" in daemon.log(), "it was refused", WAIT)
    assert other.status(torrent)["done"] == 0


def test_prefer_falls_back_to_plain(stage: Stage, torrent: Torrent) -> None:
    other = stage.run(Libtorrent)
    other.add(torrent, torrent.origin, seed=True)
    daemon = stage.run(Torrentd, **MODES["prefer"])
    daemon.add(torrent, peers=[other.peer_address])
    daemon.wait(torrent)
    assert_same(torrent, daemon.downloads)
