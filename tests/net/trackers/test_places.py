"""Places for requests."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from torrentd.model.errors import TrackerError
from torrentd.net.trackers import places as module
from torrentd.net.trackers.places import Places


def take(places: Places, host: str) -> Deferred[None]:
    return Deferred.fromCoroutine(places.take(host))


def test_two_per_host() -> None:
    places = Places()
    first, second, third, other = (take(places, host) for host in ("a", "a", "a", "b"))
    assert [each.called for each in (first, second, third, other)] == [True, True, False, True]
    places.give_back("b")
    assert not third.called
    places.give_back("a")
    assert third.called


def test_in_order_among_those_that_may_go() -> None:
    places = Places(at_once=2, per_host=1)
    take(places, "a")
    take(places, "b")
    again, third = take(places, "a"), take(places, "c")
    places.give_back("b")
    assert (again.called, third.called) == (False, True)
    places.give_back("a")
    assert again.called


def test_giving_up_leaves_no_gap() -> None:
    places = Places(at_once=1)
    take(places, "a")
    waiting, next_one = take(places, "a"), take(places, "a")
    failures: list[Failure] = []
    waiting.addErrback(failures.append)
    waiting.cancel()
    assert failures[0].check(CancelledError)
    places.give_back("a")
    assert next_one.called


def test_the_queue_has_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    places = Places(at_once=1)
    take(places, "a")
    take(places, "a")
    refused: list[Failure] = []
    take(places, "a").addErrback(refused.append)
    assert refused[0].check(TrackerError)
