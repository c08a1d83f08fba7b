from __future__ import annotations

import random

from torrentd.dht.asking.lookup import Lookup
from torrentd.dht.asking.queries import MOST, MOST_PINGS, NEVER, Queries
from torrentd.dht.asking.timing import FIRST, SHORTEST_LOST
from torrentd.model.address import Address

HERE, THERE = Address("1.2.3.4", 5), Address("1.2.3.4", 6)


def make() -> Queries:
    return Queries(random.Random(1))


def test_an_answer_belongs_to_its_query():
    queries = make()
    first, second = queries.begin(HERE, None, 0.0), queries.begin(THERE, None, 0.0)
    assert first != second
    assert queries.answered(second, THERE, 0.1).address == THERE
    assert queries.answered(second, THERE, 0.1) is None
    assert len(queries) == 1


def test_wrong_source_or_transaction():
    queries = make()
    transaction = queries.begin(HERE, None, 0.0)
    assert queries.answered(transaction, THERE, 0.1) is None
    assert queries.answered(transaction, Address("1.2.3.5", 5), 0.1) is None
    assert queries.answered(transaction + b"x", HERE, 0.1) is None
    assert queries.answered(b"", HERE, 0.1) is None
    assert queries.answered(transaction, HERE, 0.1) is not None


def test_slow_then_lost():
    queries = make()
    queries.begin(HERE, None, 0.0)
    assert queries.next_deadline() == FIRST
    assert queries.overdue(FIRST - 0.1) == []
    ((slow, is_lost),) = queries.overdue(FIRST)
    assert not is_lost
    assert len(queries) == 1
    assert queries.next_deadline() == SHORTEST_LOST
    assert queries.overdue(SHORTEST_LOST) == [(slow, True)]
    assert len(queries) == 0
    assert queries.next_deadline() == NEVER


def test_after_a_long_time_both_are_told_at_once():
    queries = make()
    queries.begin(HERE, None, 0.0)
    assert [is_lost for _, is_lost in queries.overdue(1000.0)] == [False, True]


def test_a_slow_one_may_still_be_answered():
    queries = make()
    transaction = queries.begin(HERE, None, 0.0)
    queries.overdue(FIRST)
    assert queries.answered(transaction, HERE, 2.0) is not None
    assert queries.next_deadline() == NEVER
    assert queries.overdue(100.0) == []


def test_bounds():
    queries = make()
    lookup = Lookup(b"t" * 20)
    for number in range(MOST_PINGS):
        assert queries.may_ping
        queries.begin(Address("1.2.3.4", number + 1), None, 0.0)
    assert not queries.may_ping
    assert not queries.is_full
    for number in range(MOST - MOST_PINGS):
        queries.begin(Address("1.2.3.5", number + 1), lookup, 0.0)
    assert queries.is_full
    queries.overdue(50.0)
    assert queries.may_ping
    assert not queries.is_full
