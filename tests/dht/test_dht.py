"""The nodes as the session sees them: joining, searching, answering, keeping the table."""

from __future__ import annotations

import random

import pytest

from tests.dht.network import Network, established
from torrentd.dht.answering.bloom import bloom
from torrentd.dht.commands import Counted, Found, Learned, NeedNodes, Searched, Send, Turn
from torrentd.dht.dht import Dht
from torrentd.dht.events import NodesKnown, Opened, Received, Search, Tick, Track, Untrack
from torrentd.dht.ids import fits
from torrentd.dht.joining import FIRST_WAIT
from torrentd.dht.node import IDLE
from torrentd.dht.routing.table import K
from torrentd.dht.schedule import AT_ONCE, INTERVAL
from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Query, Response
from torrentd.wire.dht.nodes import NodeInfo

H = b"h" * 20
HERE, HERE6 = Address("127.0.0.1", 6881), Address("::1", 6881)
STRANGER, STRANGER6 = Address("127.0.0.2", 5), Address("::1", 5)


def make(*addresses: Address, read_only: bool = False) -> Dht:
    dht = Dht(random.Random(1), random.Random(2), 0.0, read_only)
    for address in addresses:
        dht.handle(Opened(address), 0.0)
    return dht


def sent(commands: list) -> list[tuple[Address, object]]:
    return [(command.to, decode_message(command.data)) for command in commands if isinstance(command, Send)]


def ask(dht: Dht, source: Address = STRANGER, now: float = 1.0, **more: object) -> list:
    query = Query(b"tt", b"s" * 20, **{"method": "ping", **more})
    return sent(dht.handle(Received(encode_message(query), source), now))


class TestAlone:
    def test_nothing_happens_without_a_socket(self):
        dht = make()
        dht.handle(Track(H, True), 0.0)
        assert dht.next_deadline() == float("inf")
        assert dht.handle(Tick(), 100.0) == []
        assert ask(dht) == []

    def test_it_asks_for_nodes(self):
        dht = Dht(random.Random(1), random.Random(2), 0.0)
        assert dht.handle(Opened(HERE), 0.0) == [NeedNodes(False)]
        assert dht.next_deadline() == FIRST_WAIT
        assert dht.handle(Tick(), FIRST_WAIT) == [NeedNodes(False)]

    def test_no_turn_comes_while_nobody_is_known(self):
        dht = make(HERE)
        assert dht.handle(Track(H, True), 0.0) == []
        assert dht.next_deadline() == FIRST_WAIT


class TestAnswering:
    def test_who_asks_is_answered_and_asked_whether_it_is_there(self):
        dht = make(HERE)
        (_, answer), (to, ping) = ask(dht)
        assert isinstance(answer, Response)
        assert (to, ping.method) == (STRANGER, "ping")
        dht.handle(Received(encode_message(Response(ping.transaction, b"s" * 20)), STRANGER), 1.1)
        assert dht.status(1.1).good == 1

    def test_read_only_nodes_are_not_asked(self):
        assert len(ask(make(HERE), read_only=True)) == 1

    def test_we_answer_nothing_if_read_only(self):
        dht = make(HERE, read_only=True)
        assert ask(dht) == []
        assert sent(dht.handle(Received(b"d1:t2:tt1:y1:qe", STRANGER), 1.0)) == []

    def test_nonsense_is_answered_with_an_error(self):
        ((to, error),) = sent(make(HERE).handle(Received(b"d1:q4:sing1:t2:tt1:y1:qe", STRANGER), 1.0))
        assert (to, error.code) == (STRANGER, 203)

    def test_each_family_has_its_node(self):
        dht = make(HERE, HERE6)
        four, six = ask(dht), ask(dht, STRANGER6)
        assert four[0][0] == STRANGER
        assert six[0][0] == STRANGER6
        assert four[0][1].sender != six[0][1].sender  # BEP 45
        assert ask(make(HERE), STRANGER6) == []


class TestJoining:
    def test_a_newcomer_gets_to_know_its_neighbours(self):
        network, alive = established(200, seed=3)
        newcomer = network.add()
        assert network.heard[newcomer] == [NeedNodes(False)]
        network.tell(newcomer, NodesKnown((alive[0],), routers=True))
        network.pass_time(20.0)
        node = network.node(newcomer)
        assert node.joining.is_done
        assert len(node.table) > 25
        assert alive[0] in node.joining.routers or node.table.find(alive[0])
        own = node.table.own_number
        nearest = sorted(alive, key=lambda address: network.node(address).table.own_number ^ own)[:K]
        assert sum(node.table.find(address) is not None for address in nearest) >= K - 1
        assert sum(network.node(address).table.find(newcomer) is not None for address in nearest) >= K - 1

    def test_nodes_of_the_last_run_are_enough(self):
        network, alive = established(100, seed=4)
        newcomer = network.add(nodes=(network.global_address(), *alive[:3]))
        network.pass_time(10.0)
        assert network.node(newcomer).joining.is_done
        assert NeedNodes(False) not in network.heard[newcomer]
        saved = network.node(newcomer).saved(network.now)
        assert len(saved) > 8
        assert set(saved) <= set(alive)

    def test_a_network_of_two(self):
        network = Network(5)
        first = network.add(Address("127.0.0.1", 1000))
        second = network.add(Address("127.0.0.2", 1000))
        network.tell(second, NodesKnown((first,), routers=True))
        network.pass_time(5.0)
        for one, other in ((first, second), (second, first)):
            assert network.node(one).table.find(other) is not None
        network.search(first, H, 77)
        network.search(second, H)
        assert network.found(second) == {first._replace(port=77)}

    def test_a_network_on_one_loopback_address(self):
        """Its nodes differ by their ports only: no rule against many nodes in one hand holds there."""
        network = Network(19)
        first, *others = [network.add(Address("127.0.0.1", 1000 + number)) for number in range(30)]
        for other in others:
            network.tell(other, NodesKnown((first,), routers=True))
            network.pass_time(0.5)
        network.pass_time(20.0)
        for number in range(10):
            info_hash = bytes([number]) * 20
            network.search(others[number], info_hash, 77 + number)
            network.search(others[-1 - number], info_hash)
            assert network.found(others[-1 - number]) == {Address("127.0.0.1", 77 + number)}

    def test_whoever_asks_us_finds_us_in_a_network_of_two(self):
        """The other one does not look at what it stores itself, as some do not."""
        network = Network(5)
        first, second = network.add(Address("127.0.0.1", 1000)), network.add(Address("127.0.0.2", 1000))
        network.tell(second, NodesKnown((first,), routers=True))
        network.pass_time(5.0)
        network.search(first, H, 77)
        network.node(second).store._peers.clear()
        network.search(second, H)
        assert network.found(second) == {first._replace(port=77)}
        network.search(first, H, 77)
        assert network.found(first) == set()  # not ourselves

    def test_a_peer_named_by_a_port_message_is_asked(self):
        network, alive = established(100, seed=6)
        stranger = network.add()
        network.tell(alive[0], NodesKnown((stranger,)))
        network.pass_time(2.0)
        assert network.node(stranger).table.find(alive[0]) is not None

    @pytest.mark.parametrize("address", [Address("0.0.0.0", 1), Address("224.1.1.1", 1), Address("nonsense", 1)])
    def test_nonsense_is_not_asked(self, address):
        assert sent(make(HERE).handle(NodesKnown((address,)), 0.0)) == []

    def test_both_families_help_each_other(self):
        dht = make(HERE, HERE6)
        ((_, query),) = sent(dht.handle(NodesKnown((STRANGER,)), 0.0))
        assert query.want == ("n4", "n6")


class TestOurAddress:
    def test_others_tell_it_and_the_id_follows(self):
        network, alive = established(100, seed=7)
        told = Address("8.7.6.5", 6881)
        address = network.global_address()
        dht = network.nodes[address] = Dht(network.rng, network.rng, network.now)
        network.heard[address] = []
        network.tell(address, Opened(Address("0.0.0.0", address.port)))
        for other in alive:  # as if all saw us behind a gateway
            network.liars[other] = lambda data, source, real=network.nodes.pop(other): self.relayed(
                real, data, source, told, network
            )
        network.tell(address, NodesKnown(tuple(alive[:20])))
        network.pass_time(10.0)
        assert Learned("8.7.6.5") in network.heard[address]
        assert fits(dht.nodes[0].table.own_id, "8.7.6.5")
        assert len(dht.nodes[0].table) > 8

    def relayed(self, real: Dht, data: bytes, source: Address, seen: Address, network: Network) -> bytes | None:
        answers = [c.data for c in real.handle(Received(data, source), network.now) if isinstance(c, Send)]
        message = decode_message(answers[0]) if answers else None
        return encode_message(message._replace(ip=seen)) if isinstance(message, Response) else None


class TestTurns:
    def test_each_torrent_has_its_turn_and_its_peers(self):
        network, alive = established(40, seed=8)
        here, there = alive[0], alive[1]
        network.search(there, H, 99)
        network.tell(here, Track(H, urgent=True))
        assert network.turns(here) == [H]
        found = network.search(here, H, 55)
        assert network.found(here) == {there._replace(port=99)}
        assert (found.peers, found.announced) == (1, K)
        network.heard[here].clear()
        network.pass_time(INTERVAL * 1.2)
        assert network.turns(here) == [H]

    def test_seeds_are_told_as_such(self):
        network, alive = established(100, seed=9)
        network.tell(alive[0], Search(H, 99, seed=True))
        network.pass_time(5.0)
        network.search(alive[1], H, 98)
        network.search(alive[2], H)
        counts = [command for command in network.heard[alive[2]] if isinstance(command, Counted)]
        assert counts[-1] == Counted(H, seeds=1, leeches=1)

    def test_who_counts_the_swarm_and_names_nobody(self):
        """libtorrent answers a query that counts (BEP 33) with the counts alone."""
        network, node, peer = Network(seed=12), Address("8.8.4.4", 5), Address("8.8.8.8", 6)

        def libtorrent(data: bytes, source: Address) -> bytes | None:
            query = decode_message(data)
            if not isinstance(query, Query):
                return None
            answer = Response(query.transaction, b"i" * 20)
            if query.method == "get_peers" and query.scrape:
                answer = answer._replace(token=b"t", seeds=bloom(["8.8.8.8"]), leeches=bloom([]))
            elif query.method == "get_peers":
                answer = answer._replace(token=b"t", values=(peer,))
            return encode_message(answer)

        network.liars[node] = libtorrent
        here = network.add(nodes=(node,))
        network.pass_time(5.0)
        assert network.search(here, H, 7).peers == 1
        assert network.found(here) == {peer}
        assert Counted(H, seeds=1, leeches=0) in network.heard[here]

    def test_without_a_port_nothing_is_announced(self):
        network, alive = established(100, seed=10)
        assert network.search(alive[0], H).announced == 0
        assert network.search(alive[1], H).peers == 0

    def test_few_at_once(self):
        network, alive = established(100, seed=11)
        here, seen, most = alive[0], [], 0
        waiting = [number.to_bytes(20, "big") for number in range(20)]
        while len(seen) < 20:
            if waiting:
                network.tell(here, Track(waiting.pop(), urgent=True))
            turns = network.turns(here)
            network.heard[here].clear()
            for info_hash in turns:
                network.tell(here, Search(info_hash, None))
            seen += turns
            most = max(most, network.nodes[here].searches)
            network.pass_time(0.0 if waiting else 0.02)
        assert most == AT_ONCE
        assert len(set(seen)) == 20

    def test_an_untracked_torrent_has_none(self):
        network, alive = established(10, seed=12)
        network.tell(alive[0], Track(H, urgent=True))
        network.tell(alive[0], Untrack(H))
        network.heard[alive[0]].clear()
        network.pass_time(2 * INTERVAL)
        assert network.turns(alive[0]) == []


class TestIpv6:
    def test_a_network_of_ipv6(self):
        network, alive = established(100, seed=18, v6=True)
        newcomer = network.add()
        network.tell(newcomer, NodesKnown((alive[0],), routers=True))
        network.pass_time(10.0)
        assert len(network.node(newcomer).table) > 20
        assert network.search(alive[1], H, 77).announced == K
        network.search(newcomer, H)
        assert network.found(newcomer) == {alive[1]._replace(port=77)}

    def test_the_families_do_not_mix(self):
        """What an IPv4 node names as IPv6 is asked by our IPv6 node only, and the other way round."""
        dht = make(HERE, HERE6)
        ((_, query),) = sent(dht.handle(NodesKnown((STRANGER,)), 0.0))
        named = Address("::1", 7)
        answer = Response(query.transaction, b"s" * 20, nodes6=(NodeInfo(b"t" * 20, named),))
        assert [to for to, _ in sent(dht.handle(Received(encode_message(answer), STRANGER), 0.1))] == [named]
        assert dht.nodes[1].joining.lookup is not None


class TestUpkeep:
    def test_the_table_survives_hours_and_the_dead_leave(self):
        network, alive = established(50, seed=13)
        for address in alive[:20]:
            del network.nodes[address]
        network.pass_time(1.5 * 3600.0)
        for address in alive[20:]:
            table = network.node(address).table
            assert len(table) >= 20
            assert not any(table.find(dead) for dead in alive[:20])

    def test_little_is_said_by_who_has_nothing_to_do(self):
        network, _ = established(40, seed=14)
        network.pass_time(3600.0)
        before = network.datagrams
        network.pass_time(1800.0)
        assert (network.datagrams - before) / 40 / 1800 < 0.5  # per node and second

    def test_deadlines_are_in_the_future(self):
        network, alive = established(60, seed=15)
        network.pass_time(60.0)
        for address in alive:
            dht = network.nodes[address]
            dht.handle(Tick(), network.now)
            assert network.now < dht.next_deadline() <= network.now + IDLE


def test_numbers_for_those_who_look():
    network, alive = established(100, seed=16)
    network.search(alive[0], H, 99)
    status = network.nodes[alive[0]].status(network.now)
    assert status.nodes >= status.good > 50
    assert status.buckets > 3
    assert status.asked > K
    assert (status.searches, status.tracked) == (0, 0)
    assert sum(dht.status(network.now).peers for dht in network.nodes.values()) in (K, K + 1)  # perhaps ourselves, too


def test_the_same_seed_gives_the_same_story():
    def story() -> tuple[int, float, list[object]]:
        network, alive = established(60, seed=17)
        network.search(alive[0], H, 99)
        network.search(alive[1], H)
        return network.datagrams, network.now, network.heard[alive[1]]

    first = story()
    assert first == story()
    assert any(isinstance(command, Found) for command in first[2])
    assert any(isinstance(command, Searched) for command in first[2])
    assert not any(isinstance(command, Turn) for command in first[2])
