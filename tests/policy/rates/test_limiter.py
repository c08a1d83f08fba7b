"""A bucket must keep its rate over every second, waste none of it, and be fair to those who share it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.geometry import BLOCK
from torrentd.policy.rates.limiter import BURST, NEVER, PACED_BELOW, SLACK, SLOWEST_PACE, SMALLEST_BURST, Bucket, Chain

MB = 1_000_000


class Taker:
    """Takes whenever it may, until `end`; waits exactly as told, `late` seconds more."""

    def __init__(self, chain: Chain | Bucket, wanted: int = 16 * BLOCK, late: float = 0.0) -> None:
        self.chain = chain
        self.wanted = wanted
        self.late = late
        self.next = 0.0
        self.moved: list[tuple[float, int]] = []
        self.calls = 0

    @property
    def total(self) -> int:
        return sum(count for _, count in self.moved)

    def run(self, now: float) -> None:
        self.calls += 1
        while granted := self.chain.take(self.wanted, now):
            self.moved.append((now, granted))
        self.next = self.chain.ready_at(now) + self.late


def simulate(takers: list[Taker], end: float) -> None:
    """Run each taker when its time comes; of equals the first in the list goes first, the unfairest order."""
    while (now := min(taker.next for taker in takers)) < end:
        next(taker for taker in takers if taker.next == now).run(now)


def busiest_second(moved: list[tuple[float, int]]) -> int:
    """Most bytes in any window of one second."""
    return max(sum(count for at, count in moved if start <= at < start + 1.0) for start, _ in moved)


@pytest.mark.parametrize("rate", [20_000, 300_000, 5 * MB, 50 * MB])
def test_long_run_rate_is_exact(rate: int) -> None:
    taker = Taker(Bucket(rate))
    simulate([taker], 30.0)
    burst = max(rate * BURST, SMALLEST_BURST)
    assert rate * 30 - 2 * burst <= taker.total <= rate * 30 + burst


@pytest.mark.parametrize("rate", [300_000, 5 * MB])
def test_no_second_sees_more_than_the_burst_allows(rate: int) -> None:
    taker = Taker(Bucket(rate))
    simulate([taker], 5.0)
    assert busiest_second(taker.moved) <= rate * (1 + BURST) + 2 * BLOCK


def test_unlimited_grants_everything_at_once() -> None:
    bucket = Bucket(None)
    assert bucket.take(1 << 40, 0.0) == 1 << 40
    assert bucket.ready_at(5.0) == 5.0
    assert Chain(Bucket(None), Bucket(None)).take(1 << 40, 0.0) == 1 << 40
    assert Chain(Bucket(None), Bucket(None)).ready_at(5.0) == 5.0
    assert Chain().take(7, 0.0) == 7
    assert Chain().ready_at(5.0) == 5.0


def test_zero_grants_nothing_ever() -> None:
    bucket = Bucket(0)
    assert bucket.take(BLOCK, 1000.0) == 0
    assert bucket.ready_at(1000.0) == NEVER
    chain = Chain(Bucket(None), bucket)
    assert chain.take(1, 2000.0) == 0
    assert chain.ready_at(2000.0) == math.inf
    assert not chain.unlimited


def test_parts_are_whole_blocks_worth() -> None:
    bucket = Bucket(100_000)
    assert bucket.take(10 * BLOCK, 1.0) == SMALLEST_BURST + 100_000 * SLACK
    assert bucket.take(10 * BLOCK, 1.0 + BLOCK / 100_000 / 2) == 0
    assert bucket.take(10 * BLOCK, 1.0 + BLOCK / 100_000) >= BLOCK - 1


def test_small_wishes_are_granted_from_what_is_there() -> None:
    bucket = Bucket(10_000)
    assert bucket.take(1 << 20, 1.0) == SMALLEST_BURST + 10_000 * SLACK
    assert bucket.take(100, 1.001) == 0
    assert bucket.take(100, 1.02) == 100


def test_a_low_rate_still_passes_the_largest_block() -> None:
    bucket = Bucket(1000)
    assert bucket.take(2 * BLOCK, 1.0, least=2 * BLOCK) == 2 * BLOCK
    at = bucket.ready_at(1.0, least=2 * BLOCK)
    assert at == pytest.approx(1.0 + 2 * BLOCK / 1000), "the debt of the first, and what a bucket can hold"
    assert bucket.take(2 * BLOCK, at, least=2 * BLOCK) == 2 * BLOCK


def test_asking_at_the_named_time_is_never_refused() -> None:
    bucket, now = Bucket(333_333), 12345.678
    for _ in range(200):
        while bucket.take(BLOCK, now):
            pass
        later = bucket.ready_at(now)
        assert later > now
        now = later
        assert bucket.take(BLOCK, now)


def test_give_back_is_bounded_by_the_burst() -> None:
    bucket = Bucket(MB)
    assert bucket.take(BLOCK, 1.0) == BLOCK
    bucket.give_back(BLOCK)
    bucket.give_back(1 << 30)
    assert bucket.take(1 << 30, 1.0) == MB * BURST
    Bucket(None).give_back(5)


def test_a_chain_charges_all_or_none() -> None:
    own, shared = Bucket(MB), Bucket(MB)
    other = Chain(shared)
    assert other.take(1 << 30, 1.0) == MB * BURST
    chain = Chain(own, shared)
    assert chain.take(BLOCK, 1.0) == 0
    assert own.take(1 << 30, 1.0) == MB * BURST, "the refusal of one bucket must cost nothing in the other"


def test_a_chain_grants_the_smaller_part_and_charges_both_with_it() -> None:
    small, big = Bucket(MB), Bucket(10 * MB)
    assert Chain(small, big).take(1 << 30, 1.0) == MB * BURST
    assert big.take(1 << 30, 1.0) == 10 * MB * BURST - MB * BURST


def test_a_chain_gives_back_to_all() -> None:
    one, two = Bucket(MB), Bucket(MB)
    chain = Chain(one, two)
    granted = chain.take(1 << 30, 1.0)
    chain.give_back(granted)
    assert one.take(1 << 30, 1.0) == two.take(1 << 30, 1.0) == granted


@pytest.mark.parametrize("count", [2, 3, 10])
def test_takers_share_a_bucket_fairly(count: int) -> None:
    shared = Bucket(2 * MB)
    takers = [Taker(Chain(Bucket(None), shared)) for _ in range(count)]
    simulate(takers, 20.0)
    totals = [taker.total for taker in takers]
    assert sum(totals) >= 0.95 * 2 * MB * 20
    assert max(totals) - min(totals) <= 2 * MB * BURST + 10 * BLOCK


def test_a_slow_taker_leaves_the_rest_to_others() -> None:
    shared = Bucket(2 * MB)
    slow, fast = Taker(Chain(Bucket(200_000), shared)), Taker(Chain(Bucket(None), shared))
    simulate([fast, slow], 20.0)
    assert slow.total == pytest.approx(200_000 * 20, rel=0.1)
    assert fast.total == pytest.approx(1_800_000 * 20, rel=0.1)


def test_a_taker_that_never_comes_back_holds_up_nobody() -> None:
    shared = Bucket(MB)
    gone, there = Chain(shared), Taker(Chain(shared))
    there.run(0.0)
    assert gone.take(BLOCK, 0.001) == 0
    simulate([there], 10.0)
    assert there.total >= 0.97 * 10 * MB


def test_who_leaves_holds_nobody_up() -> None:
    """Not even until the time that it was promised."""
    shared = Bucket(MB)
    gone, there = Chain(shared), Chain(shared)
    assert there.take(1 << 30, 1.0)
    assert gone.take(BLOCK, 1.0) == 0
    at = there.ready_at(1.0)
    gone.leave()
    assert there.ready_at(1.0) < at
    assert there.take(BLOCK, there.ready_at(1.0)) == BLOCK


def test_late_takers_keep_the_rate_and_do_not_spin() -> None:
    shared = Bucket(MB)
    takers = [Taker(Chain(shared), late=late) for late in (0.0, 0.01, 0.05)]
    simulate(takers, 10.0)
    assert sum(taker.total for taker in takers) >= 0.9 * 10 * MB
    assert sum(taker.calls for taker in takers) < 5000


def test_asking_again_keeps_the_place_in_line() -> None:
    shared = Bucket(MB)
    first, second = Chain(shared), Chain(shared)
    assert first.take(1 << 30, 1.0)
    assert second.take(BLOCK, 1.0) == 0
    assert first.take(BLOCK, 1.001) == 0
    assert second.take(BLOCK, 1.002) == 0
    at = second.ready_at(1.002)
    assert at < first.ready_at(1.002)
    assert second.take(BLOCK, at)


def test_a_changed_rate_voids_promises_and_savings() -> None:
    bucket = Bucket(100 * MB)
    bucket.set_rate(MB, 10.0)
    assert bucket.take(1 << 30, 10.0) == MB * BURST
    chain = Chain(bucket)
    assert chain.take(BLOCK, 10.0) == 0
    bucket.set_rate(None, 10.0)
    assert chain.unlimited
    assert chain.take(1 << 30, 10.0) == 1 << 30
    bucket.set_rate(MB, 20.0)
    assert chain.take(BLOCK, 20.0) == 0, "no burst out of the unlimited time"
    assert chain.take(BLOCK, chain.ready_at(20.0)) == BLOCK


@given(
    st.integers(1, 100 * MB),
    st.lists(st.tuples(st.floats(0.0, 2.0), st.integers(0, 1 << 22), st.integers(1, 2 * BLOCK)), max_size=60),
)
def test_never_more_than_burst_plus_rate(rate: int, steps: list[tuple[float, int, int]]) -> None:
    chain, now, moved = Chain(Bucket(rate), Bucket(2 * rate)), 0.0, 0
    for pause, wanted, least in steps:
        now += pause
        granted = chain.take(wanted, now, least)
        assert granted == 0 or min(wanted, least) <= granted <= wanted
        assert chain.ready_at(now, least) >= now
        moved += granted
    assert moved <= max(rate * BURST, SMALLEST_BURST + rate * SLACK) + 2 * BLOCK + rate * now + 2


@pytest.mark.parametrize("rate", [100_000, 2 * MB])
@pytest.mark.parametrize("weights", [(2.0, 1.0, 0.5), (0.5, 2.0), (1.0, 2.0, 2.0, 0.5, 1.0)])
def test_takers_share_a_bucket_by_weight(rate: int, weights: tuple[float, ...]) -> None:
    shared = Bucket(rate)
    takers = [Taker(Chain(shared, weight=weight), late=0.001 * number) for number, weight in enumerate(weights)]
    simulate(takers, 60.0)
    assert sum(taker.total for taker in takers) >= 0.97 * rate * 60
    for taker, weight in zip(takers, weights, strict=True):
        assert taker.total == pytest.approx(rate * 60 * weight / sum(weights), rel=0.05, abs=2 * SMALLEST_BURST)


def test_what_the_heavy_one_does_not_want_the_light_one_gets() -> None:
    shared = Bucket(MB)
    heavy, light = Taker(Chain(Bucket(100_000), shared, weight=2.0)), Taker(Chain(shared, weight=0.5))
    simulate([heavy, light], 20.0)
    assert heavy.total == pytest.approx(100_000 * 20, rel=0.1)
    assert light.total == pytest.approx(900_000 * 20, rel=0.1)


def test_who_waited_alone_for_long_owes_nothing_to_who_comes_later() -> None:
    shared = Bucket(MB)
    first = [Taker(Chain(shared)) for _ in range(2)]
    simulate(first, 20.0)
    before = [taker.total for taker in first]
    newcomer = Taker(Chain(shared))
    newcomer.next = 20.0
    simulate([*first, newcomer], 40.0)
    assert newcomer.total == pytest.approx(20 * MB / 3, rel=0.05)
    for taker, had in zip(first, before, strict=True):
        assert taker.total - had == pytest.approx(20 * MB / 3, rel=0.05)


def test_a_changed_weight_counts_from_then_on() -> None:
    shared = Bucket(MB)
    one, other = Taker(Chain(shared)), Taker(Chain(shared))
    simulate([one, other], 20.0)
    before, one.chain.weight = one.total, 4.0  # type: ignore[union-attr]
    simulate([one, other], 40.0)
    assert one.total - before == pytest.approx(16 * MB, rel=0.05)


def flowing(taker: Taker, pace: float) -> list[tuple[float, int]]:
    """What the taker moved if each grant flows at a pace, in parts of 10 ms."""
    parts: list[tuple[float, int]] = []
    for at, count in taker.moved:
        steps = max(1, math.ceil(count / pace / 0.01))
        parts += [(at + step * 0.01, count // steps + (step < count % steps)) for step in range(steps)]
    return sorted(parts)


@pytest.mark.parametrize("rate", [32 * 1024, 33_500, 40_000, 51_000, 66_000, 80_000, 100_000, 109_000])
@pytest.mark.parametrize("late", [0.0, 0.003, 0.02])
def test_paced_blocks_keep_a_low_rate_within_each_second(rate: int, late: float) -> None:
    """Alone, and a pair that shares the bucket; a block is asked for when the last one has flowed."""
    for count in (1, 2):
        shared = Bucket(rate)
        takers = [Taker(Chain(shared), wanted=BLOCK + 13, late=late) for _ in range(count)]
        simulate(takers, 30.0)
        pace = takers[0].chain.pace  # type: ignore[union-attr]
        assert pace is not None
        assert sum(taker.total for taker in takers) >= 0.97 * rate * 30 - SMALLEST_BURST
        parts = sorted(part for taker in takers for part in flowing(taker, pace))
        assert busiest_second(parts) <= 1.2 * rate


@pytest.mark.parametrize("rate", [math.ceil(PACED_BELOW), 160_000])
def test_whole_blocks_keep_the_others_within_each_second(rate: int) -> None:
    taker = Taker(Bucket(rate), wanted=BLOCK + 13)
    simulate([taker], 30.0)
    assert Chain(Bucket(rate)).pace is None
    assert busiest_second(taker.moved) <= 1.2 * rate + 1


def test_the_slowest_limit_sets_the_pace() -> None:
    assert Chain(Bucket(None), Bucket(None)).pace is None
    assert Chain(Bucket(None), Bucket(5 * MB)).pace is None
    assert Chain(Bucket(60_000), Bucket(40_000)).pace == pytest.approx(44_000)
    assert Chain(Bucket(0), Bucket(40_000)).pace == pytest.approx(44_000), "nothing moves with 0 anyway"
    assert Chain(Bucket(1000)).pace == SLOWEST_PACE


def test_a_chain_that_shares_other_buckets_holds_up_nobody_at_the_old_ones() -> None:
    own, whole, group = Bucket(None), Bucket(MB), Bucket(MB)
    mover, other = Chain(own, whole), Chain(whole)
    assert other.take(1 << 30, 1.0)
    assert mover.take(BLOCK, 1.0) == 0, "it stands in line"
    mover.share(group)
    assert mover.take(BLOCK, 1.0) == BLOCK
    assert other.take(BLOCK, 1.0 + BLOCK / MB) == BLOCK
    mover.share()
    assert mover.unlimited


@pytest.mark.parametrize("rate", [20_000, 40_000, 100_000, 300_000])
def test_a_limit_of_its_own_is_reached_below_one_that_others_share(rate: int) -> None:
    whole = Bucket(2 * rate)
    limited, free = Taker(Chain(Bucket(rate), whole), wanted=BLOCK + 13), Taker(Chain(whole), wanted=BLOCK + 13)
    simulate([limited, free], 60.0)
    assert limited.total == pytest.approx(60 * rate, rel=0.03)
    assert free.total == pytest.approx(60 * rate, rel=0.03)


@pytest.mark.parametrize("rate", [20_000, 40_000, 100_000, 300_000])
def test_a_group_reaches_its_limit_below_one_that_others_share(rate: int) -> None:
    whole, group = Bucket(2 * rate), Bucket(rate)
    members = [Taker(Chain(Bucket(None), group, whole), wanted=BLOCK + 13) for _ in range(2)]
    other = Taker(Chain(Bucket(None), whole), wanted=BLOCK + 13)
    simulate([*members, other], 60.0)
    for taker, share in ((members[0], 0.5), (members[1], 0.5), (other, 1.0)):
        assert taker.total == pytest.approx(60 * rate * share, rel=0.04)
