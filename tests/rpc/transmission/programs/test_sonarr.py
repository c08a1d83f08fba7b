"""Sonarr and Radarr: from the button "Test" to the import and the removal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.rpc.transmission.programs.conftest import Program, download, packed, words
from tests.session.world import Home, Sample

FIELDS = words(
    "id hashString name downloadDir totalSize leftUntilDone isFinished eta status secondsDownloading secondsSeeding "
    "errorString uploadedEver downloadedEver seedRatioLimit seedRatioMode seedIdleLimit seedIdleMode fileCount "
    "file-count labels"
)

TYPES = dict.fromkeys(FIELDS, int) | {
    "hashString": str, "name": str, "downloadDir": str, "isFinished": bool, "errorString": str, "labels": list,
    "seedRatioLimit": float,
}  # fmt: skip
"""They are strict: a number with a fraction is no integer."""

STOPPED, CHECK_WAIT, CHECK, QUEUED, _, SEEDING_WAIT, SEEDING = range(7)


def items(program: Program) -> dict[str, Any]:
    """Its list of downloads."""
    found = program("torrent-get", {"fields": FIELDS})["torrents"]
    for torrent in found:
        assert torrent.keys() == TYPES.keys()
        wrong = [
            name for name, kind in TYPES.items() if type(torrent[name]) not in {kind, {float: int}.get(kind, kind)}
        ]
        assert not wrong, wrong
    return {torrent["hashString"].upper(): item(program, torrent) for torrent in found if torrent["totalSize"]}


def item(program: Program, torrent: dict[str, Any]) -> dict[str, Any]:
    """What it makes of one, by its own rules."""
    status, left = torrent["status"], torrent["leftUntilDone"]
    if torrent["errorString"]:
        state = "warning"
    elif (left == 0 and status in (STOPPED, SEEDING, SEEDING_WAIT)) or (
        torrent["isFinished"] and status not in (CHECK, CHECK_WAIT)
    ):
        state = "completed"
    else:
        state = "queued" if status == QUEUED else "downloading"
    return {
        "state": state,
        "path": Path(torrent["downloadDir"]) / torrent["name"],
        "left": left,
        "seconds": torrent["eta"] if torrent["eta"] >= 0 else None,
        "removable": removable(program, torrent),
        "labels": torrent["labels"],
    }


def removable(program: Program, torrent: dict[str, Any]) -> bool:
    """Whether the limits of seeding are reached. A limit of the idle time is taken for one of the seeding time."""
    config = program("session-get")
    stopped, seeding = torrent["status"] == STOPPED, torrent["status"] == SEEDING
    ratio = torrent["uploadedEver"] / torrent["downloadedEver"] if torrent["downloadedEver"] else 0
    limits = {0: config["seedRatioLimit"] if config["seedRatioLimited"] else None, 1: torrent["seedRatioLimit"]}
    limit = limits.get(torrent["seedRatioMode"])
    if stopped and limit is not None and ratio >= limit:
        return True
    if torrent["seedIdleMode"] == 1:
        return (stopped or seeding) and torrent["secondsSeeding"] > torrent["seedIdleLimit"] * 60
    return torrent["seedIdleMode"] == 0 and stopped and config["idle-seeding-limit-enabled"]


def test_the_button(program: Program) -> None:
    config = program("session-get")
    version = re.search(r"\d+(\.\d+)+", config["version"])
    assert version is not None and tuple(map(int, version[0].split("."))) >= (4, 0)
    assert str(config["rpc-version"]) == "19"
    assert items(program) == {}


def test_an_episode(program: Program, seed: Home, torrent: Sample) -> None:
    config = program("session-get")
    place = f"{config['download-dir'].rstrip('/')}/tv-sonarr"
    added = program("torrent-add", {"metainfo": packed(torrent), "paused": False, "download-dir": place})
    assert added["torrent-added"]["hashString"] == torrent.id
    limits = {"seedRatioLimit": 1.5, "seedRatioMode": 1, "seedIdleLimit": 2, "seedIdleMode": 1}
    assert program("torrent-set", {"ids": [torrent.id], **limits}) == {}
    assert program("queue-move-top", {"ids": [torrent.id]}) == {}
    ours = torrent.id.upper()
    assert items(program)[ours]["state"] == "queued"
    program.wait(2)
    assert (items(program)[ours]["state"], items(program)[ours]["left"]) == ("downloading", torrent.size)

    download(program, seed, torrent)
    found = items(program)[ours]
    assert (found["state"], found["left"], found["removable"]) == ("completed", 0, False)
    assert found["path"] == Path(place) / torrent.name
    assert (found["path"] / "sub" / "b.txt").read_bytes() == torrent.files["sub/b.txt"]

    program.home.world.until(lambda: items(program)[ours]["removable"], 300)
    program.home.world.until(lambda: items(program)[ours]["state"] == "completed", 60)
    assert program("torrent-remove", {"ids": [torrent.id], "delete-local-data": True}) == {}
    assert items(program) == {}
    assert not found["path"].exists()


def test_a_film_with_a_label(program: Program, seed: Home, torrent: Sample) -> None:
    """Radarr has a category in the labels, another after the import, and names what it adds by a link."""
    link = f"magnet:?xt=urn:btih:{torrent.id.upper()}&dn=Film&tr=http%3A%2F%2F127.0.0.1%3A9%2Fannounce"
    program("torrent-add", {"filename": link, "paused": False, "labels": ["radarr"]})
    limits = {"seedRatioLimit": 1.0, "seedRatioMode": 1}
    program("torrent-set", {"ids": [torrent.id], **limits})
    assert items(program) == {}, "without metadata it has no size, and is passed over"
    download(program, seed, torrent)
    (found,) = items(program).values()
    assert (found["labels"], found["path"].name) == (["radarr"], torrent.name)
    assert program.torrent(torrent, *limits) == limits
    program("torrent-set", {"ids": [torrent.id], "labels": ["radarr-imported"]})
    assert items(program)[torrent.id.upper()]["labels"] == ["radarr-imported"]


def test_what_is_being_moved_is_not_imported(program: Program, torrent: Sample) -> None:
    program.home.put(torrent)
    program("torrent-add", {"metainfo": packed(torrent)})
    program.home.world.until(lambda: items(program)[torrent.id.upper()]["state"] == "completed", 60)
    program.home.worker.hangs = True
    program("torrent-set-location", {"ids": [torrent.id], "location": f"{program.home.downloads}/x", "move": True})
    assert items(program)[torrent.id.upper()]["state"] == "downloading"
    program.home.worker.go_on()
    program.home.world.until(lambda: items(program)[torrent.id.upper()]["state"] == "completed", 60)


def test_what_is_refused(program: Program) -> None:
    for arguments in ({"filename": "magnet:?xt=nothing"}, {"metainfo": "ZA=="}):
        answer = program.send(f'{{"method":"torrent-add","arguments":{arguments}}}'.replace("'", '"'))
        assert answer["result"] != "success"
        assert answer["arguments"] == {}


@pytest.mark.parametrize("wrong", ["{", '{"method":"torrent-get","arguments":{"fields":', ""])
def test_half_a_request(program: Program, wrong: str) -> None:
    assert program.send(wrong)["result"] != "success"
