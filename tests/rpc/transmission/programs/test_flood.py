"""Flood: a list every few seconds, and what its dialogs do. It names one torrent by a bare hash."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.transmission.programs.conftest import Program, download, packed, words
from tests.session.world import Home, Sample

LIST = words(
    "hashString downloadDir name haveValid addedDate dateCreated rateDownload rateUpload downloadedEver uploadedEver "
    "eta isPrivate error errorString peersGettingFromUs peersSendingToUs status totalSize trackers labels"
)
SETTINGS = words(
    "dht-enabled peer-port download-dir peer-port-random-on-start pex-enabled speed-limit-down "
    "speed-limit-down-enabled speed-limit-up speed-limit-up-enabled peer-limit-global peer-limit-per-torrent "
    "seed-queue-enabled seed-queue-size"
)
TRACKERS = ["http://127.0.0.1:9/announce", "udp://127.0.0.1:9"]


def get(program: Program, ids: Any, *fields: str) -> Any:
    arguments = {"fields": list(fields), "format": "objects"}
    return program("torrent-get", arguments if ids is None else {"ids": ids, **arguments})["torrents"]


@pytest.fixture
def torrent() -> Sample:
    return Sample("Show.S01E01.1080p", trackers=TRACKERS[:1])


def test_the_list_and_the_details(program: Program, seed: Home, torrent: Sample) -> None:
    program(
        "torrent-add", {"metainfo": packed(torrent), "download-dir": f"{program.home.downloads}/a", "paused": False}
    )
    program("torrent-set", {"ids": [torrent.id], "labels": ["flood"]})
    download(program, seed, torrent)
    (listed,) = get(program, None, *LIST)
    assert listed.keys() == set(LIST)
    assert (listed["haveValid"], listed["labels"], listed["isPrivate"]) == (torrent.size, ["flood"], False)
    assert [tracker["announce"] for tracker in listed["trackers"]] == TRACKERS[:1]

    (contents,) = get(program, torrent.id, "files", "fileStats")
    assert len(contents["files"]) == len(contents["fileStats"]) == 2
    assert all(file["bytesCompleted"] / file["length"] == 1 for file in contents["files"])
    (peers,) = get(program, torrent.id, "peers")
    assert all({"address", "clientName", "progress", "isEncrypted"} <= peer.keys() for peer in peers["peers"])
    (trackers,) = get(program, torrent.id, "trackerStats")
    assert [tracker["announce"] for tracker in trackers["trackerStats"]] == TRACKERS[:1]
    stats = program("session-stats")
    assert stats["current-stats"]["downloadedBytes"] >= torrent.size
    assert {"downloadSpeed", "uploadSpeed"} <= stats.keys()


def test_what_its_dialogs_do(program: Program, torrent: Sample) -> None:
    program("torrent-add", {"metainfo": packed(torrent), "download-dir": str(program.home.downloads), "paused": True})
    program("torrent-set", {"ids": torrent.id, "files-unwanted": [1], "priority-normal": [1]})
    program("torrent-set", {"ids": torrent.id, "files-wanted": [0], "priority-high": [0]})
    (contents,) = get(program, torrent.id, "fileStats")
    assert [(file["wanted"], file["priority"]) for file in contents["fileStats"]] == [(True, 1), (False, 0)]

    (now,) = get(program, [torrent.id], "trackers")
    program("torrent-set", {"ids": torrent.id, "trackerRemove": [tracker["id"] for tracker in now["trackers"]]})
    program("torrent-set", {"ids": [torrent.id], "trackerAdd": TRACKERS})
    (now,) = get(program, [torrent.id], "trackers")
    assert [tracker["announce"] for tracker in now["trackers"]] == TRACKERS

    program("torrent-start-now", {"ids": [torrent.id]})
    assert get(program, torrent.id, "status") == [{"status": 4}]
    program("torrent-reannounce", {"ids": [torrent.id]})
    program("torrent-verify", {"ids": [torrent.id]})
    program("torrent-stop", {"ids": [torrent.id]})
    program("torrent-set-location", {"ids": [torrent.id], "location": f"{program.home.downloads}/b", "move": True})
    program.home.world.run(5)
    assert get(program, torrent.id, "status", "downloadDir") == [
        {"status": 0, "downloadDir": f"{program.home.downloads}/b"}
    ]
    program("torrent-remove", {"ids": [torrent.id], "delete-local-data": False})
    assert get(program, None, "hashString") == []


def test_its_settings(program: Program) -> None:
    settings = program("session-get", {"fields": SETTINGS})
    assert settings.keys() == set(SETTINGS)
    changes = {"speed-limit-down": 1000, "speed-limit-down-enabled": True, "seed-queue-enabled": True}
    assert program("session-set", {**settings, **changes}) == {}
    now = program("session-get", {"fields": SETTINGS})
    assert {name for name in SETTINGS if now[name] != settings[name]} == changes.keys()
    assert {name: now[name] for name in changes} == changes
