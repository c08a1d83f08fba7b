"""Back-off bounds, and heaps that stay true and small whatever enters and leaves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.policy.peers.order import (
    LONGEST_WAIT,
    NEVER,
    SPACING,
    USER_LONGEST_WAIT,
    USER_SPACING,
    Candidate,
    DialOrder,
)


def candidate(port: int, source: str = "tracker", **facts: object) -> Candidate:
    self = Candidate(Address("1.2.3.4", port), source)
    for name, value in facts.items():
        setattr(self, name, value)
    return self


def test_back_off_doubles_from_a_minute_to_an_hour() -> None:
    waits = [candidate(1, failures=failures, last_attempt=100.0).retry_at() - 100.0 for failures in range(12)]
    assert waits[:4] == [SPACING, SPACING, 2 * SPACING, 4 * SPACING]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT
    assert candidate(1, failures=10**6, last_attempt=0.0).retry_at() == LONGEST_WAIT


def test_peers_named_by_the_user_are_retried_within_seconds_at_first() -> None:
    waits = [candidate(1, "user", failures=failures, last_attempt=0.0).retry_at() for failures in range(1, 15)]
    assert waits[:3] == [USER_SPACING, 2 * USER_SPACING, 4 * USER_SPACING]
    assert waits[-1] == USER_LONGEST_WAIT


def test_the_order_is_user_then_untried_then_fewest_failures() -> None:
    order = DialOrder()
    for one in [
        candidate(1, last_attempt=0.0, failures=2),
        candidate(2, last_attempt=0.0, failures=1),
        candidate(3, "pex"),
        candidate(4, "tracker"),
        candidate(5, "tracker"),
        candidate(6, "user"),
    ]:
        order.enter(one, 1000.0)
    assert order.ready(1000.0) == 6
    ports = []
    while (one := order.pop(1000.0)) is not None:
        ports.append(one.address.port)
    assert ports == [6, 4, 5, 3, 2, 1]


def test_deadlines() -> None:
    order = DialOrder()
    assert order.ready_at() == NEVER
    tried, fresh = candidate(1, last_attempt=100.0), candidate(2)
    order.enter(tried, 100.0)
    assert order.ready_at() == 160.0
    assert order.pop(159.9) is None
    order.enter(fresh, 100.0)
    assert order.ready_at() == -NEVER
    order.leave(fresh)
    assert order.ready_at() == 160.0
    assert order.ready(160.0) == 1
    order.leave(tried)
    assert order.ready_at() == NEVER
    assert order.pop(1000.0) is None


def test_entering_and_leaving_without_end_costs_no_memory() -> None:
    order, one = DialOrder(), candidate(1, last_attempt=0.0)
    for _ in range(5000):
        order.enter(one, 1.0)
    assert len(order._waiting) < 2000


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["enter", "leave", "pop", "fail"]), st.floats(0, 90))))
def test_counts_are_those_of_a_plain_list(steps: list[tuple[int, str, float]]) -> None:
    order, now = DialOrder(), 0.0
    everybody = [candidate(port + 1) for port in range(10)]
    inside: list[Candidate] = []
    for index, verb, pause in steps:
        now += pause
        one = everybody[index]
        if verb == "pop":
            popped = order.pop(now)
            ready = [other for other in inside if other.retry_at() <= now]
            assert (popped is None) == (not ready)
            if popped is not None:
                assert popped.rank() == min(other.rank() for other in ready)
                inside.remove(popped)
        elif verb == "leave":
            order.leave(one)
            inside = [other for other in inside if other is not one]
        else:
            if verb == "fail":
                one.failures, one.last_attempt = one.failures + 1, now
            order.enter(one, now)
            inside = [*(other for other in inside if other is not one), one]
        assert order.ready(now) == sum(other.retry_at() <= now for other in inside)
        later = [other.retry_at() for other in inside]
        assert order.ready_at() == (-NEVER if order.ready(now) else min(later, default=NEVER))
