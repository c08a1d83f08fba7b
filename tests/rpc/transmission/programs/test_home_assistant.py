"""Home Assistant: every two minutes all fields of all torrents, the statistics and the settings."""

from __future__ import annotations

from typing import Any

from transmission_rpc.constants import TORRENT_GET_ARGS

from tests.rpc.transmission.programs.conftest import Program, download, packed
from tests.session.world import Home, Sample
from torrentd.session.sleeping.sleeper import Sleeper

EVERYTHING = sorted(name for name, about in TORRENT_GET_ARGS.items() if about.removed_version is None)
PERIOD = 120.0


def look(program: Program, tag: int) -> Any:
    """One round; the torrents."""
    stats = program("session-stats", {}, tag=tag)
    torrents = program("torrent-get", {"fields": EVERYTHING}, tag=tag + 1)["torrents"]
    settings = program("session-get", {}, tag=tag + 2)
    assert stats["torrentCount"] == len(torrents)
    assert {"downloadSpeed", "uploadSpeed", "activeTorrentCount", "pausedTorrentCount"} <= stats.keys()
    assert type(settings["alt-speed-enabled"]) is bool
    assert all(torrent.keys() == set(EVERYTHING) for torrent in torrents)
    return torrents


def test_rounds(program: Program, seed: Home, torrent: Sample) -> None:
    assert look(program, 1) == []
    program("torrent-add", {"metainfo": packed(torrent)}, tag=4)
    program.wait(2)
    assert [found["status"] for found in look(program, 5)] == [4]
    download(program, seed, torrent)
    (found,) = look(program, 8)
    assert (found["status"], found["name"], found["percentDone"]) == (6, torrent.name, 1)
    program("torrent-stop", {"ids": [found["id"]]}, tag=11)
    assert [found["status"] for found in look(program, 12)] == [0]
    program("torrent-start", {"ids": [found["id"]]}, tag=15)
    assert [found["status"] for found in look(program, 16)] == [6]
    program("torrent-remove", {"ids": [found["id"]], "delete-local-data": True}, tag=19)
    assert look(program, 20) == []


def test_rounds_let_those_sleep_who_have_nothing_to_do(program: Program, torrent: Sample) -> None:
    program.home.put(torrent)
    program("torrent-add", {"metainfo": packed(torrent)}, tag=1)
    torrents, world = program.home.daemon.around.torrents, program.home.world
    world.until(lambda: isinstance(torrents[bytes.fromhex(torrent.id)], Sleeper), 900)
    look(program, 2)
    world.until(lambda: isinstance(torrents[bytes.fromhex(torrent.id)], Sleeper), 900)
    for round in range(3):
        world.run(PERIOD)
        assert look(program, 5 + 3 * round)[0]["status"] == 6
        assert isinstance(torrents[bytes.fromhex(torrent.id)], Sleeper)


def test_the_turtle(program: Program) -> None:
    program("session-set", {"alt-speed-enabled": True}, tag=1)
    assert program("session-get", {}, tag=2)["alt-speed-enabled"] is True
    program("session-set", {"alt-speed-enabled": False}, tag=3)
    assert program("session-get", {}, tag=4)["alt-speed-enabled"] is False
