"""tremc, in a terminal, and tremotesf, on a desktop: everything of a torrent, and everything that can be set."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.rpc.transmission.programs.conftest import Program, download, packed, words
from tests.session.world import Home, Sample

TORRENT_LIST, TORRENT_DETAILS, SESSION_STATS, SESSION_GET = 7, 77, 21, 22
"""tags, by which tremc knows what an answer is about"""

LIST = words(
    "id name downloadDir status trackerStats desiredAvailable rateDownload rateUpload eta uploadRatio sizeWhenDone "
    "haveValid haveUnchecked addedDate uploadedEver errorString recheckProgress peersConnected uploadLimit "
    "downloadLimit uploadLimited downloadLimited bandwidthPriority peersSendingToUs peersGettingFromUs seedRatioLimit "
    "seedRatioMode isPrivate magnetLink honorsSessionLimits metadataPercentComplete queuePosition labels"
)
DETAILS = (
    words(
        "files priorities wanted peers trackers activityDate dateCreated startDate doneDate totalSize leftUntilDone "
        "comment creator hashString pieceCount pieceSize pieces downloadedEver corruptEver peersFrom"
    )
    + LIST
)

TABLE = words(
    "id hashString addedDate name magnetLink queuePosition totalSize haveValid leftUntilDone sizeWhenDone percentDone "
    "recheckProgress eta metadataPercentComplete rateDownload rateUpload downloadLimited downloadLimit uploadLimited "
    "uploadLimit downloadedEver uploadedEver uploadRatio seedRatioMode seedRatioLimit peersSendingToUs "
    "peersGettingFromUs webseeds webseedsSendingToUs status error errorString activityDate doneDate peer-limit "
    "honorsSessionLimits bandwidthPriority seedIdleMode seedIdleLimit downloadDir creator dateCreated comment "
    "trackerStats"
)


@pytest.fixture
def torrent() -> Sample:
    return Sample("Show.S01E01.1080p", trackers=["http://t.example/announce", "udp://127.0.0.1:9"])


@pytest.fixture
def here(program: Program, torrent: Sample) -> Program:
    program.home.put(torrent)
    program("torrent-add", {"metainfo": packed(torrent)})
    program.home.world.until(lambda: program.home.row(torrent).state == "seeding", 60)
    return program


class TestTremc:
    def test_its_start_and_its_rounds(self, program: Program, seed: Home, torrent: Sample) -> None:
        config = program("session-get", tag=SESSION_GET)
        assert (type(config["rpc-version"]), config["version"].split()[0]) == (int, "4.1.1")
        program("torrent-add", {"metainfo": packed(torrent)}, tag=1)
        download(program, seed, torrent)
        assert "current-stats" in program("session-stats", 21, tag=SESSION_STATS)
        (row,) = program("torrent-get", {"fields": LIST}, tag=TORRENT_LIST)["torrents"]
        assert row.keys() == set(LIST)
        assert round(float(row["uploadRatio"]), 2) >= -1
        assert row["haveValid"] + row["haveUnchecked"] == row["sizeWhenDone"] == torrent.size
        assert max(stats["seederCount"] for stats in row["trackerStats"]) == -1
        assert sorted(stats["id"] for stats in row["trackerStats"]) == [0, 1]
        asked = {"ids": [row["id"]], "fields": DETAILS}
        (details,) = program("torrent-get", asked, tag=TORRENT_DETAILS)["torrents"]
        have = base64.decodebytes(details["pieces"].encode())
        assert len(have) == -(-details["pieceCount"] // 8)
        assert have[0] == 0xFF
        assert len(details["files"]) == len(details["priorities"]) == len(details["wanted"]) == 2

    def test_its_free_space(self, program: Program) -> None:
        path = program("session-get", tag=SESSION_GET)["download-dir"]
        assert program("free-space", {"path": path}, tag=1)["size-bytes"] > 0

    def test_no_limit_is_null(self, here: Program) -> None:
        """It sends null for the number when it takes a limit away."""
        here("torrent-set", {"ids": [1], "uploadLimit": 50, "uploadLimited": True}, tag=1)
        here("torrent-set", {"ids": [1], "uploadLimit": None, "uploadLimited": False}, tag=1)
        here("torrent-set", {"ids": [1], "seedRatioLimit": None, "seedRatioMode": 2}, tag=1)
        fields = ["uploadLimit", "uploadLimited", "seedRatioMode"]
        assert here("torrent-get", {"ids": [1], "fields": fields})["torrents"] == [
            {"uploadLimit": 50, "uploadLimited": False, "seedRatioMode": 2}
        ]
        here("session-set", {"speed-limit-up": 70, "speed-limit-up-enabled": True}, tag=1)
        here("session-set", {"speed-limit-up": None, "speed-limit-up-enabled": False}, tag=1)
        asked = {"fields": ["speed-limit-up", "speed-limit-up-enabled"]}
        assert here("session-get", asked) == {"speed-limit-up": 70, "speed-limit-up-enabled": False}

    def test_it_renames_and_moves(self, here: Program, torrent: Sample) -> None:
        here("torrent-rename-path", {"ids": [1], "path": torrent.name, "name": "Show"}, tag=1)
        here("torrent-set-location", {"ids": [1], "location": f"{here.home.downloads}/x", "move": True}, tag=1)
        here.home.world.run(5)
        assert (here.home.downloads / "x" / "Show" / "a.bin").read_bytes() == torrent.files["a.bin"]


class TestTremotesf:
    def test_the_files_that_were_renamed_are_told(self, here: Program, torrent: Sample) -> None:
        def names() -> list[str]:
            (found,) = here("torrent-get", {"ids": [1], "fields": ["files"]})["torrents"]
            return [file["name"] for file in found["files"]]

        here("torrent-stop", {"ids": [1]})
        assert names()[0] == f"{torrent.name}/a.bin"
        here("torrent-rename-path", {"ids": [1], "path": f"{torrent.name}/a.bin", "name": "z.bin"})
        assert names()[0] == f"{torrent.name}/z.bin"

    def test_a_table(self, here: Program, torrent: Sample) -> None:
        settings = here.send('{"method":"session-get"}')["arguments"]
        assert settings["rpc-version"] >= 16 and settings["rpc-version-minimum"] >= 14
        names, row = here("torrent-get", {"fields": TABLE, "format": "table"})["torrents"]
        assert names == TABLE
        told = dict(zip(names, row, strict=True))
        assert (told["id"], told["status"], told["metadataPercentComplete"]) == (1, 6, 1)
        assert [stats["announce"] for stats in told["trackerStats"]] == [
            "http://t.example/announce",
            "udp://127.0.0.1:9",
        ]
        answer = here("torrent-get", {"fields": ["id", "files", "fileStats"], "ids": [1]})["torrents"][0]
        assert [file["name"] for file in answer["files"]] == [f"{torrent.name}/a.bin", f"{torrent.name}/sub/b.txt"]
        assert here("torrent-get", {"fields": ["id", "peers"], "ids": [1]})["torrents"] == [{"id": 1, "peers": []}]
        asked = '{"arguments":{"fields":["download-dir-free-space"]},"method":"session-get"}'
        assert here.send(asked)["arguments"]["download-dir-free-space"] > 0

    def test_files_get_other_names_as_soon_as_they_are_added(self, program: Program, torrent: Sample) -> None:
        added = program(
            "torrent-add",
            {
                "metainfo": packed(torrent), "download-dir": str(program.home.downloads), "files-unwanted": [1],
                "priority-high": [0], "priority-low": [], "bandwidthPriority": 0, "paused": False,
            },
        )["torrent-added"]  # fmt: skip
        for path, name in ((f"{torrent.name}/a.bin", "first.bin"), (f"{torrent.name}/sub", "other")):
            told = program("torrent-rename-path", {"ids": [added["id"]], "path": path, "name": name})
            assert told == {"path": path, "name": name, "id": added["id"]}
        (found,) = program("torrent-get", {"fields": ["id", "files", "fileStats"], "ids": [1]})["torrents"]
        assert [file["name"] for file in found["files"]] == [f"{torrent.name}/first.bin", f"{torrent.name}/other/b.txt"]
        assert [(file["wanted"], file["priority"]) for file in found["fileStats"]] == [(True, 1), (False, 0)]
        again = program("torrent-add", {"metainfo": packed(torrent), "paused": False})
        assert again["torrent-duplicate"]["id"] == added["id"]

    def test_all_of_its_settings_come_back(self, here: Program) -> None:
        """It saves a whole dialog at once, with every setting that it knows, as it read it."""
        before = here.send('{"method":"session-get"}')["arguments"]
        assert here("session-set", before) == {}
        after = here.send('{"method":"session-get"}')["arguments"]
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"download-dir-free-space"}
        assert before["encryption"] in ("tolerated", "preferred", "required")

    @pytest.mark.parametrize(
        ("property", "value"),
        [
            ("downloadLimited", True), ("downloadLimit", 70), ("uploadLimited", True), ("seedRatioMode", 2),
            ("seedIdleMode", 1), ("seedIdleLimit", 90), ("peer-limit", 7), ("honorsSessionLimits", False),
        ],
    )  # fmt: skip
    def test_a_property(self, here: Program, property: str, value: Any) -> None:
        here("torrent-set", {"ids": [1], property: value})
        assert here("torrent-get", {"ids": [1], "fields": [property]})["torrents"] == [{property: value}]

    def test_what_it_does_to_torrents(self, here: Program) -> None:
        for method in ("torrent-stop", "torrent-start", "torrent-start-now", "torrent-reannounce", "queue-move-down"):
            assert here(method, {"ids": [1]}) == {}
        assert here("torrent-set", {"ids": [1], "trackerReplace": [0, "http://127.0.0.1:9/announce"]}) == {}
        assert json.dumps(here("session-stats"))
