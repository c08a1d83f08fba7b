"""Daemons that find each other without trackers."""

from __future__ import annotations

import pytest

from tests.session.world import ASLEEP, Home, Sample, result
from torrentd.dht.commands import Learned
from torrentd.dht.events import Tick
from torrentd.dht.schedule import INTERVAL
from torrentd.model.address import Address
from torrentd.session.control import AddOptions
from torrentd.session.dht.saved import KEY
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.wire.bencode import encode


def dht(*bootstrap: Address | str, more: str = "") -> str:
    names = ", ".join(f'"{name}"' for name in bootstrap)
    return f"[discovery]\ndht = true\ndht_bootstrap = [{names}]\n{more}"


@pytest.fixture
def torrent() -> Sample:
    return Sample()


@pytest.fixture
def pair(make_home, world) -> tuple[Home, Home]:
    """Two homes; the second begins at the first."""
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht(first.address)).start()
    world.run(1.0)
    return first, second


def nodes(home: Home) -> int:
    return home.steering.status().dht.nodes


def with_nodes(torrent: Sample, *nodes: Address) -> bytes:
    return encode({b"info": torrent.info, b"nodes": [[node.host.encode(), node.port] for node in nodes]})


def asked_of(home: Home, address: Address) -> int:
    """Datagrams that went there."""
    (socket,) = [socket for there, socket in home.world.network.sockets.items() if there == home.address]
    return sum(to == address for _, to in socket.sent)


# --- finding each other


def test_two_daemons_know_each_other_by_name(make_home, world):
    world.network.names["dht.example"] = ["127.0.0.1"]
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht("dht.example:6881", "nobody.example:5")).start()
    world.run(1.0)
    assert (nodes(first), nodes(second)) == (1, 1)


def test_a_torrent_without_trackers_is_downloaded(pair, world, torrent):
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(5.0)
    leech.add(torrent)
    world.until(lambda: leech.same(torrent), 30)
    connected, closed = result(leech.steering.peers(torrent.id))
    assert str(seed.address) in [row.address for row in [*connected, *closed]]


def test_who_came_first_is_found_by_who_comes_later_and_the_other_way_round(pair, world, torrent):
    """The leech is there before the seed: it looks again, for it has no peers."""
    seed, leech = pair
    leech.add(torrent)
    world.run(5.0)
    seed.put(torrent)
    seed.add(torrent)
    world.until(lambda: leech.same(torrent), 600)


def test_nodes_of_a_torrent_are_asked(make_home, world, torrent):
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht()).start()
    result(second.steering.add(with_nodes(torrent, first.address), AddOptions()))
    world.run(2.0)
    assert (nodes(first), nodes(second)) == (1, 1)


def test_peers_tell_each_other_of_their_nodes(make_home, world, torrent):
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht()).start()
    first.put(torrent)
    first.add(torrent)
    second.add(torrent, peers=(first.address,))
    world.run(5.0)
    assert (nodes(first), nodes(second)) == (1, 1)


def test_a_swarm_without_trackers_is_counted(pair, world, torrent, make_home):
    """The seed has announced itself to the leech as a seed, and the leech to the seed as it had nothing yet."""
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(5.0)
    leech.add(torrent)
    world.until(lambda: leech.same(torrent), 30)
    world.run(5.0)
    third = make_home(6883, dht(seed.address)).start()
    third.add(torrent, paused=True)
    result(third.steering.resume(torrent.id, False))
    world.run(5.0)
    summary = third.row(torrent).peers
    assert (summary.swarm_seeds, summary.swarm_leechers) == (1, 1)


def test_what_nodes_agree_on_is_one_of_our_addresses(pair):
    first, _ = pair
    first.daemon.around.dht.learned(Learned("8.8.8.8"))
    assert first.steering.status().external_addresses == ["8.8.8.8"]


# --- who is looked up


def test_a_private_torrent_is_not(pair, world):
    seed, leech = pair
    torrent = Sample(private=1)
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent)
    result(leech.steering.announce(torrent.id))
    world.run(60.0)
    assert leech.steering.dht_status().torrents == 0
    assert seed.steering.dht_status().torrents == 0
    assert not leech.same(torrent)
    assert leech.row(torrent).peers.known == 0


def test_peers_of_a_private_torrent_hear_nothing_of_it(make_home, world):
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht()).start()
    torrent = Sample(private=1)
    first.put(torrent)
    first.add(torrent)
    second.add(torrent, peers=(first.address,))
    world.until(lambda: second.same(torrent), 30)
    assert (nodes(first), nodes(second)) == (0, 0)


def test_a_paused_one_is_not_and_a_resumed_one_is(pair, world, torrent):
    seed, _ = pair
    seed.add(torrent)
    assert seed.steering.dht_status().torrents == 1
    result(seed.steering.pause(torrent.id))
    assert seed.steering.dht_status().torrents == 0
    result(seed.steering.resume(torrent.id, False))
    assert seed.steering.dht_status().torrents == 1
    result(seed.steering.remove(torrent.id, False))
    assert seed.steering.dht_status().torrents == 0


def test_the_user_may_have_it_looked_up_at_once(pair, world, torrent):
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(60.0)
    before = asked_of(seed, leech.address)
    result(seed.steering.announce(torrent.id))
    world.run(1.0)
    assert asked_of(seed, leech.address) > before


# --- asleep


def test_a_sleeping_seed_is_announced_and_found(pair, world, torrent):
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(ASLEEP)
    info_hash = bytes.fromhex(torrent.id)
    assert isinstance(seed.daemon.around.torrents[info_hash], Sleeper)
    world.run(4 * INTERVAL)
    assert isinstance(seed.daemon.around.torrents[info_hash], Sleeper)  # nobody woke for that
    assert leech.steering.dht_status().stored == {"torrents": 1, "peers": 1}
    leech.add(torrent)
    world.until(lambda: leech.same(torrent), 60)


def test_after_a_start_sleepers_are_announced(pair, world, torrent):
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(ASLEEP)
    seed.stop()
    seed.start()
    world.run(30.0)
    assert isinstance(seed.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper)
    assert seed.steering.dht_status().torrents == 1
    assert leech.steering.dht_status().stored["torrents"] == 1


def test_an_incomplete_sleeper_wakes_for_peers(pair, world, torrent):
    seed, leech = pair
    leech.add(torrent)
    world.run(ASLEEP)
    assert isinstance(leech.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper)
    seed.put(torrent)
    seed.add(torrent)
    world.until(lambda: leech.same(torrent), 600)


def test_a_sleeping_seed_dials_who_wants_it(pair, world, torrent, make_home):
    """The leech does not look for anybody: it may be the seed that cannot be reached."""
    seed, other = pair
    seed.put(torrent)
    seed.add(torrent)
    world.run(ASLEEP)
    info_hash = bytes.fromhex(torrent.id)
    assert isinstance(seed.daemon.around.torrents[info_hash], Sleeper)
    leech = make_home(6883, "[discovery]\ndht = false\n").start()
    leech.add(torrent)
    other.daemon.around.dht._dht.nodes[0].store.add(info_hash, leech.address, False, world.reactor.seconds())
    world.until(lambda: leech.same(torrent), 2 * INTERVAL)
    world.run(4 * INTERVAL)
    assert isinstance(seed.daemon.around.torrents[info_hash], Sleeper)  # that one is no news any more


# --- from run to run


def test_nodes_are_saved_and_used_at_the_next_start(pair, world):
    _, second = pair
    ids = [own.id for own in second.steering.dht_status().own]
    second.stop()
    second.toml(dht())
    second.start()
    world.run(1.0)
    assert nodes(second) == 1
    assert [own.id for own in second.steering.dht_status().own] == ids


def test_they_are_saved_now_and_then(pair, world):
    _, second = pair
    world.run(700.0)
    second.crash()
    second.toml(dht())
    second.start()
    world.run(1.0)
    assert nodes(second) == 1


def test_nonsense_in_the_database_is_passed_over(pair, world):
    _, second = pair
    result(second.daemon.host.state.set_setting(KEY, {"ipv4": {"nodes": ["x"], "id": 5}}))
    second.daemon.around.dht._stored = {"ipv4": 7}
    second.stop()
    second.start()
    world.run(1.0)
    assert nodes(second) == 1


# --- sockets


@pytest.mark.parametrize(
    ("listen", "chosen"),
    [
        (["127.0.0.1:6881", "10.0.0.1:6881", "8.8.8.8:6881"], ["8.8.8.8:6881"]),
        (["8.8.8.8:6881", "0.0.0.0:6881"], ["0.0.0.0:6881"]),
        (["10.0.0.1:6881", "10.0.0.2:6882"], ["10.0.0.1:6881"]),
        (["[::1]:6881", "127.0.0.1:6881", "[2001:4860::1]:6881"], ["[2001:4860::1]:6881", "127.0.0.1:6881"]),
    ],
)
def test_the_socket_that_reaches_farthest(make_home, listen, chosen):
    addresses = ", ".join(f'"{address}"' for address in listen)
    home = make_home(6881, f"[network]\nlisten = [{addresses}]\n{dht()}").start()
    assert sorted(own.listen for own in home.steering.dht_status().own) == sorted(chosen)


# --- on and off


def test_off_it_does_nothing(make_home, world, torrent):
    home = make_home(6881, "[discovery]\ndht = false\n").start()
    home.add(torrent)
    world.network.deliver(
        b"d1:ad2:id20:" + bytes(20) + b"e1:q4:ping1:t2:aa1:y1:qe", home.address, Address("127.0.0.1", 9)
    )
    world.run(100.0)
    assert world.network.sockets[home.address].sent == []
    status = home.steering.dht_status()
    assert (status.enabled, status.nodes, status.own) == (False, 0, [])


def test_switched_off_and_on_while_it_runs(pair, world, torrent):
    seed, leech = pair
    seed.put(torrent)
    seed.add(torrent)
    seed.toml("[discovery]\ndht = false\n")
    seed.daemon.use(seed.configuration())
    seed.daemon.apply_limits()
    assert not seed.steering.dht_status().enabled
    assert seed.session(torrent).torrent.settings.dht_port == 0
    seed.toml(dht())
    seed.daemon.use(seed.configuration())
    seed.daemon.apply_limits()
    world.run(5.0)
    assert seed.steering.dht_status().torrents == 1
    assert nodes(seed) == 1
    assert seed.session(torrent).torrent.settings.dht_port == 6881
    leech.add(torrent)
    world.until(lambda: leech.same(torrent), 60)


def test_read_only_nodes_ask_and_do_not_answer(make_home, world, torrent):
    first = make_home(6881, dht()).start()
    second = make_home(6882, dht(first.address, more="dht_read_only = true\n")).start()
    first.put(torrent)
    first.add(torrent)
    world.run(30.0)
    assert (nodes(first), nodes(second)) == (0, 1)
    assert second.steering.dht_status().queries["answered"] == 0


def test_a_bug_of_ours_costs_one_event(pair, world, logged):
    first, _ = pair
    dht = first.daemon.around.dht._dht
    dht.handle, real = (lambda event, now: 1 / 0), dht.handle
    world.network.deliver(b"d", first.address, Address("127.0.0.1", 9))
    dht.handle = real
    assert any("a bug of ours" in line for line in logged())


def test_a_bug_of_ours_in_a_turn_holds_up_no_other(pair, world, logged):
    first, second = pair
    dht, port = first.daemon.around.dht, first.daemon.around.announces
    first.daemon.around.announces = None
    for number in range(10):
        first.add(Sample(f"broken{number}"))
    assert any("a bug of ours, in Turn" in line for line in logged())
    first.daemon.around.announces = port
    dht.handle(Tick())
    first.add(Sample())
    world.run(30.0)
    assert second.steering.dht_status().stored["torrents"] == 1
    world.run(1.0)
    assert nodes(first) == 1
