"""torrent.wait."""

import pytest
from twisted.internet.task import Clock

from torrentd.session.telling.rows import WaitFailure, WaitRow
from torrentd.session.telling.waiting import Waits


@pytest.fixture
def standing():
    return {"a": "pending", "b": "pending"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def waits(clock, standing):
    return Waits(clock, lambda id, until: standing[id])


def ended(deferred):
    results = []
    deferred.addCallback(results.append)
    return results


def test_answers_at_once_when_nothing_is_pending(waits, standing, clock):
    standing["a"] = "done"
    assert ended(waits.wait(["a"], "download", 60)) == [WaitRow(["a"], [], [])]
    assert not clock.getDelayedCalls()


def test_answers_when_the_last_one_is_done_or_can_no_longer(waits, standing, clock):
    results = ended(waits.wait(["a", "b", "a"], "download", 60))
    standing["a"] = "done"
    waits.changed("a")
    assert results == []
    failure = WaitFailure("b", 1, "removed")
    standing["b"] = failure
    waits.changed("b")
    assert results == [WaitRow(["a"], [], [failure])]
    assert not clock.getDelayedCalls()


def test_a_time_out_is_a_normal_answer(waits, clock):
    results = ended(waits.wait(["a"], "download", 5))
    clock.advance(4)
    assert results == []
    clock.advance(1)
    assert results == [WaitRow([], ["a"], [])]
    waits.changed("a")
    assert len(results) == 1


def test_zero_seconds_only_looks(waits):
    assert ended(waits.wait(["a"], "download", 0)) == [WaitRow([], ["a"], [])]


def test_stop_answers_everybody(waits, clock):
    results = [ended(waits.wait([id], "download", 300)) for id in "ab"]
    waits.stop()
    assert results == [[WaitRow([], ["a"], [])], [WaitRow([], ["b"], [])]]
    assert not clock.getDelayedCalls()
