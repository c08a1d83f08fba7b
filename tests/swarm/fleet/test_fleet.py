"""The fleet by its purposes: caps that hold, grants that go round, rates that are kept."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.model.ids import InfoHash
from torrentd.swarm.fleet.events import (
    Admit,
    ConnectionClosed,
    DialEnded,
    Dialled,
    DialUnused,
    FleetCommand,
    FleetLimits,
    GrantDial,
    HandshakeEnded,
    IncomingArrived,
    LimitsChanged,
    MakeRoom,
    Refuse,
    Tick,
    TorrentGone,
    WantPeers,
)
from torrentd.swarm.fleet.fleet import (
    CONNECT_BURST,
    CONNECTS_PER_SECOND,
    MAX_PENDING,
    MAX_PENDING_PER_ADDRESS,
    ROOM_EVERY,
    TRY_EVERY,
    Fleet,
)

NEVER = float("inf")
T1, T2, T3 = (InfoHash(bytes([number]) * 20) for number in (1, 2, 3))


def host(number: int, port: int = 1) -> Address:
    return Address(f"10.0.{number >> 8}.{number & 255}", port)


def grants(commands: list[FleetCommand]) -> list[InfoHash]:
    return [command.torrent for command in commands if isinstance(command, GrantDial)]


class Dialler:
    """A session that uses every grant; attempts stay under way until told otherwise."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.now = 0.0
        self.wanted: Counter[InfoHash] = Counter()
        self.log: list[tuple[float, InfoHash]] = []

    def run(self, commands: list[FleetCommand]) -> None:
        for torrent in grants(commands):
            assert self.wanted[torrent] > 0
            self.log.append((self.now, torrent))
            self.run(self.fleet.handle(Dialled(torrent), self.now))
            self.want(torrent, self.wanted[torrent] - 1)

    def want(self, torrent: InfoHash, count: int) -> None:
        self.wanted[torrent] = count
        self.run(self.fleet.handle(WantPeers(torrent, count), self.now))

    def until(self, end: float) -> None:
        while (deadline := self.fleet.next_deadline()) <= end:
            assert deadline > self.now
            self.now = deadline
            before = len(self.log)
            self.run(self.fleet.handle(Tick(), self.now))
            assert len(self.log) > before, "a deadline at which nothing happens"
        self.now = end


def test_attempts_keep_the_connect_rate() -> None:
    dialler = Dialler(Fleet(FleetLimits(max_half_open=1000, max_connections=1000)))
    dialler.want(T1, 500)
    assert len(dialler.log) == CONNECT_BURST
    dialler.until(10.0)
    assert len(dialler.log) == pytest.approx(CONNECT_BURST + 10 * CONNECTS_PER_SECOND, abs=1)


def test_turns_are_as_long_as_weights() -> None:
    fleet, granted = Fleet(FleetLimits(max_half_open=10_000, max_connections=10_000)), Counter[InfoHash]()
    for torrent, weight in ((T1, 0.5), (T2, 1.0), (T3, 2.0)):
        granted.update(grants(fleet.handle(WantPeers(torrent, 1000, weight), 0.0)))
    before = granted.copy()
    for second in range(1, 22):
        granted.update(grants(fleet.handle(Tick(), float(second))))
    rates = [granted[torrent] - before[torrent] for torrent in (T1, T2, T3)]
    assert sum(rates) == 210  # not more than a burst at a time
    assert rates == [pytest.approx(30, abs=1), pytest.approx(60, abs=1), pytest.approx(120, abs=2)]


def test_a_light_torrent_alone_need_not_wait() -> None:
    assert grants(Fleet().handle(WantPeers(T1, 3, 0.5), 0.0)) == [T1] * 3


def test_torrents_take_turns() -> None:
    dialler = Dialler(Fleet())
    dialler.want(T1, 1000)
    dialler.want(T2, 30)
    dialler.want(T3, 5)
    dialler.until(2.0)
    order = [torrent for _, torrent in dialler.log[int(CONNECT_BURST) :]]
    assert order[:15] == [T1, T2, T3] * 5
    assert order[15:45] == [T1, T2] * 15
    assert Counter(torrent for _, torrent in dialler.log)[T3] == 5


def test_a_torrent_with_one_candidate_waits_for_one_turn_only() -> None:
    dialler = Dialler(Fleet())
    dialler.want(T1, 1000)
    dialler.until(1.0)
    dialler.want(T2, 1)
    dialler.until(1.0 + 2.5 / CONNECTS_PER_SECOND)
    assert dialler.log[-1][1] == T2 or dialler.log[-2][1] == T2


def test_thirty_dead_peers_do_not_delay_the_good_one() -> None:
    dialler = Dialler(Fleet())
    dialler.want(T1, 31)
    dialler.until(1.0)
    assert len(dialler.log) == 31, "none of the dead ones has timed out yet"


def test_half_open_attempts_are_capped() -> None:
    fleet = Fleet(FleetLimits(max_half_open=12))
    dialler = Dialler(fleet)
    dialler.want(T1, 50)
    dialler.until(30.0)
    assert fleet.half_open == len(dialler.log) == 12
    assert fleet.next_deadline() == NEVER
    dialler.run(fleet.handle(DialEnded(host(1), connected=False), 30.0))
    assert len(dialler.log) == 13


def test_attempts_leave_room_for_what_they_may_become() -> None:
    fleet = Fleet(FleetLimits(max_connections=5))
    dialler = Dialler(fleet)
    dialler.want(T1, 50)
    assert len(dialler.log) == 5
    for number in range(5):
        assert grants(fleet.handle(DialEnded(host(number), connected=True), 1.0)) == []
    assert (fleet.connections, fleet.half_open) == (5, 0)
    assert grants(fleet.handle(ConnectionClosed(host(0)), 2.0)) == [T1]


def test_a_new_wish_does_not_count_grants_twice() -> None:
    fleet = Fleet()
    assert grants(fleet.handle(WantPeers(T1, 3), 0.0)) == [T1, T1, T1]
    assert grants(fleet.handle(WantPeers(T1, 3), 0.0)) == []
    assert grants(fleet.handle(Dialled(T1), 0.0)) == []
    assert grants(fleet.handle(WantPeers(T1, 2), 0.0)) == []
    fleet.handle(Dialled(T1), 0.0)
    fleet.handle(Dialled(T1), 0.0)
    assert grants(fleet.handle(WantPeers(T1, 1), 0.0)) == [T1]


def test_a_wish_holds_until_the_torrent_says_something_else() -> None:
    fleet = Fleet()
    assert grants(fleet.handle(WantPeers(T1, 1), 0.0)) == [T1]
    assert fleet.next_deadline() == NEVER
    assert grants(fleet.handle(Dialled(T1), 0.0)) == []
    assert fleet.next_deadline() <= 0.0, "it still wants one: somebody else became ready at the same time"
    assert grants(fleet.handle(Tick(), 0.0)) == [T1]


def test_an_unused_grant_goes_back() -> None:
    fleet = Fleet()
    assert len(grants(fleet.handle(WantPeers(T1, 10), 0.0))) == 10
    for _ in range(10):
        assert fleet.handle(DialUnused(T1), 0.0) == []
    assert fleet.half_open == 0
    assert len(grants(fleet.handle(WantPeers(T2, 10), 0.0))) == 10


def test_a_torrent_that_wants_nobody_is_granted_nothing() -> None:
    fleet = Fleet()
    fleet.handle(WantPeers(T1, 50), 0.0)
    fleet.handle(WantPeers(T1, 0), 0.0)
    assert fleet.next_deadline() == NEVER
    assert fleet.handle(Tick(), 10.0) == []


def test_a_torrent_that_is_gone_gives_everything_back() -> None:
    fleet = Fleet()
    fleet.handle(WantPeers(T1, 50), 0.0)
    assert fleet.half_open == CONNECT_BURST
    assert fleet.handle(TorrentGone(T1), 0.0) == []
    assert fleet.half_open == 0
    assert fleet.next_deadline() == NEVER


def test_admission_stops_at_the_connection_cap() -> None:
    fleet = Fleet(FleetLimits(max_connections=3))
    for number in range(3):
        assert fleet.handle(IncomingArrived(host(number)), 0.0) == [Admit()]
        assert fleet.handle(HandshakeEnded(host(number), connected=True), 0.0) == []
    assert fleet.handle(IncomingArrived(host(8)), 0.0) == [Admit()]  # somebody may go for him
    assert Refuse("too many connections") in fleet.handle(IncomingArrived(host(9)), 0.0)
    assert fleet.handle(HandshakeEnded(host(8), connected=True), 0.5) == [Refuse("too many connections")]
    fleet.handle(ConnectionClosed(host(8)), 0.5)
    fleet.handle(ConnectionClosed(host(1)), 0.5)
    assert fleet.handle(IncomingArrived(host(9)), 0.5) == [Admit()]


def test_in_a_full_daemon_one_a_second_may_shake_hands() -> None:
    fleet = Fleet(FleetLimits(max_connections=1))
    fleet.handle(IncomingArrived(host(1)), 0.0)
    fleet.handle(HandshakeEnded(host(1), connected=True), 0.0)
    arrivals = [number / 10 for number in range(100)]
    answers = [fleet.handle(IncomingArrived(host(number + 2)), at) for number, at in enumerate(arrivals)]
    admitted = [at for at, answer in zip(arrivals, answers, strict=True) if answer == [Admit()]]
    assert admitted == [TRY_EVERY * number for number in range(10)]


def test_who_finishes_its_handshake_too_late_is_refused() -> None:
    fleet = Fleet(FleetLimits(max_connections=1))
    for number in (1, 2):
        assert fleet.handle(IncomingArrived(host(number)), 0.0) == [Admit()]
    assert fleet.handle(HandshakeEnded(host(1), connected=True), 0.0) == []
    assert fleet.handle(HandshakeEnded(host(2), connected=True), 0.0) == [Refuse("too many connections")]
    fleet.handle(ConnectionClosed(host(2)), 0.0)
    assert fleet.connections == 1


def test_who_was_dialled_is_refused_too_if_its_place_is_taken() -> None:
    fleet = Fleet(FleetLimits(max_connections=1))
    assert grants(fleet.handle(WantPeers(T1, 1), 0.0)) == [T1]
    fleet.handle(Dialled(T1), 0.0)
    fleet.handle(WantPeers(T1, 0), 0.0)
    assert fleet.handle(IncomingArrived(host(2)), 0.0) == [Admit()]
    assert fleet.handle(HandshakeEnded(host(2), connected=True), 0.0) == []
    assert Refuse("too many connections") in fleet.handle(DialEnded(host(1), connected=True), 0.0)
    assert fleet.connections == 2
    fleet.handle(ConnectionClosed(host(1)), 0.0)
    assert fleet.connections == 1


def test_torrents_are_asked_to_make_room_now_and_then_while_somebody_waits() -> None:
    fleet = Fleet(FleetLimits(max_connections=1))
    fleet.handle(IncomingArrived(host(1)), 0.0)
    assert fleet.handle(HandshakeEnded(host(1), connected=True), 0.0) == []
    assert fleet.next_deadline() == NEVER
    assert fleet.handle(WantPeers(T1, 1), 5.0) == [MakeRoom()]
    assert fleet.next_deadline() == 5.0 + ROOM_EVERY
    assert fleet.handle(IncomingArrived(host(2)), 5.5) == [Admit()]
    assert fleet.handle(HandshakeEnded(host(2), connected=False), 5.5) == []
    assert fleet.handle(IncomingArrived(host(2)), 6.0) == [Refuse("too many connections")]
    assert fleet.handle(Tick(), 5.0 + ROOM_EVERY) == [MakeRoom()]
    fleet.handle(WantPeers(T1, 0), 50.0)
    assert fleet.next_deadline() == NEVER
    assert fleet.handle(IncomingArrived(host(2)), 70.0) == [Admit()]
    assert fleet.handle(HandshakeEnded(host(2), connected=False), 70.0) == []
    assert fleet.handle(IncomingArrived(host(2)), 70.0) == [Refuse("too many connections")]
    assert fleet.handle(ConnectionClosed(host(1)), 70.0) == []
    assert fleet.handle(IncomingArrived(host(2)), 71.0) == [Admit()]


def test_silent_connections_of_one_address_are_capped_and_others_get_in() -> None:
    fleet = Fleet(FleetLimits(max_per_address=100))
    answers = [fleet.handle(IncomingArrived(host(1, port)), 0.0) for port in range(1, 100)]
    assert answers.count([Admit()]) == MAX_PENDING_PER_ADDRESS
    assert fleet.handle(IncomingArrived(host(2)), 0.0) == [Admit()]
    fleet.handle(HandshakeEnded(host(1, 1), connected=False), 10.0)
    assert fleet.handle(IncomingArrived(host(1, 200)), 10.0) == [Admit()]


def test_silent_connections_of_all_addresses_are_capped() -> None:
    fleet = Fleet()
    answers = [fleet.handle(IncomingArrived(host(number)), 0.0) for number in range(1000)]
    assert answers.count([Admit()]) == fleet.pending == MAX_PENDING


def test_connections_of_one_address_are_capped_under_all_its_names() -> None:
    fleet = Fleet()
    for port in range(1, 9):
        address = Address("::ffff:10.0.0.1" if port % 2 else "10.0.0.1", port)
        assert fleet.handle(IncomingArrived(address), 0.0) == [Admit()]
        fleet.handle(HandshakeEnded(address, connected=True), 0.0)
    refused = fleet.handle(IncomingArrived(host(1, 99)), 0.0)
    assert refused == [Refuse("too many connections from this address")]


def test_limits_can_change() -> None:
    fleet = Fleet(FleetLimits(max_half_open=1))
    assert len(grants(fleet.handle(WantPeers(T1, 5), 0.0))) == 1
    assert fleet.up.rate is None
    changed = fleet.handle(LimitsChanged(FleetLimits(max_half_open=3, download=1000, upload=0)), 0.0)
    assert grants(changed) == [T1, T1]
    assert (fleet.down.rate, fleet.up.rate) == (1000, 0)


events = st.one_of(
    st.builds(WantPeers, st.sampled_from([T1, T2, T3]), st.integers(0, 40)),
    st.builds(IncomingArrived, st.integers(0, 3).map(host)),
    st.builds(Tick),
    st.sampled_from(["used", "unused", "failed", "connected", "shaken", "lost", "closed"]),
)


@given(st.lists(st.tuples(events, st.floats(0.0, 2.0)), max_size=100))
def test_counts_are_true_and_caps_hold(steps: list[tuple[object, float]]) -> None:
    limits = FleetLimits(max_connections=12, max_half_open=6, max_per_address=5)
    fleet, now, granted_total = Fleet(limits), 0.0, 0
    granted: list[InfoHash] = []
    dialling: list[Address] = []
    pending: list[Address] = []
    established: list[Address] = []
    for step, pause in steps:
        now += pause
        event: object = step
        if step == "used" and granted:
            event = Dialled(granted.pop(0))
            dialling.append(host(len(dialling) % 4))
        elif step == "unused" and granted:
            event = DialUnused(granted.pop(0))
            granted_total -= 1
        elif step in ("failed", "connected") and dialling:
            event = DialEnded(dialling.pop(), connected=step == "connected")
            established += [event.address] if event.connected else []
        elif step in ("shaken", "lost") and pending:
            event = HandshakeEnded(pending.pop(), connected=step == "shaken")
            established += [event.address] if event.connected else []
        elif step == "closed" and established:
            event = ConnectionClosed(established.pop())
        elif isinstance(step, str):
            continue
        commands = fleet.handle(event, now)  # type: ignore[arg-type]
        granted += grants(commands)
        granted_total += len(grants(commands))
        if isinstance(event, IncomingArrived) and Admit() in commands:
            pending.append(event.address)
        if isinstance(event, HandshakeEnded | DialEnded) and any(isinstance(command, Refuse) for command in commands):
            established.remove(event.address)
            more = grants(fleet.handle(ConnectionClosed(event.address), now))
            granted += more
            granted_total += len(more)
        assert fleet.connections == len(established) <= limits.max_connections
        assert fleet.half_open == len(dialling) + len(granted) <= limits.max_half_open
        assert fleet.pending == len(pending)
        assert granted_total <= CONNECT_BURST + now * CONNECTS_PER_SECOND + 1
        assert fleet.next_deadline() == NEVER or fleet.next_deadline() > now or isinstance(event, Dialled)
