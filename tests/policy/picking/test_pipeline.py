from __future__ import annotations

import pytest

from torrentd.model.geometry import BLOCK
from torrentd.policy.picking.pipeline import CAP, DEFAULT_REQQ, MINIMUM, RESERVE, START, Pipeline


def _run(pipeline: Pipeline, *, latency: float, rate: float, seconds: float, now: float = 0.0) -> list[int]:
    """A link that carries `rate` bytes per second and delays by `latency`: the depth after each round."""
    depths = []
    pipeline.asked(now)
    end = now + seconds
    while now < end:
        blocks = pipeline.depth
        now += max(latency, blocks * BLOCK / rate)
        pipeline.received(blocks, now)
        depths.append(pipeline.depth)
    return depths


def test_the_depth_doubles_each_round_at_first() -> None:
    assert _run(Pipeline(0.0), latency=0.1, rate=1e9, seconds=0.29)[:3] == [2 * START, 4 * START, 8 * START]


def test_a_fast_peer_gets_as_many_requests_as_it_queues() -> None:
    pipeline = Pipeline(0.0)
    assert max(_run(pipeline, latency=0.001, rate=6e8, seconds=0.2)) == DEFAULT_REQQ
    pipeline.accept(2000)
    assert _run(pipeline, latency=0.001, rate=6e8, seconds=5, now=1.0)[-1] == CAP
    pipeline.accept(20)
    assert pipeline.depth == 20
    assert max(_run(pipeline, latency=0.001, rate=6e8, seconds=2, now=7.0)) == 20


def test_a_peer_that_queues_nothing_is_asked_for_one_block_at_a_time() -> None:
    pipeline = Pipeline(0.0)
    pipeline.accept(0)
    assert pipeline.depth == 1


@pytest.mark.parametrize("rate", [100e3, 1e6, 2e6])
def test_the_depth_settles_at_the_rate_times_reserve_and_latency(rate: float) -> None:
    pipeline = Pipeline(0.0)
    pipeline.accept(CAP)
    settled = _run(pipeline, latency=0.05, rate=rate, seconds=60)[-1]
    assert settled == pytest.approx(min(CAP, rate * (RESERVE + START * BLOCK / rate) / BLOCK), rel=0.3)


def test_a_long_way_does_not_limit_the_rate() -> None:
    pipeline = Pipeline(0.0)
    pipeline.accept(CAP)
    assert _run(pipeline, latency=0.7, rate=4e6, seconds=60)[-1] * BLOCK / 0.7 > 4e6


def test_the_slowest_peer_keeps_a_few_requests() -> None:
    assert _run(Pipeline(0.0), latency=1.0, rate=2000, seconds=3000)[-1] >= MINIMUM


def test_after_time_outs_one_request_at_a_time_until_it_sends() -> None:
    pipeline = Pipeline(0.0)
    pipeline.collapse(20.0)
    assert pipeline.depth == 1
    pipeline.received(1, 21.0)
    assert pipeline.depth == 2


def test_an_unchoke_begins_anew() -> None:
    pipeline = Pipeline(0.0)
    _run(pipeline, latency=0.001, rate=6e8, seconds=1)
    pipeline.restart(30.0)
    assert pipeline.depth == START


def test_a_pause_of_ours_is_not_the_peers_slowness() -> None:
    pipeline = Pipeline(0.0)
    pipeline.accept(CAP)
    before = _run(pipeline, latency=0.01, rate=2e6, seconds=20)[-1]
    after = _run(pipeline, latency=0.01, rate=2e6, seconds=0.7, now=600.0)[-1]
    assert after > before / 2


def test_the_ramp_does_not_end_while_the_answers_are_on_their_way() -> None:
    """A second of round trip, and answers in lumps: within it the rate does not grow, the link is far from full."""
    pipeline = Pipeline(0.0)
    pipeline.accept(CAP)
    pipeline.asked(0.0)
    for round_trip in range(1, 5):
        for part in range(4):
            pipeline.received(pipeline.depth // 8, round_trip + part * 0.2)
    assert pipeline.depth > 4 * START


def test_the_quickest_answer_is_remembered_besides_the_last() -> None:
    pipeline = Pipeline(0.0)
    for asked, answered in ((0.0, 0.3), (10.0, 10.2), (20.0, 20.8)):
        pipeline.asked(asked)
        pipeline.received(1, answered)
    assert (pipeline.quickest, pipeline.latency) == (pytest.approx(0.2), pytest.approx(0.8))


def test_what_may_answer_an_earlier_request_is_not_the_quickest() -> None:
    pipeline = Pipeline(0.0)
    for asked, answered, alone in ((0.0, 0.6, True), (20.0, 20.01, False)):
        pipeline.asked(asked, alone)
        pipeline.received(1, answered)
    assert pipeline.quickest == pytest.approx(0.6)
