"""One thing at a time for each torrent."""

from twisted.internet.defer import Deferred

from torrentd.session.entering.turns import Turns


def test_one_after_the_other_for_the_same_key_only():
    turns, order, gate = Turns(), [], Deferred()

    async def work(name, wait=None):
        order.append(name)
        if wait is not None:
            await wait
        return name

    first = turns.run(b"a", work, "first", gate)
    second = turns.run(b"a", work, "second")
    turns.run(b"b", work, "other")
    assert order == ["first", "other"]
    gate.callback(None)
    assert order == ["first", "other", "second"]
    assert (first.result, second.result) == ("first", "second")
    assert turns._locks == {}


def test_an_error_is_the_callers_and_ends_the_turn():
    turns, seen = Turns(), []

    async def failing():
        raise ValueError("mine")

    turns.run(b"a", failing).addErrback(lambda failure: seen.append(failure.value))
    assert str(seen[0]) == "mine"
    assert turns._locks == {}
