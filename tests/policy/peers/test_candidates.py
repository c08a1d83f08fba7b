"""Who is believed, who is kept, who is dialled: the store by its rules."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address, Scope
from torrentd.policy.peers.bans import Bans
from torrentd.policy.peers.candidates import MOST, MOST_PER_OWNER, Candidates
from torrentd.policy.peers.order import NEVER, SPACING, USER_SPACING


def at(number: int, port: int = 6881) -> Address:
    """The `number`-th global address."""
    return Address(f"8.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", port)


def drain(candidates: Candidates, now: float) -> list[Address]:
    taken = []
    while (address := candidates.take(now)) is not None:
        taken.append(address)
    return taken


def test_each_address_is_taken_in_once_and_dialled_once() -> None:
    candidates = Candidates()
    assert candidates.add([at(1), at(2), at(1)], "tracker", 0.0) == 2
    assert candidates.add([at(1), Address("::ffff:8.0.0.2", 6881)], "pex", 0.0) == 0
    assert len(candidates) == 2
    assert candidates.ready(0.0) == 2
    assert drain(candidates, 0.0) == [at(1), at(2)]
    assert candidates.ready(1e9) == 0, "under way, however long"


@pytest.mark.parametrize(
    "address",
    [
        Address("8.8.8.8", 0),
        Address("8.8.8.8", 70000),
        Address("0.0.0.0", 1),
        Address("224.0.0.1", 1),
        Address("255.255.255.255", 1),
        Address("no literal", 1),
        Address("ff02::1", 1),
    ],
)
def test_what_cannot_be_dialled_is_refused_from_everybody(address: Address) -> None:
    for source in ("user", "tracker", "pex"):
        assert Candidates().add([address], source, 0.0) == 0


@pytest.mark.parametrize(
    ("narrowest", "believed"),
    [
        (Scope.INVALID, ["127.0.0.1", "169.254.1.1", "10.0.0.1", "8.8.8.8"]),
        (Scope.LOOPBACK, ["127.0.0.1", "169.254.1.1", "10.0.0.1", "8.8.8.8"]),
        (Scope.PRIVATE, ["10.0.0.1", "8.8.8.8"]),
        (Scope.GLOBAL, ["8.8.8.8"]),
    ],
)
def test_no_source_names_a_peer_of_a_narrower_scope_than_its_own(narrowest: Scope, believed: list[str]) -> None:
    candidates = Candidates()
    candidates.add(
        [Address(host, 1) for host in ("127.0.0.1", "169.254.1.1", "10.0.0.1", "8.8.8.8")], "dht", 0.0, narrowest
    )
    assert [address.host for address in drain(candidates, 0.0)] == believed


def test_ourselves_are_never_dialled() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.exclude(at(1))
    candidates.exclude(at(2))
    assert candidates.add([at(1), at(2)], "user", 0.0) == 0
    assert candidates.take(0.0) is None


def test_ourselves_found_out_while_dialling() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    assert candidates.take(0.0) == at(1)
    candidates.exclude(at(1))
    candidates.failed(at(1), 1.0)
    assert candidates.ready_at() == NEVER
    assert len(candidates) == 0


def test_the_banned_are_neither_taken_in_nor_dialled() -> None:
    bans = Bans()
    candidates = Candidates(bans)
    candidates.add([at(1), at(2)], "tracker", 0.0)
    bans.ban(at(1), "bad piece")
    assert candidates.add([at(1, 7000)], "user", 0.0) == 0
    assert drain(candidates, 0.0) == [at(2)]
    assert len(candidates) == 1


def test_one_attempt_per_minute_then_longer_waits() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    now, attempts = 0.0, []
    while len(attempts) < 6:
        assert candidates.take(now) == at(1)
        attempts.append(now)
        candidates.failed(at(1), now + 10.0)
        candidates.add([at(1)], "tracker", now + 10.0)
        assert candidates.take(now + SPACING - 0.1) is None
        now = candidates.ready_at()
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert gaps == [60.0, 120.0, 240.0, 480.0, 960.0]


def test_the_connected_are_not_dialled_until_they_are_gone_for_their_minute() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.take(0.0)
    candidates.connected(at(1), dialled=True)
    assert candidates.add([at(1)], "pex", 5.0) == 0
    assert candidates.ready(1e6) == 0
    candidates.closed(at(1), 20.0)
    assert candidates.ready_at() == SPACING


def test_an_incoming_peer_is_known_by_where_it_listens() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.connected(at(1), dialled=False)
    candidates.connected(at(2), dialled=False)
    candidates.add([at(2)], "pex", 0.0)
    assert candidates.take(0.0) is None
    candidates.closed(at(1), 100.0)
    candidates.closed(at(2), 100.0)
    assert candidates.ready_at() == 100.0 + SPACING


def test_two_connections_to_one_address_are_counted() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.take(0.0)
    candidates.connected(at(1), dialled=True)
    candidates.connected(at(1), dialled=False)
    candidates.closed(at(1), 1.0)
    assert candidates.ready_at() == NEVER
    candidates.closed(at(1), 2.0)
    assert candidates.ready_at() == SPACING


def test_useless_connections_count_as_failures() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    now = 0.0
    for wait in (60.0, 120.0, 240.0):
        assert candidates.take(now) == at(1)
        candidates.connected(at(1), dialled=True)
        candidates.closed(at(1), now + 1.0, useful=False)
        assert candidates.ready_at() == now + wait
        now += wait
    candidates.take(now)
    candidates.connected(at(1), dialled=True)
    candidates.closed(at(1), now + 1.0)
    assert candidates.ready_at() == now + SPACING


def test_the_user_comes_first_and_at_once() -> None:
    candidates = Candidates()
    candidates.add([at(1), at(2)], "tracker", 0.0)
    assert candidates.take(0.0) == at(1)
    candidates.failed(at(1), 1.0)
    candidates.add([at(3), at(1)], "user", 2.0)
    assert drain(candidates, 2.0) == [at(1), at(3), at(2)], "the minute does not hold for the user's peers"
    assert candidates.source(at(1)) == "user"


def test_peers_of_the_user_are_retried_soon() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "user", 0.0)
    assert candidates.take(0.0) == at(1)
    candidates.failed(at(1), 0.1)
    assert candidates.take(USER_SPACING - 0.1) is None
    assert candidates.take(USER_SPACING) == at(1)


def test_a_connected_peer_that_the_user_names_is_dialled_again_soon_after_it_is_gone() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.take(0.0)
    candidates.connected(at(1), dialled=True)
    candidates.add([at(1)], "user", 1.0)
    assert candidates.ready(1.0) == 0
    candidates.closed(at(1), 5.0)
    assert candidates.take(5.0) == at(1)


def test_naming_a_peer_that_is_being_dialled_does_not_dial_it_twice() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    candidates.take(0.0)
    candidates.add([at(1)], "user", 0.1)
    assert candidates.take(0.1) is None


def test_a_victim_named_with_a_thousand_ports_is_kept_a_few_times_only() -> None:
    candidates = Candidates()
    victim = [at(1, port) for port in range(1, 1001)]
    assert candidates.add(victim, "pex", 0.0) == MOST_PER_OWNER
    assert candidates.add([at(1, 60000)], "user", 0.0) == 1, "the user knows what he wants"


def test_a_swarm_on_loopback_shares_its_host() -> None:
    assert Candidates().add([Address("127.0.0.1", port) for port in range(1, 101)], "tracker", 0.0) == 100


def test_a_flood_keeps_the_cap_and_does_not_wash_out_what_is_better() -> None:
    candidates = Candidates()
    candidates.add(map(at, range(1000)), "tracker", 0.0)
    candidates.add(map(at, range(1000, 9000)), "pex", 0.0)
    assert len(candidates) == MOST
    assert candidates.add(map(at, range(10000, 10100)), "pex", 0.0) == 0
    assert candidates.add(map(at, range(20000, 20500)), "tracker", 0.0) == 500
    assert candidates.add(map(at, range(30000, 30010)), "user", 0.0) == 10
    assert len(candidates) == MOST
    dialled = drain(candidates, 0.0)
    assert set(map(at, range(1000))) <= set(dialled)
    assert dialled[:10] == list(map(at, range(30000, 30010)))


def test_at_the_cap_failures_go_first() -> None:
    candidates = Candidates(most=10)
    candidates.add(map(at, range(10)), "tracker", 0.0)
    for _ in range(3):
        candidates.failed(candidates.take(0.0) or at(0), 0.0)
    assert candidates.add(map(at, range(100, 120)), "pex", 0.0) == 3
    assert len(candidates) == 10
    assert all(candidates.source(at(number)) == "" for number in range(3))


def test_the_connected_and_the_users_are_never_dropped() -> None:
    candidates = Candidates(most=4)
    candidates.add([at(1)], "pex", 0.0)
    assert candidates.take(0.0) == at(1)
    candidates.connected(at(1), dialled=True)
    candidates.add([at(2), at(3)], "user", 0.0)
    candidates.add(map(at, range(10, 20)), "tracker", 0.0)
    assert [candidates.source(at(number)) for number in (1, 2, 3)] == ["pex", "user", "user"]
    assert len(candidates) == 4
    assert candidates.add(map(at, range(20, 30)), "user", 0.0) == 1
    assert len(candidates) == 4


addresses = st.builds(Address, st.sampled_from(["8.8.8.8", "10.0.0.1", "127.0.0.1", "::1"]), st.integers(0, 12))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "take", "fail", "connect", "close", "name"]), addresses, st.floats(0.0, 100.0)
        ),
        max_size=80,
    )
)
def test_nobody_is_dialled_while_busy_nor_twice_in_a_minute(steps: list[tuple[str, Address, float]]) -> None:
    candidates, now = Candidates(most=20), 0.0
    dialling: list[Address] = []
    connected: list[Address] = []
    attempts: dict[Address, float] = {}
    for verb, address, pause in steps:
        now += pause
        if verb in ("add", "name"):
            candidates.add([address], "user" if verb == "name" else "pex", now)
        elif verb == "take":
            ready = candidates.ready(now)
            taken = candidates.take(now)
            assert (taken is not None) == (ready > 0)
            if taken is not None:
                assert taken.port and taken not in dialling and taken not in connected
                if candidates.source(taken) != "user":
                    assert now - attempts.get(taken, -NEVER) >= SPACING
                attempts[taken] = now
                dialling.append(taken)
        elif verb == "fail" and dialling:
            candidates.failed(dialling.pop(0), now)
        elif verb == "connect" and dialling:
            connected.append(dialling.pop(0))
            candidates.connected(connected[-1], dialled=True)
        elif verb == "close" and connected:
            candidates.closed(connected.pop(0), now)
        assert len(candidates) <= 20


def test_of_one_source_who_is_worth_most_to_both_ends_is_dialled_first() -> None:
    candidates = Candidates()
    candidates.ours = {False: Address("203.0.113.9", 6881)}
    found = [Address(f"198.51.{number}.1", 6881) for number in range(20)]
    candidates.add(found, "tracker", 0.0)
    dialled = [candidates.take(0.0) for _ in found]
    assert dialled == sorted(found, key=candidates.priority, reverse=True)
    assert candidates.priority(Address("2001:db8::1", 1)) == 0


def test_after_a_pause_the_connected_are_dialled_at_once() -> None:
    candidates = Candidates()
    candidates.add([at(1), at(2)], "tracker", 0.0)
    for peer in drain(candidates, 0.0):
        candidates.connected(peer, dialled=True)
    candidates.paused(at(1), 5.0)
    candidates.closed(at(2), 5.0)
    candidates.connected(at(3), dialled=False)
    candidates.paused(at(3), 5.0)
    assert drain(candidates, 5.0) == [at(1)]
    candidates.failed(at(1), 5.0)
    assert candidates.ready_at() == SPACING


def test_after_a_pause_who_was_being_dialled_is_dialled_at_once() -> None:
    candidates = Candidates()
    candidates.add([at(1)], "tracker", 0.0)
    assert candidates.take(0.0) == at(1)
    candidates.paused(at(1), 1.0)
    assert drain(candidates, 1.0) == [at(1)]


def test_whom_peers_dropped_comes_after_the_untried_until_named_again() -> None:
    candidates = Candidates()
    candidates.add([at(1), at(2), at(3)], "pex", 0.0)
    candidates.add([at(4)], "tracker", 0.0)
    candidates.dropped([at(1), at(2), at(4), at(9)], 1.0)
    candidates.add([at(2)], "dht", 2.0)
    assert drain(candidates, 2.0) == [at(4), at(3), at(2), at(1)]
    candidates.dropped([at(1)], 2.0)
    candidates.failed(at(1), 2.0)
    candidates.dropped([at(1)], 3.0)
    assert candidates.ready_at() == 2.0 + SPACING  # its own attempt says more


def test_whom_peers_dropped_gives_way_to_newcomers() -> None:
    candidates = Candidates(most=3)
    candidates.add([at(1), at(2), at(3)], "pex", 0.0)
    candidates.dropped([at(2)], 1.0)
    candidates.add([at(4)], "pex", 2.0)
    assert [candidates.knows(at(port)) for port in range(1, 5)] == [True, False, True, True]


def test_a_connection_says_more_than_that_somebody_was_dropped() -> None:
    candidates = Candidates()
    candidates.add([at(1), at(2)], "pex", 0.0)
    candidates.dropped([at(1), at(2)], 0.0)
    candidates.connected(at(1), dialled=False)
    candidates.dropped([at(1)], 0.0)
    candidates.paused(at(1), 5.0)
    assert drain(candidates, 5.0) == [at(1), at(2)]
