from __future__ import annotations

from io import StringIO

from torrentd.simulate.clock import Clock
from torrentd.simulate.trace import BATCH, KEPT, Trace


def test_the_digest_is_of_every_entry_in_order() -> None:
    def digest(*words: str) -> str:
        trace = Trace(Clock())
        for word in words:
            trace.note(word)
        return trace.digest()

    assert digest("a", "b") == digest("a", "b")
    assert len({digest(), digest("a"), digest("a", "b"), digest("b", "a"), digest("ab")}) == 5


def test_times_and_values_count() -> None:
    clock = Clock()
    one, other = Trace(clock), Trace(clock)
    one.note("x", 1)
    clock.run_until(1)
    other.note("x", 1)
    assert one.digest() != other.digest()


def test_looking_at_the_digest_changes_nothing() -> None:
    one, other = Trace(Clock()), Trace(Clock())
    for number in range(3 * BATCH):
        one.note("n", number)
        other.note("n", number)
        if number % 100 == 0:
            one.digest()
    assert one.digest() == other.digest()


def test_the_last_lines_are_kept_for_people() -> None:
    trace = Trace(Clock())
    for number in range(KEPT + 10):
        trace.note("n", number)
    assert trace.last()[0] == "    0.000000  n           10"
    assert len(trace.last()) == KEPT
    assert trace.count == KEPT + 10


def test_every_line_can_be_copied() -> None:
    copy = StringIO()
    Trace(Clock(), copy).note("word", "a", 2)
    assert copy.getvalue() == "    0.000000  word        a  2\n"
