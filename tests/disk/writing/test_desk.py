from __future__ import annotations

from torrentd.disk.writing.desk import Unflushed


def test_a_flush_takes_what_was_written_and_the_rest_is_for_the_next() -> None:
    unflushed = Unflushed({3: None, 1: None}, {0: None}, 100)
    assert unflushed.take() == ([3, 1], [0])
    assert unflushed == Unflushed()


def test_a_failed_flush_casts_doubt_on_what_was_written_meanwhile() -> None:
    unflushed = Unflushed({4: None}, {1: None})
    assert unflushed.doubt([0]) == [4]
    assert unflushed == Unflushed({}, {1: None, 0: None}, 0, failures=1)
