"""Long work: how far it is, how it ended, and how it is given up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.session.world import PIECE, Sample, error, result
from torrentd.session.jobs import KEPT


@pytest.fixture
def torrent() -> Sample:
    return Sample(files={"a.bin": 300 * PIECE})


def told(home: Any) -> list[tuple[Any, ...]]:
    return [(row.kind, row.torrent, row.state) for row in home.steering.jobs()]


def test_verify_is_a_job(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    home.add(torrent)
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    result(home.steering.verify(torrent.id))
    (row,) = home.steering.jobs()
    assert (row.kind, row.torrent, row.state, row.cancellable) == ("verify", torrent.id, "running", True)
    assert (row.done, row.total, row.progress, row.ended_at) == (0, torrent.size, 0.0, None)
    home.worker.go_on()
    world.run()
    row = home.steering.job(row.id)
    assert (row.state, row.progress, row.done, row.error) == ("done", 1.0, torrent.size, None)
    assert row.ended_at >= row.started_at
    result(home.steering.verify(torrent.id))
    world.run()
    assert told(home) == [("verify", torrent.id, "done")] * 2


def test_a_check_that_is_given_up_has_found_nothing(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    home.add(torrent)
    home.path(torrent, "a.bin").write_bytes(bytes(torrent.size))
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    home.steering.cancel_job(1)
    home.steering.cancel_job(1)
    assert told(home) == [("verify", torrent.id, "cancelling")]
    home.worker.go_on()
    world.run()
    assert told(home) == [("verify", torrent.id, "cancelled")]
    assert home.row(torrent).state == "seeding"
    assert error(lambda: home.steering.cancel_job(1)).name == "wrong_state"
    result(home.steering.verify(torrent.id))
    world.run()
    assert home.row(torrent).state == "downloading"


def test_a_check_without_which_it_would_not_run_cannot_be_given_up(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    session = home.add(torrent)
    session.doubt([1])
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    assert not home.steering.job(1).cancellable
    assert error(lambda: home.steering.cancel_job(1)).name == "wrong_state"
    home.worker.go_on()
    world.run()
    assert home.steering.job(1).state == "done"


def test_the_torrent_is_removed_meanwhile(home: Any, world: Any, torrent: Sample) -> None:
    home.put(torrent)
    home.add(torrent)
    home.worker.hangs = True
    result(home.steering.verify(torrent.id))
    removed = home.steering.remove(torrent.id, True)
    home.worker.go_on()
    world.run()
    result(removed)
    verify, delete = home.steering.jobs()
    assert (verify.state, verify.error.code) == ("failed", "torrent_not_found")
    assert (delete.kind, delete.state, delete.cancellable) == ("delete", "done", False)
    assert not home.path(torrent, "a.bin").exists()


def test_jobs_that_ended_are_kept_for_a_while(home: Any) -> None:
    jobs = home.daemon.around.jobs
    running = jobs.begin("move", "ab", 10)
    for _ in range(KEPT + 1):
        jobs.begin("delete", "ab", 0).finish()
    assert len(home.steering.jobs()) == KEPT + 1
    assert home.steering.job(running.id).state == "running"
    assert error(lambda: home.steering.job(2)).name == "job_not_found"
    assert error(lambda: home.steering.cancel_job(99_999)).name == "job_not_found"


def test_progress_is_told_in_steps(home: Any) -> None:
    events = home.daemon.around.events.log
    heard: list[Any] = []
    events.listen(["job"], heard.append)
    job = home.daemon.around.jobs.begin("move", "ab", 1_000_000)
    for done in range(0, 1_000_001, 1000):
        job.advance(done)
    job.finish()
    job.finish()
    assert 100 <= len(heard) <= 103
    assert heard[-1].data["state"] == "done"
