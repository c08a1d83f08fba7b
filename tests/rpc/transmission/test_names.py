from __future__ import annotations

import pytest

from torrentd.rpc.transmission.names import LEGACY, legacy, snake

SPELLED = {
    "hash_string": "hashString",
    "is_utp": "isUTP",
    "peer_limit": "peer-limit",
    "file_count": "file-count",
    "primary_mime_type": "primary-mime-type",
    "seed_ratio_limited": "seedRatioLimited",
    "idle_seeding_limit_enabled": "idle-seeding-limit-enabled",
    "cache_size_mib": "cache-size-mb",
    "current_stats": "current-stats",
    "downloaded_bytes": "downloadedBytes",
    "rpc_version_semver": "rpc-version-semver",
    "size_bytes": "size-bytes",
    "name": "name",
    "sequential_download": "sequential_download",
}


@pytest.mark.parametrize(("name", "spelled"), SPELLED.items())
def test_both_spellings(name: str, spelled: str) -> None:
    assert legacy(name, "") == spelled
    assert snake(spelled) == name


def test_every_name_comes_back() -> None:
    assert len(LEGACY) == 188
    assert all(snake(spelled) == name == snake(name) for name, spelled in LEGACY.items())
    assert len(set(LEGACY.values())) == len(LEGACY)


def test_what_is_spelled_in_two_ways() -> None:
    assert [legacy("download_dir", method) for method in ("torrent_get", "torrent_set")] == ["downloadDir"] * 2
    assert [legacy("download_dir", method) for method in ("session_get", "torrent_add")] == ["download-dir"] * 2
    assert [legacy("total_size", method) for method in ("torrent_get", "free_space")] == ["totalSize", "total_size"]


def test_names_that_nobody_has() -> None:
    assert [snake(name) for name in ("", "-", "fileCount", "FileCount", "Ä-ö")] == [
        "",
        "_",
        "file_count",
        "file_count",
        "ä_ö",
    ]
