from __future__ import annotations

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import ONE, FakeControl


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


def test_jobs(asked: Asked, control: FakeControl) -> None:
    job = asked.call("job.get", job=1)["job"]
    assert (job["kind"], job["torrent"], job["progress"], job["error"]) == ("verify", ONE, 0.5, None)
    assert asked.call("job.list") == {"jobs": [job]}
    assert asked.call("job.cancel", job=1) == {}
    assert control.told == [("cancel_job", 1)]


def test_a_job_that_is_not_there(asked: Asked, control: FakeControl) -> None:
    for verb in ("get", "cancel"):
        assert asked.error(f"job.{verb}", job=2)["code"] == 10
        for job in (-1, "1", None, 1.5):
            assert asked.error(f"job.{verb}", job=job)["code"] == -32602
    assert control.told == []
