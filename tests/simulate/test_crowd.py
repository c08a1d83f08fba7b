from __future__ import annotations

import pytest

from torrentd.simulate.crowd import Crowd, Plan
from torrentd.simulate.internet.links import Link
from torrentd.simulate.swarm import Swarm

MB = 1_000_000


@pytest.mark.parametrize(
    ("seeds", "leeches", "limit"),
    [
        ([Link(up=1 * MB)], [Link(up=1 * MB)] * 10, 100.0),  # the seed must send one copy
        ([Link(up=10 * MB)], [Link(up=1 * MB)] * 10, 50.0),  # 20 MB/s for 10 copies
        ([Link(up=10 * MB)] * 2, [Link(up=1 * MB)] * 10, 100 / 3),
        ([Link(up=10 * MB)], [Link(down=4 * MB), Link(down=5 * MB)], 25.0),  # who takes least
        ([Link()], [Link()], 0.0),
    ],
)
def test_the_fluid_limit(seeds: list[Link], leeches: list[Link], limit: float) -> None:
    assert Plan(seeds, leeches, 100 * MB).limit == pytest.approx(limit)


def test_a_crowd_runs_and_is_measured() -> None:
    swarm = Swarm(1)
    crowd = Crowd(swarm, Plan([Link(up=1 * MB)], [Link(up=1 * MB)] * 4, 2 * 1024 * 1024, 32 * 1024))
    crowd.run(limit=60, looks=0.5)
    assert crowd.done
    assert len(crowd.completions) == 4
    assert 1.0 <= crowd.ratio < 3.0
    assert 0.9 < (crowd.copies_sent or 0.0) < 2.5
    progress = [moment.progress for moment in crowd.moments]
    assert progress == sorted(progress)
    assert (crowd.moments[-1].progress, crowd.moments[-1].done) == (1.0, 4)
    swarm.stop()
