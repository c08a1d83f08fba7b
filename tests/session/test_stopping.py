"""A stop that ends in time."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from torrentd.session.stopping import Stopping


def ended(deferred):
    seen = []
    deferred.addCallback(seen.append)
    return seen


def test_what_is_done_takes_no_time():
    clock = Clock()
    stop = Stopping(clock, 4)
    assert ended(stop.within(1, {})) == [None]
    assert ended(stop.within(1, {"this": [succeed(1), fail(ValueError("failed"))]})) == [None]
    assert not clock.getDelayedCalls()


def test_each_part_has_its_share_and_all_have_the_whole():
    clock = Clock()
    stop = Stopping(clock, 4)
    hanging = [Deferred() for _ in range(3)]
    first = ended(stop.within(3, {"that": [hanging[0]]}))
    clock.advance(2.9)
    assert first == []
    clock.advance(0.2)
    assert first == [None]
    second = ended(stop.within(3, {"that": [hanging[1]]}))
    clock.advance(1.0)
    assert second == [None]
    third = ended(stop.within(3, {"that": [hanging[2]]}))
    clock.advance(0)
    assert third == [None]


def test_what_is_given_up_is_not_cancelled():
    clock = Clock()
    work = Deferred()
    result = ended(work)
    over = ended(Stopping(clock, 4).within(1, {"the work": [work]}))
    clock.advance(1)
    assert over == [None]
    work.callback("late")
    assert result == ["late"]


def test_it_is_told_what_hangs_and_what_fails(logged):
    clock = Clock()
    work = {
        "trackers": [succeed(1), Deferred(), Deferred()],
        "the disk": [fail(OSError("is broken"))],
        "it": [Deferred(), succeed(1).addCallback(lambda _: Deferred())],
        "what waits for another": [succeed(1).addCallback(lambda _: Deferred())],
    }
    Stopping(clock, 4).within(1, work)
    clock.advance(1)
    assert [line for line in logged() if "stop" in line] == [
        "stop: not waiting any longer for trackers, it, what waits for another"
    ]
