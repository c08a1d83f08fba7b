from __future__ import annotations

from twisted.internet.defer import Deferred

from torrentd.disk.pending import Pending


def test_idle_fires_when_the_last_one_is_done() -> None:
    pending = Pending()
    pending.begin()
    work: Deferred[int] = Deferred()
    pending.track(work)
    fired: list[None] = []
    pending.idle().addCallback(fired.append)
    pending.idle().addCallback(fired.append)
    pending.end()
    assert fired == []
    work.callback(1)
    assert fired == [None, None]


def test_idle_fires_at_once_when_nothing_is_under_way() -> None:
    assert Pending().idle().called


def test_tracked_results_pass_through() -> None:
    pending = Pending()
    good: Deferred[int] = Deferred()
    bad: Deferred[int] = Deferred()
    seen: list[object] = []
    for deferred in (good, bad):
        pending.track(deferred)
        deferred.addCallbacks(seen.append, lambda failure: seen.append(failure.type))
    good.callback(1)
    bad.errback(KeyError())
    assert seen == [1, KeyError]
    assert pending.count == 0
