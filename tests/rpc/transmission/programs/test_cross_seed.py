"""cross-seed: puts a second torrent over the files of one that is complete, and starts it when it was checked."""

from __future__ import annotations

from typing import Any

from tests.rpc.transmission.programs.conftest import Program, packed
from tests.session.world import Home, Sample

CHECKING = (1, 2)
STOPPED, SEEDING = 0, 6


def test_a_cross_seed(program: Program, torrent: Sample) -> None:
    program.home.put(torrent)
    program.home.add(torrent)
    other = Sample(torrent.name, source="another tracker")
    assert program("session-get", {})["rpc-version"] >= 17

    fields = ["hashString", "name", "files", "totalSize", "downloadDir", "labels", "trackers"]
    (known,) = program("torrent-get", {"fields": fields})["torrents"]
    assert [(file["name"], file["length"]) for file in known["files"]] == [
        (f"{torrent.name}/{path}", len(data)) for path, data in torrent.files.items()
    ]
    assert (known["hashString"], known["totalSize"], known["labels"]) == (torrent.id, torrent.size, [])

    (complete,) = program("torrent-get", {"fields": ["downloadDir", "percentDone"], "ids": [torrent.id]})["torrents"]
    assert complete == {"downloadDir": str(program.home.downloads), "percentDone": 1}
    adding = {
        "download-dir": complete["downloadDir"], "metainfo": packed(other), "paused": True, "labels": ["cross-seed"],
    }  # fmt: skip
    assert "torrent-added" in program("torrent-add", adding)
    assert program("torrent-add", adding)["torrent-duplicate"]["hashString"] == other.id

    assert program("torrent-stop", {"ids": [other.id]}) == {}
    assert program("torrent-verify", {"ids": [other.id]}) == {}
    program.home.world.until(lambda: look(program, other)["status"] not in CHECKING, 60)
    assert look(program, other) == {"leftUntilDone": 0, "name": other.name, "status": STOPPED}
    program("torrent-start", {"ids": [other.id]})
    program.home.world.until(lambda: look(program, other)["status"] == SEEDING, 60)
    assert program("torrent-get", {"fields": ["hashString", "labels"]})["torrents"] == [
        {"hashString": torrent.id, "labels": []},
        {"hashString": other.id, "labels": ["cross-seed"]},
    ]


def look(program: Program, torrent: Sample) -> Any:
    """What it asks again and again while the files are checked."""
    return program.torrent(torrent, "leftUntilDone", "name", "status")


def test_while_it_is_checked(program: Program, torrent: Sample) -> None:
    program.home.put(torrent)
    program("torrent-add", {"metainfo": packed(torrent), "paused": True, "labels": ["cross-seed"]})
    program.home.worker.hangs = True
    program("torrent-verify", {"ids": [torrent.id]})
    assert look(program, torrent)["status"] in CHECKING
    program.home.worker.go_on()


def test_a_torrent_that_is_not_complete(program: Program, seed: Home, torrent: Sample) -> None:
    assert program("torrent-get", {"fields": ["percentDone"], "ids": [torrent.id]}) == {"torrents": []}
    program.home.put(torrent, "a.bin")
    program("torrent-add", {"metainfo": packed(torrent), "paused": True})
    program.home.world.run(5)
    assert 0 < program.torrent(torrent, "percentDone")["percentDone"] < 1
