from __future__ import annotations

from pathlib import Path

from tests.disk.fakes import Answers, Sample, open_descriptors, result
from torrentd.model.geometry import BLOCK


def test_open_touches_no_file(tmp_path: Path) -> None:
    sample = Sample(tmp_path / "downloads", (("a", BLOCK),))
    assert sample.storage.suspect() == []
    assert list(tmp_path.iterdir()) == []


def test_the_limit_of_open_files_is_for_all_torrents(tmp_path: Path) -> None:
    sample = Sample(tmp_path, [(f"f{number}", BLOCK) for number in range(5)], BLOCK, open_files=3)
    other = sample.open()
    sample.put()
    for piece in range(5):
        result(sample.storage.read([(piece, 0, 1)]))
        result(other.read([(piece, 0, 1)]))
    assert open_descriptors(tmp_path) == ["/f3", "/f4", "/f4"]
    sample.disk.close()
    assert open_descriptors(tmp_path) == []


def test_each_torrent_has_a_salt_of_its_own(tmp_path: Path) -> None:
    sample = Sample(tmp_path, (("a", BLOCK),), BLOCK)
    other = sample.open()
    digests = []
    for storage in (sample.storage, other):
        storage.store(0, 0, [memoryview(bytes(BLOCK))])
        storage.permit([0])
        digests.append(result(Answers(storage).finish(0)).digests)
    assert digests[0] != digests[1]
